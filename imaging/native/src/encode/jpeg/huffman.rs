//! Huffman codes made to measure, and the bits they become.

use memchr::memchr;

/// How often each symbol occurs.
pub type Histogram = [u32; 256];

/// The longest code that JPEG allows.
const LONGEST: usize = 16;

/// Codes for the symbols of one histogram.
#[derive(Clone)]
pub struct Codes {
    /// How many codes there are of each length, 1 to 16.
    pub counts: [u8; LONGEST],
    /// Symbols by growing code.
    pub symbols: Vec<u8>,
    /// Each symbol's code in the upper bits, its length in the lowest eight.
    pub words: [u32; 256],
}

impl Codes {
    /// The shortest codes for `histogram` (ITU-T T.81, annex K.2): no longer than 16 bits, none all ones.
    pub fn optimal(histogram: &Histogram) -> Self {
        let lengths = code_lengths(histogram);
        let mut counts = [0u32; 257];
        lengths.iter().filter(|&&length| length > 0).for_each(|&length| counts[usize::from(length)] += 1);
        limit(&mut counts);
        // The pseudo-symbol of frequency one has one of the longest codes: it keeps the all-ones code, and goes.
        if let Some(longest) = (1..=LONGEST).rev().find(|&length| counts[length] > 0) {
            counts[longest] -= 1;
        }
        let mut symbols: Vec<u8> = (0..=255).filter(|&symbol| histogram[usize::from(symbol)] > 0).collect();
        symbols.sort_by_key(|&symbol| lengths[usize::from(symbol)]);
        Self::assigned(std::array::from_fn(|i| counts[i + 1] as u8), symbols)
    }

    fn assigned(counts: [u8; LONGEST], symbols: Vec<u8>) -> Self {
        let mut words = [0; 256];
        let mut code = 0u32;
        let mut next = symbols.iter();
        for (length, &count) in (1..).zip(&counts) {
            for &symbol in next.by_ref().take(usize::from(count)) {
                words[usize::from(symbol)] = code << 8 | length;
                code += 1;
            }
            code <<= 1;
        }
        Self { counts, symbols, words }
    }

    pub fn word(&self, symbol: u8) -> (u32, u32) {
        let word = self.words[usize::from(symbol)];
        (word >> 8, word & 0xff)
    }

    /// Bits that `histogram`'s symbols take, without the bits that follow them.
    pub fn bits(&self, histogram: &Histogram) -> u64 {
        (0..=255u8).map(|symbol| u64::from(histogram[usize::from(symbol)]) * u64::from(self.word(symbol).1)).sum()
    }
}

/// Code lengths of Huffman's tree over the symbols that occur, and one pseudo-symbol (the last) of frequency one.
fn code_lengths(histogram: &Histogram) -> [u8; 257] {
    let mut lengths = [0u8; 257];
    let mut trees: Vec<(u64, Vec<usize>)> = (0..256)
        .filter(|&symbol| histogram[symbol] > 0)
        .map(|symbol| (u64::from(histogram[symbol]), vec![symbol]))
        .collect();
    trees.push((1, vec![256]));
    // A lone symbol still needs a bit: it pairs with the pseudo-symbol.
    while trees.len() > 1 {
        let (rare, mut leaves) = take_rarest(&mut trees);
        let (rarer, more) = take_rarest(&mut trees);
        leaves.extend(more);
        leaves.iter().for_each(|&symbol| lengths[symbol] += 1);
        trees.push((rare + rarer, leaves));
    }
    lengths
}

fn take_rarest(trees: &mut Vec<(u64, Vec<usize>)>) -> (u64, Vec<usize>) {
    // Of equals the last: the pseudo-symbol comes first to the bottom, as it must have a longest code.
    let rarest = (0..trees.len()).rev().min_by_key(|&index| trees[index].0).expect("two trees or more");
    trees.remove(rarest)
}

/// Shortens codes beyond 16 bits: a pair of the longest gives up a bit, and a shorter code makes room (annex K.2's
/// figure K.3).
fn limit(counts: &mut [u32]) {
    for length in (LONGEST + 1..counts.len()).rev() {
        while counts[length] > 0 {
            let shorter = (1..length - 1).rev().find(|&shorter| counts[shorter] > 0).expect("a shorter code");
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
}

/// Bits to bytes, a zero stuffed after every 0xff.
pub struct BitWriter {
    out: Vec<u8>,
    /// Bytes that are not stuffed yet.
    bytes: [u8; Self::ROOM + 8],
    at: Place,
}

/// Where the next bit goes.
#[derive(Clone, Copy, Default)]
pub struct Place {
    byte: usize,
    /// The bits before it that make no byte yet, the uppermost first, and how many they are.
    buffer: u64,
    pending: u32,
}

impl Place {
    /// The `count` (to 56) lowest bits of `bits`; those above are zero. Eight bytes are written each time, and those of
    /// them that are not whole yet once more by the next.
    #[inline(always)]
    pub fn put(&mut self, bytes: &mut [u8], bits: u64, count: u32) {
        self.pending += count;
        self.buffer |= bits << (64 - self.pending);
        bytes[self.byte..][..8].copy_from_slice(&self.buffer.to_be_bytes());
        self.byte += self.pending as usize / 8;
        self.buffer <<= self.pending & !7;
        self.pending &= 7;
    }
}

impl BitWriter {
    /// Whole bytes that may be put at once.
    pub const ROOM: usize = 4096;

    pub fn new(out: Vec<u8>) -> Self {
        Self { out, bytes: [0; Self::ROOM + 8], at: Place::default() }
    }

    /// The `count` (to 32) lowest bits of `bits`; those above are zero.
    #[inline(always)]
    pub fn put(&mut self, bits: u32, count: u32) {
        if self.at.byte >= Self::ROOM - 8 {
            self.stuff();
        }
        // Nothing at all would be a shift by all 64 bits of the buffer.
        if count > 0 {
            self.at.put(&mut self.bytes, u64::from(bits), count);
        }
    }

    /// Room for [`BitWriter::ROOM`] bytes, and the place in it: whoever puts much keeps a copy of that in registers.
    pub fn room(&mut self) -> (&mut [u8], &mut Place) {
        self.stuff();
        (&mut self.bytes, &mut self.at)
    }

    fn stuff(&mut self) {
        let mut rest = &self.bytes[..std::mem::take(&mut self.at.byte)];
        while let Some(ones) = memchr(0xff, rest) {
            self.out.extend_from_slice(&rest[..=ones]);
            self.out.push(0);
            rest = &rest[ones + 1..];
        }
        self.out.extend_from_slice(rest);
    }

    /// Pads the last byte with ones and hands the bytes over.
    pub fn finish(mut self) -> Vec<u8> {
        let padding = (8 - self.at.pending) % 8;
        self.put((1 << padding) - 1, padding);
        self.stuff();
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kraft(codes: &Codes) -> u64 {
        (1..).zip(&codes.counts).map(|(length, &count)| u64::from(count) << (16 - length)).sum()
    }

    proptest! {
        /// However lopsided the histogram, codes fit 16 bits, leave the all-ones code free, and name every symbol once.
        #[test]
        fn codes_are_complete_and_short(powers in prop::collection::vec(0u32..31, 1..256)) {
            let mut histogram = [0; 256];
            for (count, power) in histogram.iter_mut().zip(&powers) {
                *count = 1 << power;
            }
            let codes = Codes::optimal(&histogram);
            prop_assert_eq!(codes.symbols.len(), powers.len());
            prop_assert_eq!(codes.counts.iter().map(|&count| usize::from(count)).sum::<usize>(), powers.len());
            prop_assert!(kraft(&codes) < 1 << 16);
        }

        #[test]
        fn bits_come_out_as_they_went_in(values in prop::collection::vec((any::<u32>(), 1u32..28), 0..200)) {
            let mut writer = BitWriter::new(Vec::new());
            let mut expected = String::new();
            for &(value, count) in &values {
                let value = value & ((1 << count) - 1);
                writer.put(value, count);
                expected += &format!("{value:0width$b}", width = count as usize);
            }
            let mut bytes = writer.finish().into_iter().peekable();
            let mut written = String::new();
            while let Some(byte) = bytes.next() {
                written += &format!("{byte:08b}");
                if byte == 0xff {
                    prop_assert_eq!(bytes.next(), Some(0));
                }
            }
            prop_assert!(written.starts_with(&expected));
            prop_assert!(written[expected.len()..].bytes().all(|bit| bit == b'1') && written.len() < expected.len() + 8);
        }
    }
}
