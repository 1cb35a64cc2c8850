//! What a block says, before it is known in how many bits: runs, sizes and values, counted as they come.

use super::huffman::{BitWriter, Codes, Histogram};
use crate::kernels::also_for_avx2;
use crate::kernels::fdct::Block;

/// Sixteen zeros, and no value.
const SIXTEEN_ZEROS: u32 = 0xf0;
const END_OF_BLOCK: u32 = 0;

/// Code tables: DC and AC of luma, DC and AC of chroma.
pub const TABLES: usize = 4;

/// The size of a value, and the bits that tell it: negative values one less, so that their first bit is zero.
#[inline(always)]
pub const fn sized(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = (value + (value >> 31)) as u32 & ((1 << size) - 1);
    (size, bits)
}

/// The token of every value, by its twelve bits: one of table 0, after no zeros. Most are near zero, at both ends.
static TOKENS: [u32; 1 << 12] = {
    let mut tokens = [0; 1 << 12];
    let mut value = -(1 << 11);
    while value < 1 << 11 {
        let (size, bits) = sized(value);
        tokens[value as usize % (1 << 12)] = token(0, size, bits);
        value += 1;
    }
    tokens
};

pub struct Tokens {
    /// Table and symbol in the upper half, the bits after the symbol in the lower. The symbol's lower four bits say how
    /// many of them there are.
    tokens: Vec<u32>,
    /// How often each symbol of each table occurs, by the upper half of its tokens. Two of them, in turns: to count one
    /// symbol twice in a row is to wait for the first.
    histograms: [[u32; TABLES * 256]; 2],
    /// The last DC of each component.
    dc: [i32; 3],
    /// The last `count` tokens, not counted yet.
    made: [u32; Self::ROOM],
    count: usize,
}

/// The most tokens that a block writes: DC, 63 values or fewer and zeros between, and an end, counted or not.
const MOST: usize = 65;

impl Tokens {
    const ROOM: usize = 4096;

    pub fn with_capacity(tokens: usize) -> Self {
        Self {
            tokens: Vec::with_capacity(tokens),
            histograms: [[0; TABLES * 256]; 2],
            dc: [0; 3],
            made: [0; Self::ROOM],
            count: 0,
        }
    }

    /// The next block of a component, in MCU order.
    #[inline(always)]
    pub fn add(&mut self, component: usize, block: &Block) {
        if self.count > Self::ROOM - MOST {
            self.flush();
        }
        let table = if component == 0 { 0 } else { 2 };
        let dc = i32::from(block.values[0]);
        let made = self.made[self.count..].first_chunk_mut().expect("room for a block");
        made[0] = TOKENS[(dc - self.dc[component]) as usize % (1 << 12)] | token(table, 0, 0);
        self.dc[component] = dc;
        self.count += 1 + ac_tokens(block, table + 1, made);
    }

    /// Counts what was added.
    pub fn flush(&mut self) {
        let made = &self.made[..std::mem::take(&mut self.count)];
        let [even, odd] = &mut self.histograms;
        let symbol = |token: u32| (token >> 16) as usize % (TABLES * 256);
        let (pairs, last) = made.as_chunks::<2>();
        for &[first, second] in pairs {
            even[symbol(first)] += 1;
            odd[symbol(second)] += 1;
        }
        last.iter().for_each(|&token| even[symbol(token)] += 1);
        self.tokens.extend_from_slice(made);
    }

    pub fn codes(&self) -> [Codes; TABLES] {
        std::array::from_fn(|table| Codes::optimal(&self.histogram(table)))
    }

    fn histogram(&self, table: usize) -> Histogram {
        let [even, odd] = &self.histograms;
        std::array::from_fn(|symbol| even[256 * table + symbol] + odd[256 * table + symbol])
    }

    /// Bytes the tokens will take, stuffing aside.
    pub fn bytes(&self, codes: &[Codes; TABLES]) -> usize {
        let bits = |(table, codes): (usize, &Codes)| {
            let histogram = self.histogram(table);
            let values: u64 = (0u64..).zip(&histogram).map(|(symbol, &count)| (symbol & 15) * u64::from(count)).sum();
            codes.bits(&histogram) + values
        };
        (codes.iter().enumerate().map(bits).sum::<u64>() / 8) as usize
    }

    pub fn write(&self, codes: &[Codes; TABLES], bits: &mut BitWriter) {
        put(&self.tokens, &std::array::from_fn(|symbol| word(&codes[symbol / 256], symbol as u8)), bits);
    }
}

/// A symbol's code, room for the bits that follow it, and in the lowest five bits how many both are: to 16 and 11.
fn word(codes: &Codes, symbol: u8) -> u32 {
    let (code, length) = codes.word(symbol);
    let size = u32::from(symbol & 15);
    code << size << 5 | (length + size)
}

/// Tokens that surely fit the room of a [`BitWriter`], an even number.
const AT_ONCE: usize = BitWriter::ROOM * 8 / 27 / 2 * 2;

also_for_avx2! {
    /// The second pass: each token's code, then its bits; two tokens at a time.
    fn put(tokens: &[u32], words: &[u32; TABLES * 256], bits: &mut BitWriter) {
        for tokens in tokens.chunks(AT_ONCE) {
            let (bytes, at) = bits.room();
            let mut place = *at;
            let (pairs, last) = tokens.as_chunks::<2>();
            for &[first, second] in pairs {
                let ((first, count), (second, more)) = (told(first, words), told(second, words));
                place.put(bytes, first << more | second, count + more);
            }
            for &token in last {
                let (bits, count) = told(token, words);
                place.put(bytes, bits, count);
            }
            *at = place;
        }
    }
}

/// A token's bits, and how many they are.
#[inline(always)]
fn told(token: u32, words: &[u32; TABLES * 256]) -> (u64, u32) {
    let word = words[(token >> 16) as usize % (TABLES * 256)];
    (u64::from(word >> 5 | token & 0xffff), word & 31)
}

#[inline(always)]
const fn token(table: u32, symbol: u32, bits: u32) -> u32 {
    table << 24 | symbol << 16 | bits
}

/// Tokens of a block's AC, after the first of `made`; answers how many.
#[inline(always)]
fn ac_tokens(block: &Block, table: u32, made: &mut [u32; MOST]) -> usize {
    let left = block.nonzero & !1;
    if has_sixteen_zeros(left) { ac_tokens_far_apart(block, table, made) } else { ac_tokens_nearby(block, table, made) }
}

/// Whether there are more than fifteen zeros between DC and the last of `nonzero`.
fn has_sixteen_zeros(nonzero: u64) -> bool {
    let near = [1, 2, 4, 8].into_iter().fold(nonzero | 1, |near, shift| near | near << shift);
    near & near.wrapping_add(1) != 0
}

/// Where no run of zeros needs a token of its own: four values at a time, of which those that are none are overwritten.
#[inline(always)]
fn ac_tokens_nearby(block: &Block, table: u32, made: &mut [u32; MOST]) -> usize {
    let mut left = block.nonzero & !1;
    let count = left.count_ones() as usize;
    let is_full = left >> 63 == 1;
    let mut last = 0;
    for made in made[1..].as_chunks_mut::<4>().0.iter_mut().take(count.div_ceil(4)) {
        for made in made {
            let k = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            let value = block.values[k as usize % 64];
            let run = k.wrapping_sub(last + 1);
            *made = TOKENS[value as usize % (1 << 12)].wrapping_add(token(table, 0, 0)).wrapping_add(run << 20);
            last = k;
        }
    }
    made[1 + count] = token(table, END_OF_BLOCK, 0);
    count + usize::from(!is_full)
}

#[cold]
fn ac_tokens_far_apart(block: &Block, table: u32, made: &mut [u32; MOST]) -> usize {
    let mut left = block.nonzero & !1;
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
        count += 1;
        made[count] = TOKENS[block.values[k as usize] as usize % (1 << 12)] + token(table, run << 4, 0);
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
    use proptest::prelude::*;

    #[test]
    fn values_are_told_as_the_standard_tells_them() {
        assert_eq!(
            [0, 1, -1, 2, 3, -2, -3, 255, -255].map(sized),
            [(0, 0), (1, 1), (1, 0), (2, 2), (2, 3), (2, 1), (2, 0), (8, 255), (8, 0),]
        );
    }

    proptest! {
        /// Four values at a time tell what one after the other tells.
        #[test]
        fn blocks_without_long_runs_are_told_alike(runs in prop::collection::vec(1usize..17, 0..40), seed in any::<u64>()) {
            let mut block = Block::EMPTY;
            let mut at = 0;
            for (run, &noise) in runs.into_iter().zip(&crate::noise(seed, 40)) {
                at += run;
                if at < 64 {
                    block.values[at] = i16::from(noise as i8) * 8 + 1;
                    block.nonzero |= 1 << at;
                }
            }
            prop_assert!(!has_sixteen_zeros(block.nonzero));
            let (mut fast, mut slow) = ([0; MOST], [0; MOST]);
            let counts = (ac_tokens_nearby(&block, 3, &mut fast), ac_tokens_far_apart(&block, 3, &mut slow));
            prop_assert_eq!(counts.0, counts.1);
            prop_assert_eq!(&fast[..1 + counts.0], &slow[..1 + counts.1]);
        }
    }

    #[test]
    fn sixteen_zeros_have_a_symbol_of_their_own_as_often_as_they_come() {
        let symbols = |at: usize| -> Vec<u32> {
            let mut block = Block::EMPTY;
            (block.values[at], block.nonzero) = (1, 1 << at);
            let mut made = [0; MOST];
            let count = ac_tokens(&block, 1, &mut made);
            made[1..=count].iter().map(|token| token >> 16 & 0xff).collect()
        };
        assert_eq!(symbols(16), [0xf1, END_OF_BLOCK]);
        assert_eq!(symbols(17), [SIXTEEN_ZEROS, 0x01, END_OF_BLOCK]);
        assert_eq!(symbols(33), [SIXTEEN_ZEROS, SIXTEEN_ZEROS, 0x01, END_OF_BLOCK]);
        assert_eq!(symbols(63), [SIXTEEN_ZEROS, SIXTEEN_ZEROS, SIXTEEN_ZEROS, 0xe1]);
    }

    #[test]
    fn sixteen_zeros_are_seen_wherever_they_are() {
        for (first, second) in (1..64).flat_map(|first| (first + 1..64).map(move |second| (first, second))) {
            assert_eq!(has_sixteen_zeros(1 << first | 1 << second), first > 16 || second - first > 16);
        }
        assert!(!has_sixteen_zeros(0));
    }
}
