//! What a block says, before it is known in how many bits: runs, sizes and values, counted as they come.

use std::sync::LazyLock;

use super::huffman::{BitWriter, Codes, Histogram};
use super::tables::ZIGZAG;
use crate::kernels::fdct::Block;

/// Sixteen zeros, and no value.
const SIXTEEN_ZEROS: u8 = 0xf0;
const END_OF_BLOCK: u8 = 0;

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
#[inline]
pub fn nonzero(block: &Block) -> u64 {
    let mut positions = 0;
    for (row, table) in block.as_chunks::<8>().0.iter().zip(&*POSITIONS) {
        let mut set = 0;
        for (bit, &coefficient) in row.iter().enumerate() {
            set |= usize::from(coefficient != 0) << bit;
        }
        positions |= table[set];
    }
    positions
}

/// The size of a value, and the bits that tell it: negative values one less, so that their first bit is zero.
#[inline]
pub fn sized(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = (value + (value >> 31)) as u32 & ((1 << size) - 1);
    (size, bits)
}

pub struct Tokens {
    /// Table in the highest byte, symbol in the next, the bits after the symbol in the lower half. The symbol's lower
    /// four bits say how many of them there are.
    tokens: Vec<u32>,
    histograms: [Histogram; TABLES],
    /// The last DC of each component.
    dc: [i32; 3],
}

impl Tokens {
    pub fn with_capacity(tokens: usize) -> Self {
        Self { tokens: Vec::with_capacity(tokens), histograms: [[0; 256]; TABLES], dc: [0; 3] }
    }

    /// The next block of a component, in MCU order.
    pub fn add(&mut self, component: usize, block: &Block) {
        let table = if component == 0 { 0 } else { 2 };
        let dc = i32::from(block[0]);
        let (size, bits) = sized(dc - self.dc[component]);
        self.dc[component] = dc;
        self.push(table, size as u8, bits);
        self.add_ac(table + 1, block);
    }

    fn add_ac(&mut self, table: usize, block: &Block) {
        let mut left = nonzero(block) & !1;
        let mut last = 0;
        while left != 0 {
            let k = left.trailing_zeros();
            left &= left - 1;
            let mut run = k - last - 1;
            while run > 15 {
                self.push(table, SIXTEEN_ZEROS, 0);
                run -= 16;
            }
            let (size, bits) = sized(i32::from(block[usize::from(TRANSPOSED[k as usize])]));
            self.push(table, (run << 4 | size) as u8, bits);
            last = k;
        }
        if last < 63 {
            self.push(table, END_OF_BLOCK, 0);
        }
    }

    #[inline]
    fn push(&mut self, table: usize, symbol: u8, bits: u32) {
        self.histograms[table][usize::from(symbol)] += 1;
        self.tokens.push((table as u32) << 24 | u32::from(symbol) << 16 | bits);
    }

    pub fn codes(&self) -> [Codes; TABLES] {
        self.histograms.each_ref().map(Codes::optimal)
    }

    /// Bytes the tokens will take, stuffing aside.
    pub fn bytes(&self, codes: &[Codes; TABLES]) -> usize {
        let symbols: u64 = codes.iter().zip(&self.histograms).map(|(codes, histogram)| codes.bits(histogram)).sum();
        let values: u64 = self.histograms.iter().flat_map(|h| (0u64..).zip(h)).map(|(s, &n)| (s & 15) * u64::from(n)).sum();
        ((symbols + values) / 8) as usize
    }

    pub fn write(&self, codes: &[Codes; TABLES], bits: &mut BitWriter) {
        for &token in &self.tokens {
            let (code, length) = codes[(token >> 24) as usize % TABLES].word((token >> 16) as u8);
            let size = token >> 16 & 15;
            bits.put(code << size | token & 0xffff, length + size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_as_the_standard_tells_them() {
        assert_eq!([0, 1, -1, 2, 3, -2, -3, 255, -255].map(sized), [
            (0, 0),
            (1, 1),
            (1, 0),
            (2, 2),
            (2, 3),
            (2, 1),
            (2, 0),
            (8, 255),
            (8, 0),
        ]);
    }

    #[test]
    fn non_zero_coefficients_are_found_in_zigzag_order() {
        for (k, &at) in TRANSPOSED.iter().enumerate() {
            let mut block = [0; 64];
            block[usize::from(at)] = -3;
            assert_eq!(nonzero(&block), 1 << k);
        }
    }
}
