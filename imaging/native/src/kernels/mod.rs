//! The loops that take the time. Each file holds one kernel three times: a scalar path that defines the arithmetic,
//! AVX2 and NEON, which give exactly the same samples. `unsafe` lives here and in the bindings to libwebp, nowhere else.

pub mod fdct;
pub mod horizontal;
pub mod nonzero;
pub mod pixels;
pub mod range;
pub mod transpose;
pub mod vertical;
pub mod ycc;

/// Whether the AVX2 paths may run: asked once by the standard library, then a load.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

/// A byte of a fixed-point sum.
pub(crate) fn clamp_u8(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}
