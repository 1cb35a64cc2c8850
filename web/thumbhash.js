// ThumbHash, read back: some 25 bytes to a tiny picture. The format is evanw/thumbhash (public domain): two headers
// with the average colour, scales and shape, then 4-bit cosine coefficients of lightness, yellow-blue, red-green, alpha.

const LONGEST = 32;

/** The picture of a ThumbHash in base64 as {width, height, pixels (RGBA)}; null if it is none. */
export function decode(encoded) {
  try {
    return picture(Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0)));
  } catch {
    return null;
  }
}

/** A canvas with that picture, for the browser to stretch; null if it is none. */
export function canvas(encoded) {
  const decoded = encoded ? decode(encoded) : null;
  if (!decoded) return null;
  const element = document.createElement("canvas");
  element.width = decoded.width;
  element.height = decoded.height;
  element.setAttribute("aria-hidden", "true");
  element.getContext("2d").putImageData(new ImageData(decoded.pixels, decoded.width, decoded.height), 0, 0);
  return element;
}

function picture(hash) {
  const head = hash[0] | (hash[1] << 8) | (hash[2] << 16);
  const more = hash[3] | (hash[4] << 8);
  const alpha = head >> 23;
  const landscape = more >> 15;
  const longest = alpha ? 5 : 7;
  const next = nibbles(hash, alpha ? 6 : 5);
  const across = Math.max(3, landscape ? longest : more & 7);
  const down = Math.max(3, landscape ? more & 7 : longest);
  const ratio = landscape ? longest / (more & 7) : (more & 7) / longest;
  const width = Math.round(ratio > 1 ? LONGEST : LONGEST * ratio);
  const height = Math.round(ratio > 1 ? LONGEST / ratio : LONGEST);
  const channel = (average, wide, tall, scale) => plane(average, wide, tall, scale, next, width, height);
  const lightness = channel((head & 63) / 63, across, down, ((head >> 18) & 31) / 31);
  const yellow = channel(((head >> 6) & 63) / 31.5 - 1, 3, 3, (((more >> 3) & 63) / 63) * 1.25);
  const red = channel(((head >> 12) & 63) / 31.5 - 1, 3, 3, (((more >> 9) & 63) / 63) * 1.25);
  const cover = alpha ? channel((hash[5] & 15) / 15, 5, 5, (hash[5] >> 4) / 15) : null;
  return { width, height, pixels: colours(width * height, lightness, yellow, red, cover) };
}

/** Reads one coefficient after another, low half of a byte first. */
function nibbles(hash, start) {
  let at = start * 2;
  return (scale) => {
    if (at >> 1 >= hash.length) throw new RangeError("the hash ends too early");
    const nibble = (hash[at >> 1] >> ((at & 1) << 2)) & 15;
    at += 1;
    return (nibble / 7.5 - 1) * scale;
  };
}

/** One channel at every pixel: the triangle of frequencies below the diagonal, summed. */
function plane(average, across, down, scale, next, width, height) {
  const terms = [];
  for (let y = 0; y < down; y += 1)
    for (let x = y ? 0 : 1; x * down < across * (down - y); x += 1) terms.push([x, y, next(scale)]);
  const columns = cosines(width);
  const rows = cosines(height);
  return Float64Array.from({ length: width * height }, (_, at) => {
    const column = columns[at % width];
    const row = rows[Math.floor(at / width)];
    return terms.reduce((sum, [x, y, value]) => sum + value * column[x] * row[y] * 2, average);
  });
}

const cosines = (size) => Array.from({ length: size }, (_, at) =>
  Array.from({ length: 7 }, (_, frequency) => Math.cos((Math.PI / size) * (at + 0.5) * frequency)));

function colours(size, lightness, yellow, red, cover) {
  const pixels = new Uint8ClampedArray(size * 4);
  const byte = (value) => Math.trunc(255 * Math.min(1, Math.max(0, value)));
  for (let at = 0; at < size; at += 1) {
    const blue = lightness[at] - (2 / 3) * yellow[at];
    const r = (3 * lightness[at] - blue + red[at]) / 2;
    pixels.set([byte(r), byte(r - red[at]), byte(blue), cover ? byte(cover[at]) : 255], at * 4);
  }
  return pixels;
}
