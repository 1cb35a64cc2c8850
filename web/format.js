// Numbers, sizes and names as people read them.

const COUNT = new Intl.NumberFormat("en");
const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** 12,345 */
export const count = (number) => COUNT.format(number ?? 0);

/** 1 photo, 2 photos */
export const many = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;

/** 340 B, 12.4 kB, 1.30 MB: three digits. */
export function bytes(number) {
  let unit = 0;
  let value = number ?? 0;
  for (; value >= 999.5 && unit < UNITS.length - 1; unit += 1) value /= 1000;
  return `${unit && value < 99.95 ? value.toFixed(value < 9.995 ? 2 : 1) : Math.round(value)} ${UNITS[unit]}`;
}

/** 87 ms, 1.24 s, 3 min */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(2)} s` : `${Math.round(milliseconds / 60_000)} min`;
}

/** Dollars to two digits that mean something: $0.000025, $1.40 */
export function dollars(amount) {
  if (!amount) return "$0";
  return amount >= 0.1 ? `$${amount.toFixed(2)}` : `$${Number(amount.toPrecision(2)).toFixed(9).replace(/0+$/, "")}`;
}

/** 4032 × 3024 */
export const shape = ({ width, height }) => `${width} × ${height}`;

/** `not-an-image` as `Not an image`. */
export function words(reason) {
  const spaced = (reason || "unknown").replaceAll("-", " ");
  return spaced[0].toUpperCase() + spaced.slice(1);
}

/** 14:05 today, else 25 Nov 14:05 */
export function moment(iso) {
  const when = new Date(iso);
  if (Number.isNaN(when.valueOf())) return "";
  const today = when.toDateString() === new Date().toDateString();
  return when.toLocaleString("en-GB", { ...(today ? {} : { day: "numeric", month: "short" }), hour: "2-digit", minute: "2-digit" });
}
