//! `imaging._native`: the map of the crate. One file a kernel; what Python sees is named here and nowhere else.

use pyo3::prelude::*;

mod fingerprint;
mod placeholder;
mod sandbox;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::fingerprint::blake3;
    #[pymodule_export]
    use super::placeholder::thumbhash;
    #[pymodule_export]
    use super::sandbox::{
        clear_environment, die_with_parent, forbid_calls, forbid_dumping, forbid_files,
        forbid_new_privileges, share_heaps,
    };
}
