//! The frame: components, their sampling, and the grid of MCUs laid over them.

use super::error::{Error, Result};

pub const MAX_COMPONENTS: usize = 3;

/// Blocks in one MCU: the standard's bound for interleaved scans.
pub const MAX_BLOCKS_IN_MCU: usize = 10;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Component {
    pub id: u8,
    /// Blocks in an MCU, across and down.
    pub h: usize,
    pub v: usize,
    pub quant: usize,
    /// Size in samples.
    pub width: usize,
    pub height: usize,
}

impl Component {
    /// Blocks that hold samples, across and down: what a scan of this component alone codes.
    pub fn blocks(&self) -> (usize, usize) {
        (self.width.div_ceil(8), self.height.div_ceil(8))
    }
}

#[derive(Clone, Debug)]
pub struct Frame {
    pub width: usize,
    pub height: usize,
    pub progressive: bool,
    pub mcus_across: usize,
    pub mcus_down: usize,
    components: [Component; MAX_COMPONENTS],
    count: usize,
}

impl Frame {
    /// Reads a start-of-frame segment (`code` is its marker's).
    pub fn parse(code: u8, body: &[u8]) -> Result<Self> {
        let progressive = kind(code)?;
        let &[precision, h1, h0, w1, w0, count, ref specs @ ..] = body else {
            return Err(Error::Corrupt("frame header"));
        };
        if precision != 8 {
            return Err(Error::Unsupported("12-bit"));
        }
        let height = usize::from(u16::from_be_bytes([h1, h0]));
        let width = usize::from(u16::from_be_bytes([w1, w0]));
        match (height, width) {
            (0, _) => return Err(Error::Unsupported("height after the scan")),
            (_, 0) => return Err(Error::Corrupt("no width")),
            _ => {}
        }
        let count = match count {
            1 | 3 => usize::from(count),
            4 => return Err(Error::Unsupported("cmyk")),
            _ => return Err(Error::Unsupported("number of components")),
        };
        if specs.len() != 3 * count {
            return Err(Error::Corrupt("frame header"));
        }
        let mut components = [Component::default(); MAX_COMPONENTS];
        for (component, spec) in components.iter_mut().zip(specs.chunks_exact(3)) {
            *component = parse_component(spec, count)?;
        }
        Self { width, height, progressive, mcus_across: 0, mcus_down: 0, components, count }.laid_out()
    }

    pub fn components(&self) -> &[Component] {
        &self.components[..self.count]
    }

    /// Lays the MCU grid over the frame.
    fn laid_out(mut self) -> Result<Self> {
        let h_max = self.components().iter().map(|c| c.h).max().unwrap_or(1);
        let v_max = self.components().iter().map(|c| c.v).max().unwrap_or(1);
        if self.components().iter().map(|c| c.h * c.v).sum::<usize>() > MAX_BLOCKS_IN_MCU {
            return Err(Error::Corrupt("sampling factors"));
        }
        self.mcus_across = self.width.div_ceil(8 * h_max);
        self.mcus_down = self.height.div_ceil(8 * v_max);
        for component in &mut self.components[..self.count] {
            component.width = (self.width * component.h).div_ceil(h_max);
            component.height = (self.height * component.v).div_ceil(v_max);
        }
        Ok(self)
    }
}

/// Whether the frame is progressive; the kinds that are left to others are named.
fn kind(code: u8) -> Result<bool> {
    match code {
        0xC0 | 0xC1 => Ok(false),
        0xC2 => Ok(true),
        0xC3 | 0xC7 | 0xCB | 0xCF => Err(Error::Unsupported("lossless")),
        0xC5 | 0xC6 => Err(Error::Unsupported("hierarchical")),
        _ => Err(Error::Unsupported("arithmetic")),
    }
}

/// A lone component's sampling factors mean nothing: its MCU is one block.
fn parse_component(spec: &[u8], count: usize) -> Result<Component> {
    let (h, v) = (usize::from(spec[1] >> 4), usize::from(spec[1] & 15));
    if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
        return Err(Error::Corrupt("sampling factors"));
    }
    if spec[2] > 3 {
        return Err(Error::Corrupt("quantisation table number"));
    }
    let (h, v) = if count == 1 { (1, 1) } else { (h, v) };
    Ok(Component { id: spec[0], h, v, quant: usize::from(spec[2]), width: 0, height: 0 })
}
