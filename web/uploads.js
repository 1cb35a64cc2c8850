// Uploads: each file straight to S3 by a form that the API signed, four at a time, tried again where that helps.

import { api } from "./api.js";
import { arrange, h, write } from "./dom.js";
import { bytes, count, many } from "./format.js";
import { remember, visible } from "./names.js";

const AT_ONCE = 4;
const TRIES = 4;
/** Milliseconds without a byte sent or an answer until a try is given up: connections die without a word. */
const SILENCE = 60_000;
const ROWS = 12;
const KEPT = "safelight.sent";
const KEPT_MOST = 5_000;
const TYPES = {
  jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp", gif: "image/gif", tif: "image/tiff",
  tiff: "image/tiff", heic: "image/heic", heif: "image/heif", avif: "image/avif",
};
/** Which rows are seen first. */
const ORDER = ["sending", "failed", "waiting", "sent", "cancelled"];
const SHOWN = { waiting: "waiting", sent: "sent", cancelled: "cancelled" };

/** What the browser says a file is, or what its name says where the browser does not know. */
const type = (file) => file.type || TYPES[file.name.split(".").pop().toLowerCase()] || "application/octet-stream";

/** The files of a drop, folders walked into. */
export async function dropped(transfer) {
  const entries = [...transfer.items].filter((each) => each.kind === "file").map((each) => each.webkitGetAsEntry?.());
  if (!entries.every(Boolean)) return [...transfer.files];
  return (await Promise.all(entries.map(walk))).flat();
}

async function walk(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a reader hands out a hundred at a time
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    found.push(...some.filter((each) => !each.name.startsWith(".")));
  }
  return (await Promise.all(found.map(walk))).flat();
}

/** Tells `change`, and `sent` with {id, key}. What was sent is remembered, so that a folder dropped again goes on. */
export class Uploads extends EventTarget {
  files = [];
  skipped = 0;
  recipe = "";
  #sent = new Set(JSON.parse(localStorage.getItem(KEPT) ?? "[]"));

  add(files) {
    const fresh = files.filter((file) => !this.#sent.has(print(file)));
    this.skipped = files.length - fresh.length;
    this.again = files.filter((file) => !fresh.includes(file));
    this.files.push(...fresh.map((file) => ({ file, recipe: this.recipe, state: "waiting", sent: 0, tries: 0, detail: "" })));
    this.#go();
  }

  /** Sends those too that were sent before. */
  addAgain() {
    for (const file of this.again) this.#sent.delete(print(file));
    this.add(this.again);
  }

  retry(upload) {
    Object.assign(upload, { state: "waiting", tries: 0, detail: "", form: null });
    this.#go();
  }

  cancel(upload) {
    upload.request?.abort();
    upload.state = "cancelled";
    this.#go();
  }

  /** Forgets the rows that ended. */
  clear() {
    this.files = this.files.filter(({ state }) => state === "sending" || state === "waiting");
    this.skipped = 0;
    this.dispatchEvent(new Event("change"));
  }

  #go() {
    const sending = this.files.filter(({ state }) => state === "sending").length;
    const waiting = this.files.filter(({ state }) => state === "waiting");
    for (const upload of waiting.slice(0, AT_ONCE - sending)) this.#send(upload);
    this.dispatchEvent(new Event("change"));
  }

  async #send(upload) {
    upload.state = "sending";
    try {
      await this.#attempts(upload);
      upload.state = "sent";
      this.#remember(upload.file);
      remember(upload.form.key, upload.file.name);
      this.dispatchEvent(new CustomEvent("sent", { detail: upload.form }));
    } catch (fault) {
      if (upload.state !== "cancelled") Object.assign(upload, { state: "failed", detail: fault.message });
    }
    this.#go();
  }

  /** Tries with a growing pause, as long as it is the world's fault. */
  async #attempts(upload) {
    for (;;) {
      try {
        upload.tries += 1;
        return await this.#attempt(upload);
      } catch (fault) {
        const passes = fault.status === 0 || fault.status === 429 || fault.status >= 500;
        if (upload.state === "cancelled" || !passes || upload.tries >= TRIES) throw fault;
        upload.detail = `${fault.message} Trying again.`;
        await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** upload.tries * (0.5 + Math.random())));
        if (upload.state === "cancelled") throw fault;
      }
    }
  }

  async #attempt(upload) {
    const { file } = upload;
    if (!upload.form || Date.parse(upload.form.expires) < Date.now() + 30_000)
      upload.form = await api("POST", "/uploads", { body: {
        name: file.name, type: type(file), size: file.size, ...(upload.recipe ? { recipe: upload.recipe } : {}) } });
    if (upload.state === "cancelled") throw new Error("cancelled");
    await post(upload, () => this.dispatchEvent(new Event("change")));
  }

  #remember(file) {
    this.#sent.add(print(file));
    localStorage.setItem(KEPT, JSON.stringify([...this.#sent].slice(-KEPT_MOST)));
  }
}

/** What a file is known by on the next visit. */
const print = (file) => `${file.name} ${file.size} ${file.lastModified}`;

/** The form to S3: its fields in order, the file last. XMLHttpRequest, because fetch tells no progress of a body. */
function post(upload, changed) {
  const form = new FormData();
  for (const [field, value] of Object.entries(upload.form.fields)) form.append(field, value);
  form.append("file", upload.file);
  const request = new XMLHttpRequest();
  upload.request = request;
  return new Promise((resolve, reject) => {
    const fail = (message, status) => reject(Object.assign(new Error(message), { status }));
    let watch;
    const alive = () => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        fail("The bucket fell silent.", 0);
        request.abort();
      }, SILENCE);
    };
    request.upload.addEventListener("progress", (event) => {
      alive();
      upload.sent = event.lengthComputable ? event.loaded / event.total : 0;
      changed();
    });
    request.addEventListener("load", () => (request.status < 300 ? resolve() : fail(refusal(request), request.status)));
    request.addEventListener("error", () => fail("The bucket could not be reached.", 0));
    request.addEventListener("abort", () => fail("cancelled", 400));
    request.addEventListener("loadend", () => clearTimeout(watch));
    request.open("POST", upload.form.url);
    alive();
    request.send(form);
  });
}

/** What S3 says in its XML. */
function refusal(request) {
  const said = new DOMParser().parseFromString(request.responseText, "text/xml").querySelector("Message")?.textContent;
  return said ? `S3 refused it: ${said}` : `S3 answered ${request.status}.`;
}

/** The list of uploads on the page, under one line that says it all. */
export function list(uploads) {
  const bar = h("progress", { max: 1, "aria-label": "All uploads" });
  const line = h("p", { id: "sent" });
  const clear = h("button", { class: "plain", onclick: () => uploads.clear() }, "Clear the list");
  const again = h("button", { class: "plain", onclick: () => uploads.addAgain() }, "Send them again");
  const rows = h("ul", { class: "files" });
  const rest = h("p", { class: "quiet" });
  const section = h("section", { class: "uploads", "aria-label": "Uploads", hidden: true },
    h("div", { class: "bar" }, line, h("span", { class: "actions" }, again, clear)), bar, rows, rest);
  const made = new WeakMap();
  let due = false;

  function draw() {
    due = false;
    const { files } = uploads;
    section.hidden = !files.length && !uploads.skipped;
    again.hidden = !uploads.skipped;
    write(line, sentence(uploads));
    bar.hidden = !files.length;
    bar.value = files.reduce((sum, each) => sum + (each.state === "sent" ? 1 : each.state === "sending" ? each.sent : 0), 0) / (files.length || 1);
    const seen = files.filter(({ state }) => state !== "sent" && state !== "cancelled")
      .sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state)).slice(0, ROWS);
    const elements = seen.map((upload) => {
      if (!made.has(upload)) made.set(upload, row(upload, uploads));
      made.get(upload).draw();
      return made.get(upload).element;
    });
    arrange(rows, elements);
    const left = files.filter(({ state }) => state === "waiting" || state === "failed" || state === "sending").length - seen.length;
    write(rest, left > 0 ? `and ${count(left)} more` : "");
  }

  uploads.addEventListener("change", () => {
    if (!due) requestAnimationFrame(draw);
    due = true;
  });
  return section;
}

function sentence({ files, skipped }) {
  const of = (state) => files.filter((each) => each.state === state).length;
  const going = of("sending") + of("waiting");
  const parts = [
    files.length && `${count(of("sent"))} of ${many(files.length, "file")} sent`,
    going && `${bytes(files.filter(({ state }) => state === "sending" || state === "waiting").reduce((sum, { file, sent }) => sum + file.size * (1 - sent), 0))} to go`,
    of("failed") && `${count(of("failed"))} failed`,
    of("cancelled") && `${count(of("cancelled"))} cancelled`,
    skipped && `${many(skipped, "file")} sent before, left out`,
  ];
  return parts.filter(Boolean).join(" · ");
}

function row(upload, uploads) {
  const label = visible(upload.file.name);
  const bar = h("progress", { max: 1, "aria-label": label });
  const state = h("span", { class: "quiet" });
  const cancel = h("button", { class: "plain", "aria-label": `Cancel ${label}`, onclick: () => uploads.cancel(upload) }, "Cancel");
  const retry = h("button", { class: "plain", "aria-label": `Retry ${label}`, onclick: () => uploads.retry(upload) }, "Retry");
  const element = h("li", {}, h("span", { class: "name" }, label), h("small", {}, bytes(upload.file.size)), bar, state, cancel, retry);
  function draw() {
    element.dataset.state = upload.state;
    bar.value = upload.sent;
    bar.hidden = upload.state !== "sending";
    write(state, upload.detail || SHOWN[upload.state] || "");
    cancel.hidden = upload.state !== "sending" && upload.state !== "waiting";
    retry.hidden = upload.state !== "failed";
  }
  return { element, draw };
}
