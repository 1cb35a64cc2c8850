//! The whole path on pictures small enough for Miri, which follows every pointer and every byte that was never written:
//! JPEG and PNG in and out. libwebp is C, which Miri does not run.

use std::fs;
use std::path::Path;

use _native::encode::encode;
use _native::jpeg_decode::{Decoder, Limits, Scale, Strip};
use _native::plan::Format;
use _native::render::render;

mod drawn;

use drawn::{HEIGHT, WIDTH, picture, plan, rendition};

/// One of each way in which a JPEG is read; under Miri those of the fewest bytes.
const JPEGS: &[&str] = &["grey.jpg", "420-restarts.jpg", "420-refined.jpg", "411-progressive.jpg", "444-optimised.jpg"];

fn jpegs() -> impl Iterator<Item = Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jpegs");
    let names = if cfg!(miri) { &JPEGS[..3] } else { JPEGS };
    names.iter().map(move |name| fs::read(folder.join(name)).expect("a drawn file"))
}

fn rows(file: &[u8], scale: Scale) -> Option<usize> {
    let mut decoder = Decoder::new(file, scale, Limits::default()).ok()?;
    let mut strip = Strip::default();
    let mut rows = 0;
    while let Some(next) = decoder.next_strip(&mut strip).ok()? {
        rows += next[0];
    }
    (rows == decoder.plane_size(0).height).then_some(rows)
}

#[test]
fn every_kind_of_jpeg_is_read_to_its_last_row() {
    let scales = [Scale::Eighth, Scale::Quarter, Scale::Half, Scale::Full];
    for file in jpegs() {
        for &scale in &scales[..if cfg!(miri) { 2 } else { 4 }] {
            assert!(rows(&file, scale).is_some());
        }
    }
}

#[test]
fn a_jpeg_cut_in_its_middle_has_no_last_row() {
    for file in jpegs() {
        assert_eq!(rows(&file[..file.len() / 2], Scale::Eighth), None);
    }
}

#[test]
fn what_was_written_is_rendered_again() {
    for (format, progressive) in [(Format::Jpeg, false), (Format::Jpeg, true), (Format::Png, false)] {
        let mut asked = rendition(format, WIDTH, HEIGHT);
        asked.progressive = progressive;
        let file = encode(picture(), &asked, 85).expect("a small picture");
        let made = render(&file, &plan(vec![rendition(Format::Jpeg, 33, 22), rendition(Format::Png, 33, 22)]));
        assert_eq!(made.expect("a whole file").bodies.len(), 2);
    }
}
