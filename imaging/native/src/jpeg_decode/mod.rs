//! A JPEG decoder for downscaling: strips of Y, Cb and Cr planes at 8/8, 4/8, 2/8 or 1/8 of the size.
//!
//! No chroma is upsampled, no RGB made, no full frame held (of files of several scans the coefficients are).
//!
//! ```text
//!   header.rs      bytes -> Preamble: header, frame, tables, first scan      markers.rs frame.rs tables.rs scan.rs
//!                    |
//!          one scan  |  several scans (progressive)
//!              +-----+---------+
//!              v               v
//!   sequential.rs          held.rs        bits.rs: unstuffed window, 64 bits refilled without a branch
//!   a run of MCUs          all blocks     huffman.rs: run, value and length in one look-up
//!              |               |
//!              +-----+---------+
//!                    v
//!                  idct/           8x8, 4x4, 2x2, 1x1 samples a block; AVX2, NEON, scalar
//!                    v
//!                  Strip           one MCU row of each plane
//! ```
//!
//! Strict: what is cut short, out of step or contradicts itself is an [`Error`], never grey. What real cameras write is
//! accepted: fill bytes, a second image after the end, nonsense in the band of a sequential scan's header.

mod bits;
mod block;
mod error;
mod frame;
mod header;
mod huffman;
mod idct;
mod markers;
mod scan;
mod sequential;
mod strip;
mod tables;

pub use error::{Error, Limits, Result};
pub use header::{Colour, Header, header};
pub use strip::{PlaneSize, Strip, StripPlane};

use block::Block;
use frame::Frame;
use header::Preamble;
use markers::{Cursor, EOI, SOS, stands_alone};
use sequential::{Streamed, quant_tables};

/// Samples made of a block's edge of eight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scale {
    Eighth = 1,
    Quarter = 2,
    Half = 4,
    Full = 8,
}

impl Scale {
    pub const fn edge(self) -> usize {
        self as usize
    }
}

/// Decodes one file, strip by strip.
pub struct Decoder<'a> {
    header: Header,
    frame: Frame,
    scale: Scale,
    quant: [Block; 3],
    source: Streamed<'a>,
    /// Rows of MCUs decoded so far.
    done: usize,
}

impl<'a> Decoder<'a> {
    pub fn new(bytes: &'a [u8], scale: Scale, limits: Limits) -> Result<Self> {
        let preamble = Preamble::read(bytes, &limits)?;
        if !Streamed::covers(&preamble.scan, &preamble.frame) {
            return Err(Error::Unsupported("several scans"));
        }
        let quant = quant_tables(&preamble.frame, &preamble.tables)?;
        let source = Streamed::new(&preamble)?;
        let Preamble { header, frame, .. } = preamble;
        Ok(Decoder { header, frame, scale, quant, source, done: 0 })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// The plane of a component: its size times the scale, rounded up.
    pub fn plane_size(&self, component: usize) -> PlaneSize {
        let of = &self.frame.components()[component];
        let edge = self.scale.edge();
        PlaneSize {
            width: (of.width * edge).div_ceil(8),
            height: (of.height * edge).div_ceil(8),
            stride: self.frame.mcus_across * of.h * edge,
            strip_rows: of.v * edge,
        }
    }

    /// Decodes the next row of MCUs: how many rows of each plane it holds; `None` after the last, once the file has
    /// been seen to end as it should.
    pub fn next_strip(&mut self, strip: &mut Strip) -> Result<Option<[usize; 3]>> {
        if self.done == self.frame.mcus_down {
            return Ok(None);
        }
        self.shape(strip);
        self.source.next_row(&self.quant, idct::transform(self.scale.edge()), self.scale.edge(), strip)?;
        self.done += 1;
        if self.done == self.frame.mcus_down {
            expect_end(self.source.finish()?)?;
        }
        Ok(Some(std::array::from_fn(|component| strip.planes[component].rows)))
    }

    /// Gives the strip's planes their size, and the number of rows that the next strip has.
    fn shape(&self, strip: &mut Strip) {
        for (component, plane) in strip.planes.iter_mut().enumerate().take(self.header.components) {
            let size = self.plane_size(component);
            plane.stride = size.stride;
            plane.rows = size.strip_rows.min(size.height.saturating_sub(self.done * size.strip_rows));
            plane.samples.resize(size.stride * size.strip_rows, 0);
        }
        for plane in &mut strip.planes[self.header.components..] {
            *plane = StripPlane::default();
        }
    }
}

/// Nothing but segments without pixels may lie between the scan and the end of the image.
fn expect_end(mut cursor: Cursor<'_>) -> Result<()> {
    let mut code = cursor.marker_here()?;
    while code != EOI {
        if code == SOS || stands_alone(code) {
            return Err(Error::Corrupt("marker behind the scan"));
        }
        cursor.segment()?;
        code = cursor.marker()?;
    }
    Ok(())
}
