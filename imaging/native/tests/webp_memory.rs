//! What reading a WebP takes, libwebp's own memory included, against what the probe declares.
//!
//! libwebp asks C for its memory, which no allocator of Rust's sees: the kernel counts, by the process's peak.
#![cfg(target_os = "linux")]

use std::fs;

use _native::encode::encode;
use _native::plan::{Format, Rendition};
use _native::plane::{Picture, Plane, Space};
use _native::probe::probe;
use _native::source::webp::WebP;

mod drawn;

use drawn::rendition;

const WIDTH: usize = 2000;
const HEIGHT: usize = 1500;

/// Tables, a row of blocks, the heap's own slack.
const BESIDE_PIXELS: usize = 4 << 20;

/// Bits of a congruential generator: nothing that a compressor could leave out.
fn noise(plane: &mut Plane, mut state: u32) {
    for sample in plane.rows_mut().flatten() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *sample = (state >> 24) as u8;
    }
}

fn file(lossless: bool, has_alpha: bool) -> Vec<u8> {
    let mut planes = Picture::new_planes(Space::Rgb, WIDTH, HEIGHT);
    planes.iter_mut().zip(1..).for_each(|(plane, seed)| noise(plane, seed));
    let alpha = has_alpha.then(|| {
        let mut alpha = Plane::new(WIDTH, HEIGHT);
        noise(&mut alpha, 4);
        alpha
    });
    let picture = Picture { width: WIDTH, height: HEIGHT, space: Space::Rgb, planes, alpha };
    let asked = Rendition { lossless, effort: 0, ..rendition(Format::WebP, WIDTH, HEIGHT) };
    encode(picture, &asked, 85).expect("a picture")
}

/// A figure of /proc/self/status, in bytes.
fn status(name: &str) -> usize {
    let told = fs::read_to_string("/proc/self/status").expect("a kernel that tells");
    let line = told.lines().find(|line| line.starts_with(name)).expect("the figure");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<usize>().ok()).expect("kilobytes") << 10
}

/// The peak while this is decoded, above what there was before; on a thread of its own, which keeps no buffers.
fn peak(file: &[u8]) -> usize {
    fs::write("/proc/self/clear_refs", "5").expect("a peak that can be set back");
    let before = status("VmRSS");
    std::thread::scope(|scope| scope.spawn(|| drop(WebP::new(file).expect("a whole file"))).join().expect("no panic"));
    status("VmHWM").saturating_sub(before)
}

#[test]
fn reading_takes_no_more_than_the_probe_declares() {
    for (lossless, has_alpha) in [(false, false), (false, true), (true, false), (true, true)] {
        let file = file(lossless, has_alpha);
        let declared = probe(&file).expect("a WebP").footprint;
        let taken = peak(&file);
        println!(
            "lossless {lossless}, alpha {has_alpha}: {:.2} bytes a pixel, {declared} declared",
            taken as f64 / (WIDTH * HEIGHT) as f64
        );
        assert!(taken <= declared * WIDTH * HEIGHT + BESIDE_PIXELS, "lossless {lossless}, alpha {has_alpha}: {taken}");
    }
}
