// The live board: how many images are in which state, and how fast they get there.

import { h, svg, write } from "./dom.js";
import { bytes, count, dollars, duration } from "./format.js";

const STATES = ["queued", "processing", "done", "rejected", "dead", "deleted"];
const WIDTH = 240;
const HEIGHT = 44;
/** Seconds over which "now" is measured. */
const WINDOW = 12;

/** The board: its element, and `draw(metrics)`. */
export function board() {
  const figures = Object.fromEntries(STATES.map((state) => [state, h("dd", {}, "–")]));
  const states = h("dl", { class: "states" }, STATES.map((state) =>
    h("div", { data: { state } }, h("dt", {}, state), figures[state])));
  const now = h("strong", {}, "0");
  const bars = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": "Published in the last hour" });
  const facts = h("p", { class: "quiet facts" });
  const element = h("section", { class: "board", "aria-label": "States" }, states,
    h("figure", { class: "rate" }, bars, h("figcaption", {}, h("span", {}, now, " a second now"), h("span", { class: "quiet" }, "published, last hour"))), facts);
  const seen = [];

  function draw(metrics) {
    for (const state of STATES) write(figures[state], count(metrics.states[state]));
    states.dataset.busy = metrics.states.processing > 0;
    write(now, speed(seen, metrics.states.done));
    spark(bars, metrics.published_per_minute);
    write(facts, sentence(metrics));
  }
  return { element, draw };
}

function speed(seen, done) {
  const at = performance.now() / 1000;
  seen.push([at, done]);
  while (seen[0][0] < at - WINDOW) seen.shift();
  const [[since, before]] = seen;
  const rate = at > since ? Math.max(0, done - before) / (at - since) : 0;
  return rate >= 10 ? count(Math.round(rate)) : rate.toFixed(rate ? 1 : 0);
}

/** A bar a minute; the picture says in words what it shows. */
function spark(picture, minutes) {
  const most = Math.max(1, ...minutes.map(([, published]) => published));
  const step = WIDTH / 60;
  const bars = minutes.slice(-60).map(([, published], at, all) => {
    const tall = published ? Math.max(2, (published / most) * HEIGHT) : 0.75;
    return svg("rect", { x: (60 - all.length + at) * step, y: HEIGHT - tall, width: step - 1.2, height: tall, class: published ? "some" : "none" });
  });
  picture.replaceChildren(...bars);
  const total = minutes.reduce((sum, [, published]) => sum + published, 0);
  picture.setAttribute("aria-label", `Published in the last hour: ${count(total)}, at most ${count(most)} in a minute`);
}

function sentence({ bytes_in: taken, bytes_out: made, milliseconds, cost_dollars: cost, queue }) {
  const parts = [
    taken && `${bytes(taken)} in, ${bytes(made)} out`,
    milliseconds && `${duration(milliseconds)} of rendering`,
    cost && `${dollars(cost)} so far`,
    queue && `${count(queue.fresh)} fresh and ${count(queue.bulk)} bulk messages queued`,
  ];
  return parts.filter(Boolean).join(" · ");
}
