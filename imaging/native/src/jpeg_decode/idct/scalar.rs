//! The reference: what the SIMD kernels must equal, and what runs where there are none.

use crate::jpeg_decode::block::Block;

/// Fraction bits of the constants.
pub const CONST_BITS: u32 = 13;

/// Fraction bits kept between the passes.
pub const PASS1_BITS: u32 = 2;

/// The shift that ends the second pass: both fractions, and the 8 of the transform's scale.
pub const PASS2_SHIFT: u32 = CONST_BITS + PASS1_BITS + 3;

/// Half a unit, and the 128 that samples are shifted by.
pub const PASS2_BIAS: i32 = (1 << (PASS2_SHIFT - 1)) + (128 << PASS2_SHIFT);

pub const PASS1_SHIFT: u32 = CONST_BITS - PASS1_BITS;

pub const PASS1_BIAS: i32 = 1 << (PASS1_SHIFT - 1);

pub const F_0_541: i32 = 4433;
pub const F_0_765: i32 = 6270;
pub const F_1_847: i32 = 15137;

/// The odd part: what each of inputs 1, 3, 5, 7 adds to outputs 0, 1, 2, 3 (and takes from 7, 6, 5, 4).
/// The products of islow's flow graph, multiplied out.
pub const ODD: [[i32; 4]; 4] = {
    const F_0_298: i32 = 2446;
    const F_0_390: i32 = 3196;
    const F_0_899: i32 = 7373;
    const F_1_175: i32 = 9633;
    const F_1_501: i32 = 12299;
    const F_1_961: i32 = 16069;
    const F_2_053: i32 = 16819;
    const F_2_562: i32 = 20995;
    const F_3_072: i32 = 25172;
    [
        [F_1_501 - F_0_899 + F_1_175 - F_0_390, F_1_175, F_1_175 - F_0_390, F_1_175 - F_0_899],
        [F_1_175, F_3_072 - F_2_562 - F_1_961 + F_1_175, F_1_175 - F_2_562, F_1_175 - F_1_961],
        [F_1_175 - F_0_390, F_1_175 - F_2_562, F_2_053 - F_2_562 + F_1_175 - F_0_390, F_1_175],
        [F_1_175 - F_0_899, F_1_175 - F_1_961, F_1_175, F_0_298 - F_0_899 - F_1_961 + F_1_175],
    ]
};

pub fn full(blocks: &[Block], lasts: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
    for (index, (block, &last)) in blocks.iter().zip(lasts).enumerate() {
        let out = &mut out[8 * index..];
        match last {
            0 => flat::<8>(block, quant, out, stride),
            _ => full_block(block, quant, out, stride),
        }
    }
}

fn full_block(block: &Block, quant: &Block, out: &mut [u8], stride: usize) {
    let input = dequantised(block, quant);
    let mut between = [0; 64];
    for column in 0..8 {
        let line = eight(std::array::from_fn(|row| i32::from(input[8 * row + column])), PASS1_BIAS);
        for (row, value) in line.into_iter().enumerate() {
            between[8 * row + column] = saturated(value >> PASS1_SHIFT);
        }
    }
    for (row, line) in between.chunks_exact(8).enumerate() {
        let line = eight(std::array::from_fn(|column| i32::from(line[column])), PASS2_BIAS);
        out[row * stride..][..8].copy_from_slice(&line.map(sample));
    }
}

/// One 8-point transform.
fn eight(x: [i32; 8], bias: i32) -> [i32; 8] {
    let sum = (x[0] + x[4] << CONST_BITS).wrapping_add(bias);
    let difference = (x[0] - x[4] << CONST_BITS).wrapping_add(bias);
    let turned = [
        x[2].wrapping_mul(F_0_541 + F_0_765).wrapping_add(x[6].wrapping_mul(F_0_541)),
        x[2].wrapping_mul(F_0_541).wrapping_add(x[6].wrapping_mul(F_0_541 - F_1_847)),
    ];
    let even = [
        sum.wrapping_add(turned[0]),
        difference.wrapping_add(turned[1]),
        difference.wrapping_sub(turned[1]),
        sum.wrapping_sub(turned[0]),
    ];
    let odd: [i32; 4] = std::array::from_fn(|k| {
        (0..4).fold(0i32, |total, input| total.wrapping_add(x[2 * input + 1].wrapping_mul(ODD[k][input])))
    });
    std::array::from_fn(|k| match k {
        0..4 => even[k].wrapping_add(odd[k]),
        _ => even[7 - k].wrapping_sub(odd[7 - k]),
    })
}

pub fn half(blocks: &[Block], lasts: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
    for (index, (block, &last)) in blocks.iter().zip(lasts).enumerate() {
        let out = &mut out[4 * index..];
        match last {
            0 => flat::<4>(block, quant, out, stride),
            _ => half_block(block, quant, out, stride),
        }
    }
}

fn half_block(block: &Block, quant: &Block, out: &mut [u8], stride: usize) {
    let input = dequantised(block, quant);
    let mut between = [0; 16];
    for column in 0..4 {
        let line = four(std::array::from_fn(|row| i32::from(input[8 * row + column])), PASS1_BIAS);
        for (row, value) in line.into_iter().enumerate() {
            between[4 * row + column] = saturated(value >> PASS1_SHIFT);
        }
    }
    for (row, line) in between.chunks_exact(4).enumerate() {
        let line = four(std::array::from_fn(|column| i32::from(line[column])), PASS2_BIAS);
        out[row * stride..][..4].copy_from_slice(&line.map(sample));
    }
}

/// One 4-point transform.
fn four(x: [i32; 4], bias: i32) -> [i32; 4] {
    let sum = (x[0] + x[2] << CONST_BITS).wrapping_add(bias);
    let difference = (x[0] - x[2] << CONST_BITS).wrapping_add(bias);
    let near = x[1].wrapping_mul(F_0_541 + F_0_765).wrapping_add(x[3].wrapping_mul(F_0_541));
    let far = x[1].wrapping_mul(F_0_541).wrapping_add(x[3].wrapping_mul(F_0_541 - F_1_847));
    [sum.wrapping_add(near), difference.wrapping_add(far), difference.wrapping_sub(far), sum.wrapping_sub(near)]
}

/// Sums and differences of the four lowest coefficients.
pub fn quarter(blocks: &[Block], _lasts: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
    for (index, block) in blocks.iter().enumerate() {
        let [a, b, c, d] = [0, 1, 8, 9].map(|at| i32::from(block[at].wrapping_mul(quant[at])));
        let rows = [[a + b + c + d, a - b + c - d], [a + b - c - d, a - b - c + d]];
        for (row, line) in rows.into_iter().enumerate() {
            out[row * stride + 2 * index..][..2].copy_from_slice(&line.map(|value| clamped((value + 4 >> 3) + 128)));
        }
    }
}

/// The mean of each block.
pub fn eighth(blocks: &[Block], _lasts: &[u8], quant: &Block, out: &mut [u8], _stride: usize) {
    for (block, sample) in blocks.iter().zip(out) {
        *sample = mean(block[0], quant[0]);
    }
}

fn flat<const EDGE: usize>(block: &Block, quant: &Block, out: &mut [u8], stride: usize) {
    let mean = mean(block[0], quant[0]);
    for row in 0..EDGE {
        out[row * stride..][..EDGE].fill(mean);
    }
}

/// A block's mean: what any transform makes of a block that is DC alone.
pub fn mean(dc: i16, quant: i16) -> u8 {
    clamped((i32::from(dc.wrapping_mul(quant)) + 4 >> 3) + 128)
}

fn dequantised(block: &Block, quant: &Block) -> [i16; 64] {
    std::array::from_fn(|at| block[at].wrapping_mul(quant[at]))
}

fn saturated(value: i32) -> i16 {
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

fn sample(value: i32) -> u8 {
    clamped(value >> PASS2_SHIFT)
}

fn clamped(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}
