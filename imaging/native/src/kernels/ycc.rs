//! RGB to Y, Cb, Cr and back: JFIF's BT.601 at full range, in 16-bit fixed point, rounded to nearest.

use super::clamp_u8;

const BITS: u32 = 16;
const HALF: i32 = 1 << (BITS - 1);

/// The luma of a pixel.
pub fn luma(r: i32, g: i32, b: i32) -> u8 {
    ((19595 * r + 38470 * g + 7471 * b + HALF) >> BITS) as u8
}

/// Cb and Cr of the sum of `1 << log_count` pixels.
pub fn chroma(r: i32, g: i32, b: i32, log_count: u32) -> (u8, u8) {
    let bits = BITS + log_count;
    let middle = (128 << bits) + (1 << (bits - 1));
    let cb = (-11059 * r - 21709 * g + 32768 * b + middle) >> bits;
    let cr = (32768 * r - 27439 * g - 5329 * b + middle) >> bits;
    (clamp_u8(cb), clamp_u8(cr))
}

/// The R, G and B of a Y, Cb, Cr sample.
pub fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    [
        clamp_u8(y + ((91881 * cr + HALF) >> BITS)),
        clamp_u8(y + ((-22554 * cb - 46802 * cr + HALF) >> BITS)),
        clamp_u8(y + ((116130 * cb + HALF) >> BITS)),
    ]
}

/// Lumas of a row of interleaved RGB.
pub fn luma_row(pixels: &[u8], y: &mut [u8]) {
    for (pixel, y) in pixels.chunks_exact(3).zip(y) {
        *y = luma(i32::from(pixel[0]), i32::from(pixel[1]), i32::from(pixel[2]));
    }
}

/// Chroma at half size from two rows of interleaved RGB: each sample from the mean of its four pixels, an odd last
/// column counting twice.
pub fn chroma_row(above: &[u8], below: &[u8], cb: &mut [u8], cr: &mut [u8]) {
    let last = above.len() - 3;
    for (i, (cb, cr)) in cb.iter_mut().zip(cr).enumerate() {
        let (left, right) = (6 * i, (6 * i + 3).min(last));
        let sum = |channel: usize| {
            [above[left + channel], above[right + channel], below[left + channel], below[right + channel]]
                .map(i32::from)
                .into_iter()
                .sum()
        };
        (*cb, *cr) = chroma(sum(0), sum(1), sum(2), 2);
    }
}

/// A row of interleaved RGB from a row of each of Y, Cb and Cr.
pub fn rgb_row(y: &[u8], cb: &[u8], cr: &[u8], pixels: &mut [u8]) {
    for (((pixel, &y), &cb), &cr) in pixels.chunks_exact_mut(3).zip(y).zip(cb).zip(cr) {
        pixel.copy_from_slice(&rgb(y, cb, cr));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There and back moves no channel by more than two: rounding, three times.
    #[test]
    fn there_and_back_is_near() {
        for r in (0..=255).step_by(15) {
            for g in (0..=255).step_by(15) {
                for b in (0..=255).step_by(15) {
                    let (cb, cr) = chroma(r, g, b, 0);
                    let back = rgb(luma(r, g, b), cb, cr).map(i32::from);
                    for (was, is) in [r, g, b].into_iter().zip(back) {
                        assert!((was - is).abs() <= 2, "{r} {g} {b} -> {back:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn greys_stay_grey() {
        for v in 0..=255 {
            assert_eq!((luma(v, v, v), chroma(v, v, v, 0)), (v as u8, (128, 128)));
        }
    }
}
