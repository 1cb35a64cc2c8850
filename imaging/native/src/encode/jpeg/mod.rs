//! JPEG: one pass of transform and quantisation into tokens and histograms, then Huffman codes made for exactly those
//! tokens, then bits. The usual optimised encoder transforms, stores every coefficient, and reads them all twice.

mod huffman;
mod markers;
mod progressive;
mod tables;
mod tokens;

use crate::kernels::also_for_avx2;
use crate::kernels::fdct::{Block, Quantiser, transform};
use crate::plane::{Picture, Plane};

use huffman::BitWriter;
use tokens::Tokens;

/// Pixels an MCU's edge at 4:2:0.
const MCU: usize = 16;

/// `picture` is Ycc420. Quality means what it means to libjpeg.
pub fn encode(mut picture: Picture, quality: u8, progressive: bool) -> Vec<u8> {
    let [luma, cb, cr] = &mut picture.planes;
    luma.replicate_edges(MCU);
    cb.replicate_edges(MCU / 2);
    cr.replicate_edges(MCU / 2);
    let tables = tables::scaled(quality);
    let quantisers = tables.each_ref().map(Quantiser::new);
    if progressive {
        return progressive::encode(&picture, &tables, &quantisers);
    }
    let mut tokens = Tokens::with_capacity(picture.width * picture.height / 4);
    tokenise(&picture, &quantisers, &mut tokens);
    let codes = tokens.codes();
    let mut out = Vec::with_capacity(tokens.bytes(&codes) + 1024);
    markers::start(&mut out, &tables);
    markers::frame(&mut out, markers::BASELINE, picture.width, picture.height);
    markers::huffman_tables(&mut out, &codes);
    markers::scan(&mut out, &markers::WHOLE);
    let mut bits = BitWriter::new(out);
    tokens.write(&codes, &mut bits);
    markers::end(bits.finish())
}

also_for_avx2! {
    /// The first pass.
    pub fn tokenise(picture: &Picture, quantisers: &[Quantiser; 2], tokens: &mut Tokens) {
        each_mcu(picture, quantisers, |_, blocks| {
            for (component, block) in COMPONENTS.into_iter().zip(blocks) {
                tokens.add(component, block);
            }
        });
    }
}

/// The component of each block of an MCU: four of Y, one of Cb, one of Cr.
const COMPONENTS: [usize; 6] = [0, 0, 0, 0, 1, 2];

/// Transforms every MCU, row by row; `take` gets its index and its blocks.
#[inline(always)]
fn each_mcu(
    picture: &Picture,
    [luma, chroma]: &[Quantiser; 2],
    mut take: impl FnMut(usize, &[Block; 6]),
) {
    let (across, down) = (picture.width.div_ceil(MCU), picture.height.div_ceil(MCU));
    let [y, cb, cr] = &picture.planes;
    let mut pairs = [[[0; 64]; 2]; 3];
    for row in 0..down {
        for column in 0..across {
            let at = (column * MCU, row * MCU);
            transform(&square_of_two(y, at.0, at.1), [luma; 2], &mut pairs[0]);
            transform(&square_of_two(y, at.0, at.1 + 8), [luma; 2], &mut pairs[1]);
            transform(
                &side_by_side(cb, cr, at.0 / 2, at.1 / 2),
                [chroma; 2],
                &mut pairs[2],
            );
            take(
                row * across + column,
                pairs.as_flattened().try_into().expect("six blocks"),
            );
        }
    }
}

/// Eight rows of sixteen samples: two blocks of one plane.
fn square_of_two(plane: &Plane, left: usize, top: usize) -> [[u8; 16]; 8] {
    let samples = &plane.samples()[top * plane.stride + left..];
    std::array::from_fn(|y| {
        samples[y * plane.stride..][..16]
            .try_into()
            .expect("sixteen samples")
    })
}

/// Eight rows of sixteen samples: a block of each of two planes.
fn side_by_side(first: &Plane, second: &Plane, left: usize, top: usize) -> [[u8; 16]; 8] {
    let mut rows = [[0; 16]; 8];
    for (y, row) in rows.iter_mut().enumerate() {
        row[..8].copy_from_slice(&first.padded_row(top + y)[left..left + 8]);
        row[8..].copy_from_slice(&second.padded_row(top + y)[left..left + 8]);
    }
    rows
}
