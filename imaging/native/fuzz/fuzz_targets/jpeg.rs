//! Any bytes at every scale: no panic, no sample beyond the planes, nothing allocated beyond the limits, one verdict.

#![no_main]

use _native::jpeg_decode::{Decoder, Limits, Scale, Strip, header};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { pixels: 1 << 20, coefficient_bytes: 8 << 20, profile_bytes: 1 << 16, scans: 20 };

fuzz_target!(|bytes: &[u8]| {
    let _ = header(bytes);
    let mut whole = Vec::new();
    for scale in [Scale::Full, Scale::Half, Scale::Quarter, Scale::Eighth] {
        let Ok(mut decoder) = Decoder::new(bytes, scale, LIMITS) else { return };
        let mut strip = Strip::default();
        let mut rows = 0;
        let mut next = decoder.next_strip(&mut strip);
        while let Ok(Some(planes)) = next {
            rows += planes[0];
            next = decoder.next_strip(&mut strip);
        }
        assert!(rows <= decoder.plane_size(0).height);
        whole.push(next.is_ok());
    }
    assert!(whole.iter().all(|&verdict| verdict == whole[0]), "{whole:?}");
});
