//! Weighted sum of rows: the vertical half of a resize.
//!
//! `out[x] = saturate16((sum(rows[k][x] * weights[k]) + half) >> shift)`, in 32-bit sums. The result keeps
//! [`FRACTION`] bits below the sample for [`super::horizontal`] to round away.

/// Bits below one sample value in the rows between the two halves of a resize.
/// A sample overshoots to at most 1.3 x 255, which leaves room for six.
pub const FRACTION: u32 = 6;

/// Sums `rows` by each of `weights` (which add up to `1 << precision`) into `out`; every row is at least as long as that.
/// Two sums at once widen every sample once for both.
pub fn vertical<const N: usize>(rows: &[&[u8]], weights: [&[i16]; N], precision: u32, out: [&mut [i16]; N]) {
    let width = out[0].len();
    assert!(weights.iter().all(|weights| weights.len() == rows.len()));
    assert!(rows.iter().all(|row| row.len() >= width) && out.iter().all(|out| out.len() == width));
    let shift = precision - FRACTION;
    #[cfg(target_arch = "x86_64")]
    if super::has_avx2() {
        // SAFETY: AVX2 was just detected.
        return unsafe { avx2::vertical(rows, weights, shift, out) };
    }
    for (weights, out) in weights.into_iter().zip(out) {
        #[cfg(target_arch = "aarch64")]
        neon::vertical(rows, weights, shift, out);
        #[cfg(not(target_arch = "aarch64"))]
        scalar::vertical(rows, weights, shift, 0, out);
    }
}

mod scalar {
    /// The columns from `first` on.
    pub fn vertical(rows: &[&[u8]], weights: &[i16], shift: u32, first: usize, out: &mut [i16]) {
        let half = 1i32 << (shift - 1);
        for (x, out) in out.iter_mut().enumerate().skip(first) {
            let sum: i32 = rows.iter().zip(weights).map(|(row, &weight)| i32::from(row[x]) * i32::from(weight)).sum();
            *out = ((sum + half) >> shift).clamp(-32768, 32767) as i16;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::scalar;
    use std::arch::x86_64::*;

    /// Columns a step.
    const STEP: usize = 32;

    #[target_feature(enable = "avx2")]
    pub fn vertical<const N: usize>(rows: &[&[u8]], weights: [&[i16]; N], shift: u32, mut out: [&mut [i16]; N]) {
        let pairs: Vec<Pair<'_, N>> = (0..rows.len()).step_by(2).map(|first| Pair::new(rows, weights, first)).collect();
        let half = _mm256_set1_epi32(1 << (shift - 1));
        let shift_count = _mm_cvtsi32_si128(shift as i32);
        let whole = out[0].len() / STEP * STEP;
        for x in (0..whole).step_by(STEP) {
            for (out, sums) in out.iter_mut().zip(sums(&pairs, x, half)) {
                let [a, b, c, d] = sums.map(|sum| _mm256_sra_epi32(sum, shift_count));
                let low = _mm256_packs_epi32(a, b);
                let high = _mm256_packs_epi32(c, d);
                let target = out[x..][..STEP].as_mut_ptr();
                // SAFETY: the slice above is STEP samples: two vectors.
                unsafe {
                    _mm256_storeu_si256(target.cast(), _mm256_permute2x128_si256::<0x20>(low, high));
                    _mm256_storeu_si256(target.add(16).cast(), _mm256_permute2x128_si256::<0x31>(low, high));
                }
            }
        }
        for (weights, out) in weights.into_iter().zip(out) {
            scalar::vertical(rows, weights, shift, whole, out);
        }
    }

    /// Two rows and their weights in each sum; an odd last row is paired with itself at weight zero.
    struct Pair<'a, const N: usize> {
        above: &'a [u8],
        below: &'a [u8],
        weights: [i32; N],
    }

    impl<'a, const N: usize> Pair<'a, N> {
        fn new(rows: &[&'a [u8]], weights: [&[i16]; N], first: usize) -> Self {
            let second = (first + 1).min(rows.len() - 1);
            let weights = weights.map(|weights| {
                let below = weights.get(first + 1).copied().unwrap_or(0);
                i32::from(weights[first] as u16) | (i32::from(below) << 16)
            });
            Self { above: rows[first], below: rows[second], weights }
        }
    }

    /// The sums of STEP columns from `x` on, as the interleaving leaves them: 0 to 3 and 16 to 19 first, and so on.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn sums<const N: usize>(pairs: &[Pair<'_, N>], x: usize, half: __m256i) -> [[__m256i; 4]; N] {
        let zero = _mm256_setzero_si256();
        let mut sums = [[half; 4]; N];
        for pair in pairs {
            // SAFETY: every row is at least as long as `out`, of which these columns are a whole step.
            let (above, below) = unsafe {
                (
                    _mm256_loadu_si256(pair.above.as_ptr().add(x).cast()),
                    _mm256_loadu_si256(pair.below.as_ptr().add(x).cast()),
                )
            };
            let low = _mm256_unpacklo_epi8(above, below);
            let high = _mm256_unpackhi_epi8(above, below);
            let words = [
                _mm256_unpacklo_epi8(low, zero),
                _mm256_unpackhi_epi8(low, zero),
                _mm256_unpacklo_epi8(high, zero),
                _mm256_unpackhi_epi8(high, zero),
            ];
            for (sums, &weights) in sums.iter_mut().zip(&pair.weights) {
                for (sum, words) in sums.iter_mut().zip(words) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(words, _mm256_set1_epi32(weights)));
                }
            }
        }
        sums
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use super::scalar;
    use std::arch::aarch64::*;

    /// Columns a step.
    const STEP: usize = 16;

    pub fn vertical(rows: &[&[u8]], weights: &[i16], shift: u32, out: &mut [i16]) {
        let whole = out.len() / STEP * STEP;
        for x in (0..whole).step_by(STEP) {
            // SAFETY: NEON is part of aarch64; `x + STEP <= out.len()`, and every row is at least as long as `out`.
            unsafe {
                let mut sums = [vdupq_n_s32(1 << (shift - 1)); 4];
                for (row, &weight) in rows.iter().zip(weights) {
                    let samples = vld1q_u8(row.as_ptr().add(x));
                    let low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(samples)));
                    let high = vreinterpretq_s16_u16(vmovl_high_u8(samples));
                    sums[0] = vmlal_n_s16(sums[0], vget_low_s16(low), weight);
                    sums[1] = vmlal_high_n_s16(sums[1], low, weight);
                    sums[2] = vmlal_n_s16(sums[2], vget_low_s16(high), weight);
                    sums[3] = vmlal_high_n_s16(sums[3], high, weight);
                }
                let down = vdupq_n_s32(-(shift as i32));
                let [a, b, c, d] = sums.map(|sum| vqmovn_s32(vshlq_s32(sum, down)));
                let target = out.as_mut_ptr().add(x);
                vst1q_s16(target, vcombine_s16(a, b));
                vst1q_s16(target.add(8), vcombine_s16(c, d));
            }
        }
        scalar::vertical(rows, weights, shift, whole, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the samples and weights, the vector path gives the scalar path's sums.
        #[test]
        fn every_path_sums_alike(
            width in 1usize..200,
            weights in prop::collection::vec(-4000i16..12000, 1..24),
            seed in any::<u64>(),
        ) {
            let samples = crate::noise(seed, width * weights.len());
            let rows: Vec<&[u8]> = samples.chunks(width).collect();
            let (mut fast, mut slow) = (vec![0; width], vec![0; width]);
            vertical(&rows, [&weights], 14, [&mut fast]);
            scalar::vertical(&rows, &weights, 14 - FRACTION, 0, &mut slow);
            prop_assert_eq!(&fast, &slow);
            let others: Vec<i16> = weights.iter().rev().copied().collect();
            let (mut first, mut second) = (vec![0; width], vec![0; width]);
            vertical(&rows, [&others, &weights], 14, [&mut first, &mut second]);
            prop_assert_eq!(second, slow);
            vertical(&rows, [&others], 14, [&mut fast]);
            prop_assert_eq!(first, fast);
        }
    }
}
