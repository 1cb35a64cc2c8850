//! `imaging._native`: the map of the crate. One file a kernel; what Python sees is named here and nowhere else.

use pyo3::prelude::*;

mod fingerprint;
mod placeholder;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::fingerprint::blake3;
    #[pymodule_export]
    use super::placeholder::thumbhash;
}
