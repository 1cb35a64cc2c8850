//! The smallest file that still looks like its picture: quality found by SSIMULACRA2.

use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};

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

/// What a point of quality adds to the score, about: the step taken while only one score is known.
const POINTS_EACH: f64 = 0.5;

/// How many looks may follow the line between two scores; the rest halve what is left, whatever the scores do.
const LOOKS_BY_SCORE: usize = 5;

/// What was chosen, and how near it comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    pub quality: u8,
    pub score: f64,
}

/// The rendition at the lowest quality that scores at least `target`, or at the highest that is tried; and what was
/// found, but where nothing can be scored.
///
/// What is encoded has half of the picture's chroma, what it is compared with all of it.
///
/// Scores grow with quality but for a few hundredths: each look narrows the qualities from one side, and the line
/// between the nearest scores says where to look next, from the rendition's own quality on.
pub fn smallest(picture: &Picture, rendition: &Rendition, target: f64) -> Outcome<(Vec<u8>, Option<Found>)> {
    let keeps_alpha = picture.alpha.is_some() && rendition.format == Format::WebP;
    let source = picture.clone();
    let source = if keeps_alpha { source } else { source.into_ycc(rendition.space(), rendition.background) };
    let at = |quality| encode(source.clone(), rendition, quality);
    let kind = match rendition.format {
        Format::Jpeg => Kind::Jpeg,
        Format::WebP => Kind::WebP,
        Format::Png | Format::Pixels => return Ok((at(HIGHEST)?, None)),
    };
    if picture.width.min(picture.height) < SHORTEST_EDGE {
        return Ok((at(rendition.quality)?, None));
    }
    let background = rendition.background;
    let reference = Reference::new(&picture.clone().into_flat_rgb(background), picture.width, picture.height);
    let (mut below, mut enough) = (None, None);
    let mut best = Vec::new();
    for looks in 0.. {
        let Some(quality) = next(below, enough, target, rendition.quality, looks) else { break };
        let body = at(quality)?;
        let score = reference.score(&decode_whole(&body, kind)?.into_flat_rgb(background));
        let found = Found { quality, score };
        if score >= target {
            (enough, best) = (Some(found), body);
        } else {
            below = Some(found);
            if quality == HIGHEST {
                best = body;
            }
        }
    }
    Ok((best, enough.or(below)))
}

/// Which quality to look at, between the highest that was too low and the lowest that was enough; None when they meet.
fn next(below: Option<Found>, enough: Option<Found>, target: f64, first: u8, looks: usize) -> Option<u8> {
    let low = below.map_or(LOWEST, |found| found.quality + 1);
    let high = enough.map_or(HIGHEST, |found| found.quality - 1);
    if low > high {
        return None;
    }
    let quality = match (below, enough) {
        _ if looks >= LOOKS_BY_SCORE => low.midpoint(high),
        (Some(below), Some(enough)) => {
            let each = (enough.score - below.score) / f64::from(enough.quality - below.quality);
            (f64::from(below.quality) + (target - below.score) / each).round() as u8
        }
        (Some(one), None) | (None, Some(one)) => {
            (f64::from(one.quality) + (target - one.score) / POINTS_EACH).round() as u8
        }
        (None, None) => first,
    };
    Some(quality.clamp(low, high))
}

/// A picture that many are compared with: its own half of SSIMULACRA2 is worked out once.
pub struct Reference(Ssimulacra2Reference);

impl Reference {
    /// Of interleaved RGB, each edge at least [`SHORTEST_EDGE`].
    pub fn new(pixels: &[u8], width: usize, height: usize) -> Self {
        Self(Ssimulacra2Reference::new(&slice(pixels, width, height)).expect("eight pixels or more"))
    }

    /// How near another of this size comes: 100 is the same, 90 looks the same, 70 is good.
    pub fn score(&self, other: &[u8]) -> f64 {
        self.0.compare(&slice(other, self.0.width(), self.0.height())).expect("two images of one size")
    }
}

fn slice(pixels: &[u8], width: usize, height: usize) -> PixelSlice<'_> {
    PixelSlice::new(pixels, width as u32, height as u32, width * 3, PixelDescriptor::RGB8_SRGB)
        .expect("three bytes a pixel")
        .erase()
}

/// SSIMULACRA2 of two images of interleaved RGB.
pub fn score(reference: &[u8], other: &[u8], width: usize, height: usize) -> f64 {
    Reference::new(reference, width, height).score(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found among scores that are a function of quality, and in how many looks.
    fn found(score: impl Fn(u8) -> f64, target: f64) -> (Option<Found>, usize) {
        let (mut below, mut enough) = (None, None);
        for looks in 0.. {
            let Some(quality) = next(below, enough, target, 80, looks) else {
                return (enough.or(below), looks);
            };
            let found = Found { quality, score: score(quality) };
            *if found.score >= target { &mut enough } else { &mut below } = Some(found);
        }
        unreachable!("the qualities end");
    }

    #[test]
    fn the_lowest_quality_that_is_enough_is_found_whatever_the_curve() {
        let curves: [fn(f64) -> f64; 3] =
            [|q| 60.0 + q * 0.35, |q| 100.0 - 900.0 / q, |q| if q < 77.0 { 0.0 } else { 95.0 }];
        for curve in curves {
            for target in [65.0, 75.0, 80.0, 85.0, 88.0] {
                let at = |quality: u8| curve(f64::from(quality));
                let expected = (LOWEST..=HIGHEST).find(|&quality| at(quality) >= target).unwrap_or(HIGHEST);
                let (found, looks) = found(at, target);
                assert_eq!(found.map(|found| found.quality), Some(expected), "{target}");
                assert!(looks <= LOOKS_BY_SCORE + 7, "{looks} looks for {target}");
            }
        }
    }
}
