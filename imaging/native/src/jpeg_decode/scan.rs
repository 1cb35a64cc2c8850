//! The header of a scan: which components it codes, by which tables, which band of coefficients.

use super::error::{Error, Result};
use super::frame::{Frame, MAX_COMPONENTS};

#[derive(Clone, Copy, Default)]
pub struct Part {
    /// Index into the frame's components.
    pub component: usize,
    pub dc: usize,
    pub ac: usize,
}

pub struct Scan {
    parts: [Part; MAX_COMPONENTS],
    count: usize,
    /// The first and last coefficient of the coded order.
    pub first: u8,
    pub last: u8,
    /// Successive approximation: bits known before this scan (0 at first), and the bit it codes.
    pub high: u8,
    pub low: u8,
}

impl Scan {
    pub fn parse(body: &[u8], frame: &Frame) -> Result<Self> {
        let (&count, rest) = body.split_first().ok_or(Error::Corrupt("scan header"))?;
        let count = usize::from(count);
        if !(1..=frame.components().len()).contains(&count) || rest.len() != 2 * count + 3 {
            return Err(Error::Corrupt("scan header"));
        }
        let (specs, band) = rest.split_at(2 * count);
        let mut parts = [Part::default(); MAX_COMPONENTS];
        for (index, spec) in specs.chunks_exact(2).enumerate() {
            parts[index] = parse_part(spec, frame)?;
            if parts[..index].iter().any(|before| before.component == parts[index].component) {
                return Err(Error::Corrupt("scan header"));
            }
        }
        let scan = Scan { parts, count, first: band[0], last: band[1], high: band[2] >> 4, low: band[2] & 15 };
        if frame.progressive { scan.checked() } else { Ok(scan.of_everything()) }
    }

    /// Whether it codes everything of all components.
    pub fn is_the_only_one(&self, frame: &Frame) -> bool {
        !frame.progressive && self.count == frame.components().len()
    }

    pub fn parts(&self) -> &[Part] {
        &self.parts[..self.count]
    }

    /// A sequential scan codes everything at once, whatever its header says: some cameras write nonsense there.
    fn of_everything(self) -> Self {
        Scan { first: 0, last: 63, high: 0, low: 0, ..self }
    }

    /// A progressive scan codes DC alone, or a band of one component's AC; it refines one bit at most.
    fn checked(self) -> Result<Self> {
        let band = match self.first {
            0 => self.last == 0,
            first => self.count == 1 && first <= self.last && self.last <= 63,
        };
        let bits = self.low <= 13 && (self.high == 0 || self.high == self.low + 1);
        if band && bits { Ok(self) } else { Err(Error::Corrupt("progressive scan header")) }
    }
}

fn parse_part(spec: &[u8], frame: &Frame) -> Result<Part> {
    let component = frame
        .components()
        .iter()
        .position(|component| component.id == spec[0])
        .ok_or(Error::Corrupt("component of the scan"))?;
    let (dc, ac) = (usize::from(spec[1] >> 4), usize::from(spec[1] & 15));
    if dc > 3 || ac > 3 {
        return Err(Error::Corrupt("Huffman table number"));
    }
    Ok(Part { component, dc, ac })
}
