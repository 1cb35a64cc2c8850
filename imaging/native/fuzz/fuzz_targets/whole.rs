//! Any bytes through the whole path, to one small rendition in each format: no panic, no size but the one asked for.

#![no_main]

use _native::plan::{Format, Level, Plan, Rendition};
use _native::render::render;
use libfuzzer_sys::fuzz_target;

const MAX_PIXELS: u64 = 1 << 18;

fn rendition(format: Format) -> Rendition {
    Rendition {
        wanted: true,
        level: 0,
        scaled_width: 33,
        scaled_height: 22,
        left: 0,
        top: 0,
        width: 33,
        height: 22,
        sharpen: None,
        overlays: Vec::new(),
        format,
        quality: 85,
        target: None,
        effort: 1,
        lossless: false,
        progressive: false,
        background: [255; 3],
    }
}

fuzz_target!(|bytes: &[u8]| {
    let renditions = vec![rendition(Format::Jpeg), rendition(Format::WebP), rendition(Format::Png)];
    let levels = vec![Level { width: 33, height: 22, source: 0 }];
    if let Ok(made) = render(bytes, &Plan { levels, renditions, shrink: 1, max_pixels: MAX_PIXELS }) {
        assert_eq!(made.bodies.len(), 3);
    }
});
