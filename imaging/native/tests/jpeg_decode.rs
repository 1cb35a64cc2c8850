//! The JPEG decoder against files drawn by libjpeg-turbo and by jpeg-encoder, and against zune-jpeg's eyes.

use std::fs;
use std::path::{Path, PathBuf};

use _native::encode::encode;
use _native::jpeg_decode::{Colour, Decoder, Error, Limits, PlaneSize, Result, Scale, Strip, header};
use _native::probe::probe;
use _native::plan::{Format, Rendition};
use _native::plane::{self, Picture, Space};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use proptest::prelude::*;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

mod drawn;

use drawn::rendition;

const SCALES: [Scale; 4] = [Scale::Full, Scale::Half, Scale::Quarter, Scale::Eighth];

/// A plane, without the padding of its rows.
#[derive(Debug, PartialEq)]
struct Plane {
    size: PlaneSize,
    samples: Vec<u8>,
}

fn decode(bytes: &[u8], scale: Scale, limits: Limits) -> Result<Vec<Plane>> {
    let mut decoder = Decoder::new(bytes, scale, limits)?;
    let sizes = (0..decoder.header().components).map(|component| decoder.plane_size(component));
    let mut planes: Vec<Plane> = sizes.map(|size| Plane { size, samples: Vec::new() }).collect();
    let mut strip = Strip::default();
    while let Some(rows) = decoder.next_strip(&mut strip)? {
        for (component, plane) in planes.iter_mut().enumerate() {
            for row in 0..rows[component] {
                plane.samples.extend_from_slice(&strip.planes[component].row(row)[..plane.size.width]);
            }
        }
    }
    for plane in &planes {
        assert_eq!(plane.samples.len(), plane.size.width * plane.size.height);
    }
    Ok(planes)
}

fn full(bytes: &[u8]) -> Result<Vec<Plane>> {
    decode(bytes, Scale::Full, Limits::default())
}

fn drawn(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jpegs").join(name)).expect("a drawn file")
}

/// The drawn files that hold valid images, by name.
fn all_drawn() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jpegs");
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("the drawn files")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"))
        .filter(|name| name.ends_with(".jpg") && name != "arithmetic.jpg")
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), drawn(&name))).collect()
}

/// Camera originals beside the checkout, where there are any.
fn photos() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/photos");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "jpg")).collect()
}

/// zune-jpeg's luma.
fn independent_luma(bytes: &[u8]) -> Vec<u8> {
    let grey = header(bytes).expect("a JPEG").components == 1;
    let space = if grey { ColorSpace::Luma } else { ColorSpace::YCbCr };
    let options = DecoderOptions::default().jpeg_set_out_colorspace(space);
    let pixels = JpegDecoder::new_with_options(ZCursor::new(bytes), options).decode().expect("a JPEG");
    pixels.into_iter().step_by(if grey { 1 } else { 3 }).collect()
}

fn assert_close(ours: &[u8], theirs: &[u8], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let worst = ours.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(2), "{what}: {worst:?}");
}

fn place_of(bytes: &[u8], marker: u8) -> usize {
    places_of(bytes, &[marker])[0]
}

fn places_of(bytes: &[u8], markers: &[u8]) -> Vec<usize> {
    let is_one = |pair: &[u8]| pair[0] == 0xFF && markers.contains(&pair[1]);
    bytes.windows(2).enumerate().filter(|(_, pair)| is_one(pair)).map(|(at, _)| at).collect()
}

#[test]
fn the_same_coefficients_written_in_another_way_give_the_same_samples() {
    for (name, bytes) in all_drawn() {
        let original = drawn(&format!("{}.jpg", name[..name.len() - 4].split('-').next().expect("a name")));
        for scale in SCALES {
            let planes = decode(&bytes, scale, Limits::default());
            assert_eq!(planes, decode(&original, scale, Limits::default()), "{name} at {scale:?}");
            assert!(planes.is_ok(), "{name}");
        }
    }
}

#[test]
fn luma_is_what_an_independent_decoder_sees() {
    for (name, bytes) in all_drawn() {
        if matches!(name.as_str(), "420-separate.jpg" | "420-split.jpg") {
            continue; // several scans: see `samplings`
        }
        assert_close(&full(&bytes).expect(&name)[0].samples, &independent_luma(&bytes), &name);
    }
}

#[test]
fn camera_originals_decode_at_every_scale() {
    for path in photos() {
        let bytes = fs::read(&path).expect("a photo");
        let name = path.display().to_string();
        for scale in SCALES {
            decode(&bytes, scale, Limits::default()).expect(&name);
        }
        assert_close(&full(&bytes).expect(&name)[0].samples, &independent_luma(&bytes), &name);
    }
}

/// Each reduced sample is near the mean of those it stands for; the means of whole planes are nearer.
#[test]
fn a_reduced_plane_shows_the_same_picture() {
    let bytes = drawn("444.jpg");
    let whole = &full(&bytes).expect("a JPEG")[0];
    let mean = |samples: &[u8]| samples.iter().map(|&s| f64::from(s)).sum::<f64>() / samples.len() as f64;
    for scale in [Scale::Half, Scale::Quarter, Scale::Eighth] {
        let planes = decode(&bytes, scale, Limits::default()).expect("a JPEG");
        assert!((mean(&planes[0].samples) - mean(&whole.samples)).abs() < 2.0, "{scale:?}");
        let step = 8 / scale.edge();
        for y in 0..whole.size.height / step {
            for x in 0..whole.size.width / step {
                let covered: Vec<u8> = (0..step * step)
                    .map(|at| whole.samples[(y * step + at / step) * whole.size.width + x * step + at % step])
                    .collect();
                let sample = f64::from(planes[0].samples[y * planes[0].size.width + x]);
                assert!((sample - mean(&covered)).abs() < 60.0, "{scale:?} at {x}, {y}");
            }
        }
    }
}

#[test]
fn the_header_tells_what_the_pipeline_must_know() {
    let seen = header(&drawn("420-restarts.jpg")).expect("a JPEG");
    assert_eq!((seen.width, seen.height, seen.components), (61, 45, 3));
    assert_eq!(seen.sampling, [(2, 2), (1, 1), (1, 1)]);
    assert_eq!((seen.progressive, seen.restart_interval, seen.colour), (false, 2, Colour::YCbCr));
    let seen = header(&drawn("grey-progressive.jpg")).expect("a JPEG");
    assert_eq!((seen.components, seen.progressive, seen.colour), (1, true, Colour::Grey));
    let several = |name| header(&drawn(name)).expect("a JPEG").several_scans;
    assert_eq!(["420-separate.jpg", "420-split.jpg", "grey-progressive.jpg"].map(several), [true; 3]);
    assert_eq!(["420.jpg", "420-restarts.jpg", "grey.jpg"].map(several), [false; 3]);
    assert_eq!(seen.sampling[0], (1, 1));
}

#[test]
fn what_is_held_until_the_last_scan_is_told_beforehand() {
    let held = |name: &str| probe(&drawn(name)).expect("a JPEG").footprint;
    assert_eq!(["420.jpg", "grey.jpg", "420-restarts.jpg"].map(held), [0; 3]);
    assert_eq!(
        ["420-progressive.jpg", "420-separate.jpg", "420-split.jpg", "grey-progressive.jpg"].map(held),
        [6, 6, 6, 2]
    );
}

#[test]
fn planes_are_the_components_size_times_the_scale_rounded_up() {
    let size = |name, scale, component| {
        let bytes = drawn(name);
        let size = Decoder::new(&bytes, scale, Limits::default()).expect("a JPEG").plane_size(component);
        (size.width, size.height, size.stride, size.strip_rows)
    };
    assert_eq!(size("420.jpg", Scale::Full, 0), (61, 45, 64, 16));
    assert_eq!(size("420.jpg", Scale::Full, 1), (31, 23, 32, 8));
    assert_eq!(size("420.jpg", Scale::Half, 1), (16, 12, 16, 4));
    assert_eq!(size("422.jpg", Scale::Quarter, 0), (16, 12, 16, 2));
    assert_eq!(size("440.jpg", Scale::Eighth, 2), (8, 3, 8, 1));
    assert_eq!(size("411.jpg", Scale::Full, 1), (16, 45, 16, 8));
}

/// With a segment of this marker and body put behind SOI.
fn with_segment(bytes: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&bytes[..2], &[0xFF, marker], &length, body, &bytes[2..]].concat()
}

#[test]
fn exif_is_found_where_it_lies() {
    let bytes = with_segment(&drawn("420.jpg"), 0xE1, b"Exif\0\0MM\0*");
    let exif = header(&bytes).expect("a JPEG").exif.expect("the EXIF segment");
    assert_eq!(&bytes[exif], b"MM\0*");
    let another_before = with_segment(&bytes, 0xE1, b"Exif\0\0II*\0");
    let exif = header(&another_before).expect("a JPEG").exif.expect("the first EXIF segment");
    assert_eq!(&another_before[exif], b"II*\0");
}

#[test]
fn a_colour_profile_is_put_together_in_the_order_of_its_numbers() {
    let second = with_segment(&drawn("420.jpg"), 0xE2, b"ICC_PROFILE\0\x02\x02file");
    let both = with_segment(&second, 0xE2, b"ICC_PROFILE\0\x01\x02pro");
    assert_eq!(header(&both).expect("a JPEG").icc.as_deref(), Some(&b"profile"[..]));
    let first = with_segment(&drawn("420.jpg"), 0xE2, b"ICC_PROFILE\0\x01\x02pro");
    for incomplete in [&first, &second] {
        assert_eq!(header(incomplete).expect("a JPEG whose profile is incomplete").icc, None);
    }
    let limits = Limits { profile_bytes: 6, ..Limits::default() };
    assert_eq!(decode(&both, Scale::Full, limits).err(), Some(Error::TooLarge("colour profile")));
}

#[test]
fn adobes_mark_and_names_tell_rgb_from_ycbcr() {
    let bytes = drawn("444.jpg");
    let bare = [&bytes[..2], &bytes[20..]].concat();
    assert_eq!(header(&bare).expect("a JPEG").colour, Colour::YCbCr);
    let marked = with_segment(&bare, 0xEE, b"Adobe\0d\0\0\0\0\0");
    assert_eq!(header(&marked).expect("a JPEG").colour, Colour::Rgb);
    assert_eq!(header(&with_segment(&marked, 0xE0, b"JFIF\0")).expect("a JPEG").colour, Colour::YCbCr);
    let mut named = bare.clone();
    let (frame, scan) = (place_of(&bare, 0xC0), place_of(&bare, 0xDA));
    for (index, name) in b"RGB".iter().enumerate() {
        named[frame + 10 + 3 * index] = *name;
        named[scan + 5 + 2 * index] = *name;
    }
    assert_eq!(header(&named).expect("a JPEG").colour, Colour::Rgb);
    assert_eq!(header(&with_segment(&named, 0xE0, b"JFIF\0")).expect("a JPEG").colour, Colour::YCbCr);
}

#[test]
fn what_cameras_write_beside_the_standard_is_accepted() {
    let bytes = drawn("420.jpg");
    let expected = full(&bytes);
    let second_image = [&bytes[..], &bytes[..], b"trailer"].concat();
    assert_eq!(full(&second_image), expected);

    let frame = place_of(&bytes, 0xC0);
    assert_eq!(full(&[&bytes[..frame], &[0xFF; 7], &bytes[frame..]].concat()), expected);
    assert_eq!(full(&[&bytes[..frame], b"stray", &bytes[frame..]].concat()), expected);

    let end = bytes.len() - 2;
    assert_eq!(full(&[&bytes[..end], &[0xFF; 3], &bytes[end..]].concat()), expected);

    let mut odd_band = bytes.clone();
    let scan = place_of(&bytes, 0xDA);
    odd_band[scan + 11..scan + 14].copy_from_slice(&[1, 0, 0x21]);
    assert_eq!(full(&odd_band), expected);

    let mut extended = bytes.clone();
    extended[frame + 1] = 0xC1;
    assert_eq!(full(&extended), expected);

    let grey = drawn("grey.jpg");
    let mut sampled = grey.clone();
    sampled[place_of(&grey, 0xC0) + 11] = 0x22;
    assert_eq!(full(&sampled), full(&grey));
}

#[test]
fn every_truncation_is_noticed() {
    for (name, bytes) in all_drawn() {
        for length in 2..bytes.len() {
            let outcome = decode(&bytes[..length], Scale::Half, Limits::default());
            assert_eq!(outcome.err(), Some(Error::Truncated), "{name} cut at {length} of {}", bytes.len());
        }
    }
}

#[test]
fn a_stream_out_of_step_is_refused() {
    let bytes = drawn("420-restarts.jpg");
    let first = place_of(&bytes, 0xD0);
    let mut renumbered = bytes.clone();
    renumbered[first + 1] = 0xD3;
    assert_eq!(full(&renumbered).err(), Some(Error::Corrupt("restart marker")));
    let unmarked = [&bytes[..first], &bytes[first + 2..]].concat();
    assert!(matches!(full(&unmarked), Err(Error::Corrupt(_))));
    let second = place_of(&bytes, 0xD1);
    let skipped = [&bytes[..first], &bytes[second..]].concat();
    assert_eq!(full(&skipped).err(), Some(Error::Corrupt("restart marker")));
}

#[test]
fn a_scan_with_too_few_or_too_many_bytes_is_refused() {
    let bytes = drawn("420.jpg");
    let end = bytes.len() - 2;
    let longer = [&bytes[..end], &[0x12, 0x34], &bytes[end..]].concat();
    assert_eq!(full(&longer).err(), Some(Error::Corrupt("bytes left over in the scan")));
    for missing in 1..=40 {
        let shorter = [&bytes[..end - missing], &bytes[end..]].concat();
        assert!(matches!(full(&shorter), Err(Error::Corrupt(_))), "{missing} bytes");
    }
}

/// A small file, and one so large that the means of its blocks are traced.
fn small_and_large() -> [Vec<u8>; 2] {
    let mut large = Vec::new();
    Encoder::new(&mut large, 100).encode(&picture(600, 400), 600, 400, ColorType::Rgb).expect("a picture");
    assert!(large.len() > 64 << 10);
    [drawn("420.jpg"), large]
}

#[test]
fn what_follows_the_scan_is_looked_at_whatever_the_scale() {
    for bytes in small_and_large() {
        let (scan, end) = (place_of(&bytes, 0xDA), bytes.len() - 2);
        let followed_by = |more: &[u8]| {
            let file = [&bytes[..end], more, &bytes[end..]].concat();
            SCALES.map(|scale| decode(&file, scale, Limits::default()).err())
        };
        assert_eq!(followed_by(&[0xFF, 0xFE, 0, 4, b'h', b'i']), [None; 4]);
        assert_eq!(followed_by(&bytes[scan..end]), [Some(Error::Corrupt("marker behind the scan")); 4]);
        assert_eq!(followed_by(&[0xFF, 0xD3]), [Some(Error::Corrupt("marker behind the scan")); 4]);
        assert_eq!(followed_by(&[0xFF, 0xFF, 0]), [Some(Error::Corrupt("bytes between scan and marker")); 4]);
        assert_eq!(followed_by(&[0xFF, 0xE1, 0x40, 0]), [Some(Error::Truncated); 4]);
    }
}

#[test]
fn scans_that_do_not_follow_from_each_other_are_refused() {
    let bytes = drawn("420-refined.jpg");
    let scans = places_of(&bytes, &[0xDA]);
    let marks = places_of(&bytes, &[0xDA, 0xC4, 0xD9]);
    let without = |gone: usize| {
        let next = marks.iter().find(|&&mark| mark > scans[gone]).expect("a marker behind the scan");
        [&bytes[..scans[gone]], &bytes[*next..]].concat()
    };
    assert_eq!(full(&without(0)).err(), Some(Error::Corrupt("AC before DC")));
    assert_eq!(full(&without(1)).err(), Some(Error::Corrupt("order of scans")));
    assert_eq!(full(&without(4)).err(), Some(Error::Corrupt("order of scans")));
    let twice = [&bytes[..marks[3]], &bytes[scans[0]..]].concat();
    assert_eq!(full(&twice).err(), Some(Error::Corrupt("order of scans")));
    let but_the_last = [&bytes[..*scans.last().expect("scans")], &[0xFF, 0xD9]].concat();
    assert_eq!(full(&but_the_last).err(), Some(Error::Truncated));

    let separate = drawn("420-separate.jpg");
    let luma_alone = [&separate[..places_of(&separate, &[0xDA])[1]], &[0xFF, 0xD9]].concat();
    assert_eq!(full(&luma_alone).err(), Some(Error::Truncated));

    let third = places_of(&separate, &[0xDA])[2];
    let apart = [&separate[..third], &[0xFF, 0xFF, 0], &separate[third..]].concat();
    assert_eq!(full(&apart).err(), Some(Error::Corrupt("bytes between scan and marker")));
}

/// Each scan's header begins with the number of its components, each component's name and tables.
#[test]
fn a_scan_header_that_makes_no_sense_is_refused() {
    let changed = |name: &str, scan: usize, changes: &[(usize, u8)]| {
        let mut bytes = drawn(name);
        let header = places_of(&bytes, &[0xDA])[scan] + 4;
        changes.iter().for_each(|&(at, to)| bytes[header + at] = to);
        full(&bytes).err()
    };
    assert_eq!(changed("420.jpg", 0, &[(3, 1)]), Some(Error::Corrupt("scan header")), "the first component twice");
    for (what, scan, changes) in [
        ("AC of several components", 0, &[(7, 1), (8, 63)][..]),
        ("a band beyond the block", 1, &[(4, 64)]),
        ("a band that ends before it begins", 1, &[(3, 6), (4, 5)]),
        ("a bit that no coefficient has", 1, &[(5, 14)]),
        ("two bits refined at once", 5, &[(5, 0x31)]),
    ] {
        let outcome = changed("420-refined.jpg", scan, changes);
        assert_eq!(outcome, Some(Error::Corrupt("progressive scan header")), "{what}");
    }
}

#[test]
fn a_coefficient_behind_the_band_of_its_scan_is_refused() {
    for (scan, band) in [(1, [1, 5]), (5, [1, 63])] {
        let mut bytes = drawn("420-progressive.jpg");
        let header = places_of(&bytes, &[0xDA])[scan];
        assert_eq!(bytes[header + 7..header + 9], band);
        bytes[header + 8] = 2;
        assert_eq!(full(&bytes).err(), Some(Error::Corrupt("Huffman code")), "{scan}");
    }
}

/// Blocks without any AC are one run in each of their scans. With half of the picture, half of the run is left over.
#[test]
fn a_run_of_blocks_that_leads_beyond_its_scan_is_refused() {
    let flat = Picture {
        width: 8,
        height: 16,
        space: Space::Rgb,
        planes: [128; 3].map(|grey| plane::Plane::filled(8, 16, grey)),
        alpha: None,
    };
    let progressive = Rendition { progressive: true, quality: 95, ..rendition(Format::Jpeg, 8, 16) };
    let mut bytes = encode(flat, &progressive, 95).expect("a picture of one grey");
    assert!(full(&bytes).is_ok());
    let frame = place_of(&bytes, 0xC2);
    bytes[frame + 6] = 8;
    assert_eq!(full(&bytes).err(), Some(Error::Corrupt("run beyond the scan")));
}

#[test]
fn the_steps_of_a_component_are_those_at_its_first_scan() {
    let bytes = drawn("420-refined.jpg");
    let second = places_of(&bytes, &[0xDA])[1];
    let coarser = [&[0xFF, 0xDB, 0, 67, 0][..], &[255; 64]].concat();
    assert_eq!(full(&[&bytes[..second], &coarser, &bytes[second..]].concat()), full(&bytes));
}

#[test]
fn kinds_left_to_others_are_named() {
    assert_eq!(header(&drawn("arithmetic.jpg")).err(), Some(Error::Unsupported("arithmetic")));
    let bytes = drawn("420.jpg");
    let frame = place_of(&bytes, 0xC0);
    let changed = |at: usize, to: u8| {
        let mut bytes = bytes.clone();
        bytes[frame + at] = to;
        header(&bytes).err()
    };
    assert_eq!(changed(1, 0xC3), Some(Error::Unsupported("lossless")));
    assert_eq!(changed(1, 0xC5), Some(Error::Unsupported("hierarchical")));
    assert_eq!(changed(4, 12), Some(Error::Unsupported("12-bit")));
    assert_eq!(changed(9, 4), Some(Error::Unsupported("cmyk")));
    assert_eq!(changed(9, 2), Some(Error::Unsupported("number of components")));
    let told_late = Some(Error::Unsupported("height after the scan"));
    assert_eq!(changed(6, 0), told_late); // 45 rows: the other byte is 0
    assert_eq!(header(&with_segment(&bytes, 0xDC, &[0, 45])).err(), told_late);
}

#[test]
fn headers_that_contradict_the_standard_are_refused() {
    let bytes = drawn("420.jpg");
    let frame = place_of(&bytes, 0xC0);
    let mut twelve_blocks = bytes.clone();
    (twelve_blocks[frame + 14], twelve_blocks[frame + 17]) = (0x22, 0x22);
    assert_eq!(header(&twelve_blocks).err(), Some(Error::Corrupt("sampling factors")));

    // Three codes of one bit; and more codes than there are symbols.
    let scan = place_of(&bytes, 0xDA);
    for codes_of_one_bit in [3, 200] {
        let table = [&[0, codes_of_one_bit][..], &[0; 15], &[1, 2, 3]].concat();
        let file = [&bytes[..scan], &[0xFF, 0xC4, 0, table.len() as u8 + 2], &table, &bytes[scan..]].concat();
        assert_eq!(full(&file).err(), Some(Error::Corrupt("Huffman table")), "{codes_of_one_bit}");
    }

    let shorter_than_its_length = [&bytes[..2], &[0xFF, 0xFE, 0, 1], &bytes[2..]].concat();
    assert_eq!(header(&shorter_than_its_length).err(), Some(Error::Corrupt("segment length")));
}

#[test]
fn limits_hold_before_anything_is_allocated() {
    let limited = |name, limits| decode(&drawn(name), Scale::Full, limits).err();
    let pixels = Limits { pixels: 61 * 45 - 1, ..Limits::default() };
    assert_eq!(limited("420.jpg", pixels), Some(Error::TooLarge("pixels")));
    assert_eq!(limited("420.jpg", Limits { pixels: 61 * 45, ..Limits::default() }), None);
    // Twelve MCUs of six blocks, each of 64 coefficients and a mask.
    let needed = 12 * 6 * (64 * 2 + 8);
    let coefficients = |coefficient_bytes| Limits { coefficient_bytes, ..Limits::default() };
    assert_eq!(limited("420.jpg", coefficients(0)), None);
    assert_eq!(limited("420-progressive.jpg", coefficients(needed)), None);
    assert_eq!(limited("420-progressive.jpg", coefficients(needed - 1)), Some(Error::TooLarge("coefficients")));
    let scans = Limits { scans: 9, ..Limits::default() };
    assert_eq!(limited("420-progressive.jpg", scans), Some(Error::TooLarge("scans")));
    let as_many = Limits { scans: 10, ..Limits::default() };
    assert_eq!(limited("420-progressive.jpg", as_many), None);
}

/// A picture with edges and gradients.
fn picture(width: u16, height: u16) -> Vec<u8> {
    let (width, height) = (usize::from(width), usize::from(height));
    let pixel = |at: usize| {
        let (x, y) = (at % width, at / width);
        [(x * 7 + y * 3) as u8, (x * y / 2) as u8, if (x / 5 + y / 3) % 2 == 0 { 230 } else { 20 }]
    };
    (0..width * height).flat_map(pixel).collect()
}

/// Those that jpeg-encoder interleaves: zune-jpeg reads the first scan of a sequential file and no more.
fn samplings() -> impl Strategy<Value = SamplingFactor> {
    use SamplingFactor::*;
    prop::sample::select(vec![F_1_1, F_2_1, F_1_2, F_2_2])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_size_and_sampling_decodes_like_an_independent_decoder(
        width in 1..40u16,
        height in 1..40u16,
        sampling in samplings(),
        quality in 1..=100u8,
        restart_interval in 0..4u16,
    ) {
        let encoded = |progressive, optimised| {
            let mut bytes = Vec::new();
            let mut encoder = Encoder::new(&mut bytes, quality);
            encoder.set_sampling_factor(sampling);
            encoder.set_progressive(progressive);
            encoder.set_optimized_huffman_tables(optimised);
            // with both, jpeg-encoder counts the wrong DC differences and writes a corrupt file
            encoder.set_restart_interval(if optimised { 0 } else { restart_interval });
            encoder.encode(&picture(width, height), width, height, ColorType::Rgb).expect("a picture");
            bytes
        };
        let plain = encoded(false, false);
        let planes = full(&plain).expect("a valid JPEG");
        assert_close(&planes[0].samples, &independent_luma(&plain), "luma");
        let one_scan_a_component = encoded(false, true);
        prop_assert_eq!(&full(&one_scan_a_component).expect("a valid JPEG"), &planes);
        let progressive = encoded(true, false);
        prop_assert_eq!(&full(&progressive).expect("a valid JPEG"), &planes);
    }

    #[test]
    fn flipped_bits_never_panic_nor_change_the_size(
        file in prop::sample::select(all_drawn()),
        flips in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..6),
    ) {
        let (_, mut bytes) = file;
        for (at, mask) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        let limits = Limits { pixels: 1 << 20, coefficient_bytes: 8 << 20, ..Limits::default() };
        for scale in SCALES {
            let _ = decode(&bytes, scale, limits);
        }
    }

    #[test]
    fn headers_may_say_anything(
        file in prop::sample::select(all_drawn()),
        lies in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..8),
    ) {
        let (_, mut bytes) = file;
        let header_end = place_of(&bytes, 0xDA) + 14;
        for (at, to) in lies {
            let at = at.index(header_end);
            bytes[at] = to;
        }
        let limits = Limits { pixels: 1 << 20, coefficient_bytes: 8 << 20, ..Limits::default() };
        let _ = decode(&bytes, Scale::Full, limits);
    }
}
