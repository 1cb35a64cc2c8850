//! AVX2: two blocks at a time at full size, four at half; a block to each 128-bit lane, or two.

use std::arch::x86_64::*;

use super::{Transform, scalar};
use crate::jpeg_decode::block::Block;
use scalar::{CONST_BITS, F_0_541, F_0_765, F_1_847, ODD, PASS1_BIAS, PASS1_SHIFT, PASS2_BIAS, PASS2_SHIFT};

/// The last coefficient of the coded order that lies, with all before it, in the first four rows and columns.
const LAST_OF_CORNER: u8 = 9;

/// The transforms of this file, on a machine that can run them.
pub fn transform(edge: usize) -> Option<Transform> {
    if !is_x86_feature_detected!("avx2") {
        return None;
    }
    match edge {
        8 => Some(full),
        4 => Some(half),
        _ => None,
    }
}

fn full(blocks: &[Block], lasts: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
    // SAFETY: only `transform` hands this function out, after it has seen AVX2.
    unsafe { full_rows(blocks, lasts, quant, out, stride) }
}

fn half(blocks: &[Block], lasts: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
    // SAFETY: only `transform` hands this function out, after it has seen AVX2.
    unsafe { half_rows(blocks, lasts, quant, out, stride) }
}

#[target_feature(enable = "avx2")]
fn full_rows(blocks: &[Block], lasts: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
    let steps: [__m256i; 8] = std::array::from_fn(|row| _mm256_broadcastsi128_si256(load(quant, 8 * row)));
    let (pairs, rest) = blocks.as_chunks::<2>();
    for (index, pair) in pairs.iter().enumerate() {
        let out = &mut out[16 * index..];
        let columns = match lasts[2 * index].max(lasts[2 * index + 1]) {
            0 => {
                flat_pair(pair, quant, out, stride);
                continue;
            }
            last if last <= LAST_OF_CORNER => corner_pair(pair, &steps),
            _ => full_pair(pair, &steps),
        };
        store_columns(columns, out, stride);
    }
    let done = 2 * pairs.len();
    scalar::full(rest, &lasts[done..], quant, &mut out[8 * done..], stride);
}

/// Two blocks of DC alone.
#[target_feature(enable = "avx2")]
fn flat_pair(pair: &[Block; 2], quant: &Block, out: &mut [u8], stride: usize) {
    let [left, right] = pair.each_ref().map(|block| u64::from_ne_bytes([scalar::mean(block[0], quant[0]); 8]) as i64);
    store(out, stride, [_mm_set_epi64x(right, left); 8]);
}

/// Two blocks whose coefficients all lie in the first four rows and columns.
#[inline]
#[target_feature(enable = "avx2")]
fn corner_pair(pair: &[Block; 2], steps: &[__m256i; 8]) -> [__m256i; 8] {
    let rows: [__m256i; 4] = std::array::from_fn(|row| dequantised_row(pair, steps, row));
    let lines = eight_of_four::<{ PASS1_SHIFT as i32 }>(rows, PASS1_BIAS);
    let [a, b, c, d, ..] = transposed(lines);
    eight_of_four::<{ PASS2_SHIFT as i32 }>([a, b, c, d], PASS2_BIAS)
}

#[inline]
#[target_feature(enable = "avx2")]
fn full_pair(pair: &[Block; 2], steps: &[__m256i; 8]) -> [__m256i; 8] {
    let rows: [__m256i; 8] = std::array::from_fn(|row| dequantised_row(pair, steps, row));
    let lines = eight::<{ PASS1_SHIFT as i32 }>(rows, PASS1_BIAS);
    eight::<{ PASS2_SHIFT as i32 }>(transposed(lines), PASS2_BIAS)
}

#[inline]
#[target_feature(enable = "avx2")]
fn dequantised_row(pair: &[Block; 2], steps: &[__m256i; 8], row: usize) -> __m256i {
    let both = _mm256_set_m128i(load(&pair[1], 8 * row), load(&pair[0], 8 * row));
    _mm256_mullo_epi16(both, steps[row])
}

/// Eight 8-point transforms in each lane, down the vectors.
#[inline]
#[target_feature(enable = "avx2")]
fn eight<const SHIFT: i32>(x: [__m256i; 8], bias: i32) -> [__m256i; 8] {
    let bias = _mm256_set1_epi32(bias);
    let [lows, highs] = [false, true].map(|high| {
        let (x04, x26) = (interleaved(x[0], x[4], high), interleaved(x[2], x[6], high));
        let (x13, x57) = (interleaved(x[1], x[3], high), interleaved(x[5], x[7], high));
        let even = even(x04, x26, bias);
        let odd: [__m256i; 4] = std::array::from_fn(|k| {
            _mm256_add_epi32(products(x13, ODD[k][0], ODD[k][1]), products(x57, ODD[k][2], ODD[k][3]))
        });
        combined::<SHIFT>(even, odd)
    });
    packed(lows, highs)
}

/// The same where inputs 4 to 7 are 0.
#[inline]
#[target_feature(enable = "avx2")]
fn eight_of_four<const SHIFT: i32>(x: [__m256i; 4], bias: i32) -> [__m256i; 8] {
    let bias = _mm256_set1_epi32(bias);
    let [lows, highs] = [false, true].map(|high| {
        let (x02, x13) = (interleaved(x[0], x[2], high), interleaved(x[1], x[3], high));
        let even = [(F_0_541 + F_0_765), F_0_541, -F_0_541, -(F_0_541 + F_0_765)]
            .map(|turn| _mm256_add_epi32(products(x02, 1 << CONST_BITS, turn), bias));
        let odd: [__m256i; 4] = std::array::from_fn(|k| products(x13, ODD[k][0], ODD[k][1]));
        combined::<SHIFT>(even, odd)
    });
    packed(lows, highs)
}

/// The even part of an 8-point transform, of inputs 0 and 4, 2 and 6. It is a 4-point transform of them.
#[inline]
#[target_feature(enable = "avx2")]
fn even(x04: __m256i, x26: __m256i, bias: __m256i) -> [__m256i; 4] {
    const ONE: i32 = 1 << CONST_BITS;
    let sum = _mm256_add_epi32(products(x04, ONE, ONE), bias);
    let difference = _mm256_add_epi32(products(x04, ONE, -ONE), bias);
    let near = products(x26, F_0_541 + F_0_765, F_0_541);
    let far = products(x26, F_0_541, F_0_541 - F_1_847);
    [
        _mm256_add_epi32(sum, near),
        _mm256_add_epi32(difference, far),
        _mm256_sub_epi32(difference, far),
        _mm256_sub_epi32(sum, near),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn combined<const SHIFT: i32>(even: [__m256i; 4], odd: [__m256i; 4]) -> [__m256i; 8] {
    std::array::from_fn(|k| {
        _mm256_srai_epi32::<SHIFT>(match k {
            0..4 => _mm256_add_epi32(even[k], odd[k]),
            _ => _mm256_sub_epi32(even[7 - k], odd[7 - k]),
        })
    })
}

#[target_feature(enable = "avx2")]
fn half_rows(blocks: &[Block], lasts: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
    let steps: [__m256i; 4] = std::array::from_fn(|row| {
        let step = load(quant, 8 * row);
        _mm256_broadcastsi128_si256(_mm_unpacklo_epi64(step, step))
    });
    let (fours, rest) = blocks.as_chunks::<4>();
    for (index, four) in fours.iter().enumerate() {
        half_four(four, &steps, &mut out[16 * index..], stride);
    }
    let done = 4 * fours.len();
    scalar::half(rest, &lasts[done..], quant, &mut out[4 * done..], stride);
}

#[inline]
#[target_feature(enable = "avx2")]
fn half_four(blocks: &[Block; 4], steps: &[__m256i; 4], out: &mut [u8], stride: usize) {
    let rows: [__m256i; 4] = std::array::from_fn(|row| {
        let [a, b, c, d] = blocks.each_ref().map(|block| load(block, 8 * row));
        _mm256_mullo_epi16(_mm256_set_m128i(_mm_unpacklo_epi64(c, d), _mm_unpacklo_epi64(a, b)), steps[row])
    });
    let lines = four::<{ PASS1_SHIFT as i32 }>(rows, PASS1_BIAS);
    let columns = four::<{ PASS2_SHIFT as i32 }>(transposed_fours(lines), PASS2_BIAS);
    store_fours(columns, out, stride);
}

/// Eight 4-point transforms in each lane, down the vectors.
#[inline]
#[target_feature(enable = "avx2")]
fn four<const SHIFT: i32>(x: [__m256i; 4], bias: i32) -> [__m256i; 4] {
    let bias = _mm256_set1_epi32(bias);
    let [lows, highs] = [false, true].map(|high| {
        even(interleaved(x[0], x[2], high), interleaved(x[1], x[3], high), bias)
            .map(|value| _mm256_srai_epi32::<SHIFT>(value))
    });
    packed(lows, highs)
}

/// Pairs of a and b: of each lane's lower or higher half.
#[inline]
#[target_feature(enable = "avx2")]
fn interleaved(a: __m256i, b: __m256i, high: bool) -> __m256i {
    if high { _mm256_unpackhi_epi16(a, b) } else { _mm256_unpacklo_epi16(a, b) }
}

/// p * a + q * b of each pair (a, b).
#[inline]
#[target_feature(enable = "avx2")]
fn products(pairs: __m256i, p: i32, q: i32) -> __m256i {
    _mm256_madd_epi16(pairs, _mm256_set1_epi32(q << 16 | p & 0xFFFF))
}

/// To 16 bits, saturating, in the order that `interleaved` took apart.
#[inline]
#[target_feature(enable = "avx2")]
fn packed<const N: usize>(lows: [__m256i; N], highs: [__m256i; N]) -> [__m256i; N] {
    std::array::from_fn(|k| _mm256_packs_epi32(lows[k], highs[k]))
}

/// Rows to columns of the 8x8 values in each lane.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed(x: [__m256i; 8]) -> [__m256i; 8] {
    let twos: [__m256i; 8] =
        std::array::from_fn(|k| interleaved(x[k / 4 * 4 + k % 2 * 2], x[k / 4 * 4 + k % 2 * 2 + 1], k / 2 % 2 == 1));
    let fours: [__m256i; 8] = std::array::from_fn(|k| {
        let (a, b) = (twos[k / 4 * 4 + k / 2 % 2 * 2], twos[k / 4 * 4 + k / 2 % 2 * 2 + 1]);
        if k % 2 == 1 { _mm256_unpackhi_epi32(a, b) } else { _mm256_unpacklo_epi32(a, b) }
    });
    std::array::from_fn(|k| {
        let (a, b) = (fours[k / 2], fours[k / 2 + 4]);
        if k % 2 == 1 { _mm256_unpackhi_epi64(a, b) } else { _mm256_unpacklo_epi64(a, b) }
    })
}

/// Rows to columns of both 4x4 values in each lane.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed_fours(x: [__m256i; 4]) -> [__m256i; 4] {
    let [left, right] = [false, true].map(|high| {
        let (a, b) = (interleaved(x[0], x[1], high), interleaved(x[2], x[3], high));
        [_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b)]
    });
    [
        _mm256_unpacklo_epi64(left[0], right[0]),
        _mm256_unpackhi_epi64(left[0], right[0]),
        _mm256_unpacklo_epi64(left[1], right[1]),
        _mm256_unpackhi_epi64(left[1], right[1]),
    ]
}

/// Stores two blocks side by side, given their columns.
#[inline]
#[target_feature(enable = "avx2")]
fn store_columns(x: [__m256i; 8], out: &mut [u8], stride: usize) {
    let (x02, x13) = (_mm256_packus_epi16(x[0], x[2]), _mm256_packus_epi16(x[1], x[3]));
    let (x46, x57) = (_mm256_packus_epi16(x[4], x[6]), _mm256_packus_epi16(x[5], x[7]));
    let (x01, x23) = (_mm256_unpacklo_epi8(x02, x13), _mm256_unpackhi_epi8(x02, x13));
    let (x45, x67) = (_mm256_unpacklo_epi8(x46, x57), _mm256_unpackhi_epi8(x46, x57));
    let (a, b) = (_mm256_unpacklo_epi16(x01, x23), _mm256_unpacklo_epi16(x45, x67));
    let (c, d) = (_mm256_unpackhi_epi16(x01, x23), _mm256_unpackhi_epi16(x45, x67));
    let [l01, l23] = [_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b)].map(|lanes| two_lines(lanes));
    let [l45, l67] = [_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d)].map(|lanes| two_lines(lanes));
    store(out, stride, [l01[0], l01[1], l23[0], l23[1], l45[0], l45[1], l67[0], l67[1]]);
}

/// Stores four 4x4 blocks side by side, given their columns.
#[inline]
#[target_feature(enable = "avx2")]
fn store_fours(x: [__m256i; 4], out: &mut [u8], stride: usize) {
    let (x01, x23) = (_mm256_packus_epi16(x[0], x[1]), _mm256_packus_epi16(x[2], x[3]));
    let (x02, x13) = (_mm256_unpacklo_epi8(x01, x23), _mm256_unpackhi_epi8(x01, x23));
    let (left, right) = (_mm256_unpacklo_epi8(x02, x13), _mm256_unpackhi_epi8(x02, x13));
    let [l01, l23] =
        [_mm256_unpacklo_epi32(left, right), _mm256_unpackhi_epi32(left, right)].map(|lanes| two_lines(lanes));
    store(out, stride, [l01[0], l01[1], l23[0], l23[1]]);
}

/// Two lines of 16 samples, each half of which comes from one lane.
#[inline]
#[target_feature(enable = "avx2")]
fn two_lines(lanes: __m256i) -> [__m128i; 2] {
    let lines = _mm256_permute4x64_epi64::<0b11_01_10_00>(lanes);
    [_mm256_castsi256_si128(lines), _mm256_extracti128_si256::<1>(lines)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(values: &[i16; 64], at: usize) -> __m128i {
    let eight: &[i16; 8] = values[at..].first_chunk().expect("a row of the block");
    // SAFETY: the reference is to 16 readable bytes; the load needs no alignment.
    unsafe { _mm_loadu_si128(eight.as_ptr().cast()) }
}

/// Stores lines of 16 samples below each other; room for all of them is checked once.
#[inline]
#[target_feature(enable = "avx2")]
fn store<const N: usize>(out: &mut [u8], stride: usize, lines: [__m128i; N]) {
    let last = stride.checked_mul(N - 1).and_then(|last| out.get(last..)).and_then(|line| line.first_chunk::<16>());
    assert!(last.is_some(), "lines of the strip");
    for (row, line) in lines.into_iter().enumerate() {
        // SAFETY: line N - 1 ends within `out`, as was just asserted, and the others before it; no alignment is needed.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().add(row * stride).cast(), line) }
    }
}
