// What people called their files. Keys are the API's own choice and hold no name, so this browser remembers them.

const KEPT = "safelight.names";
const KEPT_MOST = 5_000;
/** Unseen characters, and those that turn the line around. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const names = new Map(JSON.parse(localStorage.getItem(KEPT) ?? "[]"));

/** That the file of this name was uploaded under this key. */
export function remember(key, name) {
  names.set(key, name);
  localStorage.setItem(KEPT, JSON.stringify([...names].slice(-KEPT_MOST)));
}

/** What a photograph is called on the page: by its file's name if this browser sent it, else by the last part of its key. */
export const called = (key) => visible(names.get(key) ?? key.slice(key.lastIndexOf("/") + 1)) || visible(key);

/** A name as it can be seen: what is unseen is shown as a dot. */
export const visible = (name) => name.replace(UNSEEN, "·");
