//! The tables that segments between scans set: quantisation, Huffman codes, the restart interval.

use super::block::{Block, ZIGZAG};
use super::error::{Error, Result};
use super::huffman::{Coding, Spec, Table};
use super::markers::{DAC, DHT, DNL, DQT, DRI};

#[derive(Clone, Default)]
pub struct Tables {
    quant: [Option<Block>; 4],
    dc: [Option<Spec>; 4],
    ac: [Option<Spec>; 4],
    pub restart_interval: usize,
}

impl Tables {
    /// A table for DC differences, made ready for look-ups.
    pub fn dc(&self, number: usize) -> Result<Box<Table>> {
        Table::new(self.dc[number].as_ref().ok_or(Error::Corrupt("no Huffman table"))?, Coding::Dc)
    }

    /// A table for AC coefficients, made ready for look-ups.
    pub fn ac(&self, number: usize, coding: Coding) -> Result<Box<Table>> {
        Table::new(self.ac[number].as_ref().ok_or(Error::Corrupt("no Huffman table"))?, coding)
    }

    /// MCUs from one restart marker to the next; without markers, more than any scan has.
    pub fn segment_mcus(&self) -> usize {
        if self.restart_interval == 0 { usize::MAX } else { self.restart_interval }
    }

    pub fn quant(&self, number: usize) -> Result<Block> {
        self.quant[number].ok_or(Error::Corrupt("no quantisation table"))
    }

    /// Takes in a segment, if it is one that sets a table.
    pub fn read(&mut self, code: u8, body: &[u8]) -> Result<()> {
        match code {
            DQT => self.read_quant(body),
            DHT => self.read_huffman(body),
            DRI => self.read_restart_interval(body),
            DAC => Err(Error::Unsupported("arithmetic")),
            DNL => Err(Error::Unsupported("height after the scan")),
            _ => Ok(()),
        }
    }

    fn read_quant(&mut self, mut body: &[u8]) -> Result<()> {
        while let [head, rest @ ..] = body {
            let (wide, number) = (head >> 4, usize::from(head & 15));
            let bytes = if wide == 0 { 64 } else { 128 };
            if wide > 1 || number > 3 || rest.len() < bytes {
                return Err(Error::Corrupt("quantisation table"));
            }
            let (values, rest) = rest.split_at(bytes);
            let mut table = [0; 64];
            for (index, &place) in ZIGZAG.iter().enumerate() {
                table[usize::from(place)] = match wide {
                    0 => i16::from(values[index]),
                    _ => i16::from_be_bytes([values[2 * index], values[2 * index + 1]]),
                };
            }
            self.quant[number] = Some(table);
            body = rest;
        }
        Ok(())
    }

    fn read_huffman(&mut self, mut body: &[u8]) -> Result<()> {
        while let [head, rest @ ..] = body {
            let class = match head >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(Error::Corrupt("Huffman table")),
            };
            let slot = class.get_mut(usize::from(head & 15)).ok_or(Error::Corrupt("Huffman table"))?;
            let (spec, rest) = Spec::parse(rest)?;
            *slot = Some(spec);
            body = rest;
        }
        Ok(())
    }

    fn read_restart_interval(&mut self, body: &[u8]) -> Result<()> {
        let interval = body.try_into().map_err(|_| Error::Corrupt("restart interval"))?;
        self.restart_interval = usize::from(u16::from_be_bytes(interval));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_eight_and_of_sixteen_bits_are_read_along_the_zigzag() {
        let steps: Vec<u16> = (0..64).map(|index| 250 + 3 * index).collect();
        let narrow = [&[0x02][..], &steps.iter().map(|&step| step as u8).collect::<Vec<_>>()].concat();
        let wide = [&[0x13][..], &steps.iter().flat_map(|step| step.to_be_bytes()).collect::<Vec<_>>()].concat();
        let mut tables = Tables::default();
        tables.read(DQT, &[narrow, wide.clone()].concat()).expect("two tables");
        let (narrow, whole) = (tables.quant(2).expect("a table"), tables.quant(3).expect("a table"));
        for (&step, &place) in steps.iter().zip(&ZIGZAG) {
            let place = usize::from(place);
            assert_eq!((narrow[place], whole[place]), (i16::from(step as u8), step as i16));
        }
        assert_eq!(tables.read(DQT, &wide[..128]), Err(Error::Corrupt("quantisation table")));
    }
}
