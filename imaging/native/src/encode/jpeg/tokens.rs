//! What a block says, before it is known in how many bits: runs, sizes and values, counted as they come.

use std::sync::LazyLock;

use super::huffman::{BitWriter, Codes, Histogram};
use super::tables::ZIGZAG;
use crate::kernels::also_for_avx2;
use crate::kernels::fdct::Block;
use crate::kernels::nonzero::nonzero;

/// Sixteen zeros, and no value.
const SIXTEEN_ZEROS: u32 = 0xf0;
const END_OF_BLOCK: u32 = 0;

/// Code tables: DC and AC of luma, DC and AC of chroma.
pub const TABLES: usize = 4;

/// Where zigzag position `k` lies in a transposed block.
pub const TRANSPOSED: [u8; 64] = {
    let mut order = [0; 64];
    let mut k = 0;
    while k < 64 {
        order[k] = ZIGZAG[k] % 8 * 8 + ZIGZAG[k] / 8;
        k += 1;
    }
    order
};

/// For each row of a transposed block and each set of its non-zero coefficients: their zigzag positions, a bit each.
static POSITIONS: LazyLock<[[u64; 256]; 8]> = LazyLock::new(|| {
    let mut positions = [[0; 256]; 8];
    for (k, &at) in TRANSPOSED.iter().enumerate() {
        let (row, bit) = (usize::from(at / 8), at % 8);
        for (set, positions) in positions[row].iter_mut().enumerate() {
            *positions |= u64::from(set as u8 >> bit & 1) << k;
        }
    }
    positions
});

/// The zigzag positions of a block's non-zero coefficients.
#[inline(always)]
pub fn positions(block: &Block) -> u64 {
    let rows = nonzero(block).to_le_bytes();
    rows.iter().zip(&*POSITIONS).fold(0, |positions, (&row, table)| positions | table[usize::from(row)])
}

/// The size of a value, and the bits that tell it: negative values one less, so that their first bit is zero.
#[inline(always)]
pub fn sized(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = (value + (value >> 31)) as u32 & ((1 << size) - 1);
    (size, bits)
}

pub struct Tokens {
    /// Table and symbol in the upper half, the bits after the symbol in the lower. The symbol's lower four bits say how
    /// many of them there are.
    tokens: Vec<u32>,
    /// How often each symbol of each table occurs, by the upper half of its tokens.
    histogram: [u32; TABLES * 256],
    /// The last DC of each component.
    dc: [i32; 3],
    /// The tokens of the block at hand.
    made: [u32; MOST],
}

/// The most tokens that a block makes: DC, 63 values, an end; or fewer values and zeros between.
const MOST: usize = 66;

impl Tokens {
    pub fn with_capacity(tokens: usize) -> Self {
        Self { tokens: Vec::with_capacity(tokens), histogram: [0; TABLES * 256], dc: [0; 3], made: [0; MOST] }
    }

    /// The next block of a component, in MCU order.
    #[inline(always)]
    pub fn add(&mut self, component: usize, block: &Block) {
        let table = if component == 0 { 0 } else { 2 };
        let dc = i32::from(block[0]);
        let (size, bits) = sized(dc - self.dc[component]);
        self.dc[component] = dc;
        self.made[0] = token(table, size, bits);
        let count = 1 + ac_tokens(block, table + 1, &mut self.made);
        for token in &self.made[..count] {
            self.histogram[(token >> 16) as usize % (TABLES * 256)] += 1;
        }
        self.tokens.extend_from_slice(&self.made[..count]);
    }

    pub fn codes(&self) -> [Codes; TABLES] {
        std::array::from_fn(|table| Codes::optimal(self.histogram(table)))
    }

    fn histogram(&self, table: usize) -> &Histogram {
        self.histogram[256 * table..][..256].try_into().expect("one table's symbols")
    }

    /// Bytes the tokens will take, stuffing aside.
    pub fn bytes(&self, codes: &[Codes; TABLES]) -> usize {
        let symbols: u64 = codes.iter().enumerate().map(|(table, codes)| codes.bits(self.histogram(table))).sum();
        let values: u64 = (0u64..).zip(&self.histogram).map(|(symbol, &count)| (symbol & 15) * u64::from(count)).sum();
        ((symbols + values) / 8) as usize
    }

    pub fn write(&self, codes: &[Codes; TABLES], bits: &mut BitWriter) {
        let mut words = [0; TABLES * 256];
        for (words, codes) in words.chunks_exact_mut(256).zip(codes) {
            words.copy_from_slice(&codes.words);
        }
        put(&self.tokens, &words, bits);
    }
}

also_for_avx2! {
    /// The second pass: each token's code, then its bits.
    fn put(tokens: &[u32], words: &[u32; TABLES * 256], bits: &mut BitWriter) {
        for &token in tokens {
            let word = words[(token >> 16) as usize % (TABLES * 256)];
            let size = token >> 16 & 15;
            bits.put((word >> 8) << size | token & 0xffff, (word & 0xff) + size);
        }
    }
}

#[inline(always)]
fn token(table: u32, symbol: u32, bits: u32) -> u32 {
    table << 24 | symbol << 16 | bits
}

/// Tokens of a block's AC, after the first of `made`; answers how many.
#[inline(always)]
fn ac_tokens(block: &Block, table: u32, made: &mut [u32; MOST]) -> usize {
    let mut left = positions(block) & !1;
    let (mut count, mut last) = (0, 0);
    while left != 0 {
        let k = left.trailing_zeros();
        left &= left - 1;
        let mut run = k - last - 1;
        while run > 15 {
            count += 1;
            made[count] = token(table, SIXTEEN_ZEROS, 0);
            run -= 16;
        }
        let (size, bits) = sized(i32::from(block[usize::from(TRANSPOSED[k as usize])]));
        count += 1;
        made[count] = token(table, run << 4 | size, bits);
        last = k;
    }
    if last < 63 {
        count += 1;
        made[count] = token(table, END_OF_BLOCK, 0);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_as_the_standard_tells_them() {
        assert_eq!(
            [0, 1, -1, 2, 3, -2, -3, 255, -255].map(sized),
            [(0, 0), (1, 1), (1, 0), (2, 2), (2, 3), (2, 1), (2, 0), (8, 255), (8, 0),]
        );
    }

    #[test]
    fn non_zero_coefficients_are_found_in_zigzag_order() {
        for (k, &at) in TRANSPOSED.iter().enumerate() {
            let mut block = [0; 64];
            block[usize::from(at)] = -3;
            assert_eq!(positions(&block), 1 << k);
        }
    }
}
