//! NEON: a block at a time at full size, two at half.

use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

use super::{Transform, scalar};
use crate::jpeg_decode::block::Block;
use scalar::{CONST_BITS, F_0_541, F_0_765, F_1_847, ODD, PASS1_BIAS, PASS1_SHIFT, PASS2_BIAS, PASS2_SHIFT};

const ONE: i16 = 1 << CONST_BITS;

/// The transforms of this file, on a machine that can run them.
pub fn transform(edge: usize) -> Option<Transform> {
    if !is_aarch64_feature_detected!("neon") {
        return None;
    }
    match edge {
        8 => Some(full),
        4 => Some(half),
        _ => None,
    }
}

fn full(blocks: &[Block], lasts: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
    // SAFETY: only `transform` hands this function out, after it has seen NEON.
    unsafe { full_rows(blocks, lasts, quant, out, stride) }
}

fn half(blocks: &[Block], lasts: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
    // SAFETY: only `transform` hands this function out, after it has seen NEON.
    unsafe { half_rows(blocks, lasts, quant, out, stride) }
}

#[target_feature(enable = "neon")]
fn full_rows(blocks: &[Block], lasts: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
    let steps: [int16x8_t; 8] = std::array::from_fn(|row| load(quant, 8 * row));
    for (index, (block, &last)) in blocks.iter().zip(lasts).enumerate() {
        let out = &mut out[8 * index..];
        match last {
            0 => flat(block, quant, out, stride),
            _ => full_block(block, &steps, out, stride),
        }
    }
}

/// A block of DC alone.
#[target_feature(enable = "neon")]
fn flat(block: &Block, quant: &Block, out: &mut [u8], stride: usize) {
    let line = vdup_n_u8(scalar::mean(block[0], quant[0]));
    for row in 0..8 {
        store(out, row * stride, line);
    }
}

#[target_feature(enable = "neon")]
fn full_block(block: &Block, steps: &[int16x8_t; 8], out: &mut [u8], stride: usize) {
    let rows: [int16x8_t; 8] = std::array::from_fn(|row| vmulq_s16(load(block, 8 * row), steps[row]));
    let lines = between_passes(eight(low_halves(rows), PASS1_BIAS), eight(high_halves(rows), PASS1_BIAS));
    let turned = transposed(lines);
    let columns = samples(eight(low_halves(turned), PASS2_BIAS), eight(high_halves(turned), PASS2_BIAS));
    for (row, line) in transposed_samples(columns).into_iter().enumerate() {
        store(out, row * stride, line);
    }
}

/// Four 8-point transforms, down the vectors.
#[inline]
#[target_feature(enable = "neon")]
fn eight(x: [int16x4_t; 8], bias: i32) -> [int32x4_t; 8] {
    let even = four([x[0], x[2], x[4], x[6]], bias);
    let odd: [int32x4_t; 4] = std::array::from_fn(|k| {
        let factors = ODD[k].map(|factor| factor as i16);
        let sum = vmlal_n_s16(vmull_n_s16(x[1], factors[0]), x[3], factors[1]);
        vmlal_n_s16(vmlal_n_s16(sum, x[5], factors[2]), x[7], factors[3])
    });
    std::array::from_fn(|k| match k {
        0..4 => vaddq_s32(even[k], odd[k]),
        _ => vsubq_s32(even[7 - k], odd[7 - k]),
    })
}

/// Four 4-point transforms, down the vectors.
#[inline]
#[target_feature(enable = "neon")]
fn four(x: [int16x4_t; 4], bias: i32) -> [int32x4_t; 4] {
    const NEAR: i16 = (F_0_541 + F_0_765) as i16;
    const FAR: i16 = (F_0_541 - F_1_847) as i16;
    let first = vmlal_n_s16(vdupq_n_s32(bias), x[0], ONE);
    let (sum, difference) = (vmlal_n_s16(first, x[2], ONE), vmlsl_n_s16(first, x[2], ONE));
    let near = vmlal_n_s16(vmull_n_s16(x[1], NEAR), x[3], F_0_541 as i16);
    let far = vmlal_n_s16(vmull_n_s16(x[1], F_0_541 as i16), x[3], FAR);
    [vaddq_s32(sum, near), vaddq_s32(difference, far), vsubq_s32(difference, far), vsubq_s32(sum, near)]
}

#[target_feature(enable = "neon")]
fn half_rows(blocks: &[Block], lasts: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
    let steps: [int16x4_t; 4] = std::array::from_fn(|row| vget_low_s16(load(quant, 8 * row)));
    let (pairs, rest) = blocks.as_chunks::<2>();
    for (index, pair) in pairs.iter().enumerate() {
        half_pair(pair, &steps, &mut out[8 * index..], stride);
    }
    let done = 2 * pairs.len();
    scalar::half(rest, &lasts[done..], quant, &mut out[4 * done..], stride);
}

#[target_feature(enable = "neon")]
fn half_pair(pair: &[Block; 2], steps: &[int16x4_t; 4], out: &mut [u8], stride: usize) {
    let [left, right] = pair.each_ref().map(|block| {
        let rows = std::array::from_fn(|row| vmul_s16(vget_low_s16(load(block, 8 * row)), steps[row]));
        four(rows, PASS1_BIAS)
    });
    let turned = transposed_fours(between_passes(left, right));
    let columns = samples(four(low_halves(turned), PASS2_BIAS), four(high_halves(turned), PASS2_BIAS));
    for (row, line) in transposed_four_samples(columns).into_iter().enumerate() {
        store(out, row * stride, line);
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn low_halves<const N: usize>(x: [int16x8_t; N]) -> [int16x4_t; N] {
    x.map(|vector| vget_low_s16(vector))
}

#[inline]
#[target_feature(enable = "neon")]
fn high_halves<const N: usize>(x: [int16x8_t; N]) -> [int16x4_t; N] {
    x.map(|vector| vget_high_s16(vector))
}

/// The first pass's two halves side by side, rounded to 16 bits.
#[inline]
#[target_feature(enable = "neon")]
fn between_passes<const N: usize>(lows: [int32x4_t; N], highs: [int32x4_t; N]) -> [int16x8_t; N] {
    const SHIFT: i32 = PASS1_SHIFT as i32;
    std::array::from_fn(|k| vcombine_s16(vqshrn_n_s32::<SHIFT>(lows[k]), vqshrn_n_s32::<SHIFT>(highs[k])))
}

/// The second pass's two halves side by side, rounded to samples.
#[inline]
#[target_feature(enable = "neon")]
fn samples<const N: usize>(lows: [int32x4_t; N], highs: [int32x4_t; N]) -> [uint8x8_t; N] {
    std::array::from_fn(|k| {
        let [low, high] = [lows[k], highs[k]].map(|half| vqmovn_s32(vshrq_n_s32::<{ PASS2_SHIFT as i32 }>(half)));
        vqmovun_s16(vcombine_s16(low, high))
    })
}

/// Rows to columns of 8x8 values.
#[inline]
#[target_feature(enable = "neon")]
fn transposed(x: [int16x8_t; 8]) -> [int16x8_t; 8] {
    let upper = transposed_fours([x[0], x[1], x[2], x[3]]);
    let lower = transposed_fours([x[4], x[5], x[6], x[7]]);
    std::array::from_fn(|k| {
        let (top, bottom) = (vreinterpretq_s64_s16(upper[k % 4]), vreinterpretq_s64_s16(lower[k % 4]));
        vreinterpretq_s16_s64(if k < 4 { vtrn1q_s64(top, bottom) } else { vtrn2q_s64(top, bottom) })
    })
}

/// Rows to columns of two 4x4 values side by side.
#[inline]
#[target_feature(enable = "neon")]
fn transposed_fours(x: [int16x8_t; 4]) -> [int16x8_t; 4] {
    let (even, odd) = (vtrn1q_s16(x[0], x[1]), vtrn2q_s16(x[0], x[1]));
    let (next_even, next_odd) = (vtrn1q_s16(x[2], x[3]), vtrn2q_s16(x[2], x[3]));
    let [even, odd, next_even, next_odd] = [even, odd, next_even, next_odd].map(|v| vreinterpretq_s32_s16(v));
    [vtrn1q_s32(even, next_even), vtrn1q_s32(odd, next_odd), vtrn2q_s32(even, next_even), vtrn2q_s32(odd, next_odd)]
        .map(|v| vreinterpretq_s16_s32(v))
}

/// Columns to rows of 8x8 samples.
#[inline]
#[target_feature(enable = "neon")]
fn transposed_samples(x: [uint8x8_t; 8]) -> [uint8x8_t; 8] {
    let left = transposed_four_samples([x[0], x[1], x[2], x[3]]);
    let right = transposed_four_samples([x[4], x[5], x[6], x[7]]);
    std::array::from_fn(|k| {
        let (l, r) = (vreinterpret_u32_u8(left[k % 4]), vreinterpret_u32_u8(right[k % 4]));
        vreinterpret_u8_u32(if k < 4 { vtrn1_u32(l, r) } else { vtrn2_u32(l, r) })
    })
}

/// Columns to rows of two 4x4 samples side by side.
#[inline]
#[target_feature(enable = "neon")]
fn transposed_four_samples(x: [uint8x8_t; 4]) -> [uint8x8_t; 4] {
    let (even, odd) = (vtrn1_u8(x[0], x[1]), vtrn2_u8(x[0], x[1]));
    let (next_even, next_odd) = (vtrn1_u8(x[2], x[3]), vtrn2_u8(x[2], x[3]));
    let [even, odd, next_even, next_odd] = [even, odd, next_even, next_odd].map(|v| vreinterpret_u16_u8(v));
    [vtrn1_u16(even, next_even), vtrn1_u16(odd, next_odd), vtrn2_u16(even, next_even), vtrn2_u16(odd, next_odd)]
        .map(|v| vreinterpret_u8_u16(v))
}

#[inline]
#[target_feature(enable = "neon")]
fn load(values: &[i16; 64], at: usize) -> int16x8_t {
    let eight: &[i16; 8] = values[at..].first_chunk().expect("a row of the block");
    // SAFETY: the reference is to 8 readable values.
    unsafe { vld1q_s16(eight.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn store(out: &mut [u8], at: usize, value: uint8x8_t) {
    let eight: &mut [u8; 8] = out[at..].first_chunk_mut().expect("a line of the strip");
    // SAFETY: the reference is to 8 writable samples.
    unsafe { vst1_u8(eight.as_mut_ptr(), value) }
}
