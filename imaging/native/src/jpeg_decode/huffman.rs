//! Huffman tables: one look-up of the next bits gives run, size and length of a whole coefficient.
//!
//! An entry is 32 bits:
//!
//! ```text
//!   31  28        24    21    16 15          8 7  5          0
//!   +----+-----------+---+------+-------------+--+-----------+
//!   |    |   code    |   | size |   advance   |  |  length   |
//!   +----+-----------+---+------+-------------+--+-----------+
//! ```
//!
//! `length` counts the bits of the code and of the value behind it, `code` those of the code, `size` those of the
//! value. `advance` is the run of zeros and the coefficient itself: what to add to the zigzag index of the coefficient
//! before. The value itself is not looked up but computed, without a branch and beside the chain of dependent steps
//! (bits, entry, bits) that decoding waits for. Codes longer than the look-up have an entry of 0.

use super::error::{Error, Result};

/// Bits looked up at once: longer codes are less than a thousandth of what is read.
const LOOKUP: u32 = 10;

/// The same where a scan codes DC differences between coefficients: the look-ups of wider tables, a block apart from each
/// other, find their lines gone from the first-level cache half of the time.
const DC_LOOKUP: u32 = 8;

/// Ends a block wherever it stands: it leads to 128 and beyond, where no coefficient can.
const END_OF_BLOCK: u32 = 128;

/// Leads to 64 and beyond, but below 128: where no valid run can.
const INVALID: Entry = Entry(64 << 8 | 1);

/// Magnitude bits of a coefficient of 8-bit samples, DC differences included.
const MAX_SIZE: u32 = 11;

/// What a table codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// DC differences: the symbol is the size.
    Dc,
    /// Run and size; size 0 is the end of the block, or sixteen zeros.
    Ac,
    /// As `Ac`, but size 0 ends this block and more: [`Entry::further_blocks`].
    AcProgressive,
    /// Run and size, in refining scans: the advance of size 0 is 128 and the number of bits that say how many blocks end.
    Refining,
}

/// What the next bits mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Entry(u32);

impl Entry {
    const fn new(code: u32, size: u32, advance: u32) -> Self {
        Entry(code << 24 | size << 16 | advance << 8 | code + size)
    }

    #[inline(always)]
    pub const fn length(self) -> u32 {
        self.0 & 63
    }

    /// Bits of the code alone.
    pub const fn code(self) -> u32 {
        self.0 >> 24 & 31
    }

    #[inline(always)]
    pub const fn advance(self) -> u32 {
        self.0 >> 8 & 255
    }

    pub const fn ends_block(self) -> bool {
        self.advance() >= END_OF_BLOCK
    }

    #[inline(always)]
    const fn size(self) -> u32 {
        self.0 >> 16 & 31
    }

    /// As many ones as the value has bits.
    #[inline(always)]
    const fn mask(self) -> u32 {
        (1 << self.size()) - 1
    }

    /// The signed value at the top of `bits`, behind its code.
    #[inline(always)]
    pub const fn value(self, bits: u64) -> i16 {
        let raw = (bits >> (64 - self.length() & 63)) as u32 & self.mask();
        signed(raw, self.mask())
    }

    /// Of the end of a block in a progressive scan: how many more blocks end, by the bits behind its code.
    pub const fn further_blocks(self, bits: u64) -> u32 {
        let behind = bits << self.code();
        (1 << self.size()) - 1 + (behind >> 1 >> (63 - self.size())) as u32
    }
}

/// The value that bits under a mask stand for: with a leading 0 it is negative, and counts up to -1.
#[inline(always)]
const fn signed(raw: u32, mask: u32) -> i16 {
    if 2 * raw > mask { raw as i16 } else { raw.wrapping_sub(mask) as i16 }
}

/// A table as the file writes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    counts: [u8; 16],
    symbols: [u8; 256],
}

impl Spec {
    /// Reads one table off the front of a segment.
    pub fn parse(body: &[u8]) -> Result<(Self, &[u8])> {
        let (counts, rest) = body.split_first_chunk::<16>().ok_or(Error::Corrupt("Huffman table"))?;
        let total: usize = counts.iter().map(|&n| usize::from(n)).sum();
        if total > 256 || total > rest.len() {
            return Err(Error::Corrupt("Huffman table"));
        }
        let mut symbols = [0; 256];
        symbols[..total].copy_from_slice(&rest[..total]);
        Ok((Spec { counts: *counts, symbols }, &rest[total..]))
    }
}

pub struct Table {
    coding: Coding,
    entries: [Entry; 1 << LOOKUP],
    /// For each code length: the first 16-bit-aligned code that is longer.
    limits: [u32; 17],
    /// For each code length: what to add to a code to get its symbol's index.
    offsets: [i32; 17],
    symbols: [u8; 256],
}

impl Table {
    pub fn new(spec: &Spec, coding: Coding) -> Result<Box<Self>> {
        let mut table = Box::new(Table {
            coding,
            entries: [Entry(0); 1 << LOOKUP],
            limits: [0; 17],
            offsets: [0; 17],
            symbols: spec.symbols,
        });
        let (mut code, mut index) = (0u32, 0usize);
        for length in 1..=16 {
            let count = u32::from(spec.counts[length as usize - 1]);
            if code + count > 1 << length {
                return Err(Error::Corrupt("Huffman table"));
            }
            table.offsets[length as usize] = index as i32 - code as i32;
            for _ in 0..count {
                table.enter(code, length, spec.symbols[index]);
                (code, index) = (code + 1, index + 1);
            }
            table.limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    pub fn coding(&self) -> Coding {
        self.coding
    }

    /// The entry of the bits at the top of `bits`.
    #[inline(always)]
    pub fn look_up(&self, bits: u64) -> Entry {
        let entry = self.entries[(bits >> (64 - LOOKUP)) as usize];
        if entry.0 == 0 { self.search(bits) } else { entry }
    }

    /// The entry of the bits at the top of `bits`, if they begin with a code, of `known` bits at most.
    pub fn entry_of(&self, bits: u64, known: u32) -> Option<Entry> {
        let entry = self.look_up(bits);
        (entry != INVALID && entry.code() <= known).then_some(entry)
    }

    /// The same if its code and value end within the first `known` bits.
    pub fn entry_within(&self, bits: u64, known: u32) -> Option<Entry> {
        self.entry_of(bits, known).filter(|entry| entry.length() <= known)
    }

    /// Codes longer than the look-up, in order of their length.
    #[cold]
    #[inline(never)]
    fn search(&self, bits: u64) -> Entry {
        let code = (bits >> 48) as u32;
        let Some(length) = (1..=16).find(|&length| code < self.limits[length]) else { return INVALID };
        let index = (code >> (16 - length)) as i32 + self.offsets[length];
        self.entry(length as u32, self.symbols[index as usize & 255])
    }

    /// Enters a code, once for each of the bits that may follow it.
    fn enter(&mut self, code: u32, length: u32, symbol: u8) {
        if let Some(after) = LOOKUP.checked_sub(length) {
            let first = (code << after) as usize;
            let entry = self.entry(length, symbol);
            self.entries[first..first + (1 << after)].fill(entry);
        }
    }

    fn entry(&self, length: u32, symbol: u8) -> Entry {
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (self.coding, run, size) {
            (Coding::Dc, 0, 0..=MAX_SIZE) => Entry::new(length, size, 0),
            (Coding::Dc, _, _) => INVALID,
            (_, 15, 0) => Entry::new(length, 0, 16),
            (Coding::AcProgressive, _, 0) => Entry::new(length, run, END_OF_BLOCK),
            (Coding::Refining, _, 0) => Entry::new(length, 0, END_OF_BLOCK + run),
            (Coding::Ac, _, 0) => Entry::new(length, 0, END_OF_BLOCK),
            (Coding::Refining, _, 1) | (Coding::Ac | Coding::AcProgressive, _, ..=MAX_SIZE) => {
                Entry::new(length, size, run + 1)
            }
            _ => INVALID,
        }
    }
}

/// A table of DC differences, in a kilobyte.
pub struct DcTable {
    entries: [Entry; 1 << DC_LOOKUP],
    table: Box<Table>,
}

impl DcTable {
    pub fn new(table: Box<Table>) -> Box<Self> {
        let entry_at = |index| table.entry_of(index << (64 - DC_LOOKUP), DC_LOOKUP).unwrap_or(Entry(0));
        Box::new(DcTable { entries: std::array::from_fn(|index| entry_at(index as u64)), table })
    }

    /// The entry of the bits at the top of `bits`.
    #[inline(always)]
    pub fn look_up(&self, bits: u64) -> Entry {
        let entry = self.entries[(bits >> (64 - DC_LOOKUP)) as usize];
        if entry.0 == 0 { self.table.search(bits) } else { entry }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first code, of one bit, as each coding has it.
    fn first(coding: Coding, symbol: u8) -> Entry {
        let body = [&[1][..], &[0; 15], &[symbol]].concat();
        let (spec, _) = Spec::parse(&body).expect("a table");
        Table::new(&spec, coding).expect("a table").look_up(0)
    }

    #[test]
    fn values_of_more_bits_than_eight_bit_samples_have_are_no_codes() {
        for coding in [Coding::Dc, Coding::Ac, Coding::AcProgressive] {
            assert_eq!(first(coding, MAX_SIZE as u8).length(), 1 + MAX_SIZE);
            assert!(first(coding, MAX_SIZE as u8 + 1) == INVALID);
        }
        assert_eq!(first(Coding::Refining, 1).length(), 2);
        assert!(first(Coding::Refining, 2) == INVALID);
        assert!(first(Coding::Dc, 0x10) == INVALID, "a run before a DC difference");
    }
}
