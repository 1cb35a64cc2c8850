//! The fingerprint of an original: BLAKE3 of its bytes.

use pyo3::prelude::*;

/// BLAKE3 of `data` as 64 lower-case hex digits. The interpreter runs on meanwhile.
#[pyfunction]
pub fn blake3(py: Python<'_>, data: &[u8]) -> String {
    py.detach(|| ::blake3::hash(data).to_hex().to_string())
}
