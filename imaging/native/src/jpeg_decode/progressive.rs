//! What one scan of several does to a block: first or refining passes over DC, or over a band of AC.
//!
//! Beside its coefficients each block has a mask, a bit for each coefficient in coded order that is other than 0. It
//! makes refinement a matter of counting bits rather than of walking through 64 coefficients, most of them 0.

use super::ac::AcTables;
use super::bits::{Bits, Window};
use super::block::{Block, ZIGZAG, ZIGZAG_PADDED};
use super::error::{Error, Result};
use super::frame::MAX_COMPONENTS;
use super::huffman::{DcTable, Table};
use super::scan::Scan;
use super::sequential::decode_block;

/// How a scan codes a block.
pub trait Pass {
    /// Reads what the scan says of the next block of its `part`-th component.
    fn block(&mut self, bits: &mut Bits, window: &Window, part: usize, block: &mut Block, mask: &mut u64)
    -> Result<()>;

    /// Forgets what is carried from block to block; an error if something was to come yet.
    fn restart(&mut self) -> Result<()>;
}

/// All coefficients of each block.
pub struct Whole {
    pub tables: Vec<(Box<DcTable>, Box<AcTables>)>,
    pub predictors: [i16; MAX_COMPONENTS],
}

impl Pass for Whole {
    fn block(
        &mut self,
        bits: &mut Bits,
        window: &Window,
        part: usize,
        block: &mut Block,
        mask: &mut u64,
    ) -> Result<()> {
        let (dc, ac) = &self.tables[part];
        let last = decode_block::<false>(bits, window, dc, ac, &mut self.predictors[part], block)?;
        *mask = 1 << last;
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        self.predictors = [0; MAX_COMPONENTS];
        Ok(())
    }
}

/// DC without its lowest bits.
pub struct DcFirst {
    pub tables: Vec<Box<Table>>,
    pub predictors: [i16; MAX_COMPONENTS],
    pub low: u8,
}

impl Pass for DcFirst {
    fn block(&mut self, bits: &mut Bits, window: &Window, part: usize, block: &mut Block, _: &mut u64) -> Result<()> {
        bits.refill(window);
        let entry = self.tables[part].look_up(bits.top);
        if entry.advance() != 0 {
            return Err(Error::Corrupt("Huffman code"));
        }
        self.predictors[part] = self.predictors[part].wrapping_add(entry.value(bits.top));
        bits.skip(entry.length() as u8);
        block[0] = self.predictors[part] << self.low;
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        self.predictors = [0; MAX_COMPONENTS];
        Ok(())
    }
}

/// One more bit of DC.
pub struct DcRefine {
    pub low: u8,
}

impl Pass for DcRefine {
    fn block(&mut self, bits: &mut Bits, window: &Window, _: usize, block: &mut Block, _: &mut u64) -> Result<()> {
        bits.refill(window);
        block[0] |= (bits.take(1) as i16) << self.low;
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A band of AC coefficients.
pub struct Band {
    pub table: Box<Table>,
    first: u32,
    last: u32,
    low: u8,
    /// Blocks to come in which the band holds nothing new.
    ended: u32,
}

impl Band {
    pub fn new(table: Box<Table>, scan: &Scan) -> Self {
        Band { table, first: scan.first.into(), last: scan.last.into(), low: scan.low, ended: 0 }
    }

    fn restart(&mut self) -> Result<()> {
        if self.ended == 0 { Ok(()) } else { Err(Error::Corrupt("run beyond the scan")) }
    }
}

/// A band without its lowest bits.
pub struct AcFirst(pub Band);

impl Pass for AcFirst {
    fn block(&mut self, bits: &mut Bits, window: &Window, _: usize, block: &mut Block, mask: &mut u64) -> Result<()> {
        let band = &mut self.0;
        if band.ended > 0 {
            band.ended -= 1;
            return Ok(());
        }
        let mut index = band.first - 1;
        while index < band.last {
            bits.refill(window);
            let entry = band.table.look_up(bits.top);
            let behind = bits.top;
            bits.skip(entry.length() as u8);
            index += entry.advance();
            if index >= 128 {
                band.ended = entry.further_blocks(behind);
                return Ok(());
            }
            let value = entry.value(behind) << band.low;
            block[usize::from(ZIGZAG_PADDED[index as usize & 255])] = value;
            *mask |= u64::from(value != 0) << (index & 63);
        }
        if index == band.last { Ok(()) } else { Err(Error::Corrupt("Huffman code")) }
    }

    fn restart(&mut self) -> Result<()> {
        self.0.restart()
    }
}

/// One more bit of a band: corrections to what is other than 0, and what becomes so.
pub struct AcRefine(pub Band);

impl Pass for AcRefine {
    fn block(&mut self, bits: &mut Bits, window: &Window, _: usize, block: &mut Block, mask: &mut u64) -> Result<()> {
        let band = &mut self.0;
        let known = *mask & below(band.last + 1) & !below(band.first);
        let mut at = band.first;
        while band.ended == 0 && at <= band.last {
            bits.refill(window);
            let entry = band.table.look_up(bits.top);
            let fresh = entry.value(bits.top) << band.low;
            bits.skip(entry.length() as u8);
            match entry.advance() {
                1..=16 => {}
                size @ 128.. => {
                    band.ended = (1 << (size - 128)) + bits.take(size - 128);
                    break;
                }
                _ => return Err(Error::Corrupt("Huffman code")),
            }
            let zero = zero_after(entry.advance() - 1, !*mask & !below(at)).min(band.last + 1);
            correct(bits, window, known & !below(at) & below(zero), band.low, block);
            if fresh != 0 {
                if zero > band.last {
                    return Err(Error::Corrupt("Huffman code"));
                }
                block[usize::from(ZIGZAG[zero as usize])] = fresh;
                *mask |= 1 << zero;
            }
            at = zero + 1;
        }
        if band.ended > 0 {
            band.ended -= 1;
            correct(bits, window, known & !below(at), band.low, block);
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        self.0.restart()
    }
}

/// The bits under `index`, which is at most 64.
fn below(index: u32) -> u64 {
    if index < 64 { (1 << index) - 1 } else { u64::MAX }
}

/// The place of the zero behind `run` others; 64 if there is none.
fn zero_after(run: u32, mut zeros: u64) -> u32 {
    for _ in 0..run {
        zeros &= zeros.wrapping_sub(1);
    }
    zeros.trailing_zeros()
}

/// Reads a bit for each coefficient of the mask, and moves it away from 0 if set.
#[inline(always)]
fn correct(bits: &mut Bits, window: &Window, mut mask: u64, low: u8, block: &mut Block) {
    while mask != 0 {
        bits.refill(window);
        let count = mask.count_ones().min(56) as u8;
        let mut top = bits.top;
        for _ in 0..count {
            mask = correct_next(mask, top, low, block);
            top <<= 1;
        }
        bits.skip(count);
    }
}

/// Corrects the first coefficient of the mask by the bit at the top, and takes it out of the mask.
#[inline(always)]
fn correct_next(mask: u64, top: u64, low: u8, block: &mut Block) -> u64 {
    let coefficient = &mut block[usize::from(ZIGZAG[mask.trailing_zeros() as usize & 63])];
    let (step, sign) = (((top >> 63) as i16) << low, *coefficient >> 15);
    *coefficient = coefficient.wrapping_add((step ^ sign) - sign);
    mask & mask.wrapping_sub(1)
}
