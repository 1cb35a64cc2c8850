//! Lanczos3 over strips: rows go in as the decoder makes them, finished rows of the smaller plane come out.

use crate::kernels::{horizontal::horizontal, vertical::vertical};
use crate::plane::{PADDING, Picture, Plane, Space};
use crate::taps::{Axis, Taps};

/// Rows of samples, one after the other.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub samples: &'a [u8],
    pub stride: usize,
    pub count: usize,
}

impl<'a> Rows<'a> {
    pub fn of(plane: &'a Plane) -> Self {
        Self { samples: plane.samples(), stride: plane.stride, count: plane.height }
    }

    fn row(&self, y: usize, width: usize) -> &'a [u8] {
        &self.samples[y * self.stride..][..width]
    }
}

/// Makes one plane out of strips of a larger (or smaller) one.
pub struct Resampler {
    vertical: Taps,
    horizontal: Taps,
    window: Window,
    /// Destination rows made so far, in the order of their source rows.
    made: usize,
    mirrored: bool,
    line: Vec<i16>,
    out: Plane,
}

impl Resampler {
    pub fn new(across: &Axis, down: &Axis) -> Self {
        let (horizontal, vertical) = (Taps::lanczos3(across), Taps::lanczos3(down));
        Self {
            window: Window::new(across.source, vertical.count),
            line: vec![0; horizontal.extent.max(across.source.next_multiple_of(PADDING))],
            out: Plane::new(across.target, down.target),
            made: 0,
            mirrored: down.mirrored,
            vertical,
            horizontal,
        }
    }

    /// Takes the next rows of the source and makes every destination row they complete.
    pub fn push(&mut self, rows: Rows<'_>) {
        for y in 0..rows.count {
            self.window.push(rows.row(y, self.window.width));
            while let Some(target) = self.next_target().filter(|&target| self.last_row_of(target) < self.window.seen) {
                self.make(target);
            }
        }
    }

    pub fn finish(self) -> Plane {
        debug_assert_eq!(self.made, self.out.height, "a decoder gave fewer rows than its header promised");
        self.out
    }

    /// The destination row that the earliest source rows make, of those that are left.
    fn next_target(&self) -> Option<usize> {
        let left = self.out.height.checked_sub(self.made + 1)?;
        Some(if self.mirrored { left } else { self.made })
    }

    fn last_row_of(&self, target: usize) -> usize {
        self.vertical.starts[target] as usize + self.vertical.count - 1
    }

    fn make(&mut self, target: usize) {
        let rows = self.window.rows(self.vertical.starts[target] as usize, self.vertical.count);
        let padded = self.window.stride;
        vertical(&rows, self.vertical.weights(target), self.vertical.precision, &mut self.line[..padded]);
        horizontal(&self.line, &self.horizontal, self.out.padded_row_mut(target));
        self.made += 1;
    }
}

/// The last rows of the source, as many as one destination row needs.
struct Window {
    width: usize,
    stride: usize,
    capacity: usize,
    seen: usize,
    samples: Vec<u8>,
}

impl Window {
    fn new(width: usize, capacity: usize) -> Self {
        let stride = width.next_multiple_of(PADDING);
        Self { width, stride, capacity, seen: 0, samples: vec![0; stride * capacity] }
    }

    fn push(&mut self, row: &[u8]) {
        let at = self.seen % self.capacity * self.stride;
        self.samples[at..][..self.width].copy_from_slice(row);
        self.seen += 1;
    }

    fn rows(&self, first: usize, count: usize) -> Vec<&[u8]> {
        (first..first + count).map(|y| &self.samples[y % self.capacity * self.stride..][..self.stride]).collect()
    }
}

/// A whole plane resized.
pub fn resample(plane: &Plane, across: &Axis, down: &Axis) -> Plane {
    if across.is_identity() && down.is_identity() {
        return plane.clone();
    }
    let mut resampler = Resampler::new(across, down);
    resampler.push(Rows::of(plane));
    resampler.finish()
}

/// The next smaller picture of the chain.
pub fn shrink(picture: &Picture, width: usize, height: usize) -> Picture {
    window(picture, (width, height), (0, 0), (width, height))
}

/// The rectangle of `size` at (`left`, `top`) of the picture.
/// Between pixels of half-size chroma (an odd offset) the chroma is moved by half a sample.
pub fn crop(picture: &Picture, (left, top): (usize, usize), size: (usize, usize)) -> Picture {
    window(picture, (picture.width, picture.height), (left, top), size)
}

/// Scales the picture to `scaled` and cuts `size` at `origin` out of that.
fn window(picture: &Picture, scaled: (usize, usize), origin: (usize, usize), size: (usize, usize)) -> Picture {
    let cut = |plane: &Plane, index: usize| {
        let divisor = if picture.space == Space::Ycc420 && (index == 1 || index == 2) { 2.0 } else { 1.0 };
        let (width, height) = Picture::plane_size(picture.space, index, size.0, size.1);
        let axis = |source: usize, full: usize, target: usize, scaled: usize, origin: usize| Axis {
            source,
            source_span: full as f64 / divisor,
            target,
            target_span: scaled as f64 / divisor,
            origin: origin as f64 / divisor,
            mirrored: false,
        };
        let across = axis(plane.width, picture.width, width, scaled.0, origin.0);
        let down = axis(plane.height, picture.height, height, scaled.1, origin.1);
        let aligned = across.source_span == across.target_span && across.origin.fract() == 0.0
            && down.source_span == down.target_span && down.origin.fract() == 0.0;
        if aligned {
            return plane.crop(across.origin as usize, down.origin as usize, width, height);
        }
        resample(plane, &across, &down)
    };
    Picture {
        width: size.0,
        height: size.1,
        space: picture.space,
        planes: std::array::from_fn(|index| cut(&picture.planes[index], index)),
        alpha: picture.alpha.as_ref().map(|alpha| cut(alpha, 3)),
    }
}
