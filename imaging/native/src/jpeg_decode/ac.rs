//! AC coefficients two in one look-up, and those that nobody wants several at once.
//!
//! ```text
//!   step      15        8 7        0      values      16         16         8         8
//!             +----------+----------+               +---------+----------+-----------+------+
//!             | advance  |  length  |               | offset  | second   | advance 1 | turn |
//!             +----------+----------+               +---------+----------+-----------+------+
//! ```
//!
//! A step is of both coefficients, and all that decoding waits for: bits, step, bits. Steps have a table of their own,
//! small enough to stay in the first-level cache; values may come later.
//!
//! The first value is the bits turned down to where it ends, plus an offset that takes its code away and minds its sign:
//! its last bits may lie beyond those looked up. The second comes out of the table. Where the bits hold one coefficient
//! only, the second lies where the first does: it is stored first, and the first over it. So nothing is asked that the
//! bits answer at random, but whether the block has ended.

use super::bits::{Bits, Window};
use super::block::{Block, ZIGZAG_PADDED};
use super::huffman::{Entry, Table};

/// Bits looked up at once where coefficients are skipped: two to five codes. The tables of luma and chroma take half of
/// the first-level cache; with 13 bits they fill it, and cost more than they save.
pub const SKIP_LOOKUP: u32 = 12;

/// Bits that one look-up skips at most: the value behind the last code may lie beyond those looked up.
pub const SKIP_MOST: u32 = 18;

/// Bits looked up at once where coefficients are stored. With 12 the tables of values crowd out what is waited for, with
/// 10 there are more look-ups: 4 and 1 % more time.
const LOOKUP: u32 = 11;

/// Look-ups from one load of bits to the next.
const PAIRS: u32 = 3;

/// Bits that the look-up of a pair takes at most.
const PAIR_MOST: u32 = 56 / PAIRS;

/// The bits of one or two coefficients, and in the higher byte what they add to the coded index.
type Step = u16;

/// The bits looked up do not tell the first coefficient's code and sign, or it takes too many.
const UNKNOWN: Step = 0;

/// What a step steps over.
#[derive(Clone, Copy, Default)]
struct Values {
    offset: i16,
    second: i16,
    /// What the first coefficient adds to the coded index.
    advance: u8,
    /// Bits behind it, of 64.
    turn: u8,
}

impl Values {
    fn of(first: Entry, second: Option<Entry>, bits: u64) -> Self {
        let turn = 64 - first.length();
        Values {
            offset: first.value(bits).wrapping_sub((bits >> turn) as i16),
            second: second.map_or(0, |second| second.value(bits << first.length())),
            advance: first.advance() as u8,
            turn: turn as u8,
        }
    }

    #[inline(always)]
    fn first(self, bits: u64) -> i16 {
        ((bits >> (self.turn & 63)) as i16).wrapping_add(self.offset)
    }

    fn length_of_first(self) -> u8 {
        64 - self.turn
    }
}

/// A run of coefficients whose codes lie within the looked-up bits: their length, and their advance in the higher byte.
pub type Skip = u16;

/// The tables of one component's AC coefficients.
pub struct AcTables {
    steps: [Step; 1 << LOOKUP],
    values: [Values; 1 << LOOKUP],
    /// Where not all coefficients are wanted.
    skips: Option<Box<[Skip; 1 << SKIP_LOOKUP]>>,
    /// The coded index of the last coefficient that is wanted.
    pub wanted: u8,
    table: Box<Table>,
}

impl AcTables {
    pub fn new(table: Box<Table>, wanted: u8) -> Box<Self> {
        let (mut steps, mut values) = ([UNKNOWN; 1 << LOOKUP], [Values::default(); 1 << LOOKUP]);
        for (index, (step, values)) in (0u64..).zip(steps.iter_mut().zip(&mut values)) {
            if let Some(pair) = pair_of(&table, index << (64 - LOOKUP)) {
                (*step, *values) = pair;
            }
        }
        let skips = (wanted < 63).then(|| {
            let mut skips = Box::new([0; 1 << SKIP_LOOKUP]);
            for (index, skip) in (0u64..).zip(skips.iter_mut()) {
                *skip = skip_of(&table, index << (64 - SKIP_LOOKUP));
            }
            skips
        });
        Box::new(AcTables { steps, values, skips, wanted, table })
    }

    /// Decodes a block's coefficients behind `index` into a block of zeros, those that are wanted at least. Gives the
    /// coded index of the last one and, if its end was coded, 128 more; 64 to 127 is an error.
    #[inline(always)]
    pub fn decode(&self, bits: &mut Bits, window: &Window, mut index: u8, block: &mut Block) -> u8 {
        // The same, but to an end that the compiler knows.
        if self.wanted == 63 {
            self.decode_to(63, bits, window, &mut index, block);
            return index;
        }
        self.decode_to(self.wanted, bits, window, &mut index, block);
        self.skip(bits, window, index)
    }

    /// Decodes coefficients behind `index` until it is `wanted` or beyond.
    #[inline(always)]
    fn decode_to(&self, wanted: u8, bits: &mut Bits, window: &Window, index: &mut u8, block: &mut Block) {
        while *index < wanted {
            bits.refill(window);
            for _ in 0..PAIRS {
                let at = (bits.top >> (64 - LOOKUP)) as usize;
                let (step, values) = (self.steps[at], self.values[at]);
                if step == UNKNOWN {
                    self.decode_one(bits, window, index, block);
                    break;
                }
                let first = index.wrapping_add(values.advance);
                let second = index.wrapping_add((step >> 8) as u8);
                block[usize::from(ZIGZAG_PADDED[usize::from(second)])] = values.second;
                block[usize::from(ZIGZAG_PADDED[usize::from(first)])] = values.first(bits.top);
                if first == 63 {
                    *index = first; // the second begins the next block
                    bits.skip(values.length_of_first());
                    return;
                }
                *index = second;
                bits.skip(step as u8);
                if second >= wanted {
                    return;
                }
            }
        }
    }

    /// Decodes a coefficient of any length.
    #[inline(always)]
    fn decode_one(&self, bits: &mut Bits, window: &Window, index: &mut u8, block: &mut Block) {
        bits.refill(window);
        let entry = self.table.look_up(bits.top);
        *index = index.wrapping_add(entry.advance() as u8);
        block[usize::from(ZIGZAG_PADDED[usize::from(*index)])] = entry.value(bits.top);
        bits.skip(entry.length() as u8);
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

/// The pair of the looked-up bits: the first needs its code and its sign in them, the second its whole value.
fn pair_of(table: &Table, bits: u64) -> Option<(Step, Values)> {
    let first = table.entry_of(bits, LOOKUP)?;
    let told = first.code() + u32::from(first.length() > first.code());
    if told > LOOKUP || first.length() > PAIR_MOST {
        return None;
    }
    let left = if first.ends_block() { 0 } else { LOOKUP.saturating_sub(first.length()) };
    let second = table.entry_within(bits << first.length(), left);
    let (length, advance) = second.map_or((0, 0), |second| (second.length(), second.advance()));
    let step = first.advance() + advance << 8 | first.length() + length;
    Some((step as Step, Values::of(first, second, bits)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bits::Reader;
    use super::super::huffman::{Coding, Spec};
    use super::super::markers::Cursor;
    use super::*;

    /// A table as the standard allows it, sensible or not: shares of what is free say how many codes have each length.
    fn table(shares: [u8; 16], symbols: &[u8]) -> Box<Table> {
        let (mut free, mut left) = (1, 256);
        let counts = shares.map(|share| {
            free *= 2;
            let count = usize::from(share) % (free / 2 + 1).min(left + 1);
            (free, left) = (free - count, left - count);
            count as u8
        });
        let spec = Spec::parse(&[&counts, symbols].concat()).expect("256 symbols at most").0;
        Table::new(&spec, Coding::Ac).expect("a code for each")
    }

    /// Short runs and values of all sizes, for long blocks, and now and then anything.
    fn symbol() -> impl Strategy<Value = u8> {
        prop_oneof![9 => (0..3u8, 1..11u8).prop_map(|(run, size)| run << 4 | size), 1 => any::<u8>()]
    }

    /// A block by one code after the other, and the coded index that it ends at.
    fn one_by_one(table: &Table, bits: &mut Bits, window: &Window) -> (Block, u8) {
        let (mut block, mut index) = ([0; 64], 0);
        while index < 63 {
            bits.refill(window);
            let entry = table.look_up(bits.top);
            index += entry.advance() as u8;
            block[usize::from(ZIGZAG_PADDED[usize::from(index)])] = entry.value(bits.top);
            bits.skip(entry.length() as u8);
        }
        (block, index)
    }

    fn is_whole(ended: u8) -> bool {
        ended == 63 || (128..=190).contains(&ended)
    }

    /// 21 bits each: three of them are more than a load surely has.
    #[test]
    fn the_widest_coefficients_are_not_taken_from_bits_that_are_not_there() {
        let counts = std::array::from_fn::<u8, 16, _>(|index| if index + 1 == 10 { 255 } else { 0 });
        let spec = Spec::parse(&[&counts[..], &[11; 255]].concat()).expect("255 symbols").0;
        let table = || Table::new(&spec, Coding::Ac).expect("a code for each");
        let code_and_value = |bit: usize| bit % 21 > 10 && bit % 3 != 0;
        let byte = |at: usize| (0..8).fold(0, |byte, bit| byte << 1 | u8::from(code_and_value(8 * at + bit)));
        let bytes: Vec<u8> = (0..200).map(byte).collect();
        let reader = Reader::new(Cursor { bytes: &bytes, at: 0 });
        let (mut slow, mut fast) = (reader.bits, reader.bits);
        let mut block = [0; 64];
        let ended = AcTables::new(table(), 63).decode(&mut fast, &reader.window, 0, &mut block);
        assert_eq!((block, ended), one_by_one(&table(), &mut slow, &reader.window));
        assert_eq!(ended, 63);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Also where codes are long, values wide, or the last coefficient is the first of a pair.
        #[test]
        fn coefficients_two_at_a_time_are_those_read_one_by_one(
            shares in prop::array::uniform16(any::<u8>()),
            symbols in prop::collection::vec(symbol(), 256),
            bytes in prop::collection::vec(0..255u8, 300),
            wanted in prop::sample::select(&[4u8, 63]),
        ) {
            let table = table(shares, &symbols);
            let reader = Reader::new(Cursor { bytes: &bytes, at: 0 });
            let (window, mut slow, mut fast) = (&reader.window, reader.bits, reader.bits);
            let (expected, end) = one_by_one(&table, &mut slow, window);
            let tables = AcTables::new(table, wanted);
            let mut block = [0; 64];
            let ended = tables.decode(&mut fast, window, 0, &mut block);
            prop_assert_eq!(is_whole(ended), is_whole(end));
            if is_whole(end) {
                let compared = usize::from(if wanted == 63 { 63 } else { wanted.min(end & 63) });
                let coded = |block: &Block| -> Vec<i16> {
                    ZIGZAG_PADDED[..=compared].iter().map(|&place| block[usize::from(place)]).collect()
                };
                prop_assert_eq!((ended, coded(&block)), (end, coded(&expected)));
                slow.refill(window);
                fast.refill(window);
                prop_assert_eq!(fast.top, slow.top);
            }
        }
    }
}
