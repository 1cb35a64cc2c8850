//! Any bytes through the whole path, to one small rendition in each format: no panic, no size but the one asked for.

#![no_main]

use _native::plan::{Format, Plan};
use _native::render::render;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/drawn/mod.rs"]
mod drawn;

const MAX_PIXELS: u64 = 1 << 18;

fuzz_target!(|bytes: &[u8]| {
    let renditions = [Format::Jpeg, Format::WebP, Format::Png].map(|format| drawn::rendition(format, 33, 22));
    if let Ok(made) = render(bytes, &Plan { max_pixels: MAX_PIXELS, ..drawn::plan(renditions.into()) }) {
        assert_eq!(made.bodies.len(), 3);
    }
});
