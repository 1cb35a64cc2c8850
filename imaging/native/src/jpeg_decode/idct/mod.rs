//! From coefficients to samples, at full size or reduced.
//!
//! All kernels compute the same integers. The arithmetic, which makes them equal to the bit:
//!
//! - coefficient times quantisation step: 16 bits, wrapping;
//! - each one-dimensional transform: sums of products in 32 bits, wrapping, constants of 13 bits (Loeffler, Ligtenberg
//!   and Moschytz's, as in libjpeg's "islow"); rounded and shifted once at its end;
//! - between the two passes (down the columns, then along the rows) 16 bits, saturating; samples are clamped to 0..255.
//!
//! At full size that is libjpeg's islow, sample for sample, for every block an encoder makes. The reduced sizes are the
//! 4- and 2-point transforms of the lowest frequencies and the mean. libjpeg-turbo's reduced sizes are means of 2x2 and
//! 4x4 samples instead, which blur and alias: scaled on to 1/1.4 with Lanczos3, the luma of ten photos came 5.6 dB nearer
//! to that of a full decode from half size this way, and 2.5 dB from quarter size; and a quarter or a sixteenth of the
//! coefficients do.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(test)]
mod tests;

use super::block::Block;

#[cfg(target_arch = "x86_64")]
use avx2::transform as simd;
#[cfg(target_arch = "aarch64")]
use neon::transform as simd;
pub use scalar::mean;

/// Transforms a row of blocks that lie side by side in the image.
///
/// Takes the coefficients, for each block the coded index of its last coefficient that may be other than 0, the
/// quantisation table, the first block's place in the plane and what is from line to line of it.
pub type Transform = fn(&[Block], &[u8], &Block, &mut [u8], usize);

/// The transform to blocks of 8, 4, 2 or 1 samples a side, by the best means of this machine.
pub fn transform(edge: usize) -> Transform {
    simd(edge).unwrap_or_else(|| scalar(edge))
}

fn scalar(edge: usize) -> Transform {
    match edge {
        8 => scalar::full,
        4 => scalar::half,
        2 => scalar::quarter,
        _ => scalar::eighth,
    }
}

/// No kernel for this kind of machine.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn simd(_edge: usize) -> Option<Transform> {
    None
}
