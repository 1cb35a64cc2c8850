//! The placeholder of an image: a ThumbHash, some 25 bytes that decode to a blurred preview.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// ThumbHash's own bound: it reads every pixel into a few frequencies, and more pixels say nothing more.
const LONGEST_EDGE: usize = 100;

/// ThumbHash of `rgba`: `width` x `height` pixels of four bytes, not premultiplied, each edge 1..=100.
#[pyfunction]
pub fn thumbhash(py: Python<'_>, width: usize, height: usize, rgba: &[u8]) -> PyResult<Vec<u8>> {
    let edges = 1..=LONGEST_EDGE;
    if !edges.contains(&width) || !edges.contains(&height) {
        return Err(PyValueError::new_err(format!(
            "{width} x {height}: each edge must be 1 to {LONGEST_EDGE} pixels"
        )));
    }
    if rgba.len() != width * height * 4 {
        return Err(PyValueError::new_err(format!(
            "{width} x {height} needs {} bytes of RGBA, not {}",
            width * height * 4,
            rgba.len()
        )));
    }
    Ok(py.detach(|| ::thumbhash::rgba_to_thumb_hash(width, height, rgba)))
}
