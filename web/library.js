// The images that this page knows: those it listed, and those it uploaded, read again until they rest.

import { api, query } from "./api.js";

const PAGE = 60;
const WATCHED_AT_ONCE = 8;
const SEEN_AGAIN = 4;
const RESTING = new Set(["done", "rejected", "dead", "deleted"]);

/** Whether nothing more will happen to an image by itself. */
export const rests = (image) => RESTING.has(image?.state);

/** Tells `change` with the ids that changed, `list` when what is listed is another set, `arrived` with a count by state. */
export class Library extends EventTarget {
  images = new Map();
  /** Ids uploaded from this page, the newest first. */
  mine = [];
  /** Ids on their way, each with the test that says when it has arrived. */
  unsettled = new Map();
  /** The id whose page is open. */
  shown = null;
  #arrived = {};
  prefix = "";
  /** Ids of every page listed so far, and what the API was asked to get each. */
  #pages = [];
  #cursors = [null];
  #turn = 0;

  /** Every id that the light table shows: one's own uploads first. */
  get ids() {
    const own = new Set(this.prefix ? [] : this.mine);
    return [...own, ...this.#pages.flat().filter((id) => !own.has(id))];
  }

  get more() {
    return this.#cursors.length > this.#pages.length && this.#pages.length > 0;
  }

  /** Starts over with the keys that begin with `prefix`. */
  async list(prefix) {
    [this.prefix, this.#pages, this.#cursors, this.#turn] = [prefix, [], [null], 0];
    await this.#read(0);
    this.dispatchEvent(new Event("list"));
  }

  async nextPage() {
    if (this.more) await this.#read(this.#pages.length);
  }

  /** Reads again what rests, for it may have been redriven or made anew: a page, some of one's own, the one that is open. */
  async refresh() {
    const turn = this.#turn;
    this.#turn += 1;
    const own = this.mine.filter((id, at) => Math.floor(at / SEEN_AGAIN) === turn % Math.ceil(this.mine.length / SEEN_AGAIN));
    const single = [...new Set([...own, this.shown])].filter((id) => id && !this.unsettled.has(id));
    await Promise.allSettled(single.map((id) => this.read(id)));
    await this.#read(turn % Math.max(1, this.#pages.length));
  }

  async #read(page) {
    const prefix = this.prefix;
    const { images, next } = await api("GET", `/images${query({ prefix, limit: PAGE, next: this.#cursors[page] })}`);
    if (prefix !== this.prefix) return;
    const before = this.ids.join();
    this.#pages[page] = images.map((image) => image.id);
    if (page === this.#pages.length - 1) this.#cursors = [...this.#cursors.slice(0, page + 1), ...(next ? [next] : [])];
    this.#take(images);
    if (before !== this.ids.join()) this.dispatchEvent(new Event("list"));
  }

  /** An upload of this page: shown first, and read until it rests. */
  watch(id, key) {
    if (!this.images.has(id)) this.images.set(id, { id, key, state: "queued", renditions: [] });
    this.mine = [id, ...this.mine.filter((other) => other !== id)];
    this.unsettled.set(id, rests);
    this.dispatchEvent(new Event("list"));
  }

  /** An image whose deletion was asked for: read until it is gone. */
  leaving(id) {
    this.unsettled.set(id, (image) => image?.state === "deleted");
  }

  /** An image that was erased: nobody has it any more. */
  forget(id) {
    if (this.shown === id) this.shown = null;
    this.images.delete(id);
    this.unsettled.delete(id);
    this.mine = this.mine.filter((other) => other !== id);
    this.#pages = this.#pages.map((page) => page.filter((other) => other !== id));
    this.dispatchEvent(new Event("list"));
  }

  /** Reads those on their way, the oldest first, some at a time. */
  async follow() {
    const some = [...this.unsettled].slice(0, WATCHED_AT_ONCE);
    const answers = await Promise.allSettled(some.map(([id]) => this.read(id)));
    for (const [at, [id, arrived]] of some.entries()) {
      this.unsettled.delete(id);
      const image = answers[at].value;
      if (!arrived(image)) this.unsettled.set(id, arrived); // to the end of the line
      else this.#arrived[image.state] = (this.#arrived[image.state] ?? 0) + 1;
    }
    if (some.length && !this.unsettled.size) {
      this.dispatchEvent(new CustomEvent("arrived", { detail: this.#arrived }));
      this.#arrived = {};
    }
  }

  /** One image, as it is now. */
  async read(id) {
    const image = await api("GET", `/images/${encodeURIComponent(id)}`);
    this.#take([image]);
    return image;
  }

  #take(images) {
    const changed = images.filter((image) => signature(image) !== signature(this.images.get(image.id)));
    for (const image of images) this.images.set(image.id, image);
    if (changed.length) this.dispatchEvent(new CustomEvent("change", { detail: changed.map((image) => image.id) }));
  }
}

/** What a picture of the image on the page depends on; a signed URL's signature is not part of it. */
function signature(image) {
  if (!image) return "";
  const renditions = image.renditions.map(({ name, bytes, url }) => `${name} ${bytes} ${url?.split("?")[0]}`);
  return [image.state, image.reason, image.thumbhash, ...renditions].join("|");
}
