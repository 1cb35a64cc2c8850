//! Files cut short, bits turned over, headers that lie: the whole path answers with an error or with renditions of the
//! sizes asked for. It never panics, never draws half a picture, and costs no more memory and time than the limits say.
//!
//! `HOSTILE_SEED=n` damages the files as the run that printed that seed did.

use std::alloc::System;
use std::fmt::Debug;
use std::io::Write;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use _native::encode::encode;
use _native::failure::{Failure, Reason};
use _native::plan::{Format, Rendition};
use _native::probe::probe;
use _native::render::{Rendered, render};
use cap::Cap;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

mod drawn;

use drawn::{HEIGHT, MAX_PIXELS, WIDTH, picture, plan, rendition};

/// Aborts beyond the bound that `rendered` sets: passing is staying below. What libwebp allocates is not Rust's:
/// `tests/imaging/test_footprint.py` measures that.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// The bound is everybody's, so one file is read at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Tables, strips, the renditions and what encodes them, whatever the file.
const BASE_BYTES: usize = 8 << 20;
/// Of a pixel, as the probe declares them at most: WebP's with an alpha.
const BYTES_A_PIXEL: usize = 12;

/// Processor time: much more than a file of these sizes takes.
const BASE_MILLISECONDS: f64 = 250.0;
const MICROSECONDS_A_BYTE_OR_PIXEL: f64 = 10.0;

/// Files of so many bytes that say little: several times what each of them takes, a tenth of what looking at all before
/// for each of them would.
const FLOOD_BYTES: usize = 2 << 20;
const MICROSECONDS_A_BYTE_OF_FLOOD: f64 = if cfg!(debug_assertions) { 10.0 } else { 1.0 };

const CASES: u32 = 1500;

/// One file of each kind that is read.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let file = |format, progressive, lossless| {
        let rendition = Rendition { progressive, lossless, ..rendition(format, WIDTH, HEIGHT) };
        encode(picture(), &rendition, 85).expect("a small picture")
    };
    vec![
        file(Format::Jpeg, false, false),
        file(Format::Jpeg, true, false),
        file(Format::Png, false, false),
        file(Format::WebP, false, false),
        file(Format::WebP, false, true),
    ]
});

/// Where each kind keeps its width and height.
const SIZES: [fn(&mut [u8], u16, u16); 5] = [jpeg_size, jpeg_size, png_size, lossy_size, lossless_size];

fn jpeg_size(file: &mut [u8], width: u16, height: u16) {
    let frame = file.windows(2).position(|pair| matches!(pair, [0xff, 0xc0 | 0xc2])).expect("a frame");
    file[frame + 5..][..2].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..][..2].copy_from_slice(&width.to_be_bytes());
}

/// With a checksum that agrees: else nobody would believe it.
fn png_size(file: &mut [u8], width: u16, height: u16) {
    file[16..20].copy_from_slice(&u32::from(width).to_be_bytes());
    file[20..24].copy_from_slice(&u32::from(height).to_be_bytes());
    let checksum = crc32fast::hash(&file[12..29]);
    file[29..33].copy_from_slice(&checksum.to_be_bytes());
}

/// The frame of RFC 9649, 2.5: fourteen bits each behind the start code.
fn lossy_size(file: &mut [u8], width: u16, height: u16) {
    let start = file.windows(3).position(|bytes| bytes == [0x9d, 0x01, 0x2a]).expect("a start code");
    file[start + 3..][..2].copy_from_slice(&width.to_le_bytes());
    file[start + 5..][..2].copy_from_slice(&height.to_le_bytes());
}

/// Fourteen bits each, less one, behind the signature.
fn lossless_size(file: &mut [u8], width: u16, height: u16) {
    let bits = u32::from(width & 0x3fff) | u32::from(height & 0x3fff) << 14;
    file[21..25].copy_from_slice(&bits.to_le_bytes());
}

#[derive(Clone, Debug)]
enum Damage {
    Overwrite(u32, u8),
    Flip(u32, u8),
    /// A piece again, right behind itself.
    Repeat(u32, u8),
    Size(u16, u16),
    Cut(u32),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<u32>(), any::<u8>()).prop_map(|(at, value)| Damage::Overwrite(at, value)),
        (any::<u32>(), 0u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (any::<u32>(), any::<u8>()).prop_map(|(at, length)| Damage::Repeat(at, length)),
        (any::<u16>(), any::<u16>()).prop_map(|(width, height)| Damage::Size(width, height)),
        (1u16..400, 1u16..400).prop_map(|(width, height)| Damage::Size(width, height)),
        any::<u32>().prop_map(Damage::Cut),
    ]
}

/// The size lies first, while its place can still be found.
fn damaged(kind: usize, all: &[Damage]) -> Vec<u8> {
    let mut file = FILES[kind].clone();
    for damage in all {
        if let &Damage::Size(width, height) = damage {
            SIZES[kind](&mut file, width, height);
        }
    }
    for damage in all {
        let place = |at: u32| at as usize % file.len().max(1);
        match *damage {
            _ if file.is_empty() => {}
            Damage::Overwrite(at, value) => {
                let at = place(at);
                file[at] = value;
            }
            Damage::Flip(at, bit) => {
                let at = place(at);
                file[at] ^= 1 << bit;
            }
            Damage::Repeat(at, length) => {
                let at = place(at);
                let end = (at + usize::from(length)).min(file.len());
                let piece = file[at..end].to_vec();
                file.splice(end..end, piece);
            }
            Damage::Cut(at) => file.truncate(place(at)),
            Damage::Size(..) => {}
        }
    }
    file
}

/// What the path answers, within its bounds.
fn rendered(file: &[u8]) -> Result<Rendered, Failure> {
    rendered_in(file, MICROSECONDS_A_BYTE_OR_PIXEL * (file.len() + MAX_PIXELS) as f64)
}

/// The same, in so many microseconds and what any file may take.
fn rendered_in(file: &[u8], microseconds: f64) -> Result<Rendered, Failure> {
    let plan = plan(vec![rendition(Format::Jpeg, 33, 22), rendition(Format::WebP, 33, 22)]);
    let bound = BASE_BYTES + BYTES_A_PIXEL * MAX_PIXELS + 2 * file.len();
    let (answer, spent) = within(bound, || {
        let before = milliseconds();
        (render(file, &plan), milliseconds() - before)
    });
    let allowed = BASE_MILLISECONDS + microseconds / 1e3;
    assert!(spent <= allowed, "{spent:.1} ms for {} bytes, at most {allowed:.1}", file.len());
    answer
}

/// What `work` answers; it may allocate so many bytes.
fn within<T>(bound: usize, work: impl FnOnce() -> T) -> T {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    ALLOCATOR.set_limit(ALLOCATOR.allocated() + bound).expect("a bound above what is allocated");
    let answer = work();
    ALLOCATOR.set_limit(usize::MAX).expect("no bound");
    answer
}

/// This thread's time on a processor, which what else runs here does not lengthen; zero where no kernel tells it.
fn milliseconds() -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or_default() / 1e6
}

/// The seed of this run, told past the harness, which would keep it to itself.
static SEED: LazyLock<u64> = LazyLock::new(|| {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos() as u64;
    let seed = env::var("HOSTILE_SEED").map_or_else(|_| now(), |seed| seed.parse().expect("a number"));
    let _ = writeln!(std::io::stderr(), "hostile files: HOSTILE_SEED={seed}");
    seed
});

/// Tries `CASES` of them, from the seed.
fn tried<S: Strategy>(cases: S, holds: impl Fn(S::Value))
where
    S::Value: Debug,
{
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&SEED.to_le_bytes());
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let outcome = runner.run(&cases, |case| {
        holds(case);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("HOSTILE_SEED={}: {failure}", *SEED));
}

#[test]
fn whole_files_are_rendered() {
    for file in FILES.iter() {
        assert_eq!(rendered(file).expect("a whole file").bodies.len(), 2);
    }
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    for (kind, file) in FILES.iter().enumerate() {
        for end in 0..file.len() {
            assert!(rendered(&file[..end]).is_err(), "kind {kind} cut at {end} of {}", file.len());
        }
    }
}

#[test]
fn what_is_larger_than_the_limit_is_refused_before_it_is_decoded() {
    let mut plan = plan(vec![rendition(Format::Jpeg, 33, 22)]);
    plan.max_pixels = (WIDTH * HEIGHT - 1) as u64;
    for file in FILES.iter() {
        assert!(matches!(render(file, &plan), Err(Failure::Rejected(..))));
    }
}

#[test]
fn a_size_that_lies_is_told_and_believed_by_nobody() {
    for kind in 0..FILES.len() {
        for (width, height) in [(16_383, 16_383), (16_383, 1), (1, 16_383), (400, 250)] {
            let file = damaged(kind, &[Damage::Size(width, height)]);
            assert!(rendered(&file).is_err(), "kind {kind} as {width} x {height}");
        }
    }
}

/// The file with a piece put in there again and again.
fn flooded(file: &[u8], at: usize, piece: &[u8]) -> Vec<u8> {
    [&file[..at], &piece.repeat(FLOOD_BYTES / piece.len()), &file[at..]].concat()
}

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let body = [name, content].concat();
    [&(content.len() as u32).to_be_bytes()[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    [&[0xff, marker], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat()
}

fn jpeg_floods() -> Vec<Vec<u8>> {
    let (file, end) = (&FILES[0], FILES[0].len() - 2);
    let (nothing, profile) = (segment(0xe2, &[]), segment(0xe2, b"ICC_PROFILE\0\x01\x01"));
    // The file's own tables follow, and count.
    let (codes, steps) = (segment(0xc4, &[0; 17]), segment(0xdb, &[[0].as_slice(), &[1; 64]].concat()));
    let (fill, stray, lone): (&[u8], &[u8], &[u8]) = (&[0xff], &[0xff, 0], &[0xff, 1]);
    let start = [&nothing, &profile, &codes, &steps, fill, stray, lone].map(|piece| flooded(file, 2, piece));
    [&start[..], &[&nothing, fill].map(|piece| flooded(file, end, piece))].concat()
}

fn png_floods() -> Vec<Vec<u8>> {
    let file = &FILES[2];
    let data = file.windows(4).position(|name| name == b"IDAT").expect("image data") - 4;
    let mut files: Vec<_> =
        [chunk(b"tEXt", b"a\0b"), chunk(b"iCCP", b"a\0\0"), chunk(b"eXIf", b"II*\0"), chunk(b"IDAT", b"")]
            .map(|piece| flooded(file, data, &piece))
            .into();
    let length = u32::from_be_bytes(*file[data..].first_chunk().expect("a length")) as usize;
    // Behind zlib's header, stored blocks without bytes.
    let stream = flooded(&file[data + 8..][..length], 2, &[0, 0, 0, 0xff, 0xff]);
    files.push([&file[..data], &chunk(b"IDAT", &stream), &file[data + 12 + length..]].concat());
    files
}

/// Chunks that nobody knows, between those of RFC 9649's extended format.
fn webp_flood() -> Vec<u8> {
    let sizes = [WIDTH - 1, HEIGHT - 1].map(|size| (size as u32).to_le_bytes());
    let head = [b"VP8X\x0a\0\0\0\0\0\0\0", &sizes[0][..3], &sizes[1][..3]].concat();
    let chunks = flooded(&[&head, &FILES[3][12..]].concat(), head.len(), b"none\0\0\0\0");
    [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &chunks].concat()
}

#[test]
fn a_file_of_many_parts_takes_time_by_its_bytes() {
    let floods = || jpeg_floods().into_iter().chain(png_floods()).chain([webp_flood()]).collect::<Vec<_>>();
    for file in within(1 << 30, floods) {
        let made = rendered_in(&file, MICROSECONDS_A_BYTE_OF_FLOOD * file.len() as f64);
        assert_eq!(made.map(|made| made.bodies.len()), Ok(2), "{:02x?}", &file[..60]);
    }
}

/// A PNG of a few pixels with a profile and EXIF of so many zeros.
fn with_metadata(profile: usize, exif: usize) -> Vec<u8> {
    let mut info = png::Info::with_size(8, 8);
    let zeros = |count| (count > 0).then(|| vec![0; count].into());
    (info.icc_profile, info.exif_metadata) = (zeros(profile), zeros(exif));
    let mut file = Vec::new();
    let mut writer = png::Encoder::with_info(&mut file, info).and_then(png::Encoder::write_header).expect("a header");
    writer.write_image_data(&[0; 64]).expect("as many pixels as the header says");
    writer.finish().expect("a whole file");
    file
}

/// Of a profile 60 kB unpack to 60 MB.
#[test]
fn metadata_is_held_within_a_bound_of_its_own() {
    const HELD: usize = 24 << 20;
    for (profile, exif) in [(60 << 20, 0), (11 << 20, 0), (0, 7 << 20), (0, 60 << 20)] {
        let file = within(1 << 30, || with_metadata(profile, exif));
        let answer = within(HELD + BASE_BYTES, || probe(&file).map(|probe| probe.exif_bytes));
        let refused = Err(Failure::Rejected(Reason::MetadataTooLarge, "the PNG: limits are exceeded".into()));
        assert_eq!(answer, if exif > HELD { refused } else { Ok(exif) });
    }
}

#[test]
fn damage_is_an_error_or_a_picture() {
    tried((0..FILES.len(), prop::collection::vec(damage(), 1..12)), |(kind, all)| {
        if let Ok(made) = rendered(&damaged(kind, &all)) {
            assert_eq!(made.bodies.len(), 2);
        }
    });
}

#[test]
fn noise_behind_a_magic_number_is_an_error() {
    tried((0..FILES.len(), prop::collection::vec(any::<u8>(), 0..400)), |(kind, noise)| {
        let mut file = FILES[kind][..16].to_vec();
        file.extend(noise);
        assert!(rendered(&file).is_err());
    });
}
