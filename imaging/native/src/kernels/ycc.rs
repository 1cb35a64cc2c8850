//! RGB to Y, Cb, Cr and back: JFIF's BT.601 at full range, in 16-bit fixed point, rounded to nearest.

use super::clamp_u8;

const BITS: u32 = 16;
const HALF: i32 = 1 << (BITS - 1);

/// The luma of a pixel.
#[inline(always)]
pub fn luma(r: i32, g: i32, b: i32) -> u8 {
    ((19595 * r + 38470 * g + 7471 * b + HALF) >> BITS) as u8
}

/// Cb and Cr of the sum of `1 << log_count` pixels.
#[inline(always)]
pub fn chroma(r: i32, g: i32, b: i32, log_count: u32) -> (u8, u8) {
    let bits = BITS + log_count;
    let middle = (128 << bits) + (1 << (bits - 1));
    let cb = (-11059 * r - 21709 * g + 32768 * b + middle) >> bits;
    let cr = (32768 * r - 27439 * g - 5329 * b + middle) >> bits;
    (clamp_u8(cb), clamp_u8(cr))
}

/// The R, G and B of a Y, Cb, Cr sample.
#[inline(always)]
pub fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    [
        clamp_u8(y + ((91881 * cr + HALF) >> BITS)),
        clamp_u8(y + ((-22554 * cb - 46802 * cr + HALF) >> BITS)),
        clamp_u8(y + ((116130 * cb + HALF) >> BITS)),
    ]
}

also_for_avx2! {
    /// Lumas of a row of interleaved RGB.
    pub fn luma_row(pixels: &[u8], y: &mut [u8]) {
        for (pixel, y) in pixels.as_chunks::<3>().0.iter().zip(y) {
            *y = luma(i32::from(pixel[0]), i32::from(pixel[1]), i32::from(pixel[2]));
        }
    }

    /// Chroma at half size from two rows of interleaved RGB: each sample from the mean of its four pixels, an odd last
    /// column counting twice.
    pub fn chroma_row(above: &[u8], below: &[u8], cb: &mut [u8], cr: &mut [u8]) {
        let (above_pairs, above_rest) = above.as_chunks::<6>();
        let (below_pairs, below_rest) = below.as_chunks::<6>();
        for (((a, b), cb), cr) in above_pairs.iter().zip(below_pairs).zip(cb.iter_mut()).zip(cr.iter_mut()) {
            let sum = |c: usize| i32::from(a[c]) + i32::from(a[c + 3]) + i32::from(b[c]) + i32::from(b[c + 3]);
            (*cb, *cr) = chroma(sum(0), sum(1), sum(2), 2);
        }
        if let (&[r, g, b], &[r2, g2, b2]) = (above_rest, below_rest) {
            let sum = |one: u8, other: u8| i32::from(one) + i32::from(other);
            let last = above_pairs.len();
            (cb[last], cr[last]) = chroma(sum(r, r2), sum(g, g2), sum(b, b2), 1);
        }
    }

    /// Chroma at full size of a row of interleaved RGB.
    pub fn full_chroma_row(pixels: &[u8], cb: &mut [u8], cr: &mut [u8]) {
        for ((pixel, cb), cr) in pixels.as_chunks::<3>().0.iter().zip(cb).zip(cr) {
            (*cb, *cr) = chroma(i32::from(pixel[0]), i32::from(pixel[1]), i32::from(pixel[2]), 0);
        }
    }

    /// The middle one of three rows of half-size chroma, sharpened by what interpolating it to full size and averaging
    /// it again will blur. That weighs a sample and its neighbours by 6/8 and 1/8 along each axis, this by 42/32 and
    /// -5/32: together they pass 98 to 102 % up to half the highest frequency, and 81 % of the highest.
    pub fn sharpened_row(rows: [&[u8]; 3], sums: &mut [i16], out: &mut [u8]) {
        let [above, here, below] = rows;
        for (((sum, &above), &here), &below) in sums.iter_mut().zip(above).zip(here).zip(below) {
            *sum = 42 * i16::from(here) - 5 * (i16::from(above) + i16::from(below));
        }
        let weighed = |left: i16, sum: i16, right: i16| {
            clamp_u8((42 * i32::from(sum) - 5 * (i32::from(left) + i32::from(right)) + 512) >> 10)
        };
        let last = sums.len() - 1;
        out[0] = weighed(sums[0], sums[0], sums[last.min(1)]);
        for (out, near) in out[1..].iter_mut().zip(sums.windows(3)) {
            *out = weighed(near[0], near[1], near[2]);
        }
        out[last] = weighed(sums[last.saturating_sub(1)], sums[last], sums[last]);
    }

    /// A row of interleaved RGB from a row of each of Y, Cb and Cr.
    pub fn rgb_row(y: &[u8], cb: &[u8], cr: &[u8], pixels: &mut [u8]) {
        for (((pixel, &y), &cb), &cr) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(y).zip(cb).zip(cr) {
            *pixel = rgb(y, cb, cr);
        }
    }

    /// A row of chroma at full size from the nearer and the farther of its rows at half size: three quarters of the
    /// nearer sample and one of the farther, both ways. `sums` is as long as `near`.
    pub fn upsample_row(near: &[u8], far: &[u8], sums: &mut [u16], full: &mut [u8]) {
        for ((sum, &near), &far) in sums.iter_mut().zip(near).zip(far) {
            *sum = 3 * u16::from(near) + u16::from(far);
        }
        let mix = |near: u16, far: u16| ((3 * near + far + 8) >> 4) as u8;
        let last = sums.len() - 1;
        full[0] = mix(sums[0], sums[0]);
        // Between the centres of two half-size samples lie the right pixel of one and the left pixel of the next.
        let inner = full[1..].as_chunks_mut::<2>().0;
        for ((pair, &left), &right) in inner.iter_mut().zip(&sums[..last]).zip(&sums[1..]) {
            *pair = [mix(left, right), mix(right, left)];
        }
        if full.len() == 2 * sums.len() {
            full[2 * last + 1] = mix(sums[last], sums[last]);
        }
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

    /// Of 0.299, 0.587 and 0.114, and what follows from them.
    #[test]
    fn the_primaries_are_where_jfif_has_them() {
        let ycc = |r, g, b| (luma(r, g, b), chroma(r, g, b, 0));
        assert_eq!(ycc(255, 0, 0), (76, (85, 255)));
        assert_eq!(ycc(0, 255, 0), (150, (44, 21)));
        assert_eq!(ycc(0, 0, 255), (29, (255, 107)));
        assert_eq!(chroma(4 * 200, 4 * 30, 4 * 90, 2), chroma(200, 30, 90, 0));
    }

    #[test]
    fn greys_stay_grey() {
        for v in 0..=255 {
            assert_eq!((luma(v, v, v), chroma(v, v, v, 0)), (v as u8, (128, 128)));
        }
    }
}
