//! `imaging._native`: from an original to its whole set of renditions, in one call. This file is the map.
//!
//! ```text
//!   face.rs          Python: probe, render, blake3, thumbhash; nothing below knows Python
//!     probe.rs         what a header says            exif.rs  which way is up      colour.rs  ICC to sRGB
//!     plan.rs          what to make, in sizes that Python settled
//!     render.rs        THE LIST OF STEPS
//!       source/          JPEG, PNG, WebP -> strips of planes      jpeg_decode/, png_decode/  the decoders
//!       resample.rs      strips -> the first level -> each smaller one     taps.rs  the weights
//!       finish/          crop, sharpen, overlay
//!       encode/          JPEG, WebP, PNG
//!       quality.rs       the smallest file at a SSIMULACRA2
//!       placeholder.rs   ThumbHash                   fingerprint.rs  BLAKE3
//!   gif.rs           whether a GIF's frame is all there, for libvips
//!   kernels/         the loops that take the time: scalar, AVX2, NEON, the same samples from each
//!   libwebp.rs       libwebp behind two safe functions
//!   plane.rs         planes and pictures             arena.rs  their memory
//!   zigzag.rs        the order of JPEG's coefficients, both ways
//!   sandbox.rs       Python: the walls around a process that renders, none of which knows pixels
//!   failure.rs       the one funnel of errors: Unsupported (libvips takes over) or Rejected (the original's fault)
//! ```

pub mod arena;
pub mod colour;
pub mod encode;
pub mod exif;
#[cfg(feature = "python")]
mod face;
pub mod failure;
mod fingerprint;
pub mod finish;
pub mod gif;
pub mod jpeg_decode;
pub mod kernels;
mod libwebp;
mod placeholder;
pub mod plan;
pub mod plane;
pub mod png_decode;
pub mod probe;
pub mod quality;
pub mod render;
pub mod resample;
#[cfg(feature = "python")]
mod sandbox;
pub mod source;
pub mod taps;
mod zigzag;

#[cfg(feature = "python")]
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use super::face::{
        Probe, Rejected, Rendered, Unsupported, blake3, declines, gif_pixels, probe, render, ssimulacra2, thumbhash,
    };
    #[pymodule_export]
    use super::sandbox::{
        clear_environment, die_with_parent, forbid_calls, forbid_dumping, forbid_files, forbid_new_privileges,
        share_heaps,
    };
}

/// Reproducible samples for tests.
#[cfg(test)]
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let step = |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 56) as u8
    };
    (0..len).map(step).collect()
}
