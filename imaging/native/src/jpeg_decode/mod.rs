//! A JPEG decoder for downscaling: strips of Y, Cb and Cr planes at 8/8, 4/8, 2/8 or 1/8 of the size.
//!
//! No chroma is upsampled, no RGB made, no full frame held (of files of several scans the coefficients are).
//!
//! ```text
//!   header.rs      bytes -> Preamble: header, frame, tables, first scan      markers.rs frame.rs tables.rs scan.rs
//!                    |
//!          one scan  |  several scans (progressive)
//!         +----------+---------+
//!         v                    v
//!   sequential.rs          held.rs        bits.rs: unstuffed window, 64 bits refilled without a branch
//!   a run of MCUs          all blocks     huffman.rs, ac.rs: run, size and length of two coefficients in one look-up
//!   all_dc.rs              progressive.rs: what a scan does to a block
//!   means of blocks alone      |          trace.rs: DC of blocks at three places at once
//!         |                    |
//!         +----------+---------+
//!                    v
//!                  idct/           8x8, 4x4, 2x2, 1x1 samples a block; AVX2, NEON, scalar
//!                    v
//!                  Strip           one MCU row of each plane
//! ```
//!
//! Strict: what is cut short, out of step or contradicts itself is an [`Error`], never grey. What real cameras write is
//! accepted: fill bytes, stray bytes between header segments, a second image after the end, nonsense in the band of a
//! sequential scan's header. The verdict is the same at every scale: what is not needed is still decoded.

mod ac;
mod all_dc;
mod bits;
mod block;
mod error;
mod frame;
mod header;
mod held;
mod huffman;
mod idct;
mod markers;
mod progressive;
mod scan;
mod sequential;
mod strip;
mod tables;
mod trace;

pub use error::{Error, Limits, Result};
pub use header::{Colour, Header, header};
pub use strip::{PlaneSize, Strip, StripPlane};

use all_dc::AllDc;
use block::Block;
use frame::Frame;
use header::Preamble;
use held::Held;
use markers::{Cursor, EOI, SOS, stands_alone};
use sequential::Streamed;

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

    /// The last coefficient, in coded order, that is decoded at this scale; those behind it are stepped over. At half
    /// size only the first 25 are needed, but where a block passes them is one more branch to guess wrong.
    const fn last_wanted(self) -> u8 {
        match self {
            Scale::Eighth => 0,
            Scale::Quarter => 4,
            Scale::Half | Scale::Full => 63,
        }
    }
}

/// Where blocks come from.
enum Source<'a> {
    /// The one scan, of which DC alone was wanted.
    AllDc(AllDc<'a>),
    /// The one scan, as it is read.
    Streamed(Streamed<'a>),
    /// Several scans, read before.
    Held(Held),
}

/// Decodes one file, strip by strip.
pub struct Decoder<'a> {
    header: Header,
    frame: Frame,
    scale: Scale,
    quant: [Block; 3],
    source: Source<'a>,
    /// Rows of MCUs decoded so far.
    done: usize,
}

impl<'a> Decoder<'a> {
    /// Reads the headers; of a file of several scans, everything.
    pub fn new(bytes: &'a [u8], scale: Scale, limits: Limits) -> Result<Self> {
        let preamble = Preamble::read(bytes, &limits)?;
        let (header, frame) = (preamble.header.clone(), preamble.frame.clone());
        let (quant, source) = if header.several_scans {
            let held = Held::read(preamble, &limits)?;
            (held.quant(), Source::Held(held))
        } else {
            let traced = if scale == Scale::Eighth { AllDc::trace(&preamble)? } else { None };
            let source = match traced {
                Some(dc) => Source::AllDc(dc),
                None => Source::Streamed(Streamed::new(&preamble, scale.last_wanted())?),
            };
            (quant_tables(&preamble)?, source)
        };
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
        let edge = self.scale.edge();
        let transform = idct::transform(edge);
        let is_last = self.done + 1 == self.frame.mcus_down;
        match &mut self.source {
            Source::Held(held) => held.row(self.done, &self.quant, transform, edge, strip),
            Source::Streamed(scan) => scan.next_row(&self.quant, transform, edge, strip)?,
            Source::AllDc(dc) => dc.next_row(&self.quant, strip),
        }
        if is_last {
            match &mut self.source {
                Source::Held(_) => {}
                Source::Streamed(scan) => expect_end(scan.finish()?)?,
                Source::AllDc(dc) => expect_end(dc.end)?,
            }
        }
        self.done += 1;
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

/// The quantisation tables of the frame's components.
fn quant_tables(preamble: &Preamble<'_>) -> Result<[Block; 3]> {
    let mut quant = [[0; 64]; 3];
    for (table, component) in quant.iter_mut().zip(preamble.frame.components()) {
        *table = preamble.tables.quant(component.quant)?;
    }
    Ok(quant)
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
