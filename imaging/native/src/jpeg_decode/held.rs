//! Files of several scans: all coefficients are held until the last scan has been read.

use super::ac::AcTables;
use super::bits::Reader;
use super::block::Block;
use super::error::{Error, Limits, Result};
use super::frame::{Frame, MAX_COMPONENTS};
use super::header::Preamble;
use super::huffman::{Coding, DcTable, Table};
use super::idct::Transform;
use super::markers::{Cursor, EOI, SOS, stands_alone};
use super::progressive::{AcFirst, AcRefine, Band, DcFirst, DcRefine, Pass, Whole};
use super::scan::Scan;
use super::strip::Strip;
use super::tables::Tables;

/// The coefficients of a whole file.
pub struct Held {
    planes: Vec<Plane>,
    /// For a row of blocks, the coded index of the last coefficient of each.
    lasts: Vec<u8>,
}

/// The blocks of one component, in whole MCUs.
struct Plane {
    across: usize,
    /// Rows of blocks in a row of MCUs.
    v: usize,
    blocks: Vec<Block>,
    /// A bit for each coefficient, in coded order, that is other than 0.
    masks: Vec<u64>,
    quant: Option<Block>,
    progress: [Progress; 64],
}

/// How much of a coefficient the scans so far have told: nothing, or all but its lowest bits.
type Progress = Option<u8>;

impl Held {
    /// Reads all scans, to the end of the image.
    pub fn read(preamble: Preamble<'_>, limits: &Limits) -> Result<Self> {
        let Preamble { frame, mut tables, scan, mut cursor, .. } = preamble;
        let mut held = Self::empty(&frame, limits)?;
        let mut next = Some(scan);
        let mut scans = 0;
        while let Some(scan) = next {
            scans += 1;
            if scans > limits.scans {
                return Err(Error::TooLarge("scans"));
            }
            held.note(&scan, &frame, &tables)?;
            cursor = held.read_scan(&scan, &frame, &tables, cursor)?;
            next = next_scan(&mut cursor, &frame, &mut tables)?;
        }
        let told = |plane: &Plane| plane.progress.iter().all(|&low| low == Some(0));
        if !held.planes.iter().all(told) {
            return Err(Error::Truncated); // properly closed perhaps, but blurred: a few of its scans are not there
        }
        Ok(held)
    }

    /// The quantisation tables, as they were at the first scan of each component.
    pub fn quant(&self) -> [Block; MAX_COMPONENTS] {
        std::array::from_fn(|index| self.planes.get(index).and_then(|plane| plane.quant).unwrap_or([0; 64]))
    }

    /// Transforms one row of MCUs into the strip.
    pub fn row(&mut self, row: usize, quant: &[Block; 3], transform: Transform, edge: usize, strip: &mut Strip) {
        for (index, plane) in self.planes.iter().enumerate() {
            let out = &mut strip.planes[index];
            for line in 0..plane.v {
                let start = (row * plane.v + line) * plane.across;
                let line_of_blocks = start..start + plane.across;
                self.lasts.clear();
                self.lasts.extend(plane.masks[line_of_blocks.clone()].iter().map(|mask| (mask | 1).ilog2() as u8));
                let samples = &mut out.samples[line * edge * out.stride..];
                transform(&plane.blocks[line_of_blocks], &self.lasts, &quant[index], samples, out.stride);
            }
        }
    }

    fn empty(frame: &Frame, limits: &Limits) -> Result<Self> {
        let sizes = frame.components().iter().map(|of| (frame.mcus_across * of.h, frame.mcus_down * of.v));
        let blocks: usize = sizes.clone().map(|(across, down)| across * down).sum();
        if blocks > limits.coefficient_bytes / (size_of::<Block>() + size_of::<u64>()) {
            return Err(Error::TooLarge("coefficients"));
        }
        let planes = sizes.zip(frame.components()).map(|((across, down), of)| Plane {
            across,
            v: of.v,
            blocks: vec![[0; 64]; across * down],
            masks: vec![0; across * down],
            quant: None,
            progress: [None; 64],
        });
        Ok(Held { planes: planes.collect(), lasts: Vec::new() })
    }

    /// Checks that the scan goes on where those before it stopped, and notes how far it will get.
    fn note(&mut self, scan: &Scan, frame: &Frame, tables: &Tables) -> Result<()> {
        for part in scan.parts() {
            let plane = &mut self.planes[part.component];
            if plane.quant.is_none() {
                plane.quant = Some(tables.quant(frame.components()[part.component].quant)?);
            }
            if scan.first > 0 && plane.progress[0].is_none() {
                return Err(Error::Corrupt("AC before DC"));
            }
            for progress in &mut plane.progress[usize::from(scan.first)..=usize::from(scan.last)] {
                if progress.is_none() != (scan.high == 0) || progress.is_some_and(|low| low != scan.high) {
                    return Err(Error::Corrupt("order of scans"));
                }
                *progress = Some(scan.low);
            }
        }
        Ok(())
    }

    fn read_scan<'a>(&mut self, scan: &Scan, frame: &Frame, tables: &Tables, cursor: Cursor<'a>) -> Result<Cursor<'a>> {
        let interval = tables.segment_mcus();
        let walk = Walk { scan, frame, interval, left: interval, restarts: 0, reader: Reader::new(cursor) };
        let predictors = [0; MAX_COMPONENTS];
        let band = |coding| Ok(Band::new(tables.ac(scan.parts()[0].ac, coding)?, scan));
        match (scan.first, scan.last, scan.high) {
            (0, 63, _) => {
                let both = scan.parts().iter().map(|part| {
                    let (dc, ac) = (tables.dc(part.dc)?, tables.ac(part.ac, Coding::Ac)?);
                    Ok((DcTable::new(dc), AcTables::new(ac, 63)))
                });
                walk.run(self, Whole { tables: both.collect::<Result<_>>()?, predictors })
            }
            (0, _, 0) => {
                let dc: Result<Vec<Box<Table>>> = scan.parts().iter().map(|part| tables.dc(part.dc)).collect();
                walk.run(self, DcFirst { tables: dc?, predictors, low: scan.low })
            }
            (0, _, _) => walk.run(self, DcRefine { low: scan.low }),
            (_, _, 0) => walk.run(self, AcFirst(band(Coding::AcProgressive)?)),
            (_, _, _) => walk.run(self, AcRefine(band(Coding::Refining)?)),
        }
    }
}

/// Steps over what lies between scans, taking in tables; `None` at the end of the image.
fn next_scan(cursor: &mut Cursor<'_>, frame: &Frame, tables: &mut Tables) -> Result<Option<Scan>> {
    let mut code = cursor.marker_here()?;
    loop {
        match code {
            EOI => return Ok(None),
            SOS => return Scan::parse(cursor.segment()?, frame).map(Some),
            _ if stands_alone(code) => return Err(Error::Corrupt("marker behind the scan")),
            _ => tables.read(code, cursor.segment()?)?,
        }
        code = cursor.marker()?;
    }
}

/// One scan on its way over the blocks it codes.
struct Walk<'a, 's> {
    scan: &'s Scan,
    frame: &'s Frame,
    /// MCUs in a segment, how many of them are yet to come, and restart markers passed.
    interval: usize,
    left: usize,
    restarts: usize,
    reader: Reader<'a>,
}

impl<'a> Walk<'a, '_> {
    /// A scan of one component codes just the blocks that hold samples, line by line; of several, whole MCUs.
    fn run(mut self, held: &mut Held, mut pass: impl Pass) -> Result<Cursor<'a>> {
        match self.scan.parts() {
            [part] => {
                let plane = &mut held.planes[part.component];
                let (across, down) = self.frame.components()[part.component].blocks();
                for row in 0..down {
                    for column in 0..across {
                        self.before_mcu(&mut pass)?;
                        self.block(&mut pass, 0, plane, row * plane.across + column)?;
                    }
                }
            }
            parts => {
                for row in 0..self.frame.mcus_down {
                    for column in 0..self.frame.mcus_across {
                        self.before_mcu(&mut pass)?;
                        for (index, part) in parts.iter().enumerate() {
                            let plane = &mut held.planes[part.component];
                            let of = &self.frame.components()[part.component];
                            for line in 0..of.v {
                                let first = (row * of.v + line) * plane.across + column * of.h;
                                for at in first..first + of.h {
                                    self.block(&mut pass, index, plane, at)?;
                                }
                            }
                        }
                    }
                }
            }
        }
        let end = self.reader.finish()?;
        pass.restart()?;
        Ok(end)
    }

    #[inline(always)]
    fn before_mcu(&mut self, pass: &mut impl Pass) -> Result<()> {
        if self.left == 0 {
            self.reader.restart(self.restarts)?;
            pass.restart()?;
            self.restarts += 1;
            self.left = self.interval;
        }
        self.left -= 1;
        self.reader.ready()
    }

    #[inline(always)]
    fn block(&mut self, pass: &mut impl Pass, part: usize, plane: &mut Plane, at: usize) -> Result<()> {
        let mut bits = self.reader.bits;
        let outcome = pass.block(&mut bits, &self.reader.window, part, &mut plane.blocks[at], &mut plane.masks[at]);
        self.reader.bits = bits;
        outcome.map_err(|error| self.reader.blame(error))
    }
}
