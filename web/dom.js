// Elements made of values. Every child that is a string becomes a text node: no name of a file can ever be markup.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element: attributes, `on...` listeners, `style` and `data` as objects, and children. */
export function h(tag, given = {}, ...children) {
  return filled(document.createElement(tag), given, children);
}

/** An SVG element, the same way. */
export function svg(tag, given = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), given, children);
}

function filled(element, given, children) {
  for (const [name, value] of Object.entries(given)) set(element, name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "value") element.value = value;
  else element.setAttribute(name, value === true ? "" : value);
}

/** Writes a text only where it changed: a live region stays quiet, a selection stays selected. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Puts children in this order and moves only what is out of place, so that the focus stays where it is. */
export function arrange(parent, elements) {
  for (const stale of [...parent.children].filter((child) => !elements.includes(child))) stale.remove();
  elements.forEach((element, at) => parent.children[at] !== element && parent.insertBefore(element, parent.children[at] ?? null));
}

let silence;

/** Says a sentence to everyone: on the page for a while, and to whoever listens rather than looks. */
export function say(sentence, { wrong = false } = {}) {
  const said = document.getElementById("said");
  said.replaceChildren(h("p", { class: wrong ? "wrong" : null }, sentence));
  clearTimeout(silence);
  silence = setTimeout(() => said.replaceChildren(), wrong ? 12_000 : 6_000);
}

/** Asks in a dialog of its own; answers whether the person agreed. */
export function ask(question, detail, yes) {
  const form = h("form", { method: "dialog" },
    h("h2", { id: "question" }, question), h("p", {}, detail),
    h("p", { class: "actions" },
      h("button", { value: "no", class: "plain" }, "Cancel"), h("button", { value: "yes", class: "lamp" }, yes)));
  const dialog = h("dialog", { class: "question", "aria-labelledby": "question" }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes");
  }));
}

/** Copies a text and says so. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied.`);
  } catch {
    say(`The browser does not let the page copy: select the ${what} and copy it by hand.`, { wrong: true });
  }
}
