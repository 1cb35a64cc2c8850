//! Rows become columns: what the four EXIF orientations that swap width and height need, besides mirrored taps.

use crate::plane::Plane;

/// Samples a block's edge.
const BLOCK: usize = 8;

/// The plane with `out[x][y] = plane[y][x]`.
pub fn transpose(plane: &Plane) -> Plane {
    let mut out = Plane::new(plane.height, plane.width);
    for top in (0..plane.height).step_by(BLOCK) {
        for left in (0..plane.width).step_by(BLOCK) {
            if top + BLOCK <= plane.height && left + BLOCK <= plane.width {
                let mut block = load(plane, left, top);
                transpose_block(&mut block);
                store(&mut out, top, left, &block);
            } else {
                transpose_rest(plane, &mut out, left, top);
            }
        }
    }
    out
}

fn load(plane: &Plane, left: usize, top: usize) -> [u64; BLOCK] {
    std::array::from_fn(|y| {
        u64::from_le_bytes(plane.padded_row(top + y)[left..left + BLOCK].try_into().expect("a slice of BLOCK"))
    })
}

fn store(plane: &mut Plane, left: usize, top: usize, block: &[u64; BLOCK]) {
    for (y, row) in block.iter().enumerate() {
        plane.padded_row_mut(top + y)[left..left + BLOCK].copy_from_slice(&row.to_le_bytes());
    }
}

/// The blocks at the right and bottom edges, sample by sample.
fn transpose_rest(plane: &Plane, out: &mut Plane, left: usize, top: usize) {
    for y in top..(top + BLOCK).min(plane.height) {
        for x in left..(left + BLOCK).min(plane.width) {
            out.row_mut(x)[y] = plane.row(y)[x];
        }
    }
}

fn transpose_block(rows: &mut [u64; BLOCK]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE2 is part of x86-64.
    unsafe {
        sse2::transpose_block(rows);
    }
    #[cfg(not(target_arch = "x86_64"))]
    scalar::transpose_block(rows);
}

#[cfg(any(test, not(target_arch = "x86_64")))]
mod scalar {
    use super::BLOCK;

    /// Swaps ever larger squares across the diagonal, eight bytes to a word: vector code without vectors,
    /// and what NEON's own transposes come to.
    pub fn transpose_block(rows: &mut [u64; BLOCK]) {
        for (distance, mask) in [(4, 0x0000_0000_ffff_ffff), (2, 0x0000_ffff_0000_ffff), (1, 0x00ff_00ff_00ff_00ff)] {
            let bits = 8 * distance;
            for i in (0..BLOCK).filter(|i| i & distance == 0) {
                let swap = ((rows[i] >> bits) ^ rows[i + distance]) & mask;
                rows[i] ^= swap << bits;
                rows[i + distance] ^= swap;
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use super::BLOCK;
    use std::arch::x86_64::*;

    #[target_feature(enable = "sse2")]
    pub fn transpose_block(rows: &mut [u64; BLOCK]) {
        let load = |row: u64| _mm_cvtsi64_si128(row as i64);
        let [a, b, c, d, e, f, g, h] = (*rows).map(load);
        let (ab, cd, ef, gh) =
            (_mm_unpacklo_epi8(a, b), _mm_unpacklo_epi8(c, d), _mm_unpacklo_epi8(e, f), _mm_unpacklo_epi8(g, h));
        let (abcd_low, abcd_high) = (_mm_unpacklo_epi16(ab, cd), _mm_unpackhi_epi16(ab, cd));
        let (efgh_low, efgh_high) = (_mm_unpacklo_epi16(ef, gh), _mm_unpackhi_epi16(ef, gh));
        let pairs = [
            _mm_unpacklo_epi32(abcd_low, efgh_low),
            _mm_unpackhi_epi32(abcd_low, efgh_low),
            _mm_unpacklo_epi32(abcd_high, efgh_high),
            _mm_unpackhi_epi32(abcd_high, efgh_high),
        ];
        for (rows, pair) in rows.chunks_exact_mut(2).zip(pairs) {
            rows[0] = _mm_cvtsi128_si64(pair) as u64;
            rows[1] = _mm_cvtsi128_si64(_mm_unpackhi_epi64(pair, pair)) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_path_transposes_alike(rows in any::<[u64; BLOCK]>()) {
            let (mut fast, mut slow) = (rows, rows);
            transpose_block(&mut fast);
            scalar::transpose_block(&mut slow);
            prop_assert_eq!(fast, slow);
        }

        #[test]
        fn rows_become_columns(width in 1usize..40, height in 1usize..40, seed in any::<u64>()) {
            let samples = crate::noise(seed, width * height);
            let mut plane = Plane::new(width, height);
            for (row, samples) in plane.rows_mut().zip(samples.chunks(width)) {
                row.copy_from_slice(samples);
            }
            let out = transpose(&plane);
            prop_assert_eq!((out.width, out.height), (height, width));
            for x in 0..width {
                for y in 0..height {
                    prop_assert_eq!(out.row(x)[y], plane.row(y)[x]);
                }
            }
        }
    }
}
