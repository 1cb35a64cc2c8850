// The light table: every image at its own shape, a ThumbHash first, the photograph as soon as it is there.

import { arrange, h, write } from "./dom.js";
import { bytes, words } from "./format.js";
import { called } from "./names.js";
import { canvas } from "./thumbhash.js";

const ENOUGH = 460;
/** What every browser of today shows; TIFF and the like have no picture here. */
const SHOWN = new Set(["jpeg", "webp", "avif", "png"]);

/** The smallest rendition that is large enough, or the largest there is. */
export function fitting(image, pixels = ENOUGH) {
  const shown = image.renditions.filter(({ format, url }) => SHOWN.has(format) && url);
  const sorted = shown.sort((one, other) => one.width * one.height - other.width * other.height);
  return sorted.find(({ width, height }) => Math.max(width, height) >= pixels) ?? sorted.at(-1) ?? null;
}

/** The grid: its element, and `draw()` of what the library holds. */
export function gallery(library) {
  const element = h("ul", { class: "sheet" });
  const tiles = new Map();
  function draw() {
    arrange(element, library.ids.map((id) => tile(id).element));
  }
  function tile(id) {
    if (!tiles.has(id)) tiles.set(id, made(library.images.get(id)));
    return tiles.get(id);
  }
  library.addEventListener("list", draw);
  library.addEventListener("change", ({ detail }) => {
    for (const id of detail) tiles.get(id)?.draw(library.images.get(id));
  });
  draw();
  return element;
}

/** One image of the grid; drawn again, it keeps its element and what is in it already. */
function made(first) {
  const frame = h("span", { class: "frame" });
  const caption = h("span", { class: "name" });
  const facts = h("span", { class: "facts" });
  const link = h("a", { href: `#/images/${encodeURIComponent(first.id)}`, data: { id: first.id } }, frame, caption, facts);
  const element = h("li", {}, link);
  function draw(image) {
    const rendition = fitting(image);
    element.dataset.state = image.state;
    element.style.setProperty("--ratio", ratio(image, rendition));
    placeholder(frame, image);
    photograph(frame, rendition);
    write(caption, called(image.key));
    write(facts, sentence(image));
  }
  draw(first);
  return { element, draw };
}

function ratio(image, rendition) {
  const { width, height } = rendition ?? image.original ?? { width: 3, height: 2 };
  return String(Math.min(3, Math.max(0.5, width / height || 1.5)));
}

function placeholder(frame, image) {
  if (!image.thumbhash || frame.dataset.hash === image.thumbhash) return;
  frame.querySelector("canvas")?.remove();
  const picture = canvas(image.thumbhash);
  if (picture) frame.prepend(picture);
  frame.dataset.hash = image.thumbhash;
}

/** The photograph above its placeholder, shown once it is loaded; the former one stays until then. */
function photograph(frame, rendition) {
  const path = rendition?.url.split("?")[0];
  if (!path || frame.dataset.path === path) return;
  frame.dataset.path = path;
  const former = [...frame.querySelectorAll("img")];
  const picture = h("img", { src: rendition.url, alt: "", loading: "lazy", decoding: "async" });
  picture.addEventListener("load", () => {
    picture.classList.add("there");
    for (const each of former) each.remove();
  });
  picture.addEventListener("error", () => { frame.dataset.path = ""; picture.remove(); });
  frame.append(picture);
}

function sentence(image) {
  if (image.state === "rejected" || image.state === "dead") return `${image.state}: ${words(image.reason).toLowerCase()}`;
  if (image.state !== "done") return image.state;
  const total = image.renditions.reduce((sum, rendition) => sum + rendition.bytes, 0);
  return `${image.renditions.length} renditions, ${bytes(total)}`;
}
