//! Lanczos3 over strips: rows go in as the decoder makes them, finished rows of the smaller plane come out.

use std::rc::Rc;

use crate::kernels::{horizontal::horizontal, vertical::vertical};
use crate::plane::{PADDING, Picture, Plane};
use crate::taps::{self, Axis, Taps};

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

    pub fn row(&self, y: usize, width: usize) -> &'a [u8] {
        &self.samples[y * self.stride..][..width]
    }
}

/// Makes one plane out of strips of a larger (or smaller) one.
pub struct Resampler {
    vertical: Rc<Taps>,
    horizontal: Rc<Taps>,
    window: Window,
    /// Destination rows made so far, in the order of their source rows.
    made: usize,
    mirrored: bool,
    line: Vec<i16>,
    out: Plane,
}

impl Resampler {
    pub fn new(across: &Axis, down: &Axis) -> Self {
        let resampler = Self::with_taps(taps::lanczos3(across), taps::lanczos3(down), across.source);
        Self { mirrored: down.mirrored, ..resampler }
    }

    /// Any weights; `width` is the source's.
    pub fn with_taps(horizontal: Rc<Taps>, vertical: Rc<Taps>, width: usize) -> Self {
        Self {
            window: Window::new(width, vertical.count),
            line: vec![0; horizontal.extent.max(width.next_multiple_of(PADDING))],
            out: Plane::new(horizontal.starts.len(), vertical.starts.len()),
            made: 0,
            mirrored: false,
            vertical,
            horizontal,
        }
    }

    /// Makes the whole plane out of one that is there, whose rows are read where they lie.
    pub fn run(mut self, plane: &Plane) -> Plane {
        while let Some(target) = self.next_target() {
            let first = self.vertical.starts[target] as usize;
            let rows: Vec<&[u8]> = (first..first + self.vertical.count).map(|y| plane.padded_row(y)).collect();
            make(&rows, (&self.vertical, &self.horizontal), &mut self.line, target, &mut self.out);
            self.made += 1;
        }
        self.finish()
    }

    /// Takes the next rows of the source and makes every destination row they complete.
    pub fn push(&mut self, rows: Rows<'_>) {
        for y in 0..rows.count {
            self.window.push(rows.row(y, self.window.width));
            while let Some(target) = self.next_target().filter(|&target| self.last_row_of(target) < self.window.seen) {
                let first = self.vertical.starts[target] as usize;
                let rows = self.window.rows(first, self.vertical.count);
                make(&rows, (&self.vertical, &self.horizontal), &mut self.line, target, &mut self.out);
                self.made += 1;
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
}

/// Makes a row of the plane out of rows of the source, each with its padding.
fn make(rows: &[&[u8]], (down, across): (&Taps, &Taps), line: &mut [i16], target: usize, out: &mut Plane) {
    vertical(rows, down.weights(target), down.precision, &mut line[..rows[0].len()]);
    horizontal(line, across, out.row_mut(target));
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
        Self { width, stride, capacity, seen: 0, samples: Vec::new() }
    }

    fn push(&mut self, row: &[u8]) {
        self.samples.resize(self.stride * self.capacity, 0);
        let at = self.seen % self.capacity * self.stride;
        self.samples[at..][..self.width].copy_from_slice(row);
        self.seen += 1;
    }

    fn rows(&self, first: usize, count: usize) -> Vec<&[u8]> {
        (first..first + count).map(|y| &self.samples[y % self.capacity * self.stride..][..self.stride]).collect()
    }
}

/// The next smaller picture of the chain.
pub fn shrink(picture: &Picture, width: usize, height: usize) -> Picture {
    window(picture, (width, height), (0, 0), (width, height))
}

/// The picture at size `scaled`, of which only the rectangle of `size` at `origin` is made.
/// An odd offset lies between samples of half-size chroma: then the chroma is moved by half a sample.
pub fn window(picture: &Picture, scaled: (usize, usize), origin: (usize, usize), size: (usize, usize)) -> Picture {
    let cut = |index: usize, plane: &Plane| {
        let from = Picture::plane_span(picture.space, index, picture.width, picture.height);
        let to = Picture::plane_span(picture.space, index, scaled.0, scaled.1);
        let start = Picture::plane_span(picture.space, index, origin.0, origin.1);
        let (width, height) = Picture::plane_size(picture.space, index, size.0, size.1);
        if from == to && start.0.fract() == 0.0 && start.1.fract() == 0.0 {
            return plane.crop(start.0 as usize, start.1 as usize, width, height);
        }
        let axis = |source, source_span, target, target_span, origin| Axis {
            source,
            source_span,
            target,
            target_span,
            origin,
            mirrored: false,
            halved: Picture::is_halved(picture.space, index),
        };
        let across = axis(plane.width, from.0, width, to.0, start.0);
        let down = axis(plane.height, from.1, height, to.1, start.1);
        resample(plane, &across, &down)
    };
    Picture {
        width: size.0,
        height: size.1,
        space: picture.space,
        planes: std::array::from_fn(|index| cut(index, &picture.planes[index])),
        alpha: picture.alpha.as_ref().map(|alpha| cut(3, alpha)),
    }
}

/// A plane resized.
fn resample(plane: &Plane, across: &Axis, down: &Axis) -> Plane {
    Resampler::new(across, down).run(plane)
}
