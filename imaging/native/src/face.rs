//! The Python face. The interpreter runs on while pixels are made, and no panic crosses into it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyException, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict};

use crate::failure::{Decline, Failure, Outcome};
use crate::plan::Plan;
use crate::{fingerprint, gif, placeholder, quality};

pyo3::create_exception!(
    _native,
    Unsupported,
    PyException,
    "The core leaves this to libvips: args are (word, meaning)."
);
pyo3::create_exception!(_native, Rejected, PyException, "The original's fault: args are (reason, detail).");

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unsupported(decline) => Unsupported::new_err((decline.word(), decline.meaning())),
            Failure::Rejected(reason, detail) => Rejected::new_err((reason.word(), detail)),
        }
    }
}

/// What a header says.
#[pyclass(frozen, get_all)]
pub struct Probe {
    format: &'static str,
    /// As seen, upright.
    width: usize,
    height: usize,
    orientation: u16,
    has_alpha: bool,
    icc_bytes: usize,
    exif_bytes: usize,
    footprint: usize,
}

impl From<&crate::probe::Probe> for Probe {
    fn from(probe: &crate::probe::Probe) -> Self {
        let (width, height) = probe.upright();
        Self {
            format: probe.kind.word(),
            width,
            height,
            orientation: probe.exif_orientation,
            has_alpha: probe.has_alpha,
            icc_bytes: probe.icc.as_ref().map_or(0, Vec::len),
            exif_bytes: probe.exif_bytes,
            footprint: probe.footprint,
        }
    }
}

/// A whole set of renditions.
#[pyclass(frozen, get_all)]
pub struct Rendered {
    bodies: Vec<Py<PyBytes>>,
    /// Quality and score of each, where a score was asked for.
    found: Vec<Option<(u8, f64)>>,
    blake3: String,
    thumbhash: Py<PyBytes>,
    milliseconds: Py<PyDict>,
}

/// Every word that the core may decline with, and what it means.
#[pyfunction]
pub fn declines() -> Vec<(&'static str, &'static str)> {
    Decline::ALL.iter().map(|&(_, word, meaning)| (word, meaning)).collect()
}

/// Reads the header only.
#[pyfunction]
pub fn probe(py: Python<'_>, original: PyBackedBytes) -> PyResult<Probe> {
    let probe = guarded(py, || crate::probe::probe(&original))?;
    Ok(Probe::from(&probe))
}

/// Makes every rendition of the plan.
#[pyfunction]
pub fn render(py: Python<'_>, original: PyBackedBytes, plan: Plan) -> PyResult<Rendered> {
    plan.check().map_err(PyValueError::new_err)?;
    let rendered = guarded(py, || crate::render::render(&original, &plan))?;
    let milliseconds = PyDict::new(py);
    for (stage, time) in &rendered.stages {
        milliseconds.set_item(stage, time)?;
    }
    Ok(Rendered {
        bodies: rendered.bodies.iter().map(|body| PyBytes::new(py, body).unbind()).collect(),
        found: rendered.found.iter().map(|found| found.map(|found| (found.quality, found.score))).collect(),
        blake3: rendered.blake3,
        thumbhash: PyBytes::new(py, &rendered.thumbhash).unbind(),
        milliseconds: milliseconds.unbind(),
    })
}

/// SSIMULACRA2 of two images of `width` x `height` RGB pixels, each edge at least 8.
#[pyfunction]
pub fn ssimulacra2(
    py: Python<'_>,
    width: usize,
    height: usize,
    reference: PyBackedBytes,
    other: PyBackedBytes,
) -> PyResult<f64> {
    if width.min(height) < quality::SHORTEST_EDGE {
        return Err(PyValueError::new_err(format!("{width} x {height}: each edge must be at least 8 pixels")));
    }
    if [reference.len(), other.len()] != [width * height * 3; 2] {
        return Err(PyValueError::new_err(format!("{width} x {height} needs {} bytes of RGB", width * height * 3)));
    }
    guarded(py, || Ok(quality::score(&reference, &other, width, height)))
}

/// BLAKE3 of `data` as 64 lower-case hex digits.
#[pyfunction]
pub fn blake3(py: Python<'_>, data: PyBackedBytes) -> PyResult<String> {
    guarded(py, || Ok(fingerprint::blake3(&data)))
}

/// How many pixels the LZW codes of a GIF's frame come to; None where they make no sense.
#[pyfunction]
pub fn gif_pixels(py: Python<'_>, codes: PyBackedBytes, root_bits: u32) -> PyResult<Option<u64>> {
    guarded(py, || Ok(gif::pixels(&codes, root_bits)))
}

/// ThumbHash of `width` x `height` RGBA pixels, not premultiplied, each edge 1 to 100.
#[pyfunction]
pub fn thumbhash(py: Python<'_>, width: usize, height: usize, rgba: PyBackedBytes) -> PyResult<Vec<u8>> {
    const LONGEST_EDGE: usize = 100;
    let edges = 1..=LONGEST_EDGE;
    if !edges.contains(&width) || !edges.contains(&height) {
        return Err(PyValueError::new_err(format!("{width} x {height}: each edge must be 1 to {LONGEST_EDGE} pixels")));
    }
    let expected = width * height * 4;
    if rgba.len() != expected {
        return Err(PyValueError::new_err(format!(
            "{width} x {height} needs {expected} bytes of RGBA, not {}",
            rgba.len()
        )));
    }
    guarded(py, || Ok(placeholder::thumbhash(width, height, &rgba)))
}

/// The one door: without the interpreter, and with a mistake of ours told as a RuntimeError.
fn guarded<T: Send>(py: Python<'_>, work: impl FnOnce() -> Outcome<T> + Send) -> PyResult<T> {
    match py.detach(|| catch_unwind(AssertUnwindSafe(work))) {
        Ok(outcome) => Ok(outcome?),
        Err(panic) => Err(PyRuntimeError::new_err(format!("the imaging core failed: {}", message(panic.as_ref())))),
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
