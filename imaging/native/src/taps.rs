//! Lanczos3 weights: which source samples make one destination sample, and how much of each.

use std::cell::RefCell;
use std::f64::consts::PI;
use std::rc::{Rc, Weak};
use std::sync::LazyLock;

/// The kernel's half width, in destination samples when shrinking and source samples when enlarging.
const LOBES: f64 = 3.0;

/// Weights are padded to whole vectors of this many.
pub const LANES: usize = 16;

/// Bits of a weight at least: the largest, with what lies beyond an edge, is below two wholes.
const PRECISION: u32 = 14;

/// How one line of source samples maps onto one line of destination samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Source samples there are.
    pub source: usize,
    /// Source samples the whole image spans: less than `source` when the last one is only partly covered
    /// (an odd width at half scale).
    pub source_span: f64,
    /// Destination samples to make.
    pub target: usize,
    /// Destination samples the whole image spans.
    pub target_span: f64,
    /// Where the destination begins, in destination samples: a crop.
    pub origin: f64,
    /// The destination is the mirror image.
    pub mirrored: bool,
    /// The destination is half-size chroma: each sample the mean of the two that full size would have.
    pub halved: bool,
}

impl Axis {
    /// Every sample whole, nothing cropped.
    pub fn plain(source: usize, target: usize) -> Self {
        Self {
            source,
            source_span: source as f64,
            target,
            target_span: target as f64,
            origin: 0.0,
            mirrored: false,
            halved: false,
        }
    }

    /// Source samples a destination sample.
    fn step(&self) -> f64 {
        self.source_span / self.target_span
    }

    /// The centre of destination sample `index`, in source samples from the source's edge.
    fn centre(&self, index: usize) -> f64 {
        let position = (index as f64 + 0.5 + self.origin) * self.step();
        if self.mirrored { self.source_span - position } else { position }
    }

    /// Whether source and destination samples are the same ones.
    pub fn is_identity(&self) -> bool {
        self.source == self.target && self.source_span == self.target_span && self.origin == 0.0 && !self.mirrored
    }
}

thread_local! {
    static LAST: RefCell<Vec<Remembered>> = const { RefCell::new(Vec::new()) };
}

/// Weights that were made: kept or, where they are many, found again as long as others have them.
struct Remembered {
    axis: Axis,
    taps: Weak<Taps>,
    _kept: Option<Rc<Taps>>,
}

/// Cb and Cr have the same axes, and so do most images of one camera: five levels with the placeholder, luma and chroma,
/// across and down, and those of a watermark. One too few and all are made anew for every image.
const REMEMBERED: usize = 32;

/// Weights that are kept, 512 kB: those of an edge of 40,000 made smaller, or of 16,000 at its size.
const REMEMBERED_WEIGHTS: usize = 1 << 18;

/// [`Taps::lanczos3`], remembered by the thread.
pub fn lanczos3(axis: &Axis) -> Rc<Taps> {
    LAST.with_borrow_mut(|last| {
        let known = last.iter().position(|one| one.axis == *axis).map(|index| last.remove(index));
        let taps = known.and_then(|one| one.taps.upgrade()).unwrap_or_else(|| Rc::new(Taps::lanczos3(axis)));
        let is_kept = taps.weights.len() <= REMEMBERED_WEIGHTS;
        last.truncate(REMEMBERED - 1);
        last.insert(
            0,
            Remembered { axis: *axis, taps: Rc::downgrade(&taps), _kept: is_kept.then(|| Rc::clone(&taps)) },
        );
        taps
    })
}

/// Fixed-point weights of every destination sample.
pub struct Taps {
    /// The first source sample of each destination sample.
    pub starts: Vec<u32>,
    /// `stride` weights a destination sample, zero beyond `count`.
    pub weights: Vec<i16>,
    /// Weights that may differ from zero.
    pub count: usize,
    pub stride: usize,
    /// The weights of a destination sample add up to `1 << precision`.
    pub precision: u32,
    /// Source samples a kernel may read, whole vectors of weights included: more than there are.
    pub extent: usize,
}

impl Taps {
    pub fn lanczos3(axis: &Axis) -> Self {
        if axis.halved {
            return Self::halved_lanczos3(axis);
        }
        let filter_scale = axis.step().max(1.0);
        Self::sampled(axis, LOBES * filter_scale, precision(filter_scale), |_, distance| {
            lanczos(distance / filter_scale)
        })
    }

    /// Two Lanczos kernels of full size, side by side: what other encoders make of pixels, and what decoders expect to
    /// interpolate. One kernel of half size is sharper, and rings: 3.4 SSIMULACRA2 worse on a photo. Where the source
    /// has no more chroma than is wanted, the two become one, so that nothing is blurred. At an odd edge the second pixel
    /// would lie beyond it: the last one counts twice, as in encoders.
    fn halved_lanczos3(axis: &Axis) -> Self {
        let filter_scale = (axis.step() / 2.0).max(1.0);
        let aside = axis.step() / 4.0 * (axis.step() - 1.0).clamp(0.0, 1.0);
        Self::sampled(axis, LOBES * filter_scale + aside, precision(filter_scale), |centre, distance| {
            let right = if centre + aside > axis.source_span { -aside } else { aside };
            let left = if centre - aside < 0.0 { aside } else { -aside };
            lanczos((distance - right) / filter_scale) + lanczos((distance - left) / filter_scale)
        })
    }

    /// A blur: as many samples out as in. Cut off at three sigma, where less than 0.3 % is left.
    pub fn gaussian(len: usize, sigma: f64) -> Self {
        let weight = |_, distance: f64| (-distance * distance / (2.0 * sigma * sigma)).exp();
        Self::sampled(&Axis::plain(len, len), (3.0 * sigma).ceil() + 0.5, PRECISION, weight)
    }

    /// The weights of `kernel`, a function of the centre and the distance from it in source samples that is zero beyond
    /// `reach`; less precise where one is too large.
    fn sampled(axis: &Axis, reach: f64, precision: u32, kernel: impl Fn(f64, f64) -> f64) -> Self {
        // An open interval holds at most as many sample centres as its length, rounded up.
        let count = ((2.0 * reach).ceil() as usize).clamp(1, axis.source);
        let stride = count.next_multiple_of(LANES);
        let mut taps = Self {
            starts: Vec::with_capacity(axis.target),
            weights: vec![0; stride * axis.target],
            count,
            stride,
            precision,
            extent: axis.source - count + stride,
        };
        let mut exact = vec![0.0; count];
        for index in 0..axis.target {
            let centre = axis.centre(index);
            let first = (centre - reach - 0.5).ceil().max(0.0) as usize;
            let start = first.min(axis.source - count);
            weigh(&mut exact, start, (centre, reach), axis.source, |distance| kernel(centre, distance));
            let fits = quantise(&exact, precision, &mut taps.weights[index * stride..][..count]);
            if !fits && precision > PRECISION {
                return Self::sampled(axis, reach, precision - 1, kernel);
            }
            taps.starts.push(start as u32);
        }
        taps
    }

    pub fn weights(&self, index: usize) -> &[i16] {
        &self.weights[index * self.stride..][..self.count]
    }
}

/// Bits of a kernel's weights. More taps, smaller weights: the bits they leave free keep them exact.
fn precision(filter_scale: f64) -> u32 {
    PRECISION + (filter_scale.log2().floor() as u32).min(2)
}

/// The kernel sampled at `start..`; samples beyond the edges count for the edge sample.
fn weigh(weights: &mut [f64], start: usize, (centre, reach): (f64, f64), source: usize, kernel: impl Fn(f64) -> f64) {
    weights.fill(0.0);
    let last = weights.len() - 1;
    let mut position = (centre - reach - 0.5).ceil();
    while position + 0.5 < centre + reach {
        let sample = position.clamp(0.0, (source - 1) as f64) as usize;
        weights[sample.saturating_sub(start).min(last)] += kernel(position + 0.5 - centre);
        position += 1.0;
    }
}

/// Lanczos3 between samples of it: off by less than 2e-6, a thirtieth of the smallest weight.
fn lanczos(x: f64) -> f64 {
    let position = x.abs() * SAMPLES as f64;
    let index = position as usize;
    match LANCZOS.get(index..index + 2) {
        Some(&[here, next]) => here + (next - here) * (position - index as f64),
        _ => 0.0,
    }
}

/// Samples a lobe.
const SAMPLES: usize = 1024;

static LANCZOS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let sampled = |index: usize| {
        let angle = PI * index as f64 / SAMPLES as f64;
        LOBES * angle.sin() * (angle / LOBES).sin() / (angle * angle)
    };
    let mut samples: Vec<f64> = (0..=LOBES as usize * SAMPLES).map(sampled).collect();
    samples[0] = 1.0;
    samples
});

/// Rounds to fixed point; what rounding loses goes to the largest weight, so that flat areas stay flat.
/// Whether that one fits 16 bits: where an edge sample counts for those beyond it, more than half may be its.
fn quantise(exact: &[f64], precision: u32, weights: &mut [i16]) -> bool {
    let scale = f64::from(1u32 << precision) / exact.iter().sum::<f64>();
    for (weight, value) in weights.iter_mut().zip(exact) {
        let scaled = value * scale;
        // Half away from zero; a cast saturates.
        *weight = (scaled + 0.5f64.copysign(scaled)) as i16;
    }
    let total: i32 = weights.iter().map(|&weight| i32::from(weight)).sum();
    let missing = (1i32 << precision) - total;
    let largest = (0..weights.len()).max_by_key(|&i| weights[i]).unwrap_or(0);
    let whole = i32::from(weights[largest]) + missing;
    weights[largest] = whole.clamp(-32768, 32767) as i16;
    i32::from(weights[largest]) == whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Thirty strips of a few kilobytes would fill the memory that the next original needs. Planes still share them.
    #[test]
    fn weights_of_a_strip_are_not_kept() {
        let keeps = |source, target| Rc::strong_count(&lanczos3(&Axis::plain(source, target))) == 2;
        assert!(keeps(6000, 2048) && keeps(12_000, 12_000));
        assert!(!keeps(1_000_000, 64) && !keeps(100_000, 100_000));
        let axis = Axis::plain(1_000_000, 64);
        let (luma, alpha) = (lanczos3(&axis), lanczos3(&axis));
        assert!(Rc::ptr_eq(&luma, &alpha));
    }

    /// Odd edges of half-size chroma too, but for what rounding gives to one of two that are alike.
    #[test]
    fn a_mirror_image_has_the_weights_of_the_picture_backwards() {
        for (source, target, halved) in [(40, 13, false), (40, 13, true), (40, 14, true), (9, 5, true), (7, 3, false)] {
            let half = usize::from(halved);
            let axis = Axis { target_span: target as f64 / (1 + half) as f64, halved, ..Axis::plain(source, target) };
            let axis = Axis { target: target.div_ceil(1 + half), ..axis };
            let (plain, mirrored) = (Taps::lanczos3(&axis), Taps::lanczos3(&Axis { mirrored: true, ..axis }));
            let line = |taps: &Taps, index: usize| -> Vec<i16> {
                let mut line = vec![0; source];
                line[taps.starts[index] as usize..][..taps.count].copy_from_slice(taps.weights(index));
                line
            };
            for index in 0..axis.target {
                let (plain, mirrored) = (line(&plain, index), line(&mirrored, index));
                let apart = plain.iter().zip(mirrored.iter().rev()).map(|(one, other)| one.abs_diff(*other)).max();
                assert!(apart <= Some(4), "{apart:?} at {index} of {axis:?}");
            }
        }
    }

    proptest! {
        /// An odd edge of half-size chroma lies behind half a sample: the last of the source has most of its weight.
        #[test]
        fn weights_add_up_at_odd_edges_of_half_size_chroma(source in 1usize..6000, target in 1usize..300) {
            let axis = Axis {
                source: source.div_ceil(2),
                source_span: source as f64 / 2.0,
                target_span: target as f64 / 2.0,
                halved: true,
                ..Axis::plain(source, target.div_ceil(2))
            };
            let taps = Taps::lanczos3(&axis);
            for index in 0..axis.target {
                let total: i32 = taps.weights(index).iter().map(|&weight| i32::from(weight)).sum();
                prop_assert_eq!(total, 1 << taps.precision, "sample {}", index);
            }
        }
    }
}
