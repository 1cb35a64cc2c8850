//! Originals as strips of planes: the one shape in which JPEG, PNG and WebP reach the resampler.

pub mod jpeg;
pub mod png;
pub mod webp;

use crate::failure::Outcome;
use crate::plane::Space;
use crate::resample::Rows;

/// One plane of a source: the samples there are, and the samples that the whole image spans
/// (fewer, where the last one is only partly covered).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaneShape {
    pub width: usize,
    pub height: usize,
    pub span: (f64, f64),
}

/// An original being decoded.
pub trait Source {
    /// What the first three planes hold; a fourth is alpha. Their sizes need not be those of the space's name:
    /// chroma comes as the file has it.
    fn space(&self) -> Space;

    fn planes(&self) -> &[PlaneShape];

    /// Hands the next rows of each plane to `sink`, by plane; false after the last.
    fn next(&mut self, sink: &mut dyn FnMut(usize, Rows<'_>)) -> Outcome<bool>;
}
