// An image's page: its picture, every rendition with its bytes, what it cost, the markup to paste, and the way out.

import { api } from "./api.js";
import { ask, copy, h, say } from "./dom.js";
import { bytes, dollars, moment, shape, words } from "./format.js";
import { fitting } from "./gallery.js";
import { called } from "./names.js";
import { canvas } from "./thumbhash.js";

const LARGE = 1100;

/** Opens the page of an image; `left` is called once it is closed. */
export function open(id, library, left) {
  const body = h("div", { class: "inside" }, h("p", { class: "quiet" }, "Reading…"));
  const close = h("button", { class: "close", "aria-label": "Close" }, "×");
  const dialog = h("dialog", { class: "page", "aria-label": "Image", data: { id } }, h("form", { method: "dialog" }, close), body);
  const draw = () => body.replaceChildren(...parts(library.images.get(id), library, dialog));
  library.shown = id;
  const changed = ({ detail }) => detail.includes(id) && draw();
  library.addEventListener("change", changed);
  dialog.addEventListener("close", () => {
    library.removeEventListener("change", changed);
    if (library.shown === id) library.shown = null;
    dialog.remove();
    left();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", (event) => turn(event, id, library));
  document.body.append(dialog);
  dialog.showModal();
  library.read(id).then(draw, (fault) => body.replaceChildren(h("p", { class: "wrong" }, fault.message)));
  return dialog;
}

/** The arrows lead to the neighbours on the light table, except where they move a cursor. */
function turn({ key, target }, id, library) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (!step || target.matches("textarea")) return;
  const neighbour = library.ids[library.ids.indexOf(id) + step];
  if (neighbour) location.hash = `#/images/${encodeURIComponent(neighbour)}`;
}

function parts(image, library, dialog) {
  dialog.setAttribute("aria-label", called(image.key));
  return [picture(image), h("div", { class: "about" },
    h("h2", {}, called(image.key)), h("p", { class: "quiet key" }, image.key),
    facts(image), renditions(image), markup(image), away(image, library, dialog))];
}

function picture(image) {
  const rendition = fitting(image, LARGE);
  const frame = h("div", { class: "large" });
  const { width, height } = rendition ?? { width: 3, height: 2 };
  frame.style.setProperty("--ratio", width / height);
  const hash = canvas(image.thumbhash);
  if (hash) frame.append(hash);
  if (rendition) frame.append(h("img", { src: rendition.url, alt: called(image.key), class: "there" }));
  else frame.append(h("p", { class: "quiet" }, image.state === "done" ? "No rendition that a browser shows" : words(image.state)));
  return frame;
}

function facts(image) {
  const { original, cost } = image;
  const rows = [
    ["State", image.attempts > 1 ? `${image.state}, at attempt ${image.attempts}` : image.state],
    image.reason && ["Reason", `${words(image.reason)}${image.detail ? `: ${image.detail}` : ""}`],
    original && ["Original", `${[original.format?.toUpperCase(), original.width && shape(original), bytes(original.bytes)].filter(Boolean).join(", ")}`],
    image.updated && ["Changed", moment(image.updated)],
    image.analysis && ["Seen in it", seen(image.analysis)],
    cost && ["Cost", price(cost)],
  ];
  return h("dl", { class: "facts" }, rows.filter(Boolean).map(([term, text]) => [h("dt", {}, term), h("dd", {}, text)]));
}

/** What Rekognition saw, or why it could not look. */
function seen({ labels, moderation, failed }) {
  const sure = (each) => `${each.name} ${each.confidence} %`;
  const told = [...labels.map(sure), ...moderation.map((each) => `to be moderated: ${sure(each)}`)];
  return [...told, ...(failed ? [`not analysed: ${words(failed)}`] : [])].join(", ") || "nothing it is sure of";
}

/** List prices: the sum, and what it is made of. */
const price = (cost) =>
  `${dollars(cost.dollars)}: ${dollars(cost.render)} for pixels, ${dollars(cost.puts)} for puts, ${dollars(cost.rest)} for the rest`;

function renditions(image) {
  if (!image.renditions.length) return null;
  const rows = image.renditions.map((each) => h("tr", {},
    h("th", { scope: "row" }, h("a", { href: each.url, target: "_blank", rel: "noopener" }, each.name)),
    h("td", {}, each.format), h("td", {}, shape(each)), h("td", {}, bytes(each.bytes)),
    h("td", { class: "quiet" }, image.original?.bytes ? `${((each.bytes / image.original.bytes) * 100).toFixed(1)}%` : "")));
  return h("table", {}, h("caption", {}, "Renditions"), h("thead", {}, h("tr", {},
    ["Name", "Format", "Size", "Bytes", "Of original"].map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, rows));
}

function markup(image) {
  if (!image.html) return null;
  return Object.entries({ picture: "<picture>", srcset: "srcset" }).filter(([kind]) => image.html[kind]).map(([kind, label]) =>
    h("div", { class: "markup" },
      h("p", {}, h("label", { for: `html-${kind}` }, label),
        h("button", { class: "plain", "aria-label": `Copy ${kind}`, onclick: () => copy(image.html[kind], label) }, "Copy")),
      h("textarea", { id: `html-${kind}`, readonly: true, rows: kind === "picture" ? 4 : 2, value: image.html[kind] })));
}

function away(image, library, dialog) {
  if (image.state === "deleted") return h("p", { class: "quiet" }, "The original is gone; a tombstone remains.");
  const go = async (erase) => {
    const sure = erase
      ? await ask("Erase this image?", "The original, all versions of its renditions and its metadata go, for good. A tombstone without a name stays.", "Erase")
      : await ask("Delete this image?", "The original is removed, and its renditions are unpublished.", "Delete");
    if (!sure) return;
    try {
      await api("DELETE", `/images/${encodeURIComponent(image.id)}${erase ? "?erase=true" : ""}`);
      say(`${called(image.key)} is ${erase ? "erased" : "being deleted"}.`);
      dialog.close();
      if (erase) library.forget(image.id);
      else library.leaving(image.id);
    } catch (fault) {
      say(fault.message, { wrong: true });
    }
  };
  return h("p", { class: "actions" },
    h("button", { class: "plain", onclick: () => go(false) }, "Delete…"), h("button", { class: "plain", onclick: () => go(true) }, "Erase everything…"));
}
