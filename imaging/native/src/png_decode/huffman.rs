//! Deflate's Huffman codes: one look-up of the next bits gives up to three literals, or how to read a length or a
//! distance.
//!
//! An entry is 32 bits, its lowest byte the same in both forms:
//!
//! ```text
//!   31     24 23     16 15      8 7   6 5          0
//!   +--------+---------+---------+-----+------------+
//!   | third  | second  | first   | 1-3 |   length   |   as many literals as bits 6 and 7 say
//!   +--------+---------+---------+-----+------------+
//!   |       base       |kind|code|  0  |   length   |   anything else
//!   +------------------+---------+-----+------------+
//! ```
//!
//! `length` counts all bits to step over: those of the codes and those behind them that count on from `base`; `code`
//! counts those of the code. Codes longer than the look-up are rare, and found by their values alone.

use super::inflate::Flaw;

/// Bits of literals and lengths looked up at once. The table shares the first-level cache with the window: with 12 bits
/// files of many matches took 7 % longer, with 10 those of many literals 9 %.
const LITERAL_BITS: u32 = 11;

/// Bits of distances looked up at once; 8 and 10 were no quicker.
const DISTANCE_BITS: u32 = 9;

const LITERAL_SLOTS: usize = 1 << LITERAL_BITS;
const DISTANCE_SLOTS: usize = 1 << DISTANCE_BITS;

/// Bits of the longest code.
const LONGEST: usize = 15;

/// Symbols of literals and lengths that a code may have; the last two only in the fixed code, and without a meaning.
const SYMBOLS: usize = 288;

const END_OF_BLOCK: usize = 256;

/// Literals in an entry.
const MOST: u32 = 3;

/// RFC 1951, 3.2.5: what a symbol of a length stands for, and how many bits behind it count on from there.
#[rustfmt::skip]
const LENGTHS: [(u16, u8); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1), (19, 2),
    (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4), (131, 5),
    (163, 5), (195, 5), (227, 5), (258, 0),
];

/// The same of a distance.
#[rustfmt::skip]
const DISTANCES: [(u16, u8); 30] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4), (49, 4), (65, 5),
    (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8), (1025, 9), (1537, 9), (2049, 10), (3073, 10),
    (4097, 11), (6145, 11), (8193, 12), (12289, 12), (16385, 13), (24577, 13),
];

/// What the next bits mean.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Entry(u32);

/// What an entry is, apart from literals and numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A length or distance.
    Number,
    EndOfBlock,
    /// The code is longer than the look-up.
    Long,
    Invalid,
}

impl Entry {
    const LONG: Self = Self::other(Kind::Long, 0, 0, 0);
    const INVALID: Self = Self::other(Kind::Invalid, 0, 0, 0);

    const fn literal(byte: u8, code: u32) -> Self {
        Self((byte as u32) << 8 | 1 << 6 | code)
    }

    const fn other(kind: Kind, base: u16, code: u32, extra: u32) -> Self {
        Self((base as u32) << 16 | (kind as u32) << 12 | code << 8 | code + extra)
    }

    /// Of literals and lengths, behind a code of so many bits.
    fn of_literal_or_length(symbol: usize, code: u32) -> Self {
        match symbol {
            0..=255 => Self::literal(symbol as u8, code),
            END_OF_BLOCK => Self::other(Kind::EndOfBlock, 0, code, 0),
            _ => Self::number(&LENGTHS, symbol - END_OF_BLOCK - 1, code),
        }
    }

    fn of_distance(symbol: usize, code: u32) -> Self {
        Self::number(&DISTANCES, symbol, code)
    }

    /// The symbol itself, as the code of code lengths has it.
    fn of_code_length(symbol: usize, code: u32) -> Self {
        Self::other(Kind::Number, symbol as u16, code, 0)
    }

    fn number(table: &[(u16, u8)], index: usize, code: u32) -> Self {
        table.get(index).map_or(Self::INVALID, |&(base, extra)| Self::other(Kind::Number, base, code, u32::from(extra)))
    }

    /// Bits to step over.
    #[inline(always)]
    pub const fn length(self) -> u32 {
        self.0 & 63
    }

    /// As `length`, but only the lowest six bits count: it spares the shift that follows waiting for a mask.
    #[inline(always)]
    pub const fn step(self) -> u32 {
        self.0
    }

    /// How many literals it holds.
    #[inline(always)]
    pub const fn literals(self) -> u32 {
        self.0 >> 6 & 3
    }

    /// The literals, first things first; what lies behind them has no meaning.
    #[inline(always)]
    pub const fn bytes(self) -> [u8; 4] {
        (self.0 >> 8).to_le_bytes()
    }

    /// Whether it is a length or distance.
    #[inline(always)]
    pub const fn is_number(self) -> bool {
        self.0 & (3 << 12 | 3 << 6) == 0
    }

    /// What it is, if it holds no literals.
    const fn kind(self) -> Kind {
        match self.0 >> 12 & 3 {
            0 => Kind::Number,
            1 => Kind::EndOfBlock,
            2 => Kind::Long,
            _ => Kind::Invalid,
        }
    }

    /// The length or distance that begins `bits`.
    #[inline(always)]
    pub const fn number_in(self, bits: u64) -> usize {
        let code = self.0 >> 8 & 15;
        let behind = (bits & ((1 << self.length()) - 1)) >> code;
        (self.0 >> 16) as usize + behind as usize
    }

    pub const fn base(self) -> usize {
        (self.0 >> 16) as usize
    }

    /// Its literals and those of `next`, of which there must be no more than three together.
    const fn before(self, next: Self) -> Self {
        Self(((next.0 & !255) << (8 * self.literals())) + (next.0 & 255) + self.0)
    }
}

/// A canonical code, whose codes ascend with their length, and with the symbol in a length.
struct Code {
    /// Behind the last code of a length, as its first 16 bits would count on.
    ends: [u32; LONGEST + 1],
    /// Where in `symbols` those of a length start.
    starts: [u16; LONGEST + 2],
    /// All symbols that have a code, in the order of their codes.
    symbols: [u16; SYMBOLS],
    entry: fn(usize, u32) -> Entry,
}

impl Code {
    fn new(lengths: &[u8], entry: fn(usize, u32) -> Entry) -> Self {
        let mut counts = [0u16; LONGEST + 1];
        for &length in lengths {
            counts[usize::from(length)] += 1;
        }
        let (mut ends, mut starts) = ([0; LONGEST + 1], [0; LONGEST + 2]);
        for length in 1..=LONGEST {
            ends[length] = ends[length - 1] + (u32::from(counts[length]) << (16 - length));
            starts[length + 1] = starts[length] + counts[length];
        }
        let (mut symbols, mut places) = ([0; SYMBOLS], starts);
        for (symbol, &length) in (0..).zip(lengths).filter(|&(_, &length)| length > 0) {
            let place = &mut places[usize::from(length)];
            symbols[usize::from(*place)] = symbol;
            *place += 1;
        }
        Self { ends, starts, symbols, entry }
    }

    /// Whether every sequence of bits begins with a code, and with one only.
    fn is_complete(&self) -> bool {
        self.ends[LONGEST] == 1 << 16
    }

    /// What begins `bits`, however long its code.
    #[cold]
    fn find(&self, bits: u64) -> Entry {
        let value = u32::from((bits as u16).reverse_bits());
        let Some(length) = (1..=LONGEST).find(|&length| value < self.ends[length]) else { return Entry::INVALID };
        let place = usize::from(self.starts[length]) + ((value - self.ends[length - 1]) >> (16 - length)) as usize;
        (self.entry)(usize::from(self.symbols[place]), length as u32)
    }
}

/// Both codes of a block, ready to be looked up.
pub struct Tables {
    literals: Box<[Entry; LITERAL_SLOTS]>,
    distances: Box<[Entry; DISTANCE_SLOTS]>,
    literal_code: Code,
    distance_code: Code,
    runs: Vec<Run>,
    /// Whether they are those of the fixed code: a block of it may be ten bits long.
    are_fixed: bool,
}

impl Tables {
    pub fn new() -> Self {
        Self {
            literals: Box::new([Entry::INVALID; LITERAL_SLOTS]),
            distances: Box::new([Entry::INVALID; DISTANCE_SLOTS]),
            literal_code: Code::new(&[], Entry::of_literal_or_length),
            distance_code: Code::new(&[], Entry::of_distance),
            runs: Vec::new(),
            are_fixed: false,
        }
    }

    #[inline(always)]
    pub fn literal_at(&self, bits: u64) -> Entry {
        self.literals[bits as usize % LITERAL_SLOTS]
    }

    /// The distance that begins `bits`, if it is one.
    #[inline(always)]
    pub fn distance_at(&self, bits: u64) -> Entry {
        let entry = self.distances[bits as usize % DISTANCE_SLOTS];
        if entry.is_number() { entry } else { self.distance_code.find(bits) }
    }

    /// A literal or length whose code is longer than the look-up that gave `entry`; or the end of the block.
    #[cold]
    pub fn not_a_number(&self, entry: Entry, bits: u64) -> Result<Entry, Flaw> {
        let found = if entry.kind() == Kind::Long { self.literal_code.find(bits) } else { entry };
        if found.literals() == 0 && found.kind() == Kind::Invalid { Err(Flaw::Symbol) } else { Ok(found) }
    }

    /// The code of RFC 1951, 3.2.6.
    pub fn set_fixed(&mut self) {
        if self.are_fixed {
            return;
        }
        let lengths: [u8; SYMBOLS] = std::array::from_fn(|symbol| match symbol {
            0..144 => 8,
            144..256 => 9,
            256..280 => 7,
            _ => 8,
        });
        self.set(&lengths, &[5; 32]).expect("a valid code");
        self.are_fixed = true;
    }

    /// Makes the tables of the codes whose lengths these are.
    pub fn set(&mut self, literals: &[u8], distances: &[u8]) -> Result<(), Flaw> {
        self.are_fixed = false;
        self.literal_code = Code::new(literals, Entry::of_literal_or_length);
        self.distance_code = Code::new(distances, Entry::of_distance);
        if !self.literal_code.is_complete() || literals[END_OF_BLOCK] == 0 || !allows_distances(&self.distance_code) {
            return Err(Flaw::Code);
        }
        fill_with_runs(&self.literal_code, &mut self.literals[..], &mut self.runs);
        fill(&self.distance_code, &mut self.distances[..]);
        Ok(())
    }
}

/// No distance at all, or one of a single bit, need no complete code.
fn allows_distances(code: &Code) -> bool {
    let total = code.starts[LONGEST + 1];
    code.is_complete() || total == 0 || total == 1 && code.starts[2] == 1
}

/// The code of the code lengths of a block, all of whose codes are looked up.
pub fn code_lengths_table(lengths: &[u8]) -> Result<[Entry; 128], Flaw> {
    let code = Code::new(lengths, Entry::of_code_length);
    if !code.is_complete() {
        return Err(Flaw::Code);
    }
    let mut table = [Entry::INVALID; 128];
    fill(&code, &mut table);
    Ok(table)
}

/// One or two literals that follow each other, and the bits of their codes.
#[derive(Clone, Copy)]
struct Run {
    bits: u16,
    entry: Entry,
}

/// The table of a code: every slot whose lowest bits are a code leads to what it stands for.
fn fill(code: &Code, table: &mut [Entry]) {
    let bits = table.len().ilog2() as usize;
    for length in 1..=bits {
        double(table, length);
        code.of_length(length).for_each(|Run { bits, entry }| table[usize::from(bits)] = entry);
    }
    code.mark_long(table, bits);
}

/// As `fill`; and where bits are left behind a literal, they lead to the literals that they are the codes of.
fn fill_with_runs(code: &Code, table: &mut [Entry], runs: &mut Vec<Run>) {
    let bits = table.len().ilog2() as usize;
    // Per length of all its codes, where its runs start, and where those of a single literal end.
    let (mut starts, mut singles) = ([0; LITERAL_BITS as usize + 2], [0; LITERAL_BITS as usize + 1]);
    runs.clear();
    for length in 1..=bits {
        double(table, length);
        for run in code.of_length(length) {
            table[usize::from(run.bits)] = run.entry;
            if run.entry.literals() == 1 {
                runs.push(run);
            }
        }
        singles[length] = runs.len();
        for first in 1..length {
            for single in starts[first]..singles[first] {
                for next in starts[length - first]..starts[length - first + 1] {
                    let (one, other) = (runs[single], runs[next]);
                    let run = Run { bits: one.bits | other.bits << first, entry: one.entry.before(other.entry) };
                    table[usize::from(run.bits)] = run.entry;
                    if run.entry.literals() < MOST {
                        runs.push(run);
                    }
                }
            }
        }
        starts[length + 1] = runs.len();
    }
    code.mark_long(table, bits);
}

/// Repeats the slots of fewer bits than `length` for both values of its last.
fn double(table: &mut [Entry], length: usize) {
    let half = 1 << (length - 1);
    table.copy_within(..half, half);
}

impl Code {
    /// The codes of a length, as they are read: the first bit the lowest.
    fn of_length(&self, length: usize) -> impl Iterator<Item = Run> {
        let symbols = &self.symbols[usize::from(self.starts[length])..usize::from(self.starts[length + 1])];
        let values = (self.ends[length - 1]..).step_by(1 << (16 - length));
        symbols.iter().zip(values).map(move |(&symbol, value)| Run {
            bits: (value as u16).reverse_bits(),
            entry: (self.entry)(usize::from(symbol), length as u32),
        })
    }

    /// What no code of up to `bits` bits begins is longer, or nothing.
    fn mark_long(&self, table: &mut [Entry], bits: usize) {
        for value in (self.ends[bits]..1 << 16).step_by(1 << (16 - bits)) {
            table[usize::from((value as u16).reverse_bits())] = Entry::LONG;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The lengths of a complete code: leaves of a tree, split one after the other where the seed says.
    fn lengths(symbols: usize, leaves: usize, seed: u64) -> Vec<u8> {
        let mut tree = vec![0u8];
        for byte in
            crate::noise(seed, 40 * leaves).chunks(2).map(|pair| usize::from(pair[0]) << 8 | usize::from(pair[1]))
        {
            let place = byte % tree.len();
            if tree.len() < leaves && usize::from(tree[place]) < LONGEST {
                tree[place] += 1;
                tree.push(tree[place]);
            }
        }
        let mut lengths = vec![0; symbols];
        for (place, length) in tree.into_iter().enumerate() {
            // 257 is a prime, and END_OF_BLOCK the first to have a code.
            lengths[(END_OF_BLOCK + place * 97) % 257] = length;
        }
        lengths
    }

    proptest! {
        /// What one look-up gives is what the codes give one by one.
        #[test]
        fn a_look_up_is_its_codes_one_by_one(leaves in 2usize..257, seed in any::<u64>(), bits in any::<u64>()) {
            let mut tables = Tables::new();
            tables.set(&lengths(257, leaves, seed), &[1, 1]).expect("complete codes");
            let entry = tables.literals[bits as usize % LITERAL_SLOTS];
            let (mut rest, mut literals) = (bits, Vec::new());
            for _ in 0..entry.literals() {
                let next = tables.literal_code.find(rest);
                literals.push(next.bytes()[0]);
                rest >>= next.length();
            }
            if literals.is_empty() {
                let found = tables.literal_code.find(bits);
                prop_assert!(entry == found || entry.kind() == Kind::Long && found.length() > LITERAL_BITS);
            } else {
                prop_assert_eq!(&entry.bytes()[..literals.len()], &literals[..]);
                prop_assert_eq!(rest, bits >> entry.length());
            }
        }
    }

    #[test]
    fn a_code_that_is_not_complete_is_refused() {
        let mut tables = Tables::new();
        let mut lengths = lengths(257, 20, 1);
        lengths[END_OF_BLOCK] += 1;
        assert_eq!(tables.set(&lengths, &[1, 1]), Err(Flaw::Code));
    }

    #[test]
    fn one_distance_or_none_needs_no_complete_code() {
        let mut tables = Tables::new();
        let literals = lengths(257, 20, 1);
        for (distances, allowed) in [(&[0u8, 0][..], true), (&[0, 1], true), (&[0, 2], false), (&[1, 1, 1], false)] {
            assert_eq!(tables.set(&literals, distances).is_ok(), allowed, "{distances:?}");
        }
    }
}
