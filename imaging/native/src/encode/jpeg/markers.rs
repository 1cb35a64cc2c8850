//! Everything of a JPEG file that is not coefficients.

use super::Sampling;
use super::huffman::Codes;
use crate::zigzag::ZIGZAG;

pub const BASELINE: u8 = 0xc0;
pub const PROGRESSIVE: u8 = 0xc2;

const START: u8 = 0xd8;
const END: u8 = 0xd9;
const JFIF: u8 = 0xe0;
const QUANTISATION: u8 = 0xdb;
const HUFFMAN: u8 = 0xc4;
const SCAN: u8 = 0xda;

/// JFIF 1.01, no density, no thumbnail.
const JFIF_BODY: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

/// What one scan holds.
#[derive(Clone, Copy)]
pub struct Scan {
    pub components: &'static [u8],
    /// First and last zigzag position.
    pub band: (u8, u8),
    /// Bits left to later scans: before this one, and after it.
    pub high: u8,
    pub low: u8,
}

/// All of it at once.
pub const WHOLE: Scan = Scan { components: &[0, 1, 2], band: (0, 63), high: 0, low: 0 };

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend_from_slice(&[0xff, marker]);
    out.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(body);
}

/// Up to and with the quantisation tables.
pub fn start(out: &mut Vec<u8>, tables: &[[u8; 64]; 2]) {
    out.extend_from_slice(&[0xff, START]);
    segment(out, JFIF, JFIF_BODY);
    for (number, table) in (0..).zip(tables) {
        let mut body = vec![number];
        body.extend(ZIGZAG.iter().map(|&at| table[usize::from(at)]));
        segment(out, QUANTISATION, &body);
    }
}

/// Three components; at half sampling Y has twice the chroma's resolution both ways.
pub fn frame(out: &mut Vec<u8>, kind: u8, width: usize, height: usize, sampling: Sampling) {
    let luma = if sampling == Sampling::Half { 0x22 } else { 0x11 };
    let mut body = vec![8];
    body.extend_from_slice(&(height as u16).to_be_bytes());
    body.extend_from_slice(&(width as u16).to_be_bytes());
    body.extend_from_slice(&[3, 1, luma, 0, 2, 0x11, 1, 3, 0x11, 1]);
    segment(out, kind, &body);
}

/// DC and AC of luma, DC and AC of chroma; those without symbols are left out.
pub fn huffman_tables(out: &mut Vec<u8>, codes: &[Codes; 4]) {
    for (slot, codes) in [0x00, 0x10, 0x01, 0x11].into_iter().zip(codes).filter(|(_, codes)| !codes.symbols.is_empty())
    {
        let mut body = vec![slot];
        body.extend_from_slice(&codes.counts);
        body.extend_from_slice(&codes.symbols);
        segment(out, HUFFMAN, &body);
    }
}

pub fn scan(out: &mut Vec<u8>, scan: &Scan) {
    let mut body = vec![scan.components.len() as u8];
    for &component in scan.components {
        body.extend_from_slice(&[component + 1, if component == 0 { 0x00 } else { 0x11 }]);
    }
    body.extend_from_slice(&[scan.band.0, scan.band.1, scan.high << 4 | scan.low]);
    segment(out, SCAN, &body);
}

pub fn end(mut out: Vec<u8>) -> Vec<u8> {
    out.extend_from_slice(&[0xff, END]);
    out
}
