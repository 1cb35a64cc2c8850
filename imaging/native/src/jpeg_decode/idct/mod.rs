//! From coefficients to samples, at full size or reduced.
//!
//! All kernels compute the same integers. The arithmetic, which makes them equal to the bit:
//!
//! - coefficient times quantisation step: 16 bits, wrapping;
//! - each one-dimensional transform: sums of products in 32 bits, wrapping, constants of 13 bits (Loeffler, Ligtenberg
//!   and Moschytz's, as in libjpeg's "islow"); rounded and shifted once at its end;
//! - between the two passes (down the columns, then along the rows) 16 bits, saturating; samples are clamped to 0..255.
//!
//! At full size that is libjpeg's islow for every block an encoder makes. The reduced sizes are the 4- and 2-point
//! transforms of the lowest frequencies, which a wider image's block has in common with a narrower one's.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod scalar;

use super::block::Block;

/// Transforms a row of blocks that lie side by side in the image.
///
/// Takes the coefficients, for each block the coded index of its last coefficient that may be other than 0, the
/// quantisation table, the first block's place in the plane and what is from line to line of it.
pub type Transform = fn(&[Block], &[u8], &Block, &mut [u8], usize);

/// The transform to blocks of 8, 4, 2 or 1 samples a side, by the best means of this machine.
pub fn transform(edge: usize) -> Transform {
    simd(edge).unwrap_or(match edge {
        8 => scalar::full,
        4 => scalar::half,
        2 => scalar::quarter,
        _ => scalar::eighth,
    })
}

#[cfg(target_arch = "x86_64")]
fn simd(edge: usize) -> Option<Transform> {
    avx2::transform(edge)
}
