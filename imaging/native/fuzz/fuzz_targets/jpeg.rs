//! Any bytes at every scale: no panic, no sample beyond the planes, nothing allocated beyond the limits.

#![no_main]

use _native::jpeg_decode::{Decoder, Limits, Scale, Strip, header};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { pixels: 1 << 20, coefficient_bytes: 8 << 20, profile_bytes: 1 << 16, scans: 20 };

fuzz_target!(|bytes: &[u8]| {
    let _ = header(bytes);
    for scale in [Scale::Full, Scale::Half, Scale::Quarter, Scale::Eighth] {
        let Ok(mut decoder) = Decoder::new(bytes, scale, LIMITS) else { return };
        let mut strip = Strip::default();
        let mut rows = 0;
        while let Ok(Some(next)) = decoder.next_strip(&mut strip) {
            rows += next[0];
        }
        assert!(rows <= decoder.plane_size(0).height);
    }
});
