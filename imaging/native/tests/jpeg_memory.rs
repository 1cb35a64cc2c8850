//! What the JPEG decoder allocates, whatever a file says of itself.
//!
//! The allocator of this test aborts at a bound above what there is before a file is read: passing is staying below.

use std::alloc::System;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use _native::jpeg_decode::{Decoder, Limits, Scale, Strip};
use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// The bound is everybody's, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

const LIMITS: Limits = Limits { pixels: 4 << 20, coefficient_bytes: 6 << 20, profile_bytes: 1 << 16, scans: 100 };

/// Tables, the window, a run of blocks, and a strip of the widest frame.
const BESIDE_COEFFICIENTS: usize = 6 << 20;

fn drawn(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jpegs").join(name)).expect("a drawn file")
}

fn read_within(bytes: &[u8], bound: usize) {
    ALLOCATOR.set_limit(ALLOCATOR.allocated() + bound).expect("a bound above what is allocated");
    for scale in [Scale::Full, Scale::Half, Scale::Quarter, Scale::Eighth] {
        let Ok(mut decoder) = Decoder::new(bytes, scale, LIMITS) else { continue };
        let mut strip = Strip::default();
        while let Ok(Some(_)) = decoder.next_strip(&mut strip) {}
    }
    ALLOCATOR.set_limit(usize::MAX).expect("no bound");
}

/// Of those that a scan may not have, none is kept a place of.
#[test]
fn restart_markers_without_end_allocate_no_more_than_the_file() {
    let _alone = ALONE.lock();
    let original = drawn("420.jpg");
    let scan = original.windows(2).position(|pair| pair == [0xFF, 0xDA]).expect("a scan");
    let markers = (0xD0..=0xD7).flat_map(|code| [0xFF, code]).cycle().take(4 << 20);
    let bytes: Vec<u8> = original[..scan + 14].iter().copied().chain(markers).chain([0xFF, 0xD9]).collect();
    read_within(&bytes, BESIDE_COEFFICIENTS + bytes.len());
}

/// The size of the frame is at 5 to 8 behind its marker, and its sampling from 11 on.
#[test]
fn sizes_that_lie_allocate_no_more_than_the_limits() {
    let _alone = ALONE.lock();
    for name in ["420.jpg", "444.jpg", "411.jpg", "grey.jpg", "420-separate.jpg", "420-refined.jpg"] {
        let original = drawn(name);
        let frame = original.windows(2).position(|pair| matches!(pair, [0xFF, 0xC0 | 0xC2])).expect("a frame");
        for (height, width) in [(65535u16, 65535u16), (65535, 64), (64, 65535), (2048, 2048), (1, 1)] {
            for sampling in [0x11, 0x21, 0x22, 0x44] {
                let mut bytes = original.clone();
                bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
                bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
                bytes[frame + 11] = sampling;
                read_within(&bytes, LIMITS.coefficient_bytes + BESIDE_COEFFICIENTS);
            }
        }
    }
}

/// All of its bits are the shortest codes: where blocks are but passed, there are many more of them than the frame has.
#[test]
fn a_scan_much_longer_than_its_frame_is_not_followed_to_its_end() {
    let original = drawn("420.jpg");
    let scan = original.windows(2).position(|pair| pair == [0xFF, 0xDA]).expect("a scan") + 14;
    for byte in [0x00, 0x0A, 0x55, 0xAA] {
        let bytes = [&original[..scan], &vec![byte; 4 << 20], &[0xFF, 0xD9]].concat();
        read_within(&bytes, bytes.len() + BESIDE_COEFFICIENTS);
    }
}
