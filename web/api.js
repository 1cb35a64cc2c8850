// The API, as docs/openapi.json has it: JSON there and back, and problems that say what to do.

const KEPT = "safelight.token";
/** Milliseconds until an answer is no longer waited for: twice what API Gateway gives a function. */
const SILENCE = 60_000;
const BASE = document.querySelector('meta[name="safelight-api"]').content.replace(/\/$/, "");

/** The token comes in the URL's fragment, which no server sees, and leaves the address bar at once. */
function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(KEPT, given);
    history.replaceState(null, "", `${location.pathname}#/`);
  }
  return sessionStorage.getItem(KEPT) ?? "";
}

const TOKEN = token();

/** What went wrong, in the API's own words. `problems` holds the mistakes of a recipe: {path, message}. */
export class Problem extends Error {
  constructor(status, said) {
    super(said.detail || said.title || `The API answered ${status}.`);
    this.status = status;
    this.problems = said.problems ?? [];
  }
}

/** Asks the API; answers the JSON, with `etag` where there is one. Raises Problem; status 0: nobody answered. */
export async function api(method, path, { body, etag } = {}) {
  const headers = { Authorization: `Bearer ${TOKEN}`, Accept: "application/json, application/problem+json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-Match"] = etag;
  const { answer, text } = await asked(BASE + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const said = parsed(text);
  if (!answer.ok) throw new Problem(answer.status, answer.status === 401 ? UNKNOWN : said);
  return { ...said, etag: answer.headers.get("ETag") };
}

/** A question that only reads is asked twice: networks change under a page. */
async function asked(url, request, tries = request.method === "GET" ? 2 : 1) {
  try {
    const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(SILENCE) });
    return { answer, text: await answer.text() };
  } catch {
    if (tries === 1) throw new Problem(0, { detail: "The API does not answer: is what served this page still running?" });
  }
  await new Promise((resolve) => setTimeout(resolve, 400));
  return asked(url, request, tries - 1);
}

const UNKNOWN = { detail: "The API does not know this visitor: open the page by the address that was printed, with its token." };

function parsed(text) {
  try {
    return JSON.parse(text || "{}");
  } catch {
    return {};
  }
}

/** `?a=1&b=2` of what is given; what is missing is left out. */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}
