//! Weighted sums along a row: the horizontal half of a resize.
//!
//! `out[i] = clamp8((sum(row[starts[i] + k] * weights[i][k]) + half) >> (precision + FRACTION))`, in 32-bit sums.

use super::vertical::FRACTION;
use crate::taps::Taps;

/// Sums each of `rows` (the samples, then any others up to `taps.extent`) into one byte a destination sample. Two rows at
/// once read the weights once, which are more than a first-level cache holds.
pub fn horizontal<const N: usize>(rows: [&[i16]; N], taps: &Taps, out: [&mut [u8]; N]) {
    let width = out[0].len();
    assert!(width <= taps.starts.len() && out.iter().all(|out| out.len() == width));
    assert!(rows.iter().all(|row| taps.extent <= row.len()));
    let shift = taps.precision + FRACTION;
    #[cfg(target_arch = "x86_64")]
    if super::has_avx2() {
        // SAFETY: AVX2 was just detected.
        return unsafe { avx2::horizontal(rows, taps, shift, out) };
    }
    for (row, out) in rows.into_iter().zip(out) {
        #[cfg(target_arch = "aarch64")]
        neon::horizontal(row, taps, shift, out);
        #[cfg(not(target_arch = "aarch64"))]
        scalar::horizontal(row, taps, shift, 0, out);
    }
}

mod scalar {
    use super::Taps;
    use crate::kernels::clamp_u8;

    /// The destination samples from `first` on.
    pub fn horizontal(row: &[i16], taps: &Taps, shift: u32, first: usize, out: &mut [u8]) {
        let half = 1i32 << (shift - 1);
        for (i, out) in out.iter_mut().enumerate().skip(first) {
            let samples = &row[taps.starts[i] as usize..];
            let sum: i32 = samples.iter().zip(taps.weights(i)).map(|(&s, &w)| i32::from(s) * i32::from(w)).sum();
            *out = clamp_u8((sum + half) >> shift);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{Taps, scalar};
    use crate::taps::LANES;
    use std::arch::x86_64::*;

    /// Destination samples a step.
    const STEP: usize = 8;

    /// The usual numbers of vectors a destination sample, each with a loop of its own that is unrolled.
    #[target_feature(enable = "avx2")]
    pub fn horizontal<const N: usize>(rows: [&[i16]; N], taps: &Taps, shift: u32, out: [&mut [u8]; N]) {
        match taps.stride / LANES {
            1 => steps::<1, N>(rows, taps, shift, out),
            2 => steps::<2, N>(rows, taps, shift, out),
            _ => steps::<0, N>(rows, taps, shift, out),
        }
    }

    /// `VECTORS` of weights a destination sample, or as many as `taps` has if 0.
    #[target_feature(enable = "avx2")]
    fn steps<const VECTORS: usize, const N: usize>(
        rows: [&[i16]; N],
        taps: &Taps,
        shift: u32,
        mut out: [&mut [u8]; N],
    ) {
        let stride = if VECTORS > 0 { VECTORS * LANES } else { taps.stride };
        let half = _mm256_set1_epi32(1 << (shift - 1));
        let shift_count = _mm_cvtsi32_si128(shift as i32);
        let whole = out[0].len() / STEP * STEP;
        let starts = taps.starts[..whole].as_chunks::<STEP>().0;
        let weights = taps.weights.chunks_exact(STEP * stride);
        for (step, (starts, weights)) in starts.iter().zip(weights).enumerate() {
            let first = quad::<0, N>(rows, starts, weights, stride);
            let second = quad::<4, N>(rows, starts, weights, stride);
            for ((out, first), second) in out.iter_mut().zip(first).zip(second) {
                let total = _mm256_add_epi32(
                    _mm256_permute2x128_si256::<0x20>(first, second),
                    _mm256_permute2x128_si256::<0x31>(first, second),
                );
                let rounded = _mm256_sra_epi32(_mm256_add_epi32(total, half), shift_count);
                let words = _mm_packs_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256::<1>(rounded));
                out.as_chunks_mut().0[step] = _mm_cvtsi128_si64(_mm_packus_epi16(words, words)).to_le_bytes();
            }
        }
        for (row, out) in rows.into_iter().zip(out) {
            scalar::horizontal(row, taps, shift, whole, out);
        }
    }

    /// Four destination samples of each row from the step's `FIRST` on, each the sum of two lanes that lie four apart.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn quad<const FIRST: usize, const N: usize>(
        rows: [&[i16]; N],
        starts: &[u32; STEP],
        weights: &[i16],
        stride: usize,
    ) -> [__m256i; N] {
        let mut dots = [[_mm256_setzero_si256(); 4]; N];
        for lane in 0..4 {
            let start = starts[FIRST + lane] as usize;
            let mut k = 0;
            while k < stride {
                // SAFETY: there are STEP strides of weights.
                let weights = unsafe { _mm256_loadu_si256(weights.as_ptr().add((FIRST + lane) * stride + k).cast()) };
                for (row, dots) in rows.iter().zip(&mut dots) {
                    // SAFETY: `extent`, which was asserted to fit, holds every start and a stride (`Taps`).
                    let samples = unsafe { _mm256_loadu_si256(row.as_ptr().add(start + k).cast()) };
                    dots[lane] = _mm256_add_epi32(dots[lane], _mm256_madd_epi16(samples, weights));
                }
                k += LANES;
            }
        }
        dots.map(|dots| sums(dots))
    }

    /// The sum of each vector's lanes of four, side by side. Unpacking takes half the time of `_mm256_hadd_epi32`.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn sums([a, b, c, d]: [__m256i; 4]) -> __m256i {
        let ab = _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
        let cd = _mm256_add_epi32(_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
        _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd))
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use super::{Taps, scalar};
    use std::arch::aarch64::*;

    /// Destination samples a step.
    const STEP: usize = 4;

    pub fn horizontal(row: &[i16], taps: &Taps, shift: u32, out: &mut [u8]) {
        let whole = out.len() / STEP * STEP;
        for i in (0..whole).step_by(STEP) {
            // SAFETY: NEON is part of aarch64; `extent`, which was asserted to fit, holds every start and a stride, and
            // every destination sample has `stride` weights.
            unsafe {
                let mut sums = [vdupq_n_s32(0); STEP];
                for (lane, sum) in sums.iter_mut().enumerate() {
                    let samples = row.as_ptr().add(taps.starts[i + lane] as usize);
                    let weights = taps.weights.as_ptr().add((i + lane) * taps.stride);
                    for k in (0..taps.count).step_by(8) {
                        let samples = vld1q_s16(samples.add(k));
                        let weights = vld1q_s16(weights.add(k));
                        *sum = vmlal_s16(*sum, vget_low_s16(samples), vget_low_s16(weights));
                        *sum = vmlal_high_s16(*sum, samples, weights);
                    }
                }
                let [a, b, c, d] = sums;
                let total = vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
                let rounded = vshlq_s32(vaddq_s32(total, vdupq_n_s32(1 << (shift - 1))), vdupq_n_s32(-(shift as i32)));
                let words = vqmovun_s32(rounded);
                let bytes = vqmovn_u16(vcombine_u16(words, words));
                out[i..i + STEP].copy_from_slice(&vget_lane_u32::<0>(vreinterpret_u32_u8(bytes)).to_le_bytes());
            }
        }
        scalar::horizontal(row, taps, shift, whole, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taps::Axis;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the sizes, the vector path gives the scalar path's samples.
        #[test]
        fn every_path_sums_alike(source in 1usize..300, target in 1usize..200, seed in any::<u64>()) {
            let taps = Taps::lanczos3(&Axis::plain(source, target));
            let mut row: Vec<i16> = crate::noise(seed, source).into_iter().map(|s| i16::from(s) << FRACTION).collect();
            row.resize(source + taps.stride, 12345);
            let (mut fast, mut slow) = (vec![0; target], vec![0; target]);
            horizontal([&row], &taps, [&mut fast]);
            scalar::horizontal(&row, &taps, taps.precision + FRACTION, 0, &mut slow);
            prop_assert_eq!(&fast, &slow);
            let other: Vec<i16> = row.iter().rev().copied().collect();
            let (mut first, mut second) = (vec![0; target], vec![0; target]);
            horizontal([&other, &row], &taps, [&mut first, &mut second]);
            prop_assert_eq!(second, slow);
            horizontal([&other], &taps, [&mut fast]);
            prop_assert_eq!(first, fast);
        }

        /// A flat line stays flat, whatever the sizes.
        #[test]
        fn flat_stays_flat(source in 1usize..300, target in 1usize..200, sample in any::<u8>()) {
            let taps = Taps::lanczos3(&Axis::plain(source, target));
            let mut row = vec![i16::from(sample) << FRACTION; source];
            row.resize(source + taps.stride, 0);
            let mut out = vec![0; target];
            horizontal([&row], &taps, [&mut out]);
            prop_assert!(out.iter().all(|&out| out == sample));
        }
    }
}
