//! WebP, decoded whole by libwebp. Lossy files without alpha stay Y, Cb, Cr; the others become R, G, B.

use std::borrow::Cow;
use std::ops::Range;

use super::png::shapes;
use super::{PlaneShape, Source};
use crate::colour;
use crate::exif;
use crate::failure::{Decline, Failure, Outcome, Reason, unsupported};
use crate::kernels::{pixels, range};
use crate::libwebp::{self, DecodeError, Features};
use crate::plane::{Alpha, Picture, Plane, Space};
use crate::probe::{Kind, Probe};
use crate::resample::Rows;

pub struct WebP {
    space: Space,
    shapes: Vec<PlaneShape>,
    planes: Vec<Plane>,
}

impl WebP {
    /// With `colours`, where there is an alpha.
    pub fn new(original: &[u8], colours: Alpha) -> Outcome<Self> {
        let features = libwebp::features(original).map_err(failure)?;
        let (width, height) = (features.width, features.height);
        let picture = picture(original, &features)?;
        if features.is_lossy && !features.has_alpha {
            let planes = decode_lossy(&picture, width, height)?;
            return Ok(Self { space: Space::Ycc420, shapes: shapes(Space::Ycc420, false, width, height), planes });
        }
        let planes = decode_pixels(&picture, features.has_alpha, colours, (width, height))?;
        Ok(Self { space: Space::Rgb, shapes: shapes(Space::Rgb, features.has_alpha, width, height), planes })
    }
}

/// The picture of a file that is all there. Where a damaged one has too few bits libwebp would read on into what follows
/// it, EXIF say, and make pixels of that.
fn picture<'a>(original: &'a [u8], features: &Features) -> Outcome<Cow<'a, [u8]>> {
    let end = original.get(4..8).and_then(|size| Some(8 + u32::from_le_bytes(size.try_into().ok()?) as usize));
    let (Some(file), Some(place)) =
        (end.and_then(|end| original.get(..end)), first_chunk(original, &[*b"VP8 ", *b"VP8L"]))
    else {
        return Err(failure(DecodeError::Truncated));
    };
    if features.is_lossy && features.has_alpha {
        // Its alpha is a chunk before it: a file, up to here.
        let mut whole = file.get(..place.end).unwrap_or(file).to_vec();
        let size = (whole.len() - 8) as u32;
        whole[4..8].copy_from_slice(&size.to_le_bytes());
        return Ok(Cow::Owned(whole));
    }
    let picture = file.get(place).unwrap_or_default();
    let own = libwebp::features(picture).map_err(damaged)?;
    if (own.width, own.height) != (features.width, features.height) {
        return Err(failure(DecodeError::Corrupt));
    }
    Ok(Cow::Borrowed(picture))
}

fn decode_lossy(picture: &[u8], width: usize, height: usize) -> Outcome<Vec<Plane>> {
    let mut planes = std::array::from_fn(|index| {
        let (width, height) = Picture::plane_size(Space::Ycc420, index, width, height);
        Plane::new(width, height)
    });
    libwebp::decode_yuv(picture, &mut planes).map_err(damaged)?;
    let [y, cb, cr] = planes;
    Ok(vec![y.mapped(&range::WIDEN_LUMA), cb.mapped(&range::WIDEN_CHROMA), cr.mapped(&range::WIDEN_CHROMA)])
}

fn decode_pixels(
    picture: &[u8],
    has_alpha: bool,
    colours: Alpha,
    (width, height): (usize, usize),
) -> Outcome<Vec<Plane>> {
    let mut rgba = vec![0; width * height * 4];
    libwebp::decode_rgba(picture, width, &mut rgba).map_err(damaged)?;
    let mut planes: Vec<Plane> = shapes(Space::Rgb, has_alpha, width, height)
        .iter()
        .map(|shape| Plane::new(shape.width, shape.height))
        .collect();
    let weighs = has_alpha && colours == Alpha::Premultiplied;
    for (y, row) in rgba.chunks_exact(width * 4).enumerate() {
        for (x, pixel) in row.chunks_exact(4).enumerate() {
            for (plane, &colour) in planes.iter_mut().zip(pixel) {
                plane.row_mut(y)[x] = if weighs { pixels::times(colour, pixel[3]) } else { colour };
            }
        }
        if let Some(alpha) = planes.get_mut(3) {
            for (sample, pixel) in alpha.row_mut(y).iter_mut().zip(row.chunks_exact(4)) {
                *sample = pixel[3];
            }
        }
    }
    Ok(planes)
}

impl Source for WebP {
    fn space(&self) -> Space {
        self.space
    }

    fn planes(&self) -> &[PlaneShape] {
        &self.shapes
    }

    fn next(&mut self, sink: &mut dyn FnMut(usize, Rows<'_>)) -> Outcome<bool> {
        for (index, plane) in self.planes.iter().enumerate() {
            sink(index, Rows::of(plane));
        }
        Ok(!std::mem::take(&mut self.planes).is_empty())
    }
}

pub fn probe(original: &[u8]) -> Outcome<Probe> {
    let features = libwebp::features(original).map_err(failure)?;
    if features.has_animation {
        return unsupported(Decline::Animation);
    }
    let exif = chunk(original, *b"EXIF").map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif)).unwrap_or_default();
    Ok(Probe {
        kind: Kind::WebP,
        width: features.width,
        height: features.height,
        exif_orientation: exif::orientation(exif),
        has_alpha: features.has_alpha,
        icc: chunk(original, *b"ICCP").filter(|icc| colour::applies(icc, false)).map(<[u8]>::to_vec),
        exif_bytes: exif.len(),
        // Planes of Y, Cb and Cr: 1.95 bytes measured. Or pixels, libwebp's own beside them, and planes of R, G, B and
        // alpha: 8.6 measured of lossless noise, 8.8 of lossy with an alpha, 11.8 of lossless with one.
        footprint: if features.is_lossy && !features.has_alpha { 2 } else { 12 },
    })
}

/// The body of the first RIFF chunk of this name.
fn chunk(file: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    file.get(first_chunk(file, &[name])?)
}

/// Where the body of the first RIFF chunk of one of these names lies.
fn first_chunk(file: &[u8], names: &[[u8; 4]]) -> Option<Range<usize>> {
    const RIFF_HEADER: usize = 12;
    let mut at = RIFF_HEADER;
    loop {
        let header = file.get(at..at.checked_add(8)?)?;
        let size = u32::from_le_bytes(header[4..].try_into().ok()?) as usize;
        let body = at + 8..(at + 8).checked_add(size).filter(|&end| end <= file.len())?;
        if names.iter().any(|name| header[..4] == *name) {
            return Some(body);
        }
        // Chunks begin at even offsets.
        at = body.end + size % 2;
    }
}

/// All of the picture's bytes are there, so it is they that make no sense.
fn damaged(_: DecodeError) -> Failure {
    failure(DecodeError::Corrupt)
}

fn failure(error: DecodeError) -> Failure {
    let reason = match error {
        DecodeError::Truncated => Reason::Truncated,
        DecodeError::Corrupt => Reason::Corrupt,
    };
    Failure::Rejected(reason, "the WebP does not decode".into())
}
