// Recipes: what is made of every original. Edited as fields or as JSON, previewed on a photograph, saved as one edit.

import { api, query } from "./api.js";
import { ask, h, say, write } from "./dom.js";
import { bytes, duration, many, shape } from "./format.js";
import { fitting } from "./gallery.js";
import { called } from "./names.js";

const FORMATS = ["jpeg", "webp", "avif", "png"];
const MODES = ["limit", "fit", "fill"];
const CHOICE = 12;
const PAUSE = 900;

/** The room: the recipes there are, and the one that is open. */
export function recipes(open, library) {
  const list = h("nav", { "aria-label": "Recipes" });
  const desk = h("div", { class: "desk" }, h("p", { class: "quiet" }, "Reading…"));
  const element = h("div", { class: "room" }, h("div", { class: "bar" }, h("h1", {}, "Recipes"), list), desk);
  read();
  return element;

  async function read() {
    try {
      const catalog = await api("GET", "/recipes");
      const chosen = open || catalog.recipes[0]?.name;
      list.replaceChildren(...catalog.recipes.map((each) => entry(each, catalog.routes, chosen)));
      if (!chosen) return desk.replaceChildren(h("p", { class: "empty" }, "There is no recipe yet: `safelight recipes apply` releases the first."));
      const recipe = await api("GET", `/recipes/${encodeURIComponent(chosen)}`);
      return desk.replaceChildren(...editor(recipe, library, read));
    } catch (fault) {
      return desk.replaceChildren(h("p", { class: "wrong" }, fault.message));
    }
  }
}

function entry(recipe, routes, chosen) {
  const prefixes = routes.filter((route) => route.recipe === recipe.name).map(({ prefix }) => prefix || "all other keys");
  return h("a", { href: `#/recipes/${encodeURIComponent(recipe.name)}`, "aria-current": recipe.name === chosen ? "page" : null },
    recipe.name, h("small", {}, prefixes.join(", ")));
}

/** The parts of the editor, around one draft: whichever side changes it, the other follows. */
function editor(recipe, library, read) {
  const text = h("textarea", { id: "json", spellcheck: "false", rows: 22, value: JSON.stringify(recipe.body, null, 2) });
  const fields = h("div", { class: "fields" });
  const problems = h("div", { class: "problems", role: "alert" });
  const save = h("button", { class: "lamp", onclick: () => keep() }, "Save");
  const readAs = `Revision ${recipe.revision}, digest ${recipe.digest.slice(0, 8)}`;
  const state = h("p", { class: "quiet", role: "status" }, readAs);
  const preview = previewer(recipe.name, () => draft(), library, tell);
  let current = recipe.body;

  text.addEventListener("input", () => {
    const written = draft();
    if (!written) return;
    current = written;
    showFields();
    edited();
  });
  showFields();

  /** The draft as an object; null, and the problem told, while it is no JSON. */
  function draft() {
    try {
      const written = JSON.parse(text.value);
      tell([]);
      return written;
    } catch (fault) {
      tell([{ path: "", message: `is not JSON: ${fault.message}` }]);
      return null;
    }
  }

  function showFields() {
    const all = Array.isArray(current?.renditions) ? current.renditions : [];
    fields.replaceChildren(...all.map((rendition, at) => fieldset(rendition, at, changed)));
  }

  function changed() {
    text.value = JSON.stringify(current, null, 2);
    tell([]);
    edited();
  }

  function edited() {
    write(state, `${readAs}, edited`);
    preview.soon();
  }

  function tell(found) {
    text.setAttribute("aria-invalid", String(found.length > 0));
    if (!found.length) return problems.replaceChildren();
    return problems.replaceChildren(h("h3", {}, many(found.length, "mistake")), h("ul", {}, found.map(({ path, message }) =>
      h("li", {}, path ? [h("code", {}, path), " "] : null, message))));
  }

  async function keep(revision = recipe.revision) {
    const body = draft();
    if (!body) return;
    save.disabled = true;
    write(state, "Saving…");
    try {
      const kept = await api("PUT", `/recipes/${encodeURIComponent(recipe.name)}`, { body: { body }, etag: String(revision) });
      const sent = await reprocessed(kept.reprocess, (so) => write(state, `Saved; ${many(so, "image")} sent so far…`));
      say(`Saved as revision ${kept.revision}: ${many(sent, "image")} sent to be made again.`);
      await read();
    } catch (fault) {
      await refused(fault);
    } finally {
      save.disabled = false;
    }
  }

  /** Someone else's edit came first (409), mistakes (422), or something else. */
  async function refused(fault) {
    write(state, fault.status === 409 ? "Somebody saved another revision meanwhile." : "Not saved.");
    if (fault.problems.length) return tell(fault.problems);
    if (fault.status !== 409) return say(fault.message, { wrong: true });
    const theirs = await api("GET", `/recipes/${encodeURIComponent(recipe.name)}`);
    const mine = await ask("Somebody was quicker", `Revision ${theirs.revision} was saved while you were editing. Save your draft over it? Cancel keeps your draft here, unsaved.`, "Save mine over it");
    return mine ? keep(theirs.revision) : undefined;
  }

  return [
    h("section", { class: "draft", "aria-label": `Recipe ${recipe.name}` },
      h("div", { class: "bar" }, h("h2", {}, recipe.name), h("span", { class: "actions" }, state, save)),
      problems, fields,
      h("details", {}, h("summary", {}, "As JSON"), h("label", { for: "json", class: "quiet" }, "The whole recipe; watermarks and fonts by the hash of their bytes"), text)),
    preview.element,
  ];
}

/** A call sends as many as it has time for; the next goes on from there. Answers how many were sent in all. */
async function reprocessed(first, told) {
  let sent = first.sent;
  for (let { next } = first; next;) {
    told(sent);
    const more = await api("POST", "/reprocess", { body: { next } });
    sent += more.sent;
    next = more.next;
  }
  return sent;
}

/** The fields most edits are about. What they write goes into the rendition at once. */
function fieldset(rendition, at, changed) {
  const set = (target, key) => (event) => {
    const { value, type } = event.target;
    if (value === "") delete target[key];
    else target[key] = type === "number" || type === "range" ? Number(value) : value;
    changed();
  };
  const field = (label, input) => h("label", {}, h("span", {}, label), input);
  const id = `quality-${at}`;
  const shown = h("output", { for: id }, rendition.quality ?? "own");
  const quality = h("input", { id, type: "range", min: 1, max: 100, value: rendition.quality ?? 75, oninput: (event) => write(shown, event.target.value), onchange: set(rendition, "quality") });
  const resize = rendition.resize;
  const size = (edge) => h("input", { type: "number", min: 1, max: 16384, value: resize[edge] ?? "", onchange: set(resize, edge) });
  return h("fieldset", {}, h("legend", {}, rendition.name),
    field("Format", select(FORMATS, rendition.format, set(rendition, "format"))),
    h("label", { class: "wide" }, h("span", {}, "Quality ", shown), quality),
    resize ? [field("Width", size("width")), field("Height", size("height")), field("Resize", select(MODES, resize.mode ?? "limit", set(resize, "mode")))] : null);
}

function select(options, chosen, changed) {
  const all = options.includes(chosen) ? options : [chosen, ...options];
  return h("select", { onchange: changed }, all.map((option) => h("option", { value: option, selected: option === chosen }, option)));
}

/** The draft rendered on one photograph: pictures, bytes, milliseconds. `soon` renders after a pause in typing. */
function previewer(recipe, draft, library, tell) {
  const choice = h("div", { class: "choice", role: "radiogroup", "aria-label": "Photograph to try it on" });
  const line = h("p", { class: "quiet", role: "status" }, "Reading…");
  const proofs = h("ul", { class: "proofs" });
  const element = h("section", { class: "preview", "aria-label": "Preview" }, h("h2", {}, "Preview"), choice, line, proofs);
  let chosen = null;
  let timer;
  let turn = 0;

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  };

  async function offer() {
    const { images } = await api("GET", `/images${query({ limit: 40 })}`);
    const done = [...library.mine.map((id) => library.images.get(id)), ...images].filter((image) => image?.state === "done" && fitting(image, 1));
    const some = [...new Map(done.map((image) => [image.id, image])).values()].slice(0, CHOICE);
    choice.replaceChildren(...some.map((image, at) => photograph(image, at === 0)));
    chosen = some[0] ?? null;
    if (chosen) show();
    else write(line, "Upload a photograph first: a preview needs one.");
  }

  function photograph(image, first) {
    const radio = h("input", { type: "radio", name: "photograph", value: image.id, checked: first, "aria-label": called(image.key),
      onchange: () => { chosen = image; show(); } });
    return h("label", { title: called(image.key) }, radio, h("img", { src: fitting(image, 1).url, alt: "", loading: "lazy" }));
  }

  async function show() {
    const body = draft();
    if (!body || !chosen) return;
    turn += 1;
    const mine = turn;
    write(line, "Rendering…");
    element.setAttribute("aria-busy", "true");
    try {
      const made = await api("POST", `/recipes/${encodeURIComponent(recipe)}/preview`, { body: { body, id: chosen.id } });
      if (mine === turn) print(made);
    } catch (fault) {
      if (mine !== turn) return;
      tell(fault.problems);
      write(line, fault.problems.length ? "The draft has mistakes." : fault.message);
    } finally {
      if (mine === turn) element.removeAttribute("aria-busy");
    }
  }

  function print({ renditions, milliseconds, path }) {
    const total = renditions.reduce((sum, each) => sum + each.bytes, 0);
    const spent = Object.values(milliseconds).reduce((sum, each) => sum + each, 0);
    write(line, `${bytes(total)} in ${duration(spent)}, by the ${path} path`);
    const published = new Map(chosen.renditions.map((each) => [each.name, each]));
    proofs.replaceChildren(...renditions.map((each) => proof(each, published.get(each.name))));
  }

  offer().catch((fault) => write(line, fault.message));
  return { element, soon };
}

function proof(rendition, published) {
  const change = published ? Math.round((rendition.bytes / published.bytes - 1) * 100) : 0;
  return h("li", {},
    rendition.data
      ? h("img", { src: `data:image/${rendition.format};base64,${rendition.data}`, alt: `${rendition.name} of the draft`, width: rendition.width, height: rendition.height })
      : h("p", { class: "quiet" }, "Too large to be shown here."),
    h("p", {}, h("b", {}, rendition.name), ` ${rendition.format}, ${shape(rendition)}`),
    h("p", { class: "quiet" }, bytes(rendition.bytes), change ? ` (${change > 0 ? "+" : "−"}${Math.abs(change)}% from what is published)` : ""));
}
