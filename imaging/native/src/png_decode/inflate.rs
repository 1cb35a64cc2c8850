//! Inflate (RFC 1950, RFC 1951), from bytes at hand to a window that slides.
//!
//! [`Inflater::run`] stops between two symbols, where input or room runs short, and goes on from there when called
//! again. There is always more input than a symbol needs (zeros follow the last of it) and more room than it makes, so
//! nothing in between asks where bytes end.

use super::huffman::{self, Entry, Tables};
use crate::kernels::also_for_avx2;

/// How far back a distance may lead (RFC 1951, 3.2.5).
const HISTORY: usize = 32 << 10;

/// Room behind the last byte that is asked for: the longest match, copied in steps of 16, and a few literals.
const MARGIN: usize = 320;

/// Bytes of input that are loaded in a turn: two refills advance by 7 each at most, and load 8.
const TURN: usize = 16;

/// At least as many zeros follow the last input: more than the header of a block or any symbol is long.
pub const PADDING: usize = 640;

/// RFC 1951, 3.2.7: the order in which the lengths of the codes of code lengths are written.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Header,
    Block,
    Code,
    Symbol,
    Distance,
}

impl Flaw {
    pub fn words(self) -> &'static str {
        match self {
            Self::Header => "no zlib header",
            Self::Block => "a block of no kind",
            Self::Code => "an impossible Huffman code",
            Self::Symbol => "a code of no meaning",
            Self::Distance => "a distance beyond the start",
        }
    }
}

/// Why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The window is full.
    Full,
    /// The input is short.
    Hungry,
    /// The stream has ended.
    Ended,
}

/// The last bytes that were made. Whoever reads them from `start` on moves it.
pub struct Window {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// How many bytes are still to be made.
    wanted: usize,
}

impl Window {
    /// For a stream of which `wanted` bytes are of use; holds `span` unread ones and what distances need.
    pub fn new(wanted: usize, span: usize) -> Self {
        Self { bytes: vec![0; HISTORY + span + MARGIN], start: 0, end: 0, wanted }
    }

    /// How many bytes have not been read.
    pub fn unread(&self) -> usize {
        self.end - self.start
    }

    /// The unread bytes, and behind them some that have no meaning.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub fn read(&mut self, count: usize) {
        self.start += count;
    }

    /// Where to stop: the last symbol before may lead a little beyond.
    fn limit(&self) -> usize {
        (self.bytes.len() - MARGIN).min(self.end.saturating_add(self.wanted))
    }

    fn is_full(&self) -> bool {
        self.end >= self.limit()
    }

    fn append(&mut self, count: usize) {
        self.end += count;
        self.wanted = self.wanted.saturating_sub(count);
    }

    /// Moves what is still needed to the front, once there is no room.
    fn slide(&mut self) {
        if self.end + MARGIN < self.bytes.len() {
            return;
        }
        let kept = self.start.min(self.end.saturating_sub(HISTORY));
        self.bytes.copy_within(kept..self.end, 0);
        self.start -= kept;
        self.end -= kept;
    }
}

/// Where a stream is being read, between two runs.
enum State {
    Zlib,
    Header,
    Stored(usize),
    Coded,
    Ended,
}

pub struct Inflater {
    state: State,
    is_last: bool,
    /// Bits of the byte before the next that have not been read; fewer than 8 between two runs.
    bits: Bits,
    tables: Tables,
}

impl Inflater {
    pub fn new() -> Self {
        Self { state: State::Zlib, is_last: false, bits: Bits::default(), tables: Tables::new() }
    }

    /// Reads `input` from `at` on until it is short, or the window is full or holds what is wanted.
    pub fn run(&mut self, input: &[u8], at: &mut usize, window: &mut Window) -> Result<Stop, Flaw> {
        self.bits.at = *at;
        window.slide();
        let stop = loop {
            match self.step(input, window) {
                Ok(None) => {}
                Ok(Some(stop)) => break Ok(stop),
                Err(flaw) => break Err(flaw),
            }
        };
        self.bits.give_back();
        *at = self.bits.at;
        stop
    }

    /// Reads a header, or what can be read of a block; says why no more can.
    fn step(&mut self, input: &[u8], window: &mut Window) -> Result<Option<Stop>, Flaw> {
        let is_short = input.len() - self.bits.at < PADDING;
        match self.state {
            _ if window.is_full() => return Ok(Some(Stop::Full)),
            State::Ended => return Ok(Some(Stop::Ended)),
            State::Zlib | State::Header if is_short => return Ok(Some(Stop::Hungry)),
            State::Zlib => self.zlib_header(input)?,
            State::Header => self.block_header(input)?,
            State::Stored(left) => return Ok(self.stored(left, input, window)),
            State::Coded => return self.coded(input, window),
        }
        Ok(None)
    }

    fn stored(&mut self, left: usize, input: &[u8], window: &mut Window) -> Option<Stop> {
        self.bits.give_back();
        let (input, room) = (&input[self.bits.at..], window.limit().saturating_sub(window.end));
        let count = left.min(room).min(input.len());
        window.bytes[window.end..][..count].copy_from_slice(&input[..count]);
        window.append(count);
        self.bits.at += count;
        self.state = if count == left { self.next_block() } else { State::Stored(left - count) };
        (count < left).then_some(if count == room { Stop::Full } else { Stop::Hungry })
    }

    fn coded(&mut self, input: &[u8], window: &mut Window) -> Result<Option<Stop>, Flaw> {
        let limit = window.limit();
        let mut symbols = Symbols { bits: self.bits, end: window.end, stop: Ok(None) };
        symbols_until(&self.tables, input, &mut window.bytes, limit, &mut symbols);
        self.bits = symbols.bits;
        window.append(symbols.end - window.end);
        match symbols.stop {
            Ok(None) => self.state = self.next_block(),
            // A turn goes on for a few symbols that nobody asked for.
            Err(_) if window.wanted == 0 => return Ok(Some(Stop::Full)),
            _ => {}
        }
        symbols.stop
    }

    fn next_block(&self) -> State {
        if self.is_last { State::Ended } else { State::Header }
    }

    /// RFC 1950, 2.2: deflate, a window of at most 32 kB, no dictionary, and a check of these themselves.
    fn zlib_header(&mut self, input: &[u8]) -> Result<(), Flaw> {
        self.bits.refill(input);
        let (method, flags) = (self.bits.take(8), self.bits.take(8));
        if method & 15 != 8 || method >> 4 > 7 || flags & 32 != 0 || !(method << 8 | flags).is_multiple_of(31) {
            return Err(Flaw::Header);
        }
        self.state = State::Header;
        Ok(())
    }

    fn block_header(&mut self, input: &[u8]) -> Result<(), Flaw> {
        self.bits.refill(input);
        self.is_last = self.bits.take(1) == 1;
        self.state = match self.bits.take(2) {
            0 => State::Stored(self.stored_length(input)?),
            1 => {
                self.tables.set_fixed();
                State::Coded
            }
            2 => {
                self.dynamic_codes(input)?;
                State::Coded
            }
            _ => return Err(Flaw::Block),
        };
        Ok(())
    }

    /// Stored bytes begin at a whole byte, with their number and its complement.
    fn stored_length(&mut self, input: &[u8]) -> Result<usize, Flaw> {
        self.bits.give_back();
        self.bits.take(self.bits.count & 7);
        self.bits.refill(input);
        let (length, complement) = (self.bits.take(16), self.bits.take(16));
        if length ^ complement != 0xffff {
            return Err(Flaw::Block);
        }
        Ok(length as usize)
    }

    /// RFC 1951, 3.2.7.
    fn dynamic_codes(&mut self, input: &[u8]) -> Result<(), Flaw> {
        let (literals, distances) = (self.bits.take(5) as usize + 257, self.bits.take(5) as usize + 1);
        let count = self.bits.take(4) as usize + 4;
        if literals > 286 || distances > 30 {
            return Err(Flaw::Code);
        }
        let mut code_lengths = [0; 19];
        for &symbol in &ORDER[..count] {
            self.bits.refill(input);
            code_lengths[symbol] = self.bits.take(3) as u8;
        }
        let table = huffman::code_lengths_table(&code_lengths)?;
        let mut lengths = [0; 286 + 30];
        let lengths = &mut lengths[..literals + distances];
        let mut known = 0;
        while known < lengths.len() {
            self.bits.refill(input);
            let entry = table[(self.bits.held & 127) as usize];
            self.bits.skip(entry.step());
            let (value, repeats) = match entry.base() {
                16 if known == 0 => return Err(Flaw::Code),
                16 => (lengths[known - 1], 3 + self.bits.take(2)),
                17 => (0, 3 + self.bits.take(3)),
                18 => (0, 11 + self.bits.take(7)),
                length => (length as u8, 1),
            };
            lengths.get_mut(known..known + repeats as usize).ok_or(Flaw::Code)?.fill(value);
            known += repeats as usize;
        }
        self.tables.set(&lengths[..literals], &lengths[literals..])
    }
}

/// The next bits, the first of them the lowest.
#[derive(Clone, Copy, Default)]
struct Bits {
    held: u64,
    /// How many of them are valid, in the lowest six bits.
    count: u32,
    /// The next byte of the input.
    at: usize,
}

impl Bits {
    /// At least 56 valid bits. Loads 8 bytes and counts those that fit: no branch.
    #[inline(always)]
    fn refill(&mut self, input: &[u8]) {
        let next = u64::from_le_bytes(*input[self.at..].first_chunk().expect("padding behind the input"));
        self.held |= next << (self.count & 63);
        self.at += (63 - (self.count & 63) as usize) >> 3;
        self.count |= 56;
    }

    /// Steps over as many bits as the lowest six of `length` say.
    #[inline(always)]
    fn skip(&mut self, length: u32) {
        self.held = self.held.wrapping_shr(length);
        self.count = self.count.wrapping_sub(length);
    }

    /// Takes up to 16 bits; refill first.
    fn take(&mut self, length: u32) -> u32 {
        let bits = self.held & ((1 << length) - 1);
        self.skip(length);
        bits as u32
    }

    /// Whole bytes go back to the input.
    fn give_back(&mut self) {
        let count = self.count & 63;
        self.at -= (count >> 3) as usize;
        self.count = count & 7;
        self.held &= (1 << self.count) - 1;
    }
}

/// How far a block's symbols have been read.
struct Symbols {
    bits: Bits,
    /// The end of what has been made.
    end: usize,
    /// Why no more are read; nothing where the block has ended.
    stop: Result<Option<Stop>, Flaw>,
}

also_for_avx2! {
    /// Reads symbols until the block ends, `out` is filled to its limit, or a turn's input is not at hand. A turn is a
    /// few literals, a length and its distance, or both.
    fn symbols_until(tables: &Tables, input: &[u8], out: &mut [u8], limit: usize, symbols: &mut Symbols) {
        let (mut bits, mut end) = (symbols.bits, symbols.end);
        if bits.at + TURN > input.len() {
            symbols.stop = Ok(Some(Stop::Hungry));
            return;
        }
        bits.refill(input);
        let mut entry = tables.literal_at(bits.held);
        symbols.stop = loop {
            if end >= limit {
                break Ok(Some(Stop::Full));
            }
            if bits.at + TURN > input.len() {
                break Ok(Some(Stop::Hungry));
            }
            if entry.literals() > 0 {
                // Three of them, and the look-up of the next, are within the bits at hand.
                for _ in 0..3 {
                    put(out, &mut end, entry);
                    bits.skip(entry.step());
                    entry = tables.literal_at(bits.held);
                    if entry.literals() == 0 {
                        break;
                    }
                }
                bits.refill(input);
                if entry.literals() > 0 {
                    continue;
                }
            }
            if !entry.is_number() {
                match tables.not_a_number(entry, bits.held) {
                    Ok(found) if found.is_number() => entry = found,
                    Ok(found) => {
                        bits.skip(found.step());
                        if found.literals() == 0 {
                            break Ok(None);
                        }
                        put(out, &mut end, found);
                        bits.refill(input);
                        entry = tables.literal_at(bits.held);
                        continue;
                    }
                    Err(flaw) => break Err(flaw),
                }
            }
            let length = entry.number_in(bits.held);
            bits.skip(entry.step());
            let found = tables.distance_at(bits.held);
            if !found.is_number() {
                break Err(Flaw::Symbol);
            }
            let distance = found.number_in(bits.held);
            bits.skip(found.step());
            // The next look-up goes ahead of what need not wait for it, nor it for that.
            bits.refill(input);
            entry = tables.literal_at(bits.held);
            if distance > end {
                break Err(Flaw::Distance);
            }
            repeat(out, end, distance, length);
            end += length;
        };
        (symbols.bits, symbols.end) = (bits, end);
    }
}

/// Writes an entry's literals; of the four bytes written those behind them have no meaning.
#[inline(always)]
fn put(out: &mut [u8], end: &mut usize, entry: Entry) {
    out[*end..][..4].copy_from_slice(&entry.bytes());
    *end += entry.literals() as usize;
}

/// Repeats what lies `distance` before `end`. Up to 15 bytes more are written than asked for.
#[inline(always)]
fn repeat(out: &mut [u8], end: usize, distance: usize, length: usize) {
    let start = end - distance;
    // What is copied is repeated itself where the distance is short.
    let step = distance.min(16);
    let mut done = 0;
    loop {
        out.copy_within(start + done..start + done + 16, end + done);
        done += step;
        if done >= length {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the stream makes, up to `wanted` bytes; or its flaw.
    fn inflated(stream: &[u8], wanted: usize) -> Result<Vec<u8>, Flaw> {
        let input = [stream, &[0; 2 * PADDING]].concat();
        let mut window = Window::new(wanted, wanted);
        Inflater::new().run(&input, &mut 0, &mut window)?;
        Ok(window.bytes()[..window.unread()].to_vec())
    }

    /// A zlib stream of these fields, each a value and its number of bits.
    fn stream(fields: &[(u32, u32)]) -> Vec<u8> {
        let bits = fields.iter().flat_map(|&(value, length)| (0..length).map(move |bit| (value >> bit & 1) as u8));
        let bits: Vec<u8> = bits.collect();
        let bytes = bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit));
        [0x78, 0x9c].into_iter().chain(bytes).collect()
    }

    /// The fixed code's, whose first bit is the highest.
    fn fixed(code: u32, length: u32) -> (u32, u32) {
        (code.reverse_bits() >> (32 - length), length)
    }

    #[test]
    fn a_header_of_another_method_window_or_dictionary_is_refused() {
        // An empty fixed block.
        let block = [0x03, 0x00];
        for (header, flaw) in [
            ([0x78, 0x9c], None),
            ([0x08, 0x1d], None),
            ([0x78, 0x9d], Some(Flaw::Header)),
            ([0x77, 0x02], Some(Flaw::Header)),
            ([0x88, 0x1c], Some(Flaw::Header)),
            ([0x78, 0xbb], Some(Flaw::Header)),
        ] {
            assert_eq!(inflated(&[header, block].concat(), 9).err(), flaw, "{header:02x?}");
        }
    }

    #[test]
    fn blocks_of_all_kinds_follow_each_other_at_any_bit() {
        let (stored, letter, end) = ((0, 3), fixed(0x30 + 0x61, 8), fixed(0, 7));
        let mut fields = vec![(0b010, 3), letter, end, stored, (0, 3), (2, 16), (!2 & 0xffff, 16), (0x6362, 16)];
        // A length of 4 (symbol 258) at a distance of 3 (symbol 2).
        fields.extend([(0b011, 3), fixed(2, 7), fixed(2, 5), end]);
        assert_eq!(inflated(&stream(&fields), 99), Ok(b"abcabca".to_vec()));
    }

    #[test]
    fn what_has_no_meaning_is_a_flaw() {
        let (block, letter, length) = ((0b011, 3), fixed(0x30, 8), fixed(1, 7));
        for (fields, flaw) in [
            (vec![(0b111, 3)], Flaw::Block),
            (vec![(0b001, 3), (0, 5), (2, 16), (2, 16)], Flaw::Block),
            (vec![block, fixed(0xc6, 8)], Flaw::Symbol),
            (vec![block, letter, length, fixed(30, 5)], Flaw::Symbol),
            (vec![block, letter, length, fixed(1, 5)], Flaw::Distance),
            (vec![(0b101, 3), (30, 5)], Flaw::Code),
            (vec![(0b101, 3), (0, 5), (30, 5)], Flaw::Code),
            (vec![(0b101, 3), (0, 14), (0, 12)], Flaw::Code),
        ] {
            assert_eq!(inflated(&stream(&fields), 99), Err(flaw), "{fields:?}");
        }
    }
}
