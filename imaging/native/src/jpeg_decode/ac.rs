//! AC coefficients two in one look-up, and those that nobody wants several at once.
//!
//! ```text
//!   63     61   56 55       48 47        32 31        16 15        8 7   5        0
//!   +------+------+-----------+------------+------------+-----------+---+----------+
//!   | SLOW | one  | advance 2 |  value 2   |  value 1   | advance 1 |   |  length  |
//!   +------+------+-----------+------------+------------+-----------+---+----------+
//! ```
//!
//! `length` is that of both, `one` of the first alone. Where the looked-up bits hold one coefficient only, the second
//! is the first again, with an advance of 0: storing it twice does no harm, and asking whether to would. Where they
//! hold not even one, the pair is SLOW and the plain table is asked.

use super::bits::{Bits, Window};
use super::block::{Block, ZIGZAG_PADDED};
use super::huffman::{Entry, LOOKUP, Table};

/// Bits looked up at once where coefficients are skipped: two to five of them.
const SKIP_LOOKUP: u32 = 13;

#[derive(Clone, Copy)]
pub struct Pair(u64);

const SLOW: Pair = Pair(1 << 63);

impl Pair {
    #[inline(always)]
    fn alone(entry: Entry, bits: u64) -> Self {
        let value = u64::from(entry.value(bits) as u16);
        let length = u64::from(entry.length());
        Pair(length << 56 | value << 32 | value << 16 | u64::from(entry.advance()) << 8 | length)
    }

    fn with(self, second: Entry, bits: u64) -> Self {
        let value = u64::from(second.value(bits) as u16);
        let kept = self.0 & !(0xFFFF << 32);
        Pair((kept | u64::from(second.advance()) << 48 | value << 32) + u64::from(second.length()))
    }

    /// Of both.
    #[inline(always)]
    pub fn length(self) -> u8 {
        self.0 as u8
    }

    /// Of the first alone.
    #[inline(always)]
    pub fn length_of_first(self) -> u8 {
        (self.0 >> 56) as u8 & 63
    }

    #[inline(always)]
    pub fn first(self) -> (u8, i16) {
        ((self.0 >> 8) as u8, (self.0 >> 16) as i16)
    }

    #[inline(always)]
    pub fn second(self) -> (u8, i16) {
        ((self.0 >> 48) as u8, (self.0 >> 32) as i16)
    }
}

/// A run of coefficients that end within the looked-up bits: their length, and their advance in the higher byte.
type Skip = u16;

/// The tables of one component's AC coefficients.
pub struct AcTables {
    pairs: [Pair; 1 << LOOKUP],
    /// Where not all coefficients are wanted.
    skips: Option<Box<[Skip; 1 << SKIP_LOOKUP]>>,
    /// The coded index of the last coefficient that is wanted.
    wanted: u8,
    table: Box<Table>,
}

impl AcTables {
    pub fn new(table: Box<Table>, wanted: u8) -> Box<Self> {
        let mut pairs = [SLOW; 1 << LOOKUP];
        for (index, pair) in (0u64..).zip(&mut pairs) {
            *pair = pair_of(&table, index << (64 - LOOKUP));
        }
        let skips = (wanted < 63).then(|| {
            let mut skips = Box::new([0; 1 << SKIP_LOOKUP]);
            for (index, skip) in (0u64..).zip(skips.iter_mut()) {
                *skip = skip_of(&table, index << (64 - SKIP_LOOKUP));
            }
            skips
        });
        Box::new(AcTables { pairs, skips, wanted, table })
    }

    /// Decodes a block's coefficients behind `index` into a block of zeros, those that are wanted at least. Gives the
    /// coded index of the last one and, if its end was coded, 128 more; 64 to 127 is an error. At least 27 bits must be
    /// there.
    #[inline(always)]
    pub fn decode(&self, bits: &mut Bits, window: &Window, mut index: u8, block: &mut Block) -> u8 {
        while index < self.wanted {
            self.decode_pair(bits, &mut index, block);
            bits.refill(window);
            if index >= self.wanted {
                break;
            }
            self.decode_pair(bits, &mut index, block);
        }
        if index < 63 { self.skip_rest(bits, window, index) } else { index }
    }

    /// Decodes one or two coefficients, of 27 bits at most.
    #[inline(always)]
    fn decode_pair(&self, bits: &mut Bits, index: &mut u8, block: &mut Block) {
        let pair = self.look_up(bits.top);
        let (advance, value) = pair.first();
        *index = index.wrapping_add(advance);
        block[usize::from(ZIGZAG_PADDED[usize::from(*index)])] = value;
        if *index >= 63 {
            return bits.skip(pair.length_of_first());
        }
        let (advance, value) = pair.second();
        *index = index.wrapping_add(advance);
        block[usize::from(ZIGZAG_PADDED[usize::from(*index)])] = value;
        bits.skip(pair.length());
    }

    #[inline(always)]
    fn look_up(&self, bits: u64) -> Pair {
        let pair = self.pairs[(bits >> (64 - LOOKUP)) as usize];
        if pair.0 >> 63 == 0 { pair } else { Pair::alone(self.table.look_up(bits), bits) }
    }

    /// Goes on to the end of the block without storing anything.
    #[inline(always)]
    fn skip_rest(&self, bits: &mut Bits, window: &Window, mut index: u8) -> u8 {
        let Some(skips) = &self.skips else { return index };
        loop {
            bits.refill(window);
            let skip = skips[(bits.top >> (64 - SKIP_LOOKUP)) as usize];
            let next = index.wrapping_add((skip >> 8) as u8);
            if skip != 0 && (next < 63 || (128..191).contains(&next)) {
                index = next;
                bits.skip(skip as u8);
            } else {
                let entry = self.table.look_up(bits.top);
                index = index.wrapping_add(entry.advance() as u8);
                bits.skip(entry.length() as u8);
            }
            if index >= 63 {
                return index;
            }
        }
    }
}

/// As many coefficients as the looked-up bits hold, up to the end of the block; 0 for none.
fn skip_of(table: &Table, bits: u64) -> Skip {
    let (mut length, mut advance) = (0, 0);
    while let Some(entry) = table.entry_within(bits << length, SKIP_LOOKUP - length) {
        if advance + entry.advance() % 128 > 63 {
            break; // of hostile tables only; keeps the sum within a byte
        }
        length += entry.length();
        advance += entry.advance();
        if entry.ends_block() {
            break;
        }
    }
    (advance << 8 | length) as Skip
}

/// The pair that the looked-up bits hold by themselves.
fn pair_of(table: &Table, bits: u64) -> Pair {
    let Some(first) = table.entry_within(bits, LOOKUP) else { return SLOW };
    let alone = Pair::alone(first, bits);
    let rest = bits << first.length();
    match table.entry_within(rest, LOOKUP - first.length()) {
        Some(second) if !first.ends_block() => alone.with(second, rest),
        _ => alone,
    }
}
