//! Two AC coefficients in one look-up.
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

use super::huffman::{Entry, LOOKUP, Table};

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

pub struct Pairs {
    pairs: [Pair; 1 << LOOKUP],
    table: Box<Table>,
}

impl Pairs {
    pub fn new(table: Box<Table>) -> Box<Self> {
        let mut pairs = [SLOW; 1 << LOOKUP];
        for (index, pair) in (0u64..).zip(&mut pairs) {
            *pair = pair_of(&table, index << (64 - LOOKUP));
        }
        Box::new(Pairs { pairs, table })
    }

    /// The pair at the top of `bits`.
    #[inline(always)]
    pub fn look_up(&self, bits: u64) -> Pair {
        let pair = self.pairs[(bits >> (64 - LOOKUP)) as usize];
        if pair.0 >> 63 == 0 {
            pair
        } else {
            Pair::alone(self.table.look_up(bits), bits)
        }
    }
}

/// The pair that the looked-up bits hold by themselves.
fn pair_of(table: &Table, bits: u64) -> Pair {
    let Some(first) = table.entry_within(bits, LOOKUP) else {
        return SLOW;
    };
    let alone = Pair::alone(first, bits);
    let rest = bits << first.length();
    match table.entry_within(rest, LOOKUP - first.length()) {
        Some(second) if !first.ends_block() => alone.with(second, rest),
        _ => alone,
    }
}
