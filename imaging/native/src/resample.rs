//! Lanczos3 over strips: rows go in as the decoder makes them, finished rows of the smaller plane come out.

use std::ops::Range;
use std::rc::Rc;

use crate::kernels::{horizontal::horizontal, vertical::vertical};
use crate::plane::{Alpha, PADDING, Picture, Plane};
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
    for y in (0..target.plane.height).step_by(2) {
        target.make(Couple::at(y, target.plane.height, false), |y| plane.padded_row(y));
    }
    target.plane
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
        let window = Window::new(across.source, target.most_rows());
        Self { target, window, made: 0, mirrored: down.mirrored }
    }

    /// Takes the next rows of the source and makes every destination row they complete.
    pub fn push(&mut self, rows: Rows<'_>) {
        for y in 0..rows.count {
            self.window.push(rows.row(y, self.window.width));
            while let Some(couple) = self.next_rows() {
                self.target.make(couple, |y| self.window.row(y));
                self.made += couple.rows().count();
            }
        }
    }

    pub fn finish(self) -> Plane {
        debug_assert_eq!(self.made, self.target.plane.height, "a decoder gave fewer rows than its header promised");
        self.target.plane
    }

    /// The destination rows that the earliest source rows make, of those that are left, once the last of these is seen.
    fn next_rows(&self) -> Option<Couple> {
        let height = self.target.plane.height;
        let couple = (self.made < height).then(|| Couple::at(self.made, height, self.mirrored))?;
        (self.target.sources(couple).end <= self.window.seen).then_some(couple)
    }
}

/// Two rows that are made at once, or the last one alone, in the order of their source rows.
#[derive(Clone, Copy)]
struct Couple {
    first: usize,
    second: Option<usize>,
}

impl Couple {
    /// Of a plane of `height`, once `made` rows are made.
    fn at(made: usize, height: usize, mirrored: bool) -> Self {
        let row = |made: usize| if mirrored { height - 1 - made } else { made };
        Self { first: row(made), second: (made + 1 < height).then(|| row(made + 1)) }
    }

    fn rows(self) -> impl Iterator<Item = usize> {
        [Some(self.first), self.second].into_iter().flatten()
    }
}

/// The plane that is made, and how.
struct Target {
    vertical: Rc<Taps>,
    horizontal: Rc<Taps>,
    lines: [Vec<i16>; 2],
    /// Weights of the rows that either of two needs, zero for those of the other.
    weights: [Vec<i16>; 2],
    plane: Plane,
}

impl Target {
    /// `width` is the source's.
    fn new(horizontal: Rc<Taps>, vertical: Rc<Taps>, width: usize) -> Self {
        let line = vec![0; horizontal.extent.max(width.next_multiple_of(PADDING))];
        Self {
            lines: [line.clone(), line],
            weights: [Vec::new(), Vec::new()],
            plane: Plane::new(horizontal.starts.len(), vertical.starts.len()),
            vertical,
            horizontal,
        }
    }

    /// The source rows that two rows need.
    fn sources(&self, couple: Couple) -> Range<usize> {
        let starts = couple.rows().map(|y| self.vertical.starts[y] as usize);
        let (first, last) = starts.fold((usize::MAX, 0), |(first, last), start| (first.min(start), last.max(start)));
        first..last + self.vertical.count
    }

    /// The most source rows that two rows need.
    fn most_rows(&self) -> usize {
        let apart = self.vertical.starts.windows(2).map(|starts| starts[0].abs_diff(starts[1]) as usize);
        self.vertical.count + apart.max().unwrap_or(0)
    }

    /// Makes rows out of rows of the source, each with its padding.
    fn make<'r>(&mut self, couple: Couple, source: impl Fn(usize) -> &'r [u8]) {
        let sources = self.sources(couple);
        let rows: Vec<&[u8]> = sources.clone().map(source).collect();
        for (y, weights) in couple.rows().zip(&mut self.weights) {
            weights.clear();
            weights.resize(self.vertical.starts[y] as usize - sources.start, 0);
            weights.extend_from_slice(self.vertical.weights(y));
            weights.resize(rows.len(), 0);
        }
        let Self { vertical: down, horizontal: across, lines: [line, below], weights: [weights, others], plane } = self;
        let width = rows[0].len();
        match couple.second {
            Some(second) => {
                vertical(&rows, [weights, others], down.precision, [&mut line[..width], &mut below[..width]]);
                horizontal([line, below], across, plane.two_rows_mut([couple.first, second]));
            }
            None => {
                vertical(&rows, [weights], down.precision, [&mut line[..width]]);
                horizontal([line], across, [plane.row_mut(couple.first)]);
            }
        }
    }
}

/// The last rows of the source, as many as two destination rows need.
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

/// The picture at size `scaled`, of which only the rectangle of `size` at `origin` is made; its colours premultiplied if
/// that is not its own size. An odd offset lies between samples of half-size chroma: then the chroma is moved by half a
/// sample.
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
    let alpha = picture.alpha.as_ref().map(|alpha| cut(3, alpha));
    let (planes, colours) = if (picture.width, picture.height) == scaled {
        (std::array::from_fn(|index| cut(index, &picture.planes[index])), picture.colours)
    } else {
        (std::array::from_fn(|index| cut(index, &picture.premultiplied(index))), Alpha::Premultiplied)
    };
    Picture { width: size.0, height: size.1, space: picture.space, planes, alpha, colours }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Space;

    /// Half-size chroma that rises by 8 a sample, across or down: by 4 a pixel.
    fn ramp(across: usize, down: usize) -> Picture {
        let mut planes = Picture::new_planes(Space::Ycc420, 64, 64);
        for (index, plane) in planes.iter_mut().enumerate() {
            let step = if index == 0 { 4 } else { 8 };
            for (y, row) in plane.rows_mut().enumerate() {
                row.iter_mut().enumerate().for_each(|(x, sample)| *sample = (step * (across * x + down * y)) as u8);
            }
        }
        Picture { width: 64, height: 64, space: Space::Ycc420, planes, alpha: None, colours: Alpha::Straight }
    }

    #[test]
    fn chroma_moves_with_a_crop_be_it_by_half_a_sample() {
        for (left, top) in [(0, 0), (1, 0), (2, 0), (0, 1), (0, 2), (5, 0), (0, 5)] {
            let cut = window(&ramp(usize::from(top == 0), usize::from(top > 0)), (64, 64), (left, top), (40, 40));
            let moved = (4 * (left + top)) as u8;
            let middle = |plane: &Plane| plane.row(plane.height / 2)[plane.width / 2];
            assert_eq!(
                cut.planes.each_ref().map(middle),
                [4 * 20 + moved, 8 * 10 + moved, 8 * 10 + moved],
                "{left}, {top}"
            );
        }
    }
}
