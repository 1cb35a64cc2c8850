//! PNG: rows of 8 bits. Where everything made is lossy they become Y, Cb, Cr at half-size chroma while in cache;
//! else they stay R, G, B, with alpha premultiplied.

use std::io::{BufRead, Cursor, Seek};

use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Reader, Transformations};

use super::{PlaneShape, Source};
use crate::failure::{Decline, Failure, Outcome, Reason, corrupt, unsupported};
use crate::kernels::{pixels, ycc};
use crate::plane::Space;
use crate::resample::Rows;

pub struct Png<'a> {
    reader: Reader<Cursor<&'a [u8]>>,
    space: Space,
    planes: Vec<PlaneShape>,
    channels: usize,
    rows_left: usize,
    /// Two rows of pixels, as chroma at half size needs.
    pixels: [Vec<u8>; 2],
    samples: Vec<Vec<u8>>,
}

impl<'a> Png<'a> {
    /// In Ycc420 where that is enough and there is no alpha, else in Rgb.
    pub fn new(original: &'a [u8], space: Space) -> Outcome<Self> {
        let reader = decoder(Cursor::new(original)).read_info().map_err(failure)?;
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
        Ok(Self { reader, space, planes, channels, rows_left: height, pixels: Default::default(), samples })
    }

    /// Reads one row into `self.pixels[slot]` as RGB or RGBA; false after the last.
    fn read(&mut self, slot: usize) -> Outcome<()> {
        let Some(row) = self.reader.next_row().map_err(failure)? else {
            return corrupt("a PNG with fewer rows than its header says");
        };
        self.rows_left -= 1;
        pixels::widen_grey(row.data(), self.channels, &mut self.pixels[slot]);
        Ok(())
    }

    fn next_ycc(&mut self, sink: &mut dyn FnMut(usize, Rows<'_>)) -> Outcome<()> {
        let count = self.rows_left.min(2);
        for slot in 0..count {
            self.read(slot)?;
        }
        let [above, below] = &self.pixels;
        let below = if count == 2 { below } else { above };
        let width = self.planes[0].width;
        let [y, cb, cr] = &mut self.samples[..] else { unreachable!("three planes without alpha") };
        let (y_above, y_below) = y.split_at_mut(width);
        ycc::luma_row(above, y_above);
        ycc::luma_row(below, y_below);
        ycc::chroma_row(above, below, cb, cr);
        for (index, count) in [(0, count), (1, 1), (2, 1)] {
            sink(index, Rows { samples: &self.samples[index], stride: self.planes[index].width, count });
        }
        Ok(())
    }

    fn next_rgb(&mut self, sink: &mut dyn FnMut(usize, Rows<'_>)) -> Outcome<()> {
        self.read(0)?;
        pixels::premultiplied_planes(&self.pixels[0], &mut self.samples);
        for (index, samples) in self.samples.iter().enumerate() {
            sink(index, Rows { samples, stride: samples.len(), count: 1 });
        }
        Ok(())
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
        if self.rows_left == 0 {
            self.reader.finish().map_err(failure)?;
            return Ok(false);
        }
        if self.space == Space::Ycc420 {
            self.next_ycc(sink)?
        } else {
            self.next_rgb(sink)?
        }
        Ok(true)
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

/// A decoder that checks every sum and gives 8 bits a channel.
pub fn decoder<R: BufRead + Seek>(bytes: R) -> Decoder<R> {
    let mut decoder = Decoder::new(bytes);
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder
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
        DecodingError::LimitsExceeded => Reason::TooManyPixels,
        _ => Reason::Corrupt,
    };
    Failure::Rejected(reason, format!("the PNG: {error}"))
}
