//! Bytes between scans: marker codes and the segments that follow them.

use super::error::{Error, Result};

pub const SOI: u8 = 0xD8;
pub const EOI: u8 = 0xD9;
pub const SOS: u8 = 0xDA;
pub const DQT: u8 = 0xDB;
pub const DNL: u8 = 0xDC;
pub const DRI: u8 = 0xDD;
pub const DHT: u8 = 0xC4;
pub const DAC: u8 = 0xCC;
pub const RST0: u8 = 0xD0;
pub const APP0: u8 = 0xE0;
pub const APP1: u8 = 0xE1;
pub const APP2: u8 = 0xE2;
pub const APP14: u8 = 0xEE;

/// A place in the file, always between two markers.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, at: 0 }
    }

    /// The next marker's code. Cameras pad with 0xFF and leave stray bytes between segments: both are stepped over.
    pub fn marker(&mut self) -> Result<u8> {
        loop {
            let ahead = self.bytes.get(self.at..).ok_or(Error::Truncated)?;
            self.at += memchr::memchr(0xFF, ahead).ok_or(Error::Truncated)?;
            while self.byte()? == 0xFF {}
            match self.bytes[self.at - 1] {
                0 => continue,
                code => return Ok(code),
            }
        }
    }

    /// The next marker's code, with nothing before it but 0xFF fill.
    pub fn marker_here(&mut self) -> Result<u8> {
        if self.byte()? != 0xFF {
            return Err(Error::Corrupt("bytes between scan and marker"));
        }
        loop {
            match self.byte()? {
                0xFF => continue,
                0 => return Err(Error::Corrupt("bytes between scan and marker")),
                code => return Ok(code),
            }
        }
    }

    /// The body of the segment whose marker was just read.
    pub fn segment(&mut self) -> Result<&'a [u8]> {
        let length = usize::from(self.byte()?) << 8 | usize::from(self.byte()?);
        let length = length.checked_sub(2).ok_or(Error::Corrupt("segment length"))?;
        let body = self.bytes.get(self.at..self.at + length).ok_or(Error::Truncated)?;
        self.at += length;
        Ok(body)
    }

    fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.at).ok_or(Error::Truncated)?;
        self.at += 1;
        Ok(byte)
    }
}

/// Markers that stand alone, with no segment: RST0..RST7, SOI and TEM.
pub fn stands_alone(code: u8) -> bool {
    matches!(code, 0x01 | 0xD0..=0xD8)
}
