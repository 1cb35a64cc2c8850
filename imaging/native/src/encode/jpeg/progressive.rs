//! Progressive JPEG: all coefficients first, then scan after scan of them, each with Huffman codes of its own.

use super::huffman::{BitWriter, Codes, Histogram};
use super::markers::{self, Scan};
use super::tokens::sized;
use super::{Sampling, transform_mcu};
use crate::kernels::fdct::{Block, Quantiser};
use crate::plane::Picture;

/// Colours at once, then shapes, then the colours' detail, the finest detail last.
const SCRIPT: [Scan; 5] = [
    Scan { components: &[0, 1, 2], band: (0, 0), high: 0, low: 0 },
    Scan { components: &[0], band: (1, 5), high: 0, low: 0 },
    Scan { components: &[2], band: (1, 63), high: 0, low: 0 },
    Scan { components: &[1], band: (1, 63), high: 0, low: 0 },
    Scan { components: &[0], band: (6, 63), high: 0, low: 0 },
];

const SIXTEEN_ZEROS: u8 = 0xf0;

/// The longest run of blocks without anything left that one symbol can tell.
const LONGEST_RUN: u32 = 0x7fff;

pub fn encode(picture: &Picture, sampling: Sampling, tables: &[[u8; 64]; 2], quantisers: &[Quantiser; 2]) -> Vec<u8> {
    let components = coefficients(picture, sampling, quantisers);
    let mut out = Vec::with_capacity(picture.width * picture.height / 4);
    markers::start(&mut out, tables);
    markers::frame(&mut out, markers::PROGRESSIVE, picture.width, picture.height, sampling);
    for scan in &SCRIPT {
        let tokens = if scan.band.0 == 0 { dc_tokens(&components) } else { ac_tokens(&components, scan) };
        out = tokens.write(scan, out);
    }
    markers::end(out)
}

/// A component's blocks, row by row, padded to whole MCUs.
struct Component {
    blocks: Vec<Block>,
    /// Blocks an MCU's edge.
    edge: usize,
    stride: usize,
    /// Blocks that hold samples, across and down: a scan of one component codes no others.
    across: usize,
    down: usize,
}

impl Component {
    fn new(mcus: (usize, usize), edge: usize, width: usize, height: usize) -> Self {
        let stride = mcus.0 * edge;
        let blocks = vec![Block::EMPTY; stride * mcus.1 * edge];
        Self { blocks, edge, stride, across: width.div_ceil(8), down: height.div_ceil(8) }
    }

    /// Where block `index` of an MCU lies.
    fn at(&self, (column, row): (usize, usize), index: usize) -> usize {
        (self.edge * row + index / self.edge) * self.stride + self.edge * column + index % self.edge
    }
}

fn coefficients(picture: &Picture, sampling: Sampling, quantisers: &[Quantiser; 2]) -> [Component; 3] {
    let grid = sampling.grid(picture);
    let mut components = std::array::from_fn(|index| {
        let plane = &picture.planes[index];
        let edge = if index == 0 && sampling == Sampling::Half { 2 } else { 1 };
        Component::new(grid, edge, plane.width, plane.height)
    });
    let mut blocks = [Block::EMPTY; 6];
    for mcu in (0..grid.1).flat_map(|row| (0..grid.0).map(move |column| (column, row))) {
        transform_mcu(picture, sampling, quantisers, mcu, &mut blocks);
        let mut blocks = blocks.iter();
        for component in &mut components {
            for index in 0..component.edge * component.edge {
                let at = component.at(mcu, index);
                component.blocks[at].clone_from(blocks.next().expect("as many blocks as the components have"));
            }
        }
    }
    components
}

/// The symbols of one scan, in order, and how often each occurs: DC of luma and chroma, or AC.
struct ScanTokens {
    /// Table, symbol, the bits after it and how many they are.
    tokens: Vec<(u8, u8, u32, u32)>,
    histograms: [Histogram; 4],
}

impl ScanTokens {
    fn new() -> Self {
        Self { tokens: Vec::new(), histograms: [[0; 256]; 4] }
    }

    fn push(&mut self, table: u8, symbol: u8, bits: u32, count: u32) {
        self.histograms[usize::from(table)][usize::from(symbol)] += 1;
        self.tokens.push((table, symbol, bits, count));
    }

    /// A run of blocks with nothing left in the band.
    fn push_run(&mut self, table: u8, blocks: &mut u32) {
        if *blocks > 0 {
            let size = blocks.ilog2();
            self.push(table, (size << 4) as u8, *blocks - (1 << size), size);
            *blocks = 0;
        }
    }

    fn write(&self, scan: &Scan, mut out: Vec<u8>) -> Vec<u8> {
        let codes = self.histograms.each_ref().map(Codes::optimal);
        markers::huffman_tables(&mut out, &codes);
        markers::scan(&mut out, scan);
        let mut writer = BitWriter::new(out);
        for &(table, symbol, bits, count) in &self.tokens {
            let (code, length) = codes[usize::from(table)].word(symbol);
            writer.put(code, length);
            writer.put(bits, count);
        }
        writer.finish()
    }
}

/// The DC of every block, MCU by MCU.
fn dc_tokens(components: &[Component; 3]) -> ScanTokens {
    let mut tokens = ScanTokens::new();
    let mut last = [0; 3];
    let [_, chroma, _] = components;
    let (across, down) = (chroma.stride, chroma.blocks.len() / chroma.stride);
    for mcu in (0..down).flat_map(|row| (0..across).map(move |column| (column, row))) {
        for ((component, last), table) in components.iter().zip(&mut last).zip([0, 2, 2]) {
            for index in 0..component.edge * component.edge {
                let dc = i32::from(component.blocks[component.at(mcu, index)].values[0]);
                let (size, bits) = sized(dc - *last);
                *last = dc;
                tokens.push(table, size as u8, bits, size);
            }
        }
    }
    tokens
}

/// A band of one component's AC, block by block.
fn ac_tokens(components: &[Component; 3], scan: &Scan) -> ScanTokens {
    let mut tokens = ScanTokens::new();
    let component = &components[usize::from(scan.components[0])];
    let table = if scan.components[0] == 0 { 1 } else { 3 };
    let (first, last) = scan.band;
    let band = (u64::MAX >> (63 - last)) & (u64::MAX << first);
    let mut empty = 0;
    for row in component.blocks.chunks_exact(component.stride).take(component.down) {
        for block in &row[..component.across] {
            let left = block.nonzero & band;
            if left != 0 {
                tokens.push_run(table, &mut empty);
            }
            if add_band(&mut tokens, table, block, left, u32::from(first)) <= u32::from(last) {
                empty += 1;
            }
            if empty == LONGEST_RUN {
                tokens.push_run(table, &mut empty);
            }
        }
    }
    tokens.push_run(table, &mut empty);
    tokens
}

/// One block's values; answers the position after the last of them.
fn add_band(tokens: &mut ScanTokens, table: u8, block: &Block, mut left: u64, mut next: u32) -> u32 {
    while left != 0 {
        let k = left.trailing_zeros();
        left &= left - 1;
        while k - next > 15 {
            tokens.push(table, SIXTEEN_ZEROS, 0, 0);
            next += 16;
        }
        let (size, bits) = sized(i32::from(block.values[k as usize]));
        tokens.push(table, ((k - next) << 4 | size) as u8, bits, size);
        next = k + 1;
    }
    next
}
