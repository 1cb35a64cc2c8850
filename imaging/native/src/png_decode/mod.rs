//! A PNG decoder for the kinds that matter by their bytes: 8 bits a channel, grey or colour, with an alpha or without,
//! row after row.
//!
//! ```text
//!   image_data.rs   the file -> the bytes of its IDAT chunks, each chunk's sum checked (by the png crate)
//!         |
//!         v
//!   inflate.rs      Window: the last 32 kB and the rows that are next      huffman.rs: three literals in one look-up
//!         |
//!         v
//!   kernels/unfilter.rs     four rows in step
//!         |
//!         v
//!   Rows            up to four rows of pixels, in cache
//! ```
//!
//! Refused is what the png crate refuses: a chunk whose sum is wrong, pixels that end early, an impossible code. Behind
//! the last row the file is read to its end, but, as there, no longer inflated: zlib's own sum adds nothing to those of
//! the chunks. Symbols are read a few at a time: a flaw right behind the last pixel is not seen here where it is there,
//! and a stream that stops there without an end may be refused.

mod huffman;
mod image_data;
mod inflate;

use crate::failure::{Outcome, corrupt, truncated};
use crate::kernels::unfilter::{Filter, Lines, ROWS, SLACK, unfilter};
use crate::resample::Rows;
use image_data::ImageData;
use inflate::{Inflater, Stop, Window};

/// Bytes inflated ahead of the rows that are next.
const AHEAD: usize = 64 << 10;

/// Decodes one file, four rows at a time.
pub struct Decoder<'a> {
    data: ImageData<'a>,
    inflater: Inflater,
    window: Window,
    lines: Lines,
    rows_left: usize,
    /// The row before, and behind it those that are next.
    pixels: Vec<u8>,
}

impl<'a> Decoder<'a> {
    /// Width, height and channels are the header's.
    pub fn new(file: &'a [u8], width: usize, height: usize, channels: usize) -> Self {
        let bytes = width * channels;
        let lines = Lines { bytes, pixel: channels, stride: bytes + SLACK };
        let rows = height.min(ROWS);
        Self {
            data: ImageData::new(file),
            inflater: Inflater::new(),
            window: Window::new(height.saturating_mul(1 + bytes), rows * (1 + bytes) + AHEAD),
            lines,
            rows_left: height,
            pixels: vec![0; (1 + rows) * lines.stride],
        }
    }

    /// The next rows of interleaved pixels; none after the last, once the file has been seen to end as it should.
    pub fn next_rows(&mut self) -> Outcome<Rows<'_>> {
        let (count, stride) = (self.rows_left.min(ROWS), self.lines.stride);
        if count == 0 {
            self.data.finish()?;
        } else {
            self.inflate(count * (1 + self.lines.bytes))?;
            self.unfilter(count)?;
        }
        self.rows_left -= count;
        Ok(Rows { samples: &self.pixels[stride..], stride, count })
    }

    /// Until so many bytes are there to be read.
    fn inflate(&mut self, bytes: usize) -> Outcome<()> {
        while self.window.unread() < bytes {
            let stop = self.inflater.run(&self.data.bytes, &mut self.data.read, &mut self.window);
            if self.data.is_overrun() {
                return truncated("the PNG's pixels end early");
            }
            match stop {
                Err(flaw) => return corrupt(format_args!("the PNG: {}", flaw.words())),
                Ok(_) if self.window.unread() >= bytes => {}
                Ok(Stop::Full) => {}
                Ok(Stop::Hungry) if self.data.extend()? => {}
                Ok(Stop::Hungry | Stop::Ended) => return corrupt("a PNG with fewer rows than its header says"),
            }
        }
        Ok(())
    }

    fn unfilter(&mut self, count: usize) -> Outcome<()> {
        let Lines { bytes, stride, .. } = self.lines;
        let filtered = self.window.bytes();
        let mut filters = [Filter::None; ROWS];
        for (filter, row) in filters.iter_mut().zip(filtered.chunks_exact(1 + bytes)).take(count) {
            let Some(known) = Filter::from_byte(row[0]) else { return corrupt("a PNG with an unknown filter") };
            *filter = known;
        }
        let made = ROWS.min(self.pixels.len() / stride - 1);
        self.pixels.copy_within(made * stride.., 0);
        unfilter(&filters[..count], filtered, &mut self.pixels, self.lines);
        self.window.read(count * (1 + bytes));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Failure, Reason};
    use crate::source::png::{METADATA_BYTES, failure, reader};
    use png::{ColorType, Compression, DeflateCompression, Encoder};
    use proptest::prelude::*;

    const COLOURS: [ColorType; 4] = [ColorType::Grayscale, ColorType::GrayscaleAlpha, ColorType::Rgb, ColorType::Rgba];

    /// What a file can differ in: size, channels, how noisy its pixels are, filter, compression.
    #[derive(Clone, Debug)]
    struct Kind {
        width: usize,
        height: usize,
        channels: usize,
        /// Pixels differ by so much from their neighbours.
        depth: u8,
        filter: u8,
        level: u8,
        seed: u64,
    }

    fn kind() -> impl Strategy<Value = Kind> {
        (1usize..90, 1usize..20, 1usize..=4, 0u8..=8, 0u8..=5, 0u8..=9, any::<u64>()).prop_map(
            |(width, height, channels, depth, filter, level, seed)| Kind {
                width,
                height,
                channels,
                depth,
                filter,
                level,
                seed,
            },
        )
    }

    fn file(kind: &Kind) -> Vec<u8> {
        let Kind { width, height, channels, depth, filter, level, seed } = *kind;
        let row = width * channels;
        let mut pixels = crate::noise(seed, row * height);
        for (at, pixel) in pixels.iter_mut().enumerate() {
            let slope = (at % row / channels + at / row) as u8;
            *pixel = slope.wrapping_add((u16::from(*pixel) >> (8 - depth)) as u8 / 2);
        }
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, width as u32, height as u32);
        encoder.set_color(COLOURS[channels - 1]);
        encoder.set_filter(
            [
                png::Filter::NoFilter,
                png::Filter::Sub,
                png::Filter::Up,
                png::Filter::Avg,
                png::Filter::Paeth,
                png::Filter::Adaptive,
            ][usize::from(filter)],
        );
        match level {
            0 => encoder.set_compression(Compression::NoCompression),
            level => encoder.set_deflate_compression(DeflateCompression::Level(level)),
        }
        let mut writer = encoder.write_header().expect("a valid header");
        writer.write_image_data(&pixels).expect("as many pixels as the header says");
        writer.finish().expect("a whole file");
        file
    }

    fn ours(file: &[u8], kind: &Kind) -> Outcome<Vec<u8>> {
        let row = kind.width * kind.channels;
        let mut decoder = Decoder::new(file, kind.width, kind.height, kind.channels);
        let mut pixels = Vec::new();
        loop {
            let rows = decoder.next_rows()?;
            if rows.count == 0 {
                return Ok(pixels);
            }
            (0..rows.count).for_each(|y| pixels.extend_from_slice(rows.row(y, row)));
        }
    }

    fn theirs(file: &[u8], kind: &Kind) -> Outcome<Vec<u8>> {
        let mut reader = reader(std::io::Cursor::new(file))?;
        let mut pixels = Vec::new();
        for _ in 0..kind.height {
            pixels.extend_from_slice(reader.next_row().map_err(failure)?.map_or(&[], |row| row.data()));
        }
        reader.finish().map_err(failure)?;
        Ok(pixels)
    }

    /// Where the chunks of image data start, and all that they hold.
    fn image_data(file: &[u8]) -> (usize, Vec<u8>) {
        let start = file.windows(4).position(|bytes| bytes == b"IDAT").expect("image data") - 4;
        let (mut at, mut data) = (start, Vec::new());
        while file[at + 4..].starts_with(b"IDAT") {
            let length = u32::from_be_bytes(*file[at..].first_chunk().expect("a length")) as usize;
            data.extend_from_slice(&file[at + 8..][..length]);
            at += 12 + length;
        }
        (start, data)
    }

    fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let body = [name, content].concat();
        let length = content.len() as u32;
        [&length.to_be_bytes()[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
    }

    /// The file with this image data instead, in chunks of `cut` bytes, an empty one before each.
    fn with_image_data(file: &[u8], data: &[u8], cut: usize) -> Vec<u8> {
        let mut made = file[..image_data(file).0].to_vec();
        for piece in data.chunks(cut) {
            made.extend([chunk(b"IDAT", &[]), chunk(b"IDAT", piece)].concat());
        }
        made.extend(chunk(b"IEND", &[]));
        made
    }

    /// Grey, ten by ten: large enough for nothing to fit by chance.
    fn small() -> (Kind, Vec<u8>) {
        let kind = Kind { width: 10, height: 10, channels: 1, depth: 3, filter: 4, level: 6, seed: 1 };
        let file = file(&kind);
        (kind, file)
    }

    fn reason(file: &[u8], kind: &Kind) -> Option<Reason> {
        match ours(file, kind) {
            Err(Failure::Rejected(reason, _)) => Some(reason),
            Err(Failure::Unsupported(_)) => unreachable!("the probe's to say"),
            Ok(_) => None,
        }
    }

    /// The file with one byte of its first image data overwritten, and the chunk's sum put right.
    fn damaged(mut file: Vec<u8>, at: usize, byte: u8) -> Vec<u8> {
        let start = file.windows(4).position(|bytes| bytes == b"IDAT").expect("image data");
        let length = u32::from_be_bytes(*file[start - 4..].first_chunk().expect("a length")) as usize;
        file[start + 4 + at % length] = byte;
        let sum = crc32fast::hash(&file[start..start + 4 + length]);
        file[start + 4 + length..][..4].copy_from_slice(&sum.to_be_bytes());
        file
    }

    proptest! {
        #[test]
        fn every_kind_of_file_is_read_as_the_png_crate_reads_it(kind in kind()) {
            let file = file(&kind);
            prop_assert_eq!(ours(&file, &kind).expect("a whole file"), theirs(&file, &kind).expect("a whole file"));
        }

        /// But for the stream's last symbols: here it may not stop within them, there a flaw right behind the last pixel
        /// may count.
        #[test]
        fn damage_behind_a_valid_sum_is_judged_as_the_png_crate_judges_it(
            kind in kind(), at in any::<usize>(), byte in any::<u8>(),
        ) {
            let whole = file(&kind);
            let file = damaged(whole.clone(), at, byte);
            match (ours(&file, &kind), theirs(&file, &kind)) {
                (Err(Failure::Rejected(Reason::Truncated, _)), _) => {}
                (Ok(ours), Err(_)) => {
                    let before_last = (kind.height - 1) * kind.width * kind.channels;
                    prop_assert_eq!(&ours[..before_last], &theirs(&whole, &kind).expect("a whole file")[..before_last]);
                }
                (ours, theirs) => prop_assert_eq!(ours.ok(), theirs.ok()),
            }
        }

        #[test]
        fn image_data_may_be_cut_into_chunks_anywhere(kind in kind(), cut in 1usize..400) {
            let whole = file(&kind);
            let file = with_image_data(&whole, &image_data(&whole).1, cut);
            prop_assert_eq!(ours(&file, &kind).expect("a whole file"), ours(&whole, &kind).expect("a whole file"));
        }

        #[test]
        fn a_file_cut_short_is_refused(kind in kind(), at in any::<usize>()) {
            let file = file(&kind);
            prop_assert!(ours(&file[..at % file.len()], &kind).is_err());
        }
    }

    /// Several times what the window holds, so that it slides, within distances and rows.
    #[test]
    #[cfg_attr(miri, ignore = "too many pixels")]
    fn a_picture_larger_than_the_window_is_read_as_the_png_crate_reads_it() {
        for (channels, depth, level) in [(1, 2, 9), (2, 8, 1), (3, 3, 6), (4, 0, 9), (3, 8, 0)] {
            let kind = Kind { width: 1800 / channels, height: 301, channels, depth, filter: 5, level, seed: 1 };
            let file = file(&kind);
            let [ours, theirs] = [ours, theirs].map(|read| read(&file, &kind).expect("a whole file"));
            assert!(ours == theirs, "{kind:?}");
        }
    }

    #[test]
    fn too_little_image_data_is_refused_and_more_is_let_be() {
        let (kind, file) = small();
        assert_eq!(reason(&file, &Kind { height: 11, ..kind.clone() }), Some(Reason::Corrupt));
        assert_eq!(reason(&file, &Kind { height: 9, ..kind.clone() }), None);
        let behind = [&image_data(&file).1[..], b"behind the stream"].concat();
        assert_eq!(reason(&with_image_data(&file, &behind, 1000), &kind), None);
        assert_eq!(reason(&[&file[..], b"behind the file"].concat(), &kind), None);
    }

    #[test]
    fn image_data_that_goes_on_behind_another_chunk_is_refused() {
        let (kind, file) = small();
        let (start, data) = image_data(&file);
        let (head, tail) = data.split_at(20);
        let parts = [chunk(b"IDAT", head), chunk(b"tEXt", b"between\0them"), chunk(b"IDAT", tail), chunk(b"IEND", &[])];
        assert_eq!(reason(&[&file[..start], &parts.concat()].concat(), &kind), Some(Reason::Truncated));
    }

    #[test]
    fn a_long_exif_behind_the_pixels_is_refused_before_it_is_held() {
        let (kind, file) = small();
        let (pixels, end) = file.split_at(file.len() - 12);
        let exif = |length: usize| [pixels, &(length as u32).to_be_bytes(), b"eXIf", end].concat();
        assert_eq!(reason(&exif(METADATA_BYTES), &kind), Some(Reason::Truncated));
        assert_eq!(reason(&exif(METADATA_BYTES + 1), &kind), Some(Reason::MetadataTooLarge));
    }
}
