//! Huffman tables: one look-up of the next bits gives run, value and length of a whole coefficient.
//!
//! An entry is 32 bits:
//!
//! ```text
//!   31          16 15          8    7    6 5          0
//!   +-------------+-------------+------+--+-----------+
//!   |    value    |   advance   | SLOW |  |  length   |
//!   +-------------+-------------+------+--+-----------+
//! ```
//!
//! `length` counts the code's bits and the value's. `advance` is the run of zeros and the coefficient itself: what to
//! add to the zigzag index of the coefficient before. A SLOW entry is not all in the looked-up bits: its value's bits
//! lie further on (`value` holds the symbol, `length` the code's length), or its code is longer than the look-up
//! (`length` is 0). [`Table::resolve`] makes a whole entry of it.

use super::error::{Error, Result};

/// Bits looked up at once. 4 bytes << 11 is 8 kB a table: luma's and chroma's fit the first-level cache together.
pub const LOOKUP: u32 = 11;

pub const SLOW: u32 = 0x80;

/// Ends a block wherever it stands: it leads to 128 and beyond, where no coefficient can.
const END_OF_BLOCK: u32 = 128;

/// Leads to 64 and beyond, but below 128: where no valid run can.
const INVALID: u32 = 64 << 8 | 1;

/// Magnitude bits of a coefficient of 8-bit samples, DC differences included.
const MAX_SIZE: u32 = 11;

/// What a table codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// DC differences: the symbol is the size.
    Dc,
    /// Run and size; size 0 is the end of the block, or sixteen zeros.
    Ac,
    /// As `Ac`, but size 0 ends this block and as many more as its value says.
    AcProgressive,
    /// Symbols only, for scans whose symbols mean something else: read by [`Table::look_up_symbol`].
    Symbols,
}

pub const fn length_of(entry: u32) -> u32 {
    entry & 63
}

pub const fn advance_of(entry: u32) -> u32 {
    entry >> 8 & 255
}

pub const fn value_of(entry: u32) -> i16 {
    (entry >> 16) as i16
}

const fn entry(length: u32, advance: u32, value: i32) -> u32 {
    (value as u32) << 16 | advance << 8 | length
}

/// A table as the file writes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    counts: [u8; 16],
    symbols: [u8; 256],
}

impl Spec {
    /// Reads one table off the front of a segment.
    pub fn parse<'a>(body: &'a [u8]) -> Result<(Self, &'a [u8])> {
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
    entries: [u32; 1 << LOOKUP],
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
            entries: [SLOW; 1 << LOOKUP],
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

    /// The entry of the bits at the top of `bits`.
    #[inline(always)]
    pub fn look_up(&self, bits: u64) -> u32 {
        let entry = self.entries[(bits >> (64 - LOOKUP)) as usize];
        if entry & SLOW != 0 { self.resolve(entry, bits) } else { entry }
    }

    /// The next symbol and its code's length; `None` for a code that is not in the table.
    #[inline(always)]
    pub fn look_up_symbol(&self, bits: u64) -> Option<(u8, u32)> {
        let entry = self.entries[(bits >> (64 - LOOKUP)) as usize];
        match length_of(entry) {
            0 => self.search(bits),
            length => Some(((entry >> 16) as u8, length)),
        }
    }

    /// Makes a whole entry of a SLOW one.
    #[inline(never)]
    fn resolve(&self, slow: u32, bits: u64) -> u32 {
        let (symbol, length) = match length_of(slow) {
            0 => match self.search(bits) {
                Some(found) => found,
                None => return INVALID,
            },
            length => ((slow >> 16) as u8, length),
        };
        let (advance, size) = self.meaning(symbol);
        if size > MAX_SIZE && advance != END_OF_BLOCK {
            return INVALID;
        }
        let follow = (bits << length >> 32 << size >> 32) as u32;
        entry(length + size, advance, value(advance, follow, size))
    }

    /// Codes longer than the look-up, in order of their length.
    fn search(&self, bits: u64) -> Option<(u8, u32)> {
        let code = (bits >> 48) as u32;
        let length = (1..=16).find(|&length| code < self.limits[length])?;
        let index = (code >> (16 - length)) as i32 + self.offsets[length];
        Some((self.symbols[index as usize & 255], length as u32))
    }

    /// What a symbol stands for: the advance, and how many bits of value follow.
    fn meaning(&self, symbol: u8) -> (u32, u32) {
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (self.coding, run, size) {
            (Coding::Dc, _, _) => (0, u32::from(symbol)),
            (_, 15, 0) => (16, 0),
            (Coding::AcProgressive, _, 0) => (END_OF_BLOCK, run),
            (_, _, 0) => (END_OF_BLOCK, 0),
            _ => (run + 1, size),
        }
    }

    /// Enters a code, once for each of the bits that may follow it.
    fn enter(&mut self, code: u32, length: u32, symbol: u8) {
        let Some(after) = LOOKUP.checked_sub(length) else { return };
        let (advance, size) = self.meaning(symbol);
        let first = (code << after) as usize;
        let entries = &mut self.entries[first..first + (1 << after)];
        if size > after || self.coding == Coding::Symbols {
            return entries.fill(entry(length, 0, i32::from(symbol)) | SLOW);
        }
        for (follow, slot) in (0u32..).zip(entries) {
            *slot = entry(length + size, advance, value(advance, follow >> (after - size), size));
        }
    }
}

/// What the `size` bits behind a code say: a coefficient, which is negative if they lead with 0, or how many more blocks end.
fn value(advance: u32, bits: u32, size: u32) -> i32 {
    match size {
        _ if advance == END_OF_BLOCK => (1 << size) - 1 + bits as i32,
        0 => 0,
        _ if bits >> (size - 1) != 0 => bits as i32,
        _ => bits as i32 - (1 << size) + 1,
    }
}
