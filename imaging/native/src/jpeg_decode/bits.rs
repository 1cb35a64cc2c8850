//! The entropy-coded segment as bits.
//!
//! ```text
//!   file   ..12 FF 00 34 ...... FF D3      stuffed; ends at a marker
//!             |  unstuffed into
//!   window [ 12 FF 34 ......| 0 0 0 0 ]    8 kB, then zeros once the segment has ended
//!                  ^ at
//!   bits     0011 0100 ..                  64 bits, the next one on top; refilled without a branch
//! ```
//!
//! Whoever decodes calls [`Reader::ready`] before each MCU: it sees to it that the window holds a whole one. So nothing
//! in between has to ask where the bytes end; reading on into the zeros is noticed at the next call or at the segment's
//! end.

use super::error::{Error, Result};
use super::markers::{Cursor, RST0};

/// More than the largest MCU: 10 blocks of 64 coefficients of at most 27 bits.
const MARGIN: usize = 2304;

/// Bytes unstuffed at a time: they stay in the first-level cache until they are read.
const WINDOW: usize = 8 * 1024;

/// Where `at` can get, rounded up to a power of two so that an index can be masked rather than checked.
const SPAN: usize = 16 * 1024;

/// The window and 8 bytes more, so that a load needs no check either.
pub type Window = [u8; SPAN + 8];

/// The next bits, in registers while an MCU is decoded.
#[derive(Clone, Copy, Default)]
pub struct Bits {
    /// The next bits, from the top down.
    pub top: u64,
    /// How many of them are valid.
    count: u8,
    /// The next byte of the window.
    at: usize,
}

impl Bits {
    /// At least 56 valid bits. Loads 8 bytes and counts those that fit: no branch.
    #[inline(always)]
    pub fn refill(&mut self, window: &Window) {
        let at = self.at & (SPAN - 1);
        let next = u64::from_be_bytes(*window[at..].first_chunk().unwrap_or(&[0; 8]));
        self.top |= next >> (self.count & 63);
        self.at += usize::from((63 - self.count) >> 3);
        self.count |= 56;
    }

    #[inline(always)]
    pub fn skip(&mut self, length: u8) {
        self.top <<= length & 63;
        self.count = self.count.wrapping_sub(length);
    }

    /// Takes up to 16 bits; refill first.
    #[inline(always)]
    pub fn take(&mut self, length: u32) -> u32 {
        let bits = (self.top >> 32) >> (32 - length);
        self.skip(length as u8);
        bits as u32
    }

    /// Bits read since the window's start; below 0 where those at hand were loaded before it slid.
    fn read(&self) -> isize {
        self.at as isize * 8 - isize::from(self.count)
    }
}

/// What ended the segment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Unseen,
    Marker,
    File,
}

pub struct Reader<'a> {
    file: Cursor<'a>,
    pub window: Box<Window>,
    pub bits: Bits,
    /// Unstuffed bytes in the window.
    filled: usize,
    /// Beyond this `bits.at` needs attention.
    fence: usize,
    end: End,
}

impl<'a> Reader<'a> {
    /// Reads the entropy-coded segment that starts at the cursor.
    pub fn new(file: Cursor<'a>) -> Self {
        let mut reader = Reader {
            file,
            window: Box::new([0; SPAN + 8]),
            bits: Bits::default(),
            filled: 0,
            fence: 0,
            end: End::Unseen,
        };
        reader.fill();
        reader
    }

    /// Makes sure that a whole MCU lies in the window.
    #[inline(always)]
    pub fn ready(&mut self) -> Result<()> {
        if self.runs_low(&self.bits) { self.turn() } else { Ok(()) }
    }

    /// Whether [`Reader::ready`] has something to do where these are the next bits.
    #[inline(always)]
    pub fn runs_low(&self, bits: &Bits) -> bool {
        bits.at > self.fence
    }

    /// What really was at fault, when decoding met an error: bits read beyond a file's end say nothing.
    #[cold]
    pub fn blame(&self, error: Error) -> Error {
        let beyond = self.bits.read() > self.has();
        if beyond && self.end == End::File { Error::Truncated } else { error }
    }

    /// Ends the segment, which must have been read to its last byte; steps over the restart marker of this number.
    pub fn restart(&mut self, number: usize) -> Result<()> {
        self.finish_segment()?;
        if self.file.marker_here()? != RST0 + (number & 7) as u8 {
            return Err(Error::Corrupt("restart marker"));
        }
        self.begin_segment();
        Ok(())
    }

    /// Ends the last segment of a scan; the cursor stands before the marker that ended it.
    pub fn finish(&mut self) -> Result<Cursor<'a>> {
        self.finish_segment()?;
        Ok(self.file)
    }

    fn begin_segment(&mut self) {
        self.bits = Bits::default();
        self.filled = 0;
        self.end = End::Unseen;
        self.fill();
    }

    fn finish_segment(&mut self) -> Result<()> {
        if self.end == End::Unseen {
            self.slide();
        }
        let (has, read) = (self.has(), self.bits.read());
        match self.end {
            End::File => Err(Error::Truncated),
            _ if read > has => Err(Error::Corrupt("scan ends early")),
            End::Marker if has - read < 8 => Ok(()),
            _ => Err(Error::Corrupt("bytes left over in the scan")),
        }
    }

    /// Bits that the window holds.
    fn has(&self) -> isize {
        self.filled as isize * 8
    }

    #[cold]
    #[inline(never)]
    fn turn(&mut self) -> Result<()> {
        match self.end {
            End::Unseen => {
                self.slide();
                Ok(())
            }
            End::File => Err(Error::Truncated),
            End::Marker => Err(Error::Corrupt("scan ends early")),
        }
    }

    /// Moves what is unread to the window's start and fills up behind it.
    fn slide(&mut self) {
        let start = self.bits.at.min(self.filled);
        self.window.copy_within(start..self.filled, 0);
        self.filled -= start;
        self.bits.at -= start;
        self.fill();
    }

    /// Unstuffs bytes until the window is full or the segment ends.
    fn fill(&mut self) {
        while self.filled < WINDOW && self.end == End::Unseen {
            self.copy_run();
        }
        self.fence = match self.end {
            End::Unseen => self.filled - MARGIN,
            End::Marker | End::File => {
                self.window[self.filled..self.filled + MARGIN].fill(0);
                self.filled + 8
            }
        };
    }

    /// Copies up to the next 0xFF, and says what that one meant.
    fn copy_run(&mut self) {
        let ahead = &self.file.bytes[self.file.at..];
        let ahead = &ahead[..ahead.len().min(WINDOW - self.filled)];
        let run = memchr::memchr(0xFF, ahead).unwrap_or(ahead.len());
        self.window[self.filled..self.filled + run].copy_from_slice(&ahead[..run]);
        self.filled += run;
        self.file.at += run;
        if run < ahead.len() {
            self.meet_ff();
        } else if self.filled < WINDOW {
            self.end = End::File;
        }
    }

    /// At 0xFF: a stuffed byte, a marker, or the end of the file.
    fn meet_ff(&mut self) {
        match self.file.bytes.get(self.file.at + 1) {
            Some(0) => {
                self.window[self.filled] = 0xFF;
                self.filled += 1;
                self.file.at += 2;
            }
            Some(_) => self.end = End::Marker,
            None => self.end = End::File,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wherever the end of a segment falls in the window, and however many bits pad it.
    #[test]
    fn a_segment_of_any_length_is_read_to_its_end() {
        let (reach, paddings) = if cfg!(miri) { (1, 4..5) } else { (12, 0..8) };
        let around = |length: usize| length - reach..length + reach;
        for length in around(WINDOW - MARGIN).chain(around(WINDOW)).chain(around(2 * WINDOW)) {
            for padding in paddings.clone() {
                read_to_the_end(length, padding);
            }
        }
    }

    fn read_to_the_end(length: usize, padding: u32) {
        let mut file: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
        file.extend([0xFF, 0xD9]);
        let mut reader = Reader::new(Cursor { bytes: &file, at: 0 });
        for index in 0..length {
            reader.ready().expect("bytes to read");
            reader.bits.refill(&reader.window);
            let unread = if index + 1 == length { padding } else { 0 };
            assert_eq!(reader.bits.take(8 - unread) as usize, (index % 251) >> unread, "byte {index} of {length}");
        }
        assert_eq!(reader.finish().expect("the end").at, length, "{length} bytes, {padding} bits of padding");
    }

    #[test]
    fn a_segment_is_neither_a_byte_longer_nor_a_bit_shorter_than_what_is_read() {
        let end_after = |bits| {
            let mut reader = Reader::new(Cursor { bytes: &[0x12, 0x34, 0xFF, 0xD9], at: 0 });
            reader.bits.refill(&reader.window);
            reader.bits.take(bits);
            reader.finish().map(|cursor| cursor.at)
        };
        assert_eq!(end_after(8), Err(Error::Corrupt("bytes left over in the scan")));
        assert_eq!((end_after(9), end_after(16)), (Ok(2), Ok(2)));
        assert_eq!(end_after(17), Err(Error::Corrupt("scan ends early")));
    }

    /// Found by the fuzzer: after the window has slid, what was read lies before its start.
    #[test]
    fn a_scan_that_stops_long_before_its_segment_ends_leaves_bytes_over() {
        let mut file = vec![0x55; 3 * WINDOW];
        file.extend([0xFF, 0xD9]);
        let mut reader = Reader::new(Cursor { bytes: &file, at: 0 });
        reader.bits.refill(&reader.window);
        assert_eq!(reader.finish().err(), Some(Error::Corrupt("bytes left over in the scan")));
    }
}
