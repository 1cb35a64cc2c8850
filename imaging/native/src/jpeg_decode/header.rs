//! What is known before a pixel is decoded.

use std::ops::Range;

use super::error::{Error, Limits, Result};
use super::frame::Frame;
use super::markers::{APP0, APP1, APP2, APP14, Cursor, EOI, SOI, SOS, stands_alone};
use super::scan::Scan;
use super::tables::Tables;

const EXIF: &[u8] = b"Exif\0\0";
const ICC: &[u8] = b"ICC_PROFILE\0";

/// What the planes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Grey,
    YCbCr,
    Rgb,
}

#[derive(Clone, Debug)]
pub struct Header {
    pub width: usize,
    pub height: usize,
    /// 1 or 3.
    pub components: usize,
    /// Blocks of each component in an MCU, across and down; (1, 1) for grey.
    pub sampling: [(u8, u8); 3],
    pub progressive: bool,
    /// The coefficients of all components come by several scans, and are held until the last.
    pub several_scans: bool,
    /// In MCUs; 0 is none.
    pub restart_interval: usize,
    /// Adobe's mark: 0 for RGB, 1 for YCbCr.
    pub adobe_transform: Option<u8>,
    pub colour: Colour,
    /// Where the TIFF structure of the EXIF segment lies in the file.
    pub exif: Option<Range<usize>>,
    /// The colour profile, put together from its segments.
    pub icc: Option<Vec<u8>>,
}

/// Reads up to the first scan. Of what the file says only the profile is copied: pixels cost nothing yet.
pub fn header(bytes: &[u8]) -> Result<Header> {
    Ok(Preamble::read(bytes, &Limits { pixels: u64::MAX, ..Limits::default() })?.header)
}

/// Everything up to and including the first scan's header.
pub struct Preamble<'a> {
    pub header: Header,
    pub frame: Frame,
    pub tables: Tables,
    pub scan: Scan,
    /// At the first scan's data.
    pub cursor: Cursor<'a>,
}

impl<'a> Preamble<'a> {
    pub fn read(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        if !bytes.starts_with(&[0xFF, SOI]) {
            return Err(Error::Corrupt("not a JPEG"));
        }
        cursor.at = 2;
        let mut notes = Notes::default();
        let mut tables = Tables::default();
        let mut frame = None;
        loop {
            let code = cursor.marker()?;
            if stands_alone(code) {
                continue;
            }
            if code == EOI {
                return Err(Error::Truncated);
            }
            let body = cursor.segment()?;
            match code {
                SOS => {
                    let frame = frame.ok_or(Error::Corrupt("scan before frame"))?;
                    let scan = Scan::parse(body, &frame)?;
                    let header = notes.header(&frame, &tables, &scan, limits)?;
                    return Ok(Preamble { header, frame, tables, scan, cursor });
                }
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    if frame.is_some() {
                        return Err(Error::Corrupt("two frames"));
                    }
                    frame = Some(sized(Frame::parse(code, body)?, limits)?);
                }
                _ => {
                    notes.read(code, body, cursor.at - body.len());
                    tables.read(code, body)?;
                }
            }
        }
    }
}

fn sized(frame: Frame, limits: &Limits) -> Result<Frame> {
    if frame.width as u64 * frame.height as u64 > limits.pixels {
        return Err(Error::TooLarge("pixels"));
    }
    Ok(frame)
}

/// What application segments say.
#[derive(Default)]
struct Notes<'a> {
    jfif: bool,
    adobe_transform: Option<u8>,
    exif: Option<Range<usize>>,
    /// Each piece of the profile: its number, of how many, its bytes.
    icc: Vec<(u8, u8, &'a [u8])>,
}

impl<'a> Notes<'a> {
    fn read(&mut self, code: u8, body: &'a [u8], at: usize) {
        match (code, body) {
            (APP0, [b'J', b'F', b'I', b'F', 0, ..]) => self.jfif = true,
            (APP1, _) if body.starts_with(EXIF) && self.exif.is_none() => {
                self.exif = Some(at + EXIF.len()..at + body.len());
            }
            (APP14, [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..]) => {
                self.adobe_transform = Some(*transform);
            }
            (APP2, _) if body.starts_with(ICC) => match &body[ICC.len()..] {
                // One more than there can be shows that they are too many.
                [number, of, piece @ ..] if self.icc.len() <= 255 => {
                    self.icc.push((*number, *of, piece));
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn header(self, frame: &Frame, tables: &Tables, scan: &Scan, limits: &Limits) -> Result<Header> {
        let components = frame.components();
        let mut sampling = [(1, 1); 3];
        for (pair, component) in sampling.iter_mut().zip(components) {
            *pair = (component.h as u8, component.v as u8);
        }
        Ok(Header {
            width: frame.width,
            height: frame.height,
            components: components.len(),
            sampling,
            progressive: frame.progressive,
            several_scans: !scan.is_the_only_one(frame),
            restart_interval: tables.restart_interval,
            adobe_transform: self.adobe_transform,
            colour: self.colour(frame),
            icc: self.profile(limits.profile_bytes)?,
            exif: self.exif,
        })
    }

    /// As libjpeg guesses: JFIF says YCbCr, Adobe's mark says which, else the components' names do.
    fn colour(&self, frame: &Frame) -> Colour {
        let components = frame.components();
        if components.len() == 1 {
            return Colour::Grey;
        }
        let named_rgb = components.iter().map(|component| component.id).eq(*b"RGB");
        match (self.jfif, self.adobe_transform) {
            (true, _) => Colour::YCbCr,
            (false, Some(0)) => Colour::Rgb,
            (false, None) if named_rgb => Colour::Rgb,
            _ => Colour::YCbCr,
        }
    }

    /// Puts the pieces together: numbered from 1, all agreeing on how many they are, each there once. A profile that
    /// is not whole counts as none, as everywhere; the picture is good without it.
    fn profile(&self, limit: usize) -> Result<Option<Vec<u8>>> {
        let mut pieces = self.icc.clone();
        pieces.sort_by_key(|&(number, _, _)| number);
        let whole = pieces
            .iter()
            .enumerate()
            .all(|(index, &(number, of, _))| usize::from(number) == index + 1 && usize::from(of) == pieces.len());
        if !whole {
            return Ok(None);
        }
        if pieces.iter().map(|(_, _, piece)| piece.len()).sum::<usize>() > limit {
            return Err(Error::TooLarge("colour profile"));
        }
        let profile: Vec<u8> = pieces.iter().flat_map(|(_, _, piece)| *piece).copied().collect();
        Ok(Some(profile).filter(|profile| !profile.is_empty()))
    }
}
