//! JPEG: strips of one MCU row, chroma as sampled in the file.

use super::{PlaneShape, Source};
use crate::failure::{Decline, Failure, Outcome, Reason, unsupported};
use crate::jpeg_decode::{Colour, Decoder, Error, Header, Limits, Scale, Strip};
use crate::plane::Space;
use crate::resample::Rows;

pub struct Jpeg<'a> {
    decoder: Decoder<'a>,
    strip: Strip,
    planes: Vec<PlaneShape>,
    /// Chroma of a grey JPEG.
    grey: Vec<u8>,
    grey_rows_left: usize,
}

impl<'a> Jpeg<'a> {
    pub fn new(original: &'a [u8], shrink: u32, max_pixels: u64) -> Outcome<Self> {
        let scale = match shrink {
            8 => Scale::Eighth,
            4 => Scale::Quarter,
            2 => Scale::Half,
            _ => Scale::Full,
        };
        let limits = Limits { pixels: max_pixels, ..Limits::default() };
        let decoder = Decoder::new(original, scale, limits).map_err(failure)?;
        let planes = shapes(&decoder);
        let is_grey = decoder.header().colour == Colour::Grey;
        let grey = if is_grey { vec![128; planes[1].width] } else { Vec::new() };
        let grey_rows_left = if is_grey { planes[1].height } else { 0 };
        Ok(Self { decoder, strip: Strip::default(), planes, grey, grey_rows_left })
    }
}

impl Source for Jpeg<'_> {
    fn space(&self) -> Space {
        Space::Ycc420
    }

    fn planes(&self) -> &[PlaneShape] {
        &self.planes
    }

    fn next(&mut self, sink: &mut dyn FnMut(usize, Rows<'_>)) -> Outcome<bool> {
        if self.decoder.next_strip(&mut self.strip).map_err(failure)?.is_none() {
            return Ok(false);
        }
        for (index, plane) in self.strip.planes.iter().enumerate().filter(|(_, plane)| plane.rows > 0) {
            sink(index, Rows { samples: &plane.samples, stride: plane.stride, count: plane.rows });
        }
        if self.grey_rows_left > 0 {
            for index in [1, 2] {
                sink(index, Rows { samples: &self.grey, stride: 0, count: self.grey_rows_left });
            }
            self.grey_rows_left = 0;
        }
        Ok(true)
    }
}

/// A grey JPEG is given one sample of chroma, that of no colour, stretched over all of it.
const NO_COLOUR: PlaneShape = PlaneShape { width: 1, height: 1, span: (1.0, 1.0) };

fn shapes(decoder: &Decoder<'_>) -> Vec<PlaneShape> {
    let header = decoder.header();
    let sampling = &header.sampling[..header.components];
    let across = sampling.iter().map(|&(h, _)| h).max().unwrap_or(1);
    let down = sampling.iter().map(|&(_, v)| v).max().unwrap_or(1);
    let scale = decoder.scale().edge() as f64 / 8.0;
    let mut planes: Vec<PlaneShape> = sampling
        .iter()
        .enumerate()
        .map(|(component, &(h, v))| {
            let size = decoder.plane_size(component);
            let span = (
                header.width as f64 * scale * f64::from(h) / f64::from(across),
                header.height as f64 * scale * f64::from(v) / f64::from(down),
            );
            PlaneShape { width: size.width, height: size.height, span }
        })
        .collect();
    planes.resize(3, NO_COLOUR);
    planes
}

/// Declines what decodes but is not Y, Cb, Cr.
pub fn check(header: &Header) -> Outcome<()> {
    match header.colour {
        Colour::Rgb => unsupported(Decline::RgbJpeg),
        Colour::Grey | Colour::YCbCr => Ok(()),
    }
}

/// The decoder's error as ours.
pub fn failure(error: Error) -> Failure {
    let rejected = |reason, detail: &dyn std::fmt::Display| Failure::Rejected(reason, detail.to_string());
    match error {
        Error::Truncated => rejected(Reason::Truncated, &error),
        Error::Corrupt(_) => rejected(Reason::Corrupt, &error),
        Error::TooLarge("pixels") => rejected(Reason::TooManyPixels, &error),
        Error::TooLarge("colour profile") => rejected(Reason::MetadataTooLarge, &error),
        Error::TooLarge(_) => rejected(Reason::TooMuchMemory, &error),
        Error::Unsupported(what) => Failure::Unsupported(match what {
            "cmyk" => Decline::Cmyk,
            "arithmetic" => Decline::ArithmeticCoding,
            "12-bit" => Decline::TwelveBit,
            _ => Decline::OtherJpeg,
        }),
    }
}
