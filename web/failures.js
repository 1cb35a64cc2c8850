// Failures: the dead letters by reason, tried out or redriven by the group, and the images they are about.

import { api, query } from "./api.js";
import { ask, h, say, write } from "./dom.js";
import { count, many, moment, words } from "./format.js";
import { called } from "./names.js";

const LETTERS = 20;
const IMAGES = 50;
/** Pages of letters that are read at once; the queue hands out no more in a sensible time. */
const PAGES = 20;

/** The room: its element. `changed` is called once something was redriven. */
export function failures(changed) {
  const groups = h("div", { class: "groups" });
  const images = h("div", {});
  const redriven = () => { changed(); read(); };
  const element = h("div", { class: "room" }, h("div", { class: "bar" }, h("h1", {}, "Failures"),
    h("button", { class: "plain", onclick: () => read() }, "Look again")), groups, images);

  async function read() {
    try {
      const [letters, without] = await Promise.all([deadLetters(), affected()]);
      groups.replaceChildren(...letterGroups(letters, redriven));
      images.replaceChildren(...without);
    } catch (fault) {
      groups.replaceChildren(h("p", { class: "wrong" }, fault.message));
    }
  }

  read();
  return element;
}

/** Page after page, their groups added up. */
async function deadLetters() {
  const groups = new Map();
  const letters = [];
  for (let next = null, page = 0; page < PAGES; page += 1) {
    const answer = await api("GET", `/dead-letters${query({ next })}`);
    letters.push(...answer.letters);
    for (const group of answer.groups)
      groups.set(group.reason, { ...group, count: group.count + (groups.get(group.reason)?.count ?? 0) });
    next = answer.next;
    if (!next) break;
  }
  return { groups: [...groups.values()], letters };
}

function letterGroups({ groups, letters }, redriven) {
  if (!groups.length) return [h("p", { class: "empty" }, "No dead letters. What goes wrong for good lies here, with its reason.")];
  return groups.sort((one, other) => other.count - one.count)
    .map((group) => card(group, letters.filter(({ reason }) => reason === group.reason), redriven));
}

function card(group, letters, redriven) {
  const outcome = h("p", { class: "outcome", role: "status" });
  const buttons = [
    h("button", { class: "plain", "aria-label": `Try out ${group.reason}`, onclick: () => tryOut(group, outcome, buttons) }, "Try out"),
    h("button", { class: "lamp", "aria-label": `Redrive ${group.reason}`, onclick: () => redrive(group, outcome, buttons, redriven) }, "Redrive"),
  ];
  return h("section", { class: "group", "aria-label": words(group.reason), data: { reason: group.reason } },
    h("div", { class: "bar" }, h("h2", {}, h("b", {}, count(group.count)), words(group.reason)), h("span", { class: "actions" }, buttons)),
    outcome, letters.length ? examples(letters) : h("p", { class: "quiet" }, group.examples.map(called).join(", ")));
}

function examples(letters) {
  const rows = letters.slice(0, LETTERS).map(({ key, detail, sent }) => h("li", {},
    h("span", { class: "name" }, key ? called(key) : "a message that names no image"), h("span", { class: "quiet" }, detail), h("time", { datetime: sent }, moment(sent))));
  return h("details", {}, h("summary", {}, `The ${rows.length === 1 ? "letter" : `first ${rows.length} letters`}`), h("ul", {}, rows));
}

/** The dry run renders each of them and publishes nothing; the API does some at a time, and says how to go on. */
function tryOut({ reason }, outcome, buttons) {
  return working(outcome, buttons, async () => {
    const done = await inSteps({ reason, dry_run: true }, (sums) =>
      write(outcome, `${count(sums.would_pass)} of ${count(sums.would_pass + sums.would_fail)} would pass, so far…`));
    write(outcome, `${count(done.would_pass)} of ${count(done.would_pass + done.would_fail)} would pass`);
  });
}

async function redrive({ reason, count: number }, outcome, buttons, redriven) {
  if (!(await ask(`Redrive ${many(number, "letter")}?`, `“${words(reason)}”: each image is queued again, then its letter is deleted. What is still wrong comes back here.`, "Redrive"))) return;
  await working(outcome, buttons, async () => {
    const done = await inSteps({ reason }, (sums) => write(outcome, `${count(sums.moved)} queued again, so far…`));
    say(`${many(done.moved, "image")} queued again.`);
    redriven();
  });
}

async function working(outcome, buttons, work) {
  for (const button of buttons) button.disabled = true;
  write(outcome, "Working…");
  try {
    await work();
  } catch (fault) {
    write(outcome, fault.message);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

async function inSteps(asked, told) {
  const sums = { moved: 0, would_pass: 0, would_fail: 0 };
  for (let next = null; ;) {
    const answer = await api("POST", "/redrive", { body: { ...asked, ...(next ? { next } : {}) } });
    for (const figure of Object.keys(sums)) sums[figure] += answer[figure] ?? 0;
    told(sums);
    next = answer.next;
    if (!next) return sums;
  }
}

/** The images of both states, a page of each; the button reads the next. Nothing where there are none. */
async function affected() {
  const rows = h("ul", {});
  const more = h("button", { class: "plain", onclick: () => working(outcome, [more], next) }, "More images");
  const outcome = h("p", { class: "quiet", role: "status" });
  let places = { rejected: null, dead: null };

  async function read() {
    const pages = await Promise.all(Object.entries(places).map(async ([state, place]) =>
      [state, await api("GET", `/images${query({ state, limit: IMAGES, next: place })}`)]));
    places = Object.fromEntries(pages.filter(([, { next }]) => next).map(([state, { next }]) => [state, next]));
    more.hidden = !Object.keys(places).length;
    const fresh = pages.flatMap(([, page]) => page.images).map(row);
    rows.append(...fresh);
    return fresh;
  }

  async function next() {
    const [first] = await read();
    write(outcome, `${many(rows.childElementCount, "image")} read`);
    first?.querySelector("a").focus();
  }

  await read();
  if (!rows.childElementCount && more.hidden) return [];
  return [h("section", { class: "affected", "aria-labelledby": "affected" }, h("h2", { id: "affected" }, "Images without renditions"),
    rows, h("p", { class: "end" }, more), outcome)];
}

const row = (image) => h("li", { data: { state: image.state } },
  h("a", { href: `#/images/${encodeURIComponent(image.id)}`, class: "name" }, called(image.key)),
  h("span", {}, words(image.reason)), h("span", { class: "quiet" }, image.detail), h("time", { datetime: image.updated }, moment(image.updated)));
