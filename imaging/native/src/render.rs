//! The pipeline, as a list of steps.

use std::time::Instant;

use crate::colour::ToSrgb;
use crate::encode::encode;
use crate::exif::Orientation;
use crate::failure::{Failure, Outcome, Reason};
use crate::finish::{overlay::overlay, sharpen::sharpen};
use crate::plan::{Level, Plan, Rendition};
use crate::plane::{Alpha, Picture, Space};
use crate::probe::{Kind, Probe, probe};
use crate::quality::{self, Found};
use crate::resample::{Resampler, shrink, window};
use crate::source::{Source, jpeg::Jpeg, png::Png, webp::WebP};
use crate::taps::Axis;
use crate::{fingerprint, placeholder};

/// Everything a call makes.
pub struct Rendered {
    pub probe: Probe,
    pub blake3: String,
    pub thumbhash: Vec<u8>,
    /// The encoded renditions that are wanted, in the plan's order.
    pub bodies: Vec<Vec<u8>>,
    /// The quality found for each, and its score, where the recipe asked for a score.
    pub found: Vec<Option<Found>>,
    /// Milliseconds of each stage, in order.
    pub stages: Vec<(&'static str, f64)>,
}

/// From an original to its whole set of renditions.
pub fn render(original: &[u8], plan: &Plan) -> Outcome<Rendered> {
    let mut clock = Clock::start();
    let probe = probe(original)?;
    let to_srgb = probe.icc.as_deref().map(ToSrgb::from_icc).transpose()?.flatten();
    check_sizes(&probe, plan)?;
    let blake3 = fingerprint::blake3(original);
    clock.lap("read");

    let size = (plan.levels[0].width, plan.levels[0].height);
    let colours = if size == probe.upright() { Alpha::Straight } else { Alpha::Premultiplied };
    let source = open(original, probe.kind, plan, colours)?;
    let mut picture = first_level(source, probe.orientation(), size, plan.space(), colours)?;
    clock.lap("decode");
    if let Some(to_srgb) = to_srgb {
        to_srgb.apply(&mut picture);
        clock.lap("colour");
    }

    let levels = chain(picture, &plan.levels);
    let smallest = levels.iter().min_by_key(|level| level.width * level.height).expect("a level");
    let thumbhash = placeholder::of_picture(smallest);
    clock.lap("chain");

    let (bodies, found) = finish(levels, plan, &mut clock)?.into_iter().unzip();
    Ok(Rendered { probe, blake3, thumbhash, bodies, found, stages: clock.laps })
}

/// Limits, before a pixel is decoded or a plane allocated.
fn check_sizes(probe: &Probe, plan: &Plan) -> Outcome<()> {
    let too_many = |what: &str, width: usize, height: usize| {
        let pixels = width as u64 * height as u64;
        let detail = format!("{what} has {pixels} pixels, at most {}", plan.max_pixels);
        if pixels > plan.max_pixels { Err(Failure::Rejected(Reason::TooManyPixels, detail)) } else { Ok(()) }
    };
    too_many("the original", probe.width, probe.height)?;
    plan.levels.iter().try_for_each(|level| too_many("a level", level.width, level.height))?;
    plan.renditions.iter().filter(|rendition| rendition.wanted).try_for_each(|rendition| {
        let (longest, edge) = (rendition.format.longest_edge(), rendition.width.max(rendition.height));
        let detail = format!("a rendition of {edge} pixels, at most {longest} in its format");
        if edge > longest { Err(Failure::Rejected(Reason::TooLongAnEdge, detail)) } else { Ok(()) }
    })
}

fn open<'a>(original: &'a [u8], kind: Kind, plan: &Plan, colours: Alpha) -> Outcome<Box<dyn Source + 'a>> {
    Ok(match kind {
        Kind::Jpeg => Box::new(Jpeg::new(original, plan.shrink, plan.max_pixels)?),
        Kind::Png => Box::new(Png::new(original, plan.space(), colours)?),
        Kind::WebP => Box::new(WebP::new(original, colours)?),
    })
}

/// A file of ours, decoded at its size.
pub fn decode_whole(body: &[u8], kind: Kind) -> Outcome<Picture> {
    let source: Box<dyn Source + '_> = match kind {
        Kind::Jpeg => Box::new(Jpeg::new(body, 1, u64::MAX)?),
        Kind::Png => Box::new(Png::new(body, Space::Rgb, Alpha::Straight)?),
        Kind::WebP => Box::new(WebP::new(body, Alpha::Straight)?),
    };
    let size = (source.planes()[0].width, source.planes()[0].height);
    first_level(source, Orientation::default(), size, Space::Rgb, Alpha::Straight)
}

/// Decodes strip by strip, and resizes every strip while it is hot: the source is never whole in memory. `colours` are
/// what it gives.
fn first_level(
    mut source: Box<dyn Source + '_>,
    orientation: Orientation,
    upright: (usize, usize),
    wanted: Space,
    colours: Alpha,
) -> Outcome<Picture> {
    let space = match (source.space(), wanted) {
        (Space::Ycc420, Space::Rgb) => Space::Ycc444,
        (source, wanted) => source.max(wanted),
    };
    let stored = orientation.turn(upright);
    let mut resamplers: Vec<Resampler> = (source.planes().iter().enumerate())
        .map(|(index, shape)| {
            let (width, height) = Picture::plane_size(space, index, stored.0, stored.1);
            let spans = Picture::plane_span(space, index, stored.0, stored.1);
            let across = Axis {
                source: shape.width,
                source_span: shape.span.0,
                target: width,
                target_span: spans.0,
                origin: 0.0,
                mirrored: orientation.mirror_across,
                halved: Picture::is_halved(space, index),
            };
            let down = Axis {
                source: shape.height,
                source_span: shape.span.1,
                target: height,
                target_span: spans.1,
                origin: 0.0,
                mirrored: orientation.mirror_down,
                halved: Picture::is_halved(space, index),
            };
            Resampler::new(&across, &down)
        })
        .collect();
    while source.next(&mut |index, rows| resamplers[index].push(rows))? {}
    let mut planes = resamplers.into_iter().map(Resampler::finish);
    let mut plane = || planes.next().expect("a source has three planes or four");
    let planes_of_colour = [plane(), plane(), plane()];
    let (width, height) = stored;
    let picture = Picture { width, height, space, planes: planes_of_colour, alpha: planes.next(), colours };
    let picture = if orientation.transpose { picture.transposed() } else { picture };
    Ok(if wanted == Space::Rgb { picture.into_rgb() } else { picture }.without_idle_alpha())
}

/// Every level, each from the one it names.
fn chain(first: Picture, levels: &[Level]) -> Vec<Picture> {
    let mut pictures = vec![first];
    for level in &levels[1..] {
        pictures.push(shrink(&pictures[level.source], level.width, level.height));
    }
    pictures
}

/// Crop, sharpen, overlay, encode: each rendition on pixels of its own, so that nothing shows in another.
fn finish(levels: Vec<Picture>, plan: &Plan, clock: &mut Clock) -> Outcome<Vec<(Vec<u8>, Option<Found>)>> {
    let mut levels: Vec<Option<Picture>> = levels.into_iter().map(Some).collect();
    let mut bodies = Vec::new();
    let wanted: Vec<&Rendition> = plan.renditions.iter().filter(|rendition| rendition.wanted).collect();
    for (index, rendition) in wanted.iter().enumerate() {
        let is_last = wanted[index + 1..].iter().all(|later| later.level != rendition.level);
        let level = &mut levels[rendition.level];
        let mut picture = cut(level, rendition, is_last);
        if let Some(mask) = &rendition.sharpen {
            sharpen(&mut picture, mask);
        }
        for image in &rendition.overlays {
            overlay(&mut picture, image);
        }
        clock.lap("finish");
        bodies.push(match rendition.target {
            Some(target) if !rendition.lossless => quality::smallest(&picture, rendition, target)?,
            _ => (encode(picture, rendition, rendition.quality)?, None),
        });
        clock.lap(rendition.format.word());
    }
    Ok(bodies)
}

/// The rendition's pixels: the level itself when no later rendition needs it whole.
fn cut(level: &mut Option<Picture>, rendition: &Rendition, is_last: bool) -> Picture {
    let whole = level.as_ref().expect("a level is taken by its last rendition only");
    let (size, scaled) = ((rendition.width, rendition.height), (rendition.scaled_width, rendition.scaled_height));
    if (whole.width, whole.height) != scaled || scaled != size {
        return window(whole, scaled, (rendition.left, rendition.top), size);
    }
    if is_last { level.take().expect("just looked at") } else { whole.clone() }
}

/// Adds up the time of each stage.
struct Clock {
    last: Instant,
    laps: Vec<(&'static str, f64)>,
}

impl Clock {
    fn start() -> Self {
        Self { last: Instant::now(), laps: Vec::new() }
    }

    fn lap(&mut self, stage: &'static str) {
        let now = Instant::now();
        let milliseconds = (now - self.last).as_secs_f64() * 1e3;
        self.last = now;
        match self.laps.iter_mut().find(|(name, _)| *name == stage) {
            Some((_, sum)) => *sum += milliseconds,
            None => self.laps.push((stage, milliseconds)),
        }
    }
}
