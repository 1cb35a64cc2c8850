//! The loops that take the time. Each file holds one kernel: a scalar path that defines the arithmetic and, where the
//! compiler's own vectors are not as good, AVX2 and NEON, which give exactly the same samples. Of what touches pixels only
//! these, the JPEG decoder's own (`jpeg_decode/idct/`) and the bindings to libwebp are `unsafe`.

/// Compiles a kernel in plain Rust a second time for [`has_avx2`], where the compiler's own vectors, shifts and bit
/// counts are as good as written ones. NEON needs no second time: aarch64 always has it.
macro_rules! also_for_avx2 {
    ($($(#[$doc:meta])* $visibility:vis fn $name:ident($($argument:ident: $kind:ty),* $(,)?) $body:block)*) => {$(
        $(#[$doc])*
        $visibility fn $name($($argument: $kind),*) {
            #[inline(always)]
            fn plain($($argument: $kind),*) $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
            fn avx2($($argument: $kind),*) {
                plain($($argument),*);
            }

            #[cfg(target_arch = "x86_64")]
            if crate::kernels::has_avx2() {
                // SAFETY: AVX2 was just detected.
                return unsafe { avx2($($argument),*) };
            }
            plain($($argument),*);
        }
    )*};
}

pub(crate) use also_for_avx2;

pub mod fdct;
pub mod horizontal;
pub mod pixels;
pub mod range;
pub mod transpose;
pub mod unfilter;
pub mod vertical;
pub mod vp8;
pub mod ycc;

/// Whether the AVX2 paths may run. The bit instructions came with the same processors, in 2013 and 2015.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_avx2() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")
}

/// A byte of a fixed-point sum.
#[inline(always)]
pub(crate) fn clamp_u8(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}
