//! PNG: rows of 8 bits. Where everything made is lossy they become Y, Cb, Cr at half-size chroma while in cache;
//! else they stay R, G, B.

use std::io::{BufRead, Cursor, Seek};

use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Limits, Reader, Transformations};

use super::{PlaneShape, Source};
use crate::failure::{Decline, Failure, Outcome, Reason, corrupt, unsupported};
use crate::kernels::{pixels, ycc};
use crate::plane::{Alpha, Space};
use crate::png_decode;
use crate::resample::Rows;

pub struct Png<'a> {
    pixels: Pixels<'a>,
    space: Space,
    planes: Vec<PlaneShape>,
    colours: Alpha,
    channels: usize,
    /// Rows whose grey is repeated.
    wide: Vec<u8>,
    samples: Vec<Vec<u8>>,
}

impl<'a> Png<'a> {
    /// In Ycc420 where that is enough and there is no alpha, else in Rgb, with `colours`.
    pub fn new(original: &'a [u8], space: Space, colours: Alpha) -> Outcome<Self> {
        let reader = reader(Cursor::new(original))?;
        check(reader.info())?;
        let (width, height) = (reader.info().width as usize, reader.info().height as usize);
        let (colour, _) = reader.output_color_type();
        let channels = colour.samples();
        let has_alpha = matches!(colour, ColorType::GrayscaleAlpha | ColorType::Rgba);
        let space = if has_alpha || space > Space::Ycc420 { Space::Rgb } else { space };
        let planes = shapes(space, has_alpha, width, height);
        let rows = if space == Space::Ycc420 { 2 } else { 1 };
        let samples =
            planes.iter().map(|plane| vec![0; plane.width * if plane.height == height { rows } else { 1 }]).collect();
        let pixels = if is_plain(reader.info()) {
            Pixels::Plain(Box::new(png_decode::Decoder::new(original, width, height, channels)))
        } else {
            Pixels::Expanded(Box::new(Expanded {
                reader,
                rows_left: height,
                row_bytes: width * channels,
                rows: Vec::new(),
            }))
        };
        Ok(Self { pixels, space, planes, colours, channels, wide: Vec::new(), samples })
    }
}

impl Source for Png<'_> {
    fn space(&self) -> Space {
        self.space
    }

    fn planes(&self) -> &[PlaneShape] {
        &self.planes
    }

    fn next(&mut self, sink: &mut dyn FnMut(usize, Rows<'_>)) -> Outcome<bool> {
        let rows = match &mut self.pixels {
            Pixels::Plain(decoder) => decoder.next_rows()?,
            Pixels::Expanded(expanded) => expanded.next_rows()?,
        };
        let width = self.planes[0].width;
        let rows =
            if self.channels < 3 { widened(rows, width * self.channels, self.channels, &mut self.wide) } else { rows };
        match (self.space, &mut self.samples[..]) {
            (Space::Ycc420, [y, cb, cr]) => ycc_planes(rows, width, [y, cb, cr], sink),
            (_, planes) => rgb_planes(rows, width, planes, self.colours, sink),
        }
        Ok(rows.count > 0)
    }
}

/// Where rows of pixels come from: four at a time, or two; none after the last.
enum Pixels<'a> {
    /// As they are stored.
    Plain(Box<png_decode::Decoder<'a>>),
    Expanded(Box<Expanded<'a>>),
}

/// Pixels of a palette, of less than 8 bits, or with one colour that is clear: rare, or small.
struct Expanded<'a> {
    reader: Reader<Cursor<&'a [u8]>>,
    rows_left: usize,
    row_bytes: usize,
    rows: Vec<u8>,
}

impl Expanded<'_> {
    fn next_rows(&mut self) -> Outcome<Rows<'_>> {
        let count = self.rows_left.min(2);
        self.rows.clear();
        for _ in 0..count {
            let Some(row) = self.reader.next_row().map_err(failure)? else {
                return corrupt("a PNG with fewer rows than its header says");
            };
            self.rows.extend_from_slice(row.data());
        }
        if count == 0 {
            self.reader.finish().map_err(failure)?;
        }
        self.rows_left -= count;
        Ok(Rows { samples: &self.rows, stride: self.row_bytes, count })
    }
}

/// Whether the pixels are stored as they are wanted.
fn is_plain(info: &Info<'_>) -> bool {
    info.bit_depth == BitDepth::Eight && info.color_type != ColorType::Indexed && info.trns.is_none()
}

/// Rows of grey, with an alpha or without, as RGB or RGBA.
fn widened<'a>(rows: Rows<'_>, row_bytes: usize, channels: usize, wide: &'a mut Vec<u8>) -> Rows<'a> {
    wide.clear();
    for y in 0..rows.count {
        pixels::widen_grey(rows.row(y, row_bytes), channels, wide);
    }
    Rows { samples: wide, stride: row_bytes / channels * (channels + 2), count: rows.count }
}

/// Hands on Y of every row, Cb and Cr of every two.
fn ycc_planes(rows: Rows<'_>, width: usize, [y, cb, cr]: [&mut Vec<u8>; 3], sink: &mut dyn FnMut(usize, Rows<'_>)) {
    for first in (0..rows.count).step_by(2) {
        let count = (rows.count - first).min(2);
        let (above, below) = (rows.row(first, 3 * width), rows.row(first + count - 1, 3 * width));
        let (y_above, y_below) = y.split_at_mut(width);
        ycc::luma_row(above, y_above);
        ycc::luma_row(below, y_below);
        ycc::chroma_row(above, below, cb, cr);
        sink(0, Rows { samples: y, stride: width, count });
        sink(1, Rows { samples: cb, stride: cb.len(), count: 1 });
        sink(2, Rows { samples: cr, stride: cr.len(), count: 1 });
    }
}

fn rgb_planes(
    rows: Rows<'_>,
    width: usize,
    planes: &mut [Vec<u8>],
    colours: Alpha,
    sink: &mut dyn FnMut(usize, Rows<'_>),
) {
    for y in 0..rows.count {
        pixels::split(rows.row(y, width * planes.len()), planes, colours);
        for (index, samples) in planes.iter().enumerate() {
            sink(index, Rows { samples, stride: width, count: 1 });
        }
    }
}

/// The planes of an image of pixels, at its size.
pub(super) fn shapes(space: Space, has_alpha: bool, width: usize, height: usize) -> Vec<PlaneShape> {
    let whole = PlaneShape { width, height, span: (width as f64, height as f64) };
    let half = PlaneShape {
        width: width.div_ceil(2),
        height: height.div_ceil(2),
        span: (width as f64 / 2.0, height as f64 / 2.0),
    };
    let chroma = if space == Space::Ycc420 { half } else { whole };
    let mut planes = vec![whole, chroma, chroma];
    planes.extend(has_alpha.then_some(whole));
    planes
}

/// What is held at most of a file's metadata: 8 MiB of a chunk, for which room is doubled as it comes, and 4 MiB of the
/// profile that it unpacks to. A file of longer EXIF is refused; a profile that unpacks to more counts as none.
pub const METADATA_BYTES: usize = 12 << 20;

/// The most bytes of a pixel as it is read.
const PIXEL_BYTES: usize = 8;

/// Has read what lies before the pixels; checks every sum and gives 8 bits a channel.
pub fn reader<R: BufRead + Seek>(bytes: R) -> Outcome<Reader<R>> {
    let mut decoder = Decoder::new(bytes);
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    // A row of pixels counts as well: whether it is too long is for others to say.
    let row = decoder.read_header_info().map_err(failure)?.width as usize * PIXEL_BYTES;
    decoder.set_limits(Limits { bytes: METADATA_BYTES + row });
    decoder.read_info().map_err(failure)
}

/// Declines what is not 8 bits row by row.
pub fn check(info: &Info<'_>) -> Outcome<()> {
    if info.bit_depth == BitDepth::Sixteen {
        return unsupported(Decline::SixteenBit);
    }
    if info.interlaced {
        return unsupported(Decline::Interlaced);
    }
    if info.animation_control.is_some() {
        return unsupported(Decline::Animation);
    }
    // The png crate reads three bytes at a time of a palette, and panics where there are fewer.
    if info.palette.as_ref().is_some_and(|palette| palette.len() % 3 != 0) {
        return corrupt("a PNG with part of a colour in its palette");
    }
    Ok(())
}

pub fn has_alpha(info: &Info<'_>) -> bool {
    matches!(info.color_type, ColorType::GrayscaleAlpha | ColorType::Rgba) || info.trns.is_some()
}

pub fn is_grey(info: &Info<'_>) -> bool {
    matches!(info.color_type, ColorType::Grayscale | ColorType::GrayscaleAlpha)
}

/// The png crate's error as ours.
pub fn failure(error: DecodingError) -> Failure {
    let reason = match &error {
        DecodingError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => Reason::Truncated,
        DecodingError::LimitsExceeded => Reason::MetadataTooLarge,
        _ => Reason::Corrupt,
    };
    Failure::Rejected(reason, format!("the PNG: {error}"))
}
