use std::f64::consts::PI;

use proptest::prelude::*;

use super::{scalar, transform};
use crate::jpeg_decode::block::{Block, ZIGZAG};

const EDGES: [usize; 4] = [1, 2, 4, 8];

/// Blocks as encoders make them: coefficients that shrink with frequency, few or many of them.
fn natural_block() -> impl Strategy<Value = (Block, u8)> {
    (0..64usize, prop::collection::vec(-1000..1000i32, 64)).prop_map(|(last, values)| {
        let mut block = [0; 64];
        for (index, (&place, value)) in ZIGZAG.iter().zip(values).enumerate().take(last + 1) {
            block[usize::from(place)] = (value / (1 + 2 * index as i32)) as i16;
        }
        (block, last as u8)
    })
}

/// Blocks as an enemy makes them.
fn wild_block() -> impl Strategy<Value = (Block, u8)> {
    prop::array::uniform32(any::<[i16; 2]>()).prop_map(|pairs| {
        let values: Vec<i16> = pairs.into_iter().flatten().collect();
        (values.try_into().expect("64 values"), 63)
    })
}

fn transformed(transform: super::Transform, edge: usize, blocks: &[(Block, u8)], quant: &Block) -> Vec<u8> {
    let (coefficients, lasts): (Vec<Block>, Vec<u8>) = blocks.iter().copied().unzip();
    let stride = edge * blocks.len();
    let mut out = vec![0; stride * edge];
    transform(&coefficients, &lasts, quant, &mut out, stride);
    out
}

/// The inverse transform of the `edge` lowest frequencies, in floating point, samples not yet rounded.
fn exact(block: &Block, edge: usize) -> Vec<f64> {
    let basis = |position: usize, frequency: usize| {
        let scale = if frequency == 0 { 0.5f64.sqrt() } else { 1.0 };
        scale * ((2 * position + 1) as f64 * frequency as f64 * PI / (2 * edge) as f64).cos()
    };
    let sample = |y: usize, x: usize| {
        let terms = (0..edge * edge).map(|at| {
            let (v, u) = (at / edge, at % edge);
            f64::from(block[8 * v + u]) * basis(y, v) * basis(x, u)
        });
        terms.sum::<f64>() / 4.0 + 128.0
    };
    (0..edge * edge).map(|at| sample(at / edge, at % edge).clamp(0.0, 255.0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_sample_is_within_one_of_the_exact_transform_and_means_are_rounded_to_nearest(block in natural_block()) {
        for edge in EDGES {
            let most = if edge <= 2 { 0.5 } else { 1.0 };
            let samples = transformed(scalar(edge), edge, &[block], &[1; 64]);
            for (sample, exact) in samples.iter().zip(exact(&block.0, edge)) {
                prop_assert!((f64::from(*sample) - exact).abs() <= most + 1e-9, "{edge}: {sample} for {exact}");
            }
        }
    }

    #[test]
    fn this_machines_kernels_equal_the_scalar_ones(
        blocks in prop::collection::vec(natural_block(), 1..12),
        quant in prop::array::uniform32(1..256i16),
    ) {
        let quant: Block = std::array::from_fn(|at| quant[at / 2]);
        for edge in EDGES {
            let expected = transformed(scalar(edge), edge, &blocks, &quant);
            prop_assert_eq!(transformed(transform(edge), edge, &blocks, &quant), expected);
        }
    }

    #[test]
    fn kernels_agree_on_hostile_blocks_too(
        blocks in prop::collection::vec(wild_block(), 1..12),
        quant in any::<[i16; 32]>(),
    ) {
        let quant: Block = std::array::from_fn(|at| quant[at / 2]);
        for edge in EDGES {
            let expected = transformed(scalar(edge), edge, &blocks, &quant);
            prop_assert_eq!(transformed(transform(edge), edge, &blocks, &quant), expected);
        }
    }
}

/// The shortcuts for blocks of few coefficients change no sample.
#[test]
fn a_block_known_to_be_sparse_equals_the_same_block_taken_for_full() {
    let mut block = [0; 64];
    for (value, &place) in (1..).zip(&ZIGZAG[..10]) {
        block[usize::from(place)] = 40 - 7 * value;
    }
    for last in [0u8, 9] {
        let block: Block = std::array::from_fn(|at| if last == 0 && at > 0 { 0 } else { block[at] });
        for edge in EDGES {
            let known = transformed(transform(edge), edge, &[(block, last); 5], &[3; 64]);
            assert_eq!(known, transformed(transform(edge), edge, &[(block, 63); 5], &[3; 64]));
        }
    }
}

#[test]
fn a_row_narrower_than_the_plane_leaves_its_neighbours_alone() {
    let mut out = vec![7; 8 * 40];
    transform(8)(&[[0; 64]; 3], &[0; 3], &[1; 64], &mut out, 40);
    assert!(out.chunks(40).all(|row| row[..24] == [128; 24] && row[24..] == [7; 16]));
}
