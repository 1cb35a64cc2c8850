//! Any zlib stream as the pixels of a PNG whose sums are right: the rows and the verdict are the png crate's. Where the
//! stream is at fault, miniz, which reads it symbol by symbol, says whether it is before the last pixel or behind it:
//! there the two may differ.
//!
//! Of the input the first five bytes are the width, the height, the kind of pixel, and how the stream is cut into chunks.

#![no_main]

use std::io::Cursor;

use _native::png_decode::Decoder;
use libfuzzer_sys::fuzz_target;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_IGNORE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// PNG, 11.2.1: a header's numbers of grey, grey and alpha, RGB, RGBA.
const COLOURS: [u8; 4] = [0, 4, 2, 6];

const FLAGS: u32 = TINFL_FLAG_IGNORE_ADLER32 | TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;

/// More than either decoder reads ahead of the pixels that it is asked for.
const ROOM: usize = 4096;

struct Picture<'a> {
    width: usize,
    height: usize,
    channels: usize,
    /// Bytes in a chunk; behind each is an empty one where it is odd.
    cut: usize,
    stream: &'a [u8],
}

impl<'a> Picture<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let (&[low, high, height, kind, cut], stream) = bytes.split_first_chunk()?;
        let width = 1 + usize::from(u16::from_le_bytes([low, high]) % 4096);
        let (height, channels) = (1 + usize::from(height), 1 + usize::from(kind % 4));
        Some(Self { width, height, channels, cut: 1 + 7 * usize::from(cut), stream })
    }

    fn file(&self) -> Vec<u8> {
        let mut header = Vec::new();
        header.extend((self.width as u32).to_be_bytes());
        header.extend((self.height as u32).to_be_bytes());
        header.extend([8, COLOURS[self.channels - 1], 0, 0, 0]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        append(&mut file, b"IHDR", &header);
        append(&mut file, b"IDAT", &[]);
        for piece in self.stream.chunks(self.cut) {
            append(&mut file, b"IDAT", piece);
            if self.cut % 2 == 1 {
                append(&mut file, b"IDAT", &[]);
            }
        }
        append(&mut file, b"IEND", &[]);
        file
    }

    /// How many bytes the pixels and their filters are.
    fn wanted(&self) -> usize {
        self.height * (1 + self.width * self.channels)
    }

    /// What miniz makes of the stream, with room for a few symbols behind the last pixel: how it stops, and how many
    /// bytes there are by then.
    fn inflated(&self) -> (TINFLStatus, usize) {
        let mut out = vec![0; self.wanted() + ROOM];
        let (status, _, made) = decompress(&mut DecompressorOxide::new(), self.stream, &mut out, 0, FLAGS);
        (status, made)
    }

    fn ours(&self, file: &[u8]) -> Option<Vec<u8>> {
        let mut decoder = Decoder::new(file, self.width, self.height, self.channels);
        let mut pixels = Vec::new();
        loop {
            let rows = decoder.next_rows().ok()?;
            if rows.count == 0 {
                return Some(pixels);
            }
            (0..rows.count).for_each(|y| pixels.extend_from_slice(rows.row(y, self.width * self.channels)));
        }
    }

    fn theirs(&self, file: &[u8]) -> Option<Vec<u8>> {
        let mut reader = png::Decoder::new(Cursor::new(file)).read_info().ok()?;
        let mut pixels = Vec::new();
        for _ in 0..self.height {
            pixels.extend_from_slice(reader.next_row().ok()??.data());
        }
        reader.finish().ok()?;
        Some(pixels)
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some(picture) = Picture::new(bytes) else { return };
    let file = picture.file();
    match (picture.ours(&file), picture.theirs(&file)) {
        // Theirs lets a stream that stops without an end pass once it has the pixels; ours may read on.
        (None, Some(_)) => assert_eq!(picture.inflated().0, TINFLStatus::FailedCannotMakeProgress),
        (Some(_), None) => assert!(picture.inflated().1 >= picture.wanted()),
        (ours, theirs) => assert!(ours == theirs),
    }
});

fn append(file: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    file.extend((content.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend(name);
    file.extend(content);
    file.extend(crc32fast::hash(&file[start..]).to_be_bytes());
}
