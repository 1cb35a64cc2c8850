//! AC coefficients two in one look-up, and those that nobody wants several at once.
//!
//! ```text
//!   63        48 47        32 31      24 23       16 15        8 7        0
//!   +-----------+------------+----------+-----------+-----------+----------+
//!   |  value 2  |   mask 1   | length 1 | advance 2 | advance 1 |  length  |
//!   +-----------+------------+----------+-----------+-----------+----------+
//! ```
//!
//! `length` is that of both, `length 1` of the first alone. The first value is computed from the bits (`mask 1` has as
//! many as the value), for its bits may lie beyond those looked up; the second comes out of the table. Where the bits
//! hold one coefficient only, `advance 2` is 0: the second is stored first, and the first over it. So nothing is asked
//! that the bits answer at random, but whether the block has ended.

use super::bits::{Bits, Window};
use super::block::{Block, ZIGZAG_PADDED};
use super::huffman::{Entry, LOOKUP, Table, signed};

/// Bits looked up at once where coefficients are skipped: two to five codes. The tables of luma and chroma take half of
/// the first-level cache; with 13 bits they fill it, and cost more than they save.
pub const SKIP_LOOKUP: u32 = 12;

/// Bits that one look-up skips at most: the value behind the last code may lie beyond those looked up.
pub const SKIP_MOST: u32 = 18;

#[derive(Clone, Copy)]
struct Pair(u64);

/// The code is longer than the bits looked up.
const UNKNOWN: Pair = Pair(0);

impl Pair {
    fn alone(entry: Entry) -> Self {
        let (length, advance) = (u64::from(entry.length()), u64::from(entry.advance()));
        Pair(u64::from(entry.mask()) << 32 | length << 24 | advance << 8 | length)
    }

    fn with(self, second: Entry, bits: u64) -> Self {
        let value = u64::from(second.value(bits) as u16);
        Pair((self.0 | value << 48 | u64::from(second.advance()) << 16) + u64::from(second.length()))
    }

    #[inline(always)]
    fn length(self) -> u8 {
        self.0 as u8
    }

    #[inline(always)]
    fn length_of_first(self) -> u8 {
        (self.0 >> 24) as u8
    }

    #[inline(always)]
    fn advance(self) -> u8 {
        (self.0 >> 8) as u8
    }

    #[inline(always)]
    fn further(self) -> u8 {
        (self.0 >> 16) as u8
    }

    #[inline(always)]
    fn first(self, bits: u64) -> i16 {
        let mask = (self.0 >> 32) as u32 & 0xFFFF;
        signed((bits >> (self.length_of_first().wrapping_neg() & 63)) as u32 & mask, mask)
    }

    #[inline(always)]
    fn second(self) -> i16 {
        (self.0 >> 48) as i16
    }
}

/// A run of coefficients whose codes lie within the looked-up bits: their length, and their advance in the higher byte.
pub type Skip = u16;

/// The tables of one component's AC coefficients.
pub struct AcTables {
    pairs: [Pair; 1 << LOOKUP],
    /// Where not all coefficients are wanted.
    skips: Option<Box<[Skip; 1 << SKIP_LOOKUP]>>,
    /// The coded index of the last coefficient that is wanted.
    pub wanted: u8,
    table: Box<Table>,
}

impl AcTables {
    pub fn new(table: Box<Table>, wanted: u8) -> Box<Self> {
        let mut pairs = [UNKNOWN; 1 << LOOKUP];
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
            if self.decode_pair(bits, &mut index, block) {
                break;
            }
            bits.refill(window);
            if self.decode_pair(bits, &mut index, block) {
                break;
            }
        }
        self.skip(bits, window, index)
    }

    /// Decodes one or two coefficients, of 27 bits at most; whether that is all that is wanted.
    #[inline(always)]
    fn decode_pair(&self, bits: &mut Bits, index: &mut u8, block: &mut Block) -> bool {
        let pair = self.look_up(bits.top);
        let first = index.wrapping_add(pair.advance());
        let second = first.wrapping_add(pair.further());
        block[usize::from(ZIGZAG_PADDED[usize::from(second)])] = pair.second();
        block[usize::from(ZIGZAG_PADDED[usize::from(first)])] = pair.first(bits.top);
        if second < self.wanted {
            *index = second;
            bits.skip(pair.length());
            return false;
        }
        let ended_by_first = first >= 63;
        *index = if ended_by_first { first } else { second };
        bits.skip(if ended_by_first { pair.length_of_first() } else { pair.length() });
        true
    }

    #[inline(always)]
    fn look_up(&self, bits: u64) -> Pair {
        let pair = self.pairs[(bits >> (64 - LOOKUP)) as usize];
        if pair.0 == UNKNOWN.0 { Pair::alone(self.table.look_up(bits)) } else { pair }
    }

    /// Goes on to the end of the block without storing anything. Bits are loaded for several look-ups: where no
    /// coefficient is wanted, most blocks are long.
    #[inline(always)]
    pub fn skip(&self, bits: &mut Bits, window: &Window, mut index: u8) -> u8 {
        const LOOKUPS: u32 = 56 / SKIP_MOST;
        let Some(skips) = &self.skips else { return index };
        while index < 63 {
            bits.refill(window);
            for _ in 0..LOOKUPS {
                let skip = skips[(bits.top >> (64 - SKIP_LOOKUP)) as usize];
                let next = index.wrapping_add((skip >> 8) as u8);
                if skip == 0 || !fits(next) {
                    bits.refill(window);
                    index = self.step_over(bits, index);
                    break;
                }
                index = next;
                bits.skip(skip as u8);
                if index >= 63 {
                    break;
                }
            }
        }
        index
    }

    /// Goes on by one coefficient, or past the end: 27 bits at most.
    #[inline(always)]
    fn step_over(&self, bits: &mut Bits, index: u8) -> u8 {
        let entry = self.table.look_up(bits.top);
        bits.skip(entry.length() as u8);
        index.wrapping_add(entry.advance() as u8)
    }
}

/// Whether a skip ends within the block or at its coded end.
#[inline(always)]
fn fits(next: u8) -> bool {
    next < 63 || (128..191).contains(&next)
}

/// As many coefficients as have their codes in the looked-up bits, up to the end of the block; 0 for none.
pub fn skip_of(table: &Table, bits: u64) -> Skip {
    let (mut length, mut advance) = (0, 0);
    while let Some(left) = SKIP_LOOKUP.checked_sub(length) {
        let Some(entry) = table.entry_of(bits << length, left) else { break };
        if length + entry.length() > SKIP_MOST || advance + entry.advance() % 128 > 63 {
            break; // the second of hostile tables only; keeps the sum within a byte
        }
        length += entry.length();
        advance += entry.advance();
        if entry.ends_block() {
            break;
        }
    }
    (advance << 8 | length) as Skip
}

/// The pair of the looked-up bits: the first needs its code in them, the second its value too.
fn pair_of(table: &Table, bits: u64) -> Pair {
    let Some(first) = table.entry_of(bits, LOOKUP) else { return UNKNOWN };
    let alone = Pair::alone(first);
    let rest = bits << first.length();
    match LOOKUP.checked_sub(first.length()).and_then(|left| table.entry_within(rest, left)) {
        Some(second) if !first.ends_block() => alone.with(second, rest),
        _ => alone,
    }
}
