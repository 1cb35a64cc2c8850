//! Any bytes as a WebP, header and pixels: no panic, nothing allocated beyond what its header may ask for.

#![no_main]

use _native::probe::{Kind, probe};
use _native::render::decode_whole;
use libfuzzer_sys::fuzz_target;

const MAX_PIXELS: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Ok(probe) = probe(bytes) else { return };
    if probe.kind == Kind::WebP && probe.width.saturating_mul(probe.height) <= MAX_PIXELS {
        let _ = decode_whole(bytes, Kind::WebP).map(|picture| assert_eq!(picture.width, probe.width));
    }
});
