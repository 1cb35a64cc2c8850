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

/// A plane made of another, by any weights.
pub fn resampled(plane: &Plane, horizontal: Rc<Taps>, vertical: Rc<Taps>) -> Plane {
    let mut target = Target::new(horizontal, vertical, plane.width);
    for y in 0..target.plane.height {
        target.make(y, |y| plane.padded_row(y));
    }
    target.finish()
}

/// Makes one plane out of strips of a larger (or smaller) one.
pub struct Resampler {
    target: Target,
    window: Window,
    /// Destination rows made so far, in the order of their source rows.
    made: usize,
    mirrored: bool,
}

impl Resampler {
    pub fn new(across: &Axis, down: &Axis) -> Self {
        let target = Target::new(taps::lanczos3(across), taps::lanczos3(down), across.source);
        let window = Window::new(across.source, target.vertical.count);
        Self { target, window, made: 0, mirrored: down.mirrored }
    }

    /// Takes the next rows of the source and makes every destination row they complete.
    pub fn push(&mut self, rows: Rows<'_>) {
        for y in 0..rows.count {
            self.window.push(rows.row(y, self.window.width));
            while let Some(y) = self.next_row().filter(|&y| self.target.last_source_of(y) < self.window.seen) {
                self.target.make(y, |y| self.window.row(y));
                self.made += 1;
            }
        }
    }

    pub fn finish(self) -> Plane {
        debug_assert_eq!(self.made, self.target.plane.height, "a decoder gave fewer rows than its header promised");
        self.target.finish()
    }

    /// The destination row that the earliest source rows make, of those that are left.
    fn next_row(&self) -> Option<usize> {
        let left = self.target.plane.height.checked_sub(self.made + 1)?;
        Some(if self.mirrored { left } else { self.made })
    }
}

/// The plane that is made, and how.
struct Target {
    vertical: Rc<Taps>,
    horizontal: Rc<Taps>,
    lines: [Vec<i16>; 2],
    /// The row that the first of the lines is for, while it waits for the second: rows are finished two at a time.
    waiting: Option<usize>,
    plane: Plane,
}

impl Target {
    /// `width` is the source's.
    fn new(horizontal: Rc<Taps>, vertical: Rc<Taps>, width: usize) -> Self {
        let line = vec![0; horizontal.extent.max(width.next_multiple_of(PADDING))];
        Self {
            lines: [line.clone(), line],
            waiting: None,
            plane: Plane::new(horizontal.starts.len(), vertical.starts.len()),
            vertical,
            horizontal,
        }
    }

    fn last_source_of(&self, y: usize) -> usize {
        self.vertical.starts[y] as usize + self.vertical.count - 1
    }

    /// Makes a row out of rows of the source, each with its padding.
    fn make<'r>(&mut self, y: usize, source: impl Fn(usize) -> &'r [u8]) {
        let Self { vertical: down, horizontal: across, lines, waiting, plane } = self;
        let first = down.starts[y] as usize;
        let rows: Vec<&[u8]> = (first..first + down.count).map(source).collect();
        let line = &mut lines[usize::from(waiting.is_some())];
        vertical(&rows, down.weights(y), down.precision, &mut line[..rows[0].len()]);
        match waiting.take() {
            Some(other) => horizontal(lines.each_ref().map(Vec::as_slice), across, plane.two_rows_mut([other, y])),
            None => *waiting = Some(y),
        }
    }

    /// The plane, once every row was made.
    fn finish(mut self) -> Plane {
        if let Some(y) = self.waiting {
            horizontal([&self.lines[0]], &self.horizontal, [self.plane.row_mut(y)]);
        }
        self.plane
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

    fn row(&self, y: usize) -> &[u8] {
        &self.samples[y % self.capacity * self.stride..][..self.stride]
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
        resampled(plane, taps::lanczos3(&across), taps::lanczos3(&down))
    };
    Picture {
        width: size.0,
        height: size.1,
        space: picture.space,
        planes: std::array::from_fn(|index| cut(index, &picture.planes[index])),
        alpha: picture.alpha.as_ref().map(|alpha| cut(3, alpha)),
    }
}
