//! Files cut short, bits turned over, headers that lie: the whole path answers with an error or with renditions of the
//! sizes asked for. It never panics, and never draws half a picture.

use std::sync::LazyLock;

use _native::encode::encode;
use _native::failure::Failure;
use _native::plan::{Format, Level, Plan, Rendition};
use _native::plane::{Picture, Space};
use _native::render::{Rendered, render};
use proptest::prelude::*;

const WIDTH: usize = 67;
const HEIGHT: usize = 45;

fn rendition(format: Format, width: usize, height: usize) -> Rendition {
    Rendition {
        wanted: true,
        level: 0,
        scaled_width: width,
        scaled_height: height,
        left: 0,
        top: 0,
        width,
        height,
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

/// A picture with something in every block.
fn picture() -> Picture {
    let mut planes = Picture::new_planes(Space::Rgb, WIDTH, HEIGHT);
    for (index, plane) in planes.iter_mut().enumerate() {
        for (y, row) in plane.rows_mut().enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                *sample = ((x * (3 + index) + y * 5) ^ (x * y / 7)) as u8;
            }
        }
    }
    Picture { width: WIDTH, height: HEIGHT, space: Space::Rgb, planes, alpha: None }
}

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

fn rendered(file: &[u8]) -> Result<Rendered, Failure> {
    let renditions = vec![rendition(Format::Jpeg, 33, 22), rendition(Format::WebP, 33, 22)];
    let levels = vec![Level { width: 33, height: 22, source: 0 }];
    render(file, &Plan { levels, renditions, shrink: 1, max_pixels: 100_000 })
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
    let plan = Plan {
        levels: vec![Level { width: 33, height: 22, source: 0 }],
        renditions: vec![rendition(Format::Jpeg, 33, 22)],
        shrink: 1,
        max_pixels: (WIDTH * HEIGHT - 1) as u64,
    };
    for file in FILES.iter() {
        assert!(matches!(render(file, &plan), Err(Failure::Rejected(..))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn damage_is_an_error_or_a_picture(kind in 0usize..5, changes in prop::collection::vec(any::<(u32, u8)>(), 1..12)) {
        let mut file = FILES[kind].clone();
        for (at, value) in changes {
            let at = at as usize % file.len();
            file[at] = value;
        }
        if let Ok(made) = rendered(&file) {
            prop_assert_eq!(made.bodies.len(), 2);
        }
    }

    #[test]
    fn noise_behind_a_magic_number_is_an_error(kind in 0usize..5, noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut file = FILES[kind][..16].to_vec();
        file.extend(noise);
        prop_assert!(rendered(&file).is_err());
    }
}
