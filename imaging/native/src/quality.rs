//! The smallest file that still looks like its picture: quality found by SSIMULACRA2.

use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

use crate::encode::encode;
use crate::failure::Outcome;
use crate::plan::{Format, Rendition};
use crate::plane::Picture;
use crate::probe::Kind;
use crate::render::decode_whole;

/// The qualities looked at: below, artefacts show whatever the number says; above, bytes grow for nothing seen.
const LOWEST: u8 = 30;
const HIGHEST: u8 = 95;

/// SSIMULACRA2 is not defined below this.
pub const SHORTEST_EDGE: usize = 8;

/// The rendition at the lowest quality that scores at least `target`, or at the highest that is tried.
///
/// Scores grow with quality but for a few hundredths: bisection finds it in seven encodings and decodings.
pub fn smallest(picture: &Picture, rendition: &Rendition, target: f64) -> Outcome<Vec<u8>> {
    let at = |quality| encode(picture.clone(), rendition, quality);
    let kind = match rendition.format {
        Format::Jpeg => Kind::Jpeg,
        Format::WebP => Kind::WebP,
        Format::Png | Format::Pixels => return at(HIGHEST),
    };
    if picture.width.min(picture.height) < SHORTEST_EDGE {
        return at(rendition.quality);
    }
    let reference = picture.clone().into_flat_rgb(rendition.background);
    let (mut low, mut high) = (LOWEST, HIGHEST);
    let mut best = None;
    while low < high {
        let middle = low.midpoint(high);
        let body = at(middle)?;
        let seen = decode_whole(&body, kind)?.into_flat_rgb(rendition.background);
        if score(&reference, &seen, picture.width, picture.height) >= target {
            (high, best) = (middle, Some(body));
        } else {
            low = middle + 1;
        }
    }
    best.map_or_else(|| at(HIGHEST), Ok)
}

/// SSIMULACRA2 of two images of interleaved RGB: 100 is the same, 90 looks the same, 70 is good.
pub fn score(reference: &[u8], other: &[u8], width: usize, height: usize) -> f64 {
    let image = |pixels: &[u8]| {
        let data =
            pixels.as_chunks::<3>().0.iter().map(|pixel| pixel.map(|sample| f32::from(sample) / 255.0)).collect();
        Rgb::new(data, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709).expect("pixels of one size")
    };
    compute_frame_ssimulacra2(image(reference), image(other)).expect("two images of one size, eight pixels or more")
}
