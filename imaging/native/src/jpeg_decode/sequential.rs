//! Sequential files of one scan: decoded a run of MCUs at a time and transformed while still in cache.
//!
//! ```text
//!   bits -> blocks of RUN MCUs (a few kB, component by component, line by line) -> samples of the strip
//! ```

use std::rc::Rc;

use super::ac::AcTables;
use super::bits::{Bits, Reader, Window};
use super::block::Block;
use super::error::{Error, Result};
use super::frame::{Component, MAX_COMPONENTS};
use super::header::Preamble;
use super::huffman::{Coding, DcTable};
use super::idct::Transform;
use super::markers::Cursor;
use super::strip::Strip;

/// MCUs decoded before they are transformed: 6 kB of blocks at 4:2:0.
const RUN: usize = 8;

/// The one scan of a file, decoded as it is asked for.
pub struct Streamed<'a> {
    reader: Reader<'a>,
    lanes: Vec<Lane>,
    /// The blocks of a run, in coded order, and how many of them an MCU has.
    places: Vec<Place>,
    blocks_in_mcu: usize,
    /// The blocks of a run as they lie in the image, and the coded index of the last coefficient of each.
    blocks: Vec<Block>,
    lasts: Vec<u8>,
    mcus_across: usize,
    /// MCUs in a segment, how many of them are yet to come, and restart markers passed.
    interval: usize,
    left: usize,
    restarts: usize,
}

/// Where a block lies among those of a run.
struct Place {
    lane: usize,
    at: usize,
}

/// One component of the scan.
struct Lane {
    component: usize,
    h: usize,
    v: usize,
    dc: Box<DcTable>,
    ac: Rc<AcTables>,
    /// DC of the block before.
    predictor: i16,
    /// Where its blocks of a run begin.
    base: usize,
}

impl<'a> Streamed<'a> {
    /// Decodes all coefficients up to `wanted`, in coded order; the others are only stepped over.
    pub fn new(preamble: &Preamble<'a>, wanted: u8) -> Result<Self> {
        let Preamble { frame, tables, scan, cursor, .. } = preamble;
        let mut lanes: Vec<Lane> = Vec::with_capacity(MAX_COMPONENTS);
        let mut base = 0;
        for (number, part) in scan.parts().iter().enumerate() {
            let Component { h, v, .. } = frame.components()[part.component];
            let dc = DcTable::new(tables.dc(part.dc)?);
            let ac = match scan.parts()[..number].iter().position(|before| before.ac == part.ac) {
                Some(before) => Rc::clone(&lanes[before].ac),
                None => Rc::from(AcTables::new(tables.ac(part.ac, Coding::Ac)?, wanted)),
            };
            lanes.push(Lane { component: part.component, h, v, dc, ac, predictor: 0, base });
            base += RUN * h * v;
        }
        let places: Vec<Place> = (0..RUN).flat_map(|mcu| places_of(&lanes, mcu)).collect();
        let interval = tables.segment_mcus();
        Ok(Streamed {
            reader: Reader::new(*cursor),
            blocks_in_mcu: places.len() / RUN,
            places,
            lanes,
            blocks: vec![[0; 64]; base],
            lasts: vec![0; base],
            mcus_across: frame.mcus_across,
            interval,
            left: interval,
            restarts: 0,
        })
    }

    /// Decodes one row of MCUs into the strip.
    pub fn next_row(&mut self, quant: &[Block; 3], transform: Transform, edge: usize, strip: &mut Strip) -> Result<()> {
        for first in (0..self.mcus_across).step_by(RUN) {
            let count = RUN.min(self.mcus_across - first);
            match self.lanes[0].ac.wanted {
                0 => self.decode_run::<true>(count)?,
                _ => self.decode_run::<false>(count)?,
            }
            for lane in &self.lanes {
                let plane = &mut strip.planes[lane.component];
                let left = first * lane.h * edge;
                for row in 0..lane.v {
                    let start = lane.base + row * RUN * lane.h;
                    let line = start..start + count * lane.h;
                    let out = &mut plane.samples[row * edge * plane.stride + left..];
                    transform(&self.blocks[line.clone()], &self.lasts[line], &quant[lane.component], out, plane.stride);
                }
            }
        }
        Ok(())
    }

    /// Ends the scan; gives the place of the marker behind it.
    pub fn finish(&mut self) -> Result<Cursor<'a>> {
        self.reader.finish()
    }

    /// Decodes the MCUs of a run, `count` of them.
    fn decode_run<const DC_ALONE: bool>(&mut self, count: usize) -> Result<()> {
        let mut done = 0;
        while done < count {
            if self.left == 0 {
                self.restart()?;
            }
            let here = self.left.min(count - done);
            self.decode_blocks::<DC_ALONE>(done * self.blocks_in_mcu, here * self.blocks_in_mcu)?;
            self.left -= here;
            done += here;
        }
        Ok(())
    }

    /// Decodes `count` blocks of a run. An MCU has too few for a loop of their own: its end would be guessed wrong.
    fn decode_blocks<const DC_ALONE: bool>(&mut self, first: usize, count: usize) -> Result<()> {
        let mut bits = self.reader.bits;
        for place in &self.places[first..first + count] {
            if self.reader.runs_low(&bits) {
                self.reader.bits = bits;
                self.reader.ready()?;
                bits = self.reader.bits;
            }
            let lane = &mut self.lanes[place.lane];
            let (block, window) = (&mut self.blocks[place.at], &self.reader.window);
            match decode_block::<DC_ALONE>(&mut bits, window, &lane.dc, &lane.ac, &mut lane.predictor, block) {
                Ok(last) => self.lasts[place.at] = last,
                Err(error) => {
                    self.reader.bits = bits;
                    return Err(self.reader.blame(error));
                }
            }
        }
        self.reader.bits = bits;
        Ok(())
    }

    #[cold]
    fn restart(&mut self) -> Result<()> {
        self.reader.restart(self.restarts)?;
        self.restarts += 1;
        self.left = self.interval;
        for lane in &mut self.lanes {
            lane.predictor = 0;
        }
        Ok(())
    }
}

/// The blocks of an MCU, in coded order.
fn places_of(lanes: &[Lane], mcu: usize) -> impl Iterator<Item = Place> {
    lanes.iter().enumerate().flat_map(move |(lane, &Lane { h, v, base, .. })| {
        (0..v * h).map(move |block| Place { lane, at: base + (block / h * RUN + mcu) * h + block % h })
    })
}

/// Decodes the next block into `block`, which it zeroes first, and gives the coded index of its last coefficient.
///
/// `predictor` is the DC of the component's block before. With `DC_ALONE` the rest is only stepped over.
#[inline(always)]
pub fn decode_block<const DC_ALONE: bool>(
    bits: &mut Bits,
    window: &Window,
    dc: &DcTable,
    ac: &AcTables,
    predictor: &mut i16,
    block: &mut Block,
) -> Result<u8> {
    bits.refill(window);
    let entry = dc.look_up(bits.top);
    *predictor = predictor.wrapping_add(entry.value(bits.top));
    bits.skip(entry.length() as u8);
    *block = [0; 64];
    block[0] = *predictor;
    let first = entry.advance() as u8;
    let ended = if DC_ALONE { ac.skip(bits, window, first) } else { ac.decode(bits, window, first, block) };
    match ended {
        63 => Ok(63),
        ended @ 128..=190 => Ok(ended - 128),
        _ => Err(Error::Corrupt("Huffman code")),
    }
}
