//! What is ordered is what is made: sizes, levels, colours, a quality or the score that it is to reach.

use _native::encode::encode;
use _native::failure::{Failure, Reason};
use _native::plan::{Format, Level, Plan, Rendition, Sharpen};
use _native::plane::{Picture, Plane, Space};
use _native::probe::Kind;
use _native::quality;
use _native::render::{decode_whole, render};

mod drawn;

use drawn::{HEIGHT, WIDTH, picture, plan, rendition};

/// RGB, each row of one colour.
fn striped(width: usize, rows: &[[u8; 3]]) -> Picture {
    let planes = [0, 1, 2].map(|index| {
        let mut plane = Plane::filled(width, rows.len(), 0);
        plane.rows_mut().zip(rows).for_each(|(row, colour)| row.fill(colour[index]));
        plane
    });
    Picture { width, height: rows.len(), space: Space::Rgb, planes, alpha: None }
}

/// The mean colour of a file of ours.
fn mean_of(body: &[u8], kind: Kind) -> [f64; 3] {
    let pixels = decode_whole(body, kind).expect("a file of ours").into_flat_rgb([255; 3]);
    let channel = |index| pixels.iter().skip(index).step_by(3).map(|&sample| f64::from(sample)).sum::<f64>();
    [0, 1, 2].map(|index| 3.0 * channel(index) / pixels.len() as f64)
}

fn assert_near(seen: [f64; 3], expected: [f64; 3], what: &str) {
    assert!(seen.iter().zip(expected).all(|(seen, expected)| (seen - expected).abs() < 4.0), "{what}: {seen:?}");
}

fn reason<T>(outcome: Result<T, Failure>) -> Option<Reason> {
    match outcome {
        Err(Failure::Rejected(reason, _)) => Some(reason),
        _ => None,
    }
}

#[test]
fn a_colour_is_read_as_it_was_written() {
    for colour in [[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 120, 40], [0; 3], [255; 3]] {
        for (format, kind) in [(Format::Jpeg, Kind::Jpeg), (Format::WebP, Kind::WebP), (Format::Png, Kind::Png)] {
            for (progressive, quality) in [(false, 85), (true, 85), (false, 95), (true, 95)] {
                let order = Rendition { progressive, quality, ..rendition(format, 17, 15) };
                let body = encode(striped(17, &[colour; 15]), &order, quality).expect("a small picture");
                assert_near(mean_of(&body, kind), colour.map(f64::from), &format!("{colour:?} in {kind:?}"));
            }
        }
    }
}

/// A row of pixels counts for chroma at half size like the row above it, and so does an odd last one.
#[test]
fn both_rows_of_two_have_their_share_of_chroma() {
    let rows = [[160, 100, 100], [100, 100, 160]].repeat(8);
    let file = encode(striped(16, &rows), &rendition(Format::Png, 16, 16), 85).expect("a small picture");
    let orders = Plan {
        levels: vec![Level { width: 16, height: 16, source: 0 }],
        ..plan(vec![rendition(Format::Jpeg, 16, 16)])
    };
    let made = render(&file, &orders).expect("a whole file");
    assert_near(mean_of(&made.bodies[0], Kind::Jpeg), [130.0, 100.0, 130.0], "red and blue");
}

/// As a palette: read by the png crate, not by the decoder that reads most.
#[test]
fn a_palettes_file_that_is_cut_short_anywhere_is_refused() {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 40, 30);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(vec![250, 10, 20, 30, 40, 200]);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&[0, 1, 1].repeat(400)).expect("40 x 30 indices");
    writer.finish().expect("a whole file");
    let orders = plan(vec![rendition(Format::Jpeg, 33, 22)]);
    assert!(render(&file, &orders).is_ok());
    for end in 0..file.len() {
        assert!(render(&file[..end], &orders).is_err(), "cut at {end} of {}", file.len());
    }
}

#[test]
fn each_level_is_made_from_the_one_it_names() {
    let original = encode(picture(), &rendition(Format::Png, WIDTH, HEIGHT), 85).expect("a small picture");
    let level = |width, height, source| Level { width, height, source };
    let pixels = |index: usize, width, height| Rendition { level: index, ..rendition(Format::Png, width, height) };
    let made = |original: &[u8], levels: Vec<Level>, orders: Vec<Rendition>| {
        render(original, &Plan { levels, ..plan(orders) }).expect("a whole file").bodies
    };
    let chain = vec![level(WIDTH, HEIGHT, 0), level(40, 27, 0), level(20, 13, 1), level(10, 7, 0)];
    let orders = vec![pixels(1, 40, 27), pixels(2, 20, 13), pixels(3, 10, 7)];
    let [second, third, fourth] = made(&original, chain, orders).try_into().expect("three renditions");
    assert_eq!(made(&second, vec![level(40, 27, 0), level(20, 13, 0)], vec![pixels(1, 20, 13)]), [third]);
    assert_eq!(made(&original, vec![level(WIDTH, HEIGHT, 0), level(10, 7, 0)], vec![pixels(1, 10, 7)]), [fourth]);
}

#[test]
fn sizes_are_held_to_the_limits_to_the_pixel() {
    let dot = encode(striped(1, &[[9; 3]]), &rendition(Format::Png, 1, 1), 85).expect("a pixel");
    let outcome = |format, width, max_pixels| {
        let levels = vec![Level { width, height: 1, source: 0 }];
        reason(render(&dot, &Plan { levels, max_pixels, ..plan(vec![rendition(format, width, 1)]) }))
    };
    assert_eq!(outcome(Format::Png, 1000, 1000), None);
    assert_eq!(outcome(Format::Png, 1000, 999), Some(Reason::TooManyPixels));
    assert_eq!(outcome(Format::WebP, 16_383, 100_000), None);
    assert_eq!(outcome(Format::WebP, 16_384, 100_000), Some(Reason::TooLongAnEdge));
    assert_eq!(outcome(Format::Jpeg, 65_535, 100_000), None);
    assert_eq!(outcome(Format::Jpeg, 65_536, 100_000), Some(Reason::TooLongAnEdge));
}

#[test]
fn chroma_is_kept_at_full_size_from_a_quality_of_ninety_on_but_not_where_a_score_is_aimed_at() {
    let space = |quality, target| Rendition { quality, target, ..rendition(Format::Jpeg, 33, 22) }.space();
    assert_eq!((space(89, None), space(90, None)), (Space::Ycc420, Space::Ycc444));
    assert_eq!((space(95, Some(80.0)), space(80, Some(80.0))), (Space::Ycc420, Space::Ycc420));
}

#[test]
fn orders_that_contradict_themselves_are_told_so() {
    let check = |change: fn(&mut Plan)| {
        let mut orders = plan(vec![rendition(Format::Jpeg, 33, 22)]);
        orders.levels.push(Level { width: 3, height: 2, source: 0 });
        change(&mut orders);
        orders.check()
    };
    assert_eq!(check(|_| {}), Ok(()));
    let wrong: [fn(&mut Plan); 15] = [
        |orders| orders.levels.clear(),
        |orders| orders.shrink = 0,
        |orders| orders.levels[0].height = 0,
        |orders| orders.levels[1].source = 1,
        |orders| orders.renditions[0].level = 2,
        |orders| orders.renditions[0].left = 1,
        |orders| orders.renditions[0].top = usize::MAX,
        |orders| orders.renditions[0].width = 0,
        |orders| orders.renditions[0].scaled_height = 21,
        |orders| orders.renditions[0].quality = 0,
        |orders| orders.renditions[0].quality = 101,
        |orders| orders.renditions[0].target = Some(100.5),
        |orders| orders.renditions[0].target = Some(f64::NAN),
        |orders| orders.renditions[0].sharpen = Some(Sharpen { sigma: 0.0, amount: 1.0 }),
        |orders| orders.renditions[0].sharpen = Some(Sharpen { sigma: 1.0, amount: f64::INFINITY }),
    ];
    for (index, change) in wrong.into_iter().enumerate() {
        assert!(check(change).is_err(), "{index}");
    }
}

/// What a file of the drawn picture scores.
fn score(body: &[u8]) -> f64 {
    let seen = decode_whole(body, Kind::Jpeg).expect("a file of ours").into_flat_rgb([255; 3]);
    quality::score(&picture().into_flat_rgb([255; 3]), &seen, WIDTH, HEIGHT)
}

#[test]
fn a_score_is_reached_and_one_quality_below_it_is_not() {
    let order = rendition(Format::Jpeg, WIDTH, HEIGHT);
    let file = |quality| encode(picture(), &order, quality).expect("a small picture");
    let (middle, reachable) = (score(&file(60)), score(&file(95)));
    for target in [middle, (middle + reachable) / 2.0] {
        let (body, found) = quality::smallest(&picture(), &order, target).expect("a small picture");
        let found = found.expect("a score");
        assert!(body == file(found.quality) && score(&body) == found.score);
        assert!(found.score >= target && score(&file(found.quality - 1)) < target, "{found:?} for {target}");
    }
}

#[test]
fn what_no_quality_reaches_has_the_highest_that_is_tried() {
    let order = rendition(Format::Jpeg, WIDTH, HEIGHT);
    let (body, found) = quality::smallest(&picture(), &order, 100.0).expect("a small picture");
    assert_eq!(found.expect("a score").quality, 95);
    assert!(body == encode(picture(), &order, 95).expect("a small picture"));
}

#[test]
fn what_is_too_small_to_score_has_the_renditions_own_quality() {
    for (edge, scored) in [(7, false), (8, true)] {
        let (small, order) = (striped(40, &vec![[90, 60, 30]; edge]), rendition(Format::Jpeg, 40, edge));
        let (body, found) = quality::smallest(&small, &order, 70.0).expect("a small picture");
        assert_eq!(found.is_some(), scored, "{edge}");
        assert!(scored || body == encode(small, &order, order.quality).expect("a small picture"));
    }
}
