// The console: which room is open, and the clock that keeps it true.

import { api } from "./api.js";
import { board } from "./board.js";
import { h, say, write } from "./dom.js";
import { count, many } from "./format.js";
import { failures } from "./failures.js";
import { gallery } from "./gallery.js";
import { open } from "./image.js";
import { Library } from "./library.js";
import { recipes } from "./recipes.js";
import { dropped, list, Uploads } from "./uploads.js";

const BUSY = 1_200;
const IDLE = 5_000;
const ACCEPTED = "image/jpeg,image/png,image/webp,image/gif,image/tiff,image/avif,image/heic,image/heif,.heic,.heif";

const main = document.getElementById("main");
const library = new Library();
const uploads = new Uploads();
const live = board();
const table = lightTable();
let dialog = null;
let room = null;

/** The light table is made once: leaving it for another room loses neither uploads nor place. */
function lightTable() {
  const more = h("button", { class: "plain", hidden: true, onclick: () => library.nextPage().catch(complain) }, "More photographs");
  const empty = h("p", { class: "empty", hidden: true }, "Nothing on the table yet. Drop a folder of photographs anywhere on this page.");
  const search = h("input", { type: "search", id: "prefix", placeholder: "any", autocomplete: "off", oninput: () => look(search.value) });
  library.addEventListener("list", () => {
    more.hidden = !library.more;
    empty.hidden = library.ids.length > 0;
  });
  return h("div", { class: "room" }, h("h1", { class: "unseen" }, "Light table"), dropZone(), list(uploads), live.element,
    h("section", { "aria-labelledby": "photographs" },
      h("div", { class: "bar" }, h("h2", { id: "photographs" }, "Photographs"), h("span", {}, h("label", { for: "prefix" }, "Key begins with "), search)),
      empty, gallery(library), h("p", { class: "end" }, more)));
}

let looking;

function look(prefix) {
  clearTimeout(looking);
  looking = setTimeout(() => library.list(prefix).catch(complain), 250);
}

function dropZone() {
  const choose = (given) => {
    const input = h("input", { type: "file", multiple: true, accept: ACCEPTED, hidden: true, "aria-hidden": "true", ...given, onchange: () => {
      uploads.add([...input.files].filter((file) => !file.name.startsWith(".")));
      input.value = "";
    } });
    return input;
  };
  const files = choose({ id: "files" });
  const folder = choose({ id: "folder", webkitdirectory: true });
  const routes = h("select", { id: "route", onchange: () => { uploads.recipe = routes.value; } }, h("option", { value: "" }, "by its key"));
  const picker = h("label", { class: "quiet", hidden: true }, "Recipe ", routes);
  offerRoutes(routes, picker);
  return h("section", { class: "drop", "aria-label": "Upload" }, h("p", { class: "invite" }, "Drop photographs or a folder"),
    h("p", { class: "actions" }, h("button", { class: "lamp", onclick: () => files.click() }, "Choose photographs"),
      h("button", { class: "plain", onclick: () => folder.click() }, "Choose a folder"), picker), files, folder);
}

/** Where the catalog routes prefixes to recipes, an upload may name one. */
async function offerRoutes(routes, picker) {
  try {
    const catalog = await api("GET", "/recipes");
    for (const { recipe } of catalog.routes.filter(({ prefix }) => prefix)) routes.append(h("option", { value: recipe }, recipe));
    picker.hidden = routes.length < 2;
  } catch {
    picker.hidden = true; // the clock tells what is wrong
  }
}

const ROOMS = {
  table: () => table,
  failures: () => failures(() => tick()),
  recipes: (which) => recipes(which, library),
};

/** `#/`, `#/failures`, `#/recipes/name`, and `#/images/id` above whichever room was open. */
function route() {
  const [where, which] = location.hash.replace(/^#\/?/, "").split("/").map((part) => decodeURIComponent(part));
  if (where === "images" && which) {
    if (!room) enter("table");
    return show(which);
  }
  dialog?.close();
  return enter(where in ROOMS ? where : "table", which);
}

function enter(where, which = "") {
  const wanted = `${where}/${which}`;
  if (room === wanted) return;
  const first = room === null;
  room = wanted;
  main.replaceChildren(ROOMS[where](which));
  for (const link of document.querySelectorAll("nav [data-room]"))
    link.setAttribute("aria-current", link.dataset.room === where ? "page" : "false");
  document.title = where === "table" ? "Safelight" : `${where[0].toUpperCase()}${where.slice(1)} – Safelight`;
  if (!first) main.focus({ preventScroll: where === "table" });
}

function show(id) {
  if (dialog?.open && dialog.dataset.id === id) return;
  const former = dialog;
  dialog = null; // its close is told later, and must not lead back to the room
  former?.close();
  const back = document.activeElement;
  const here = location.hash;
  const mine = open(id, library, () => {
    if (dialog !== mine) return;
    dialog = null;
    if (location.hash !== here) return; // somebody went on to another image or another room
    history.pushState(null, "", hash());
    const tile = document.querySelector(`.sheet a[data-id="${CSS.escape(id)}"]`);
    (tile ?? (back?.isConnected && back !== document.body ? back : main)).focus({ preventScroll: true });
  });
  dialog = mine;
}

/** The URL's fragment of the open room. */
const hash = () => `#/${room.replace(/^table\//, "").replace(/\/$/, "")}`;

// ---- the clock -------------------------------------------------------------------------------------------------------

let timer;
let told = "";

/** Reads the figures and what changed; often while there is work, seldom while there is none, never while unseen. */
async function tick() {
  clearTimeout(timer);
  let busy = false;
  try {
    if (!document.hidden) busy = await lookRound();
    told = "";
  } catch (fault) {
    complain(fault);
  }
  timer = setTimeout(tick, busy ? BUSY : IDLE);
}

async function lookRound() {
  const [metrics] = await Promise.all([api("GET", "/metrics"), library.follow(), library.refresh()]);
  live.draw(metrics);
  const letters = document.getElementById("letters");
  const waiting = metrics.queue?.dead_letters ?? 0;
  write(letters, count(waiting));
  letters.hidden = !waiting;
  return library.unsettled.size > 0 || metrics.states.queued + metrics.states.processing > 0;
}

/** Says what is wrong once, not at every tick. */
function complain(fault) {
  if (fault.message !== told) say(fault.message, { wrong: true });
  told = fault.message;
}

library.addEventListener("arrived", ({ detail }) =>
  say(`${Object.entries(detail).map(([state, number]) => `${count(number)} ${state}`).join(", ")}.`));
uploads.addEventListener("sent", ({ detail }) => library.watch(detail.id, detail.key));
uploads.addEventListener("sent", () => {
  const left = uploads.files.some(({ state }) => state === "waiting" || state === "sending");
  if (!left) say(`${many(uploads.files.filter(({ state }) => state === "sent").length, "file")} sent.`);
  tick();
});

// ---- the page --------------------------------------------------------------------------------------------------------

addEventListener("hashchange", route);
addEventListener("visibilitychange", () => !document.hidden && tick());
addEventListener("beforeunload", (event) => {
  if (uploads.files.some(({ state }) => state === "sending" || state === "waiting")) event.preventDefault();
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("over");
});
addEventListener("dragleave", (event) => !event.relatedTarget && document.body.classList.remove("over"));
addEventListener("drop", async (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  const files = await dropped(event.dataTransfer);
  if (!files.length) return;
  location.hash = "#/";
  uploads.add(files);
});

route();
library.list("").catch(complain);
tick();
