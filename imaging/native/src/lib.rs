//! The imaging core: one file a kernel.

pub mod jpeg_decode;
