//! JPEG: one pass of transform and quantisation into tokens and histograms, then Huffman codes made for exactly those
//! tokens, then bits. The usual optimised encoder transforms, stores every coefficient, and reads them all twice.

mod huffman;
mod markers;
mod progressive;
mod tables;
mod tokens;

use crate::kernels::also_for_avx2;
use crate::kernels::fdct::{Block, Quantiser, Rounding, transform};
use crate::plane::{Picture, Plane, Space};

use huffman::BitWriter;
use tokens::Tokens;

/// How chroma is sampled, and so what an MCU is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sampling {
    Half,
    Full,
}

impl Sampling {
    fn of(picture: &Picture) -> Self {
        if picture.space == Space::Ycc420 { Self::Half } else { Self::Full }
    }

    /// Pixels an MCU's edge.
    fn mcu(self) -> usize {
        match self {
            Self::Half => 16,
            Self::Full => 8,
        }
    }

    /// MCUs across and down.
    fn grid(self, picture: &Picture) -> (usize, usize) {
        (picture.width.div_ceil(self.mcu()), picture.height.div_ceil(self.mcu()))
    }

    /// For each pair of blocks that is transformed at once, luma's pair and chroma's; at full size Y beside Cb, and Cr.
    fn quantisers(self, [luma, chroma]: &[[u8; 64]; 2], rounding: Rounding) -> [Quantiser; 2] {
        let first = if self == Self::Half { luma } else { chroma };
        [Quantiser::new([luma, first], rounding), Quantiser::new([chroma, chroma], rounding)]
    }

    /// The component of each block of an MCU.
    fn components(self) -> &'static [usize] {
        match self {
            Self::Half => &[0, 0, 0, 0, 1, 2],
            Self::Full => &[0, 1, 2],
        }
    }
}

/// Pixels up to which a picture is small: of these sparing costs the most quality and saves the fewest bytes. At 640 px
/// it was 0.27 of SSIMULACRA2 for 1.9 % (twenty photos in Display-P3), at 1280 px 0.16, at 2048 px 0.09.
const SMALL: usize = 1 << 19;

fn rounding(picture: &Picture) -> Rounding {
    if picture.width * picture.height <= SMALL { Rounding::Half } else { Rounding::Sparing }
}

/// Room for the blocks of an MCU.
type Mcu = [Block; 6];

/// `picture` is Ycc420 or Ycc444. Quality means what it means to libjpeg.
pub fn encode(mut picture: Picture, quality: u8, progressive: bool) -> Vec<u8> {
    let sampling = Sampling::of(&picture);
    let [luma, cb, cr] = &mut picture.planes;
    luma.replicate_edges(sampling.mcu());
    cb.replicate_edges(8);
    cr.replicate_edges(8);
    let tables = tables::scaled(quality);
    let quantisers = sampling.quantisers(&tables, rounding(&picture));
    if progressive {
        return progressive::encode(&picture, sampling, &tables, &quantisers);
    }
    let mut tokens = Tokens::with_capacity(picture.width * picture.height / 4);
    tokenise(&picture, sampling, &quantisers, &mut tokens);
    let codes = tokens.codes();
    let mut out = Vec::with_capacity(tokens.bytes(&codes) + 1024);
    markers::start(&mut out, &tables);
    markers::frame(&mut out, markers::BASELINE, picture.width, picture.height, sampling);
    markers::huffman_tables(&mut out, &codes);
    markers::scan(&mut out, &markers::WHOLE);
    let mut bits = BitWriter::new(out);
    tokens.write(&codes, &mut bits);
    markers::end(bits.finish())
}

also_for_avx2! {
    /// The first pass.
    fn tokenise(picture: &Picture, sampling: Sampling, quantisers: &[Quantiser; 2], tokens: &mut Tokens) {
        let mut blocks = [Block::EMPTY; 6];
        let (across, down) = sampling.grid(picture);
        for row in 0..down {
            for column in 0..across {
                transform_mcu(picture, sampling, quantisers, (column, row), &mut blocks);
                for (&component, block) in sampling.components().iter().zip(&blocks) {
                    tokens.add(component, block);
                }
            }
        }
        tokens.flush();
    }
}

/// The blocks of one MCU, as [`Sampling::components`] has them.
#[inline(always)]
fn transform_mcu(
    picture: &Picture,
    sampling: Sampling,
    [first, second]: &[Quantiser; 2],
    (column, row): (usize, usize),
    blocks: &mut Mcu,
) {
    let [y, cb, cr] = &picture.planes;
    let (left, top) = (column * sampling.mcu(), row * sampling.mcu());
    let [pair, next, last] = blocks.as_chunks_mut::<2>().0 else { unreachable!("six blocks are three pairs") };
    match sampling {
        Sampling::Half => {
            transform(square_of_two(y, left, top), first, pair);
            transform(square_of_two(y, left, top + 8), first, next);
            transform(side_by_side(cb, cr, left / 2, top / 2), second, last);
        }
        Sampling::Full => {
            transform(side_by_side(y, cb, left, top), first, pair);
            transform(side_by_side(cr, cr, left, top), second, next);
        }
    }
}

/// Rows of sixteen samples: two blocks of one plane.
#[inline(always)]
fn square_of_two(plane: &Plane, left: usize, top: usize) -> impl Fn(usize) -> [u8; 16] {
    let samples = &plane.samples()[top * plane.stride + left..];
    move |y| *samples[y * plane.stride..].first_chunk().expect("sixteen samples")
}

/// Rows of sixteen samples: a block of each of two planes.
#[inline(always)]
fn side_by_side<'a>(first: &'a Plane, second: &'a Plane, left: usize, top: usize) -> impl Fn(usize) -> [u8; 16] + 'a {
    let octets = [first, second].map(|plane| &plane.samples()[top * plane.stride + left..]);
    let strides = [first.stride, second.stride];
    move |y| {
        let [first, second] = [0, 1].map(|i| *octets[i][y * strides[i]..].first_chunk::<8>().expect("eight samples"));
        (u128::from(u64::from_le_bytes(second)) << 64 | u128::from(u64::from_le_bytes(first))).to_le_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Alpha;

    #[test]
    fn small_pictures_are_not_spared() {
        let of = |width, height| {
            let planes = Picture::new_planes(Space::Ycc420, width, height);
            rounding(&Picture { width, height, space: Space::Ycc420, planes, alpha: None, colours: Alpha::Straight })
        };
        assert_eq!(
            [of(640, 640), of(1024, 512), of(1024, 513), of(1280, 853)].map(|it| it == Rounding::Half),
            [true, true, false, false]
        );
    }
}
