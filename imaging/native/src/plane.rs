//! Planes of 8-bit samples, and pictures made of them.

use std::borrow::Cow;

use crate::arena;
use crate::kernels::pixels::{divided, over, times};
use crate::kernels::transpose::transpose;
use crate::kernels::ycc;

/// Rows and columns of a plane are padded to this, so that kernels read and write whole vectors.
pub const PADDING: usize = 32;

/// A rectangle of samples. `stride` is a multiple of [`PADDING`]; what lies beyond `width` has no meaning
/// until [`Plane::replicate_edges`] gives it one.
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub stride: usize,
    data: Vec<u8>,
}

impl Plane {
    /// A plane whose samples have no meaning yet (they are whatever the arena last held).
    pub fn new(width: usize, height: usize) -> Self {
        let stride = width.next_multiple_of(PADDING);
        let data = arena::take(stride * height.next_multiple_of(PADDING / 2));
        Self { width, height, stride, data }
    }

    pub fn filled(width: usize, height: usize, sample: u8) -> Self {
        let mut plane = Self::new(width, height);
        plane.data.fill(sample);
        plane
    }

    /// Each sample by that of an alpha.
    pub fn multiplied_by(mut self, alpha: &Self) -> Self {
        for (row, alphas) in self.rows_mut().zip(alpha.rows()) {
            row.iter_mut().zip(alphas).for_each(|(sample, &alpha)| *sample = times(*sample, alpha));
        }
        self
    }

    /// The samples of one row.
    pub fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.stride..][..self.width]
    }

    pub fn row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.data[y * self.stride..][..self.width]
    }

    /// Two different rows.
    pub fn two_rows_mut(&mut self, rows: [usize; 2]) -> [&mut [u8]; 2] {
        let samples = rows.map(|y| y * self.stride..y * self.stride + self.width);
        self.data.get_disjoint_mut(samples).expect("two rows of the plane")
    }

    /// One row with its padding, for kernels that work on whole vectors.
    pub fn padded_row(&self, y: usize) -> &[u8] {
        &self.data[y * self.stride..][..self.stride]
    }

    pub fn padded_row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.data[y * self.stride..][..self.stride]
    }

    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.data.chunks_exact(self.stride).take(self.height).map(|row| &row[..self.width])
    }

    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.data.chunks_exact_mut(self.stride).take(self.height).map(|row| &mut row[..self.width])
    }

    /// All samples from the first row's first to the padding of the last.
    pub fn samples(&self) -> &[u8] {
        &self.data
    }

    pub fn samples_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// Every sample looked up.
    pub fn mapped(mut self, table: &[u8; 256]) -> Self {
        self.data.iter_mut().for_each(|sample| *sample = table[usize::from(*sample)]);
        self
    }

    /// The rectangle at (`left`, `top`), copied.
    pub fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Self {
        let mut cropped = Self::new(width, height);
        for (y, row) in cropped.rows_mut().enumerate() {
            row.copy_from_slice(&self.row(top + y)[left..][..width]);
        }
        cropped
    }

    /// Repeats the last column and the last row into the padding up to multiples of `block`, as JPEG wants its edges.
    pub fn replicate_edges(&mut self, block: usize) {
        let (width, height) = (self.width, self.height);
        let padded = width.next_multiple_of(block);
        for row in self.data.chunks_exact_mut(self.stride).take(height) {
            let last = row[width - 1];
            row[width..padded].fill(last);
        }
        for y in height..height.next_multiple_of(block) {
            self.data.copy_within((height - 1) * self.stride..height * self.stride, y * self.stride);
        }
    }
}

impl Clone for Plane {
    fn clone(&self) -> Self {
        let mut data = arena::take(self.data.len());
        data.copy_from_slice(&self.data);
        Self { data, ..*self }
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        arena::give_back(std::mem::take(&mut self.data));
    }
}

/// What the three planes of a picture hold, the more the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// Y, Cb, Cr of JFIF (BT.601, full range); chroma at half size, each sample centred between its four pixels.
    Ycc420,
    /// Y, Cb, Cr of JFIF, all at full size.
    Ycc444,
    /// R, G, B, where there is alpha as [`Alpha`] says.
    Rgb,
}

/// What R, G, B are beside an alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpha {
    /// As they are stored: what is not resized loses nothing.
    Straight,
    /// Multiplied by it: what can be resized, and blended with few steps.
    Premultiplied,
}

/// An image as the steps of the pipeline hand it on.
#[derive(Clone)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub space: Space,
    pub planes: [Plane; 3],
    pub alpha: Option<Plane>,
    pub colours: Alpha,
}

impl Alpha {
    /// A sample multiplied by its alpha, whatever it was before.
    pub fn premultiplied(self, sample: u8, alpha: u8) -> u8 {
        match self {
            Self::Straight => times(sample, alpha),
            Self::Premultiplied => sample,
        }
    }

    /// And back.
    pub fn of_premultiplied(self, sample: u8, alpha: u8) -> u8 {
        match self {
            Self::Straight => divided(sample, alpha),
            Self::Premultiplied => sample,
        }
    }
}

impl Picture {
    /// Whether plane `index` has half the picture's size.
    pub fn is_halved(space: Space, index: usize) -> bool {
        space == Space::Ycc420 && (index == 1 || index == 2)
    }

    /// The size of plane `index` in a picture of this size and space.
    pub fn plane_size(space: Space, index: usize, width: usize, height: usize) -> (usize, usize) {
        match (space, index) {
            (Space::Ycc420, 1 | 2) => (width.div_ceil(2), height.div_ceil(2)),
            _ => (width, height),
        }
    }

    /// What plane `index` spans, in its own samples: half a sample less than its size where an odd edge is halved.
    pub fn plane_span(space: Space, index: usize, width: usize, height: usize) -> (f64, f64) {
        let divisor = if Self::is_halved(space, index) { 2.0 } else { 1.0 };
        (width as f64 / divisor, height as f64 / divisor)
    }

    /// Rows and columns exchanged.
    pub fn transposed(self) -> Self {
        let planes = self.planes.each_ref().map(transpose);
        let alpha = self.alpha.as_ref().map(transpose);
        Self { width: self.height, height: self.width, planes, alpha, ..self }
    }

    /// Row `y` as interleaved RGB, alpha divided out. The picture is Rgb.
    pub fn read_rgb(&self, y: usize, pixels: &mut [u8]) {
        debug_assert_eq!(self.space, Space::Rgb);
        for (channel, plane) in self.planes.iter().enumerate() {
            for (pixel, &sample) in pixels.chunks_exact_mut(3).zip(plane.row(y)) {
                pixel[channel] = sample;
            }
        }
        if let Some(alpha) = self.multiplied_in() {
            for (pixel, &alpha) in pixels.chunks_exact_mut(3).zip(alpha.row(y)) {
                pixel.iter_mut().for_each(|sample| *sample = divided(*sample, alpha));
            }
        }
    }

    /// The alpha that colours are multiplied by, if they are by any.
    fn multiplied_in(&self) -> Option<&Plane> {
        self.alpha.as_ref().filter(|_| self.colours == Alpha::Premultiplied)
    }

    /// A plane of colour as it can be resized.
    pub fn premultiplied(&self, index: usize) -> Cow<'_, Plane> {
        let plane = &self.planes[index];
        match (&self.alpha, self.colours) {
            (Some(alpha), Alpha::Straight) => Cow::Owned(plane.clone().multiplied_by(alpha)),
            _ => Cow::Borrowed(plane),
        }
    }

    /// What [`Picture::read_rgb`] read, written back.
    pub fn write_rgb(&mut self, y: usize, pixels: &[u8]) {
        for (channel, plane) in self.planes.iter_mut().enumerate() {
            for (pixel, sample) in pixels.chunks_exact(3).zip(plane.row_mut(y)) {
                *sample = pixel[channel];
            }
            if let (Some(alpha), Alpha::Premultiplied) = (&self.alpha, self.colours) {
                for (sample, &alpha) in plane.row_mut(y).iter_mut().zip(alpha.row(y)) {
                    *sample = times(*sample, alpha);
                }
            }
        }
    }

    /// Row `y` as interleaved RGB over `background`. The picture is Rgb.
    pub fn read_flat(&self, y: usize, background: [u8; 3], pixels: &mut [u8]) {
        for (channel, plane) in self.planes.iter().enumerate() {
            for (pixel, &sample) in pixels.chunks_exact_mut(3).zip(plane.row(y)) {
                pixel[channel] = sample;
            }
        }
        if let Some(alpha) = &self.alpha {
            for (pixel, &alpha) in pixels.chunks_exact_mut(3).zip(alpha.row(y)) {
                for (sample, under) in pixel.iter_mut().zip(background) {
                    *sample = over(self.colours.premultiplied(*sample, alpha), alpha, under);
                }
            }
        }
    }

    /// The same picture as Y, Cb, Cr, over `background` where it is transparent.
    pub fn into_ycc(self, space: Space, background: [u8; 3]) -> Self {
        match (self.space, space) {
            (Space::Rgb, _) => self.flattened(space, background),
            (Space::Ycc444, Space::Ycc420) => self.with_half_chroma(),
            _ => self,
        }
    }

    fn flattened(self, space: Space, background: [u8; 3]) -> Self {
        let (width, height) = (self.width, self.height);
        let mut planes = Self::new_planes(space, width, height);
        let mut pixels = [vec![0; width * 3], vec![0; width * 3]];
        let [luma, cb, cr] = &mut planes;
        let rows = if space == Space::Ycc420 { 2 } else { 1 };
        for top in (0..height).step_by(rows) {
            let count = (height - top).min(rows);
            for (row, pixels) in pixels.iter_mut().enumerate().take(count) {
                self.read_flat(top + row, background, pixels);
                ycc::luma_row(pixels, luma.row_mut(top + row));
            }
            let [above, below] = &pixels;
            if space == Space::Ycc420 {
                let below = if count == 2 { below } else { above };
                ycc::chroma_row(above, below, cb.row_mut(top / 2), cr.row_mut(top / 2));
            } else {
                ycc::full_chroma_row(above, cb.row_mut(top), cr.row_mut(top));
            }
        }
        Self { space, planes, alpha: None, ..self }
    }

    fn with_half_chroma(self) -> Self {
        let [luma, cb, cr] = self.planes;
        let planes = [luma, halved(&cb), halved(&cr)];
        Self { space: Space::Ycc420, planes, ..self }
    }

    pub fn new_planes(space: Space, width: usize, height: usize) -> [Plane; 3] {
        std::array::from_fn(|index| {
            let (width, height) = Self::plane_size(space, index, width, height);
            Plane::new(width, height)
        })
    }

    /// Interleaved RGB or, with alpha, RGBA, not premultiplied. The picture is Rgb.
    pub fn interleaved(&self) -> Vec<u8> {
        let channels = if self.alpha.is_some() { 4 } else { 3 };
        let mut pixels = vec![0; self.width * self.height * channels];
        let mut row = vec![0; self.width * 3];
        for (y, out) in pixels.chunks_exact_mut(self.width * channels).enumerate() {
            self.read_rgb(y, &mut row);
            for (out, pixel) in out.chunks_exact_mut(channels).zip(row.chunks_exact(3)) {
                out[..3].copy_from_slice(pixel);
            }
            if let Some(alpha) = &self.alpha {
                for (out, &alpha) in out.chunks_exact_mut(4).zip(alpha.row(y)) {
                    out[3] = alpha;
                }
            }
        }
        pixels
    }

    /// Interleaved RGBA, not premultiplied.
    pub fn into_rgba(self) -> Vec<u8> {
        let mut rgba = Vec::with_capacity(self.width * self.height * 4);
        let mut pixels = vec![0; self.width * 3];
        for y in 0..self.height {
            match self.space {
                Space::Rgb => self.read_rgb(y, &mut pixels),
                Space::Ycc420 | Space::Ycc444 => self.read_nearest(y, &mut pixels),
            }
            let alphas = self.alpha.as_ref().map(|alpha| alpha.row(y));
            for (x, pixel) in pixels.chunks_exact(3).enumerate() {
                rgba.extend_from_slice(pixel);
                rgba.push(alphas.map_or(255, |row| row[x]));
            }
        }
        rgba
    }

    /// Row `y` as interleaved RGB, chroma from the nearest sample: enough for a preview.
    fn read_nearest(&self, y: usize, pixels: &mut [u8]) {
        let half = usize::from(self.space == Space::Ycc420);
        let [luma, cb, cr] = &self.planes;
        let (cb, cr) = (cb.row(y >> half), cr.row(y >> half));
        for (x, (pixel, &luma)) in pixels.chunks_exact_mut(3).zip(luma.row(y)).enumerate() {
            pixel.copy_from_slice(&ycc::rgb(luma, cb[x >> half], cr[x >> half]));
        }
    }

    /// Interleaved RGB over `background`, half-size chroma interpolated.
    pub fn into_flat_rgb(self, background: [u8; 3]) -> Vec<u8> {
        let row_bytes = self.width * 3;
        let mut rgb = vec![0; row_bytes * self.height];
        let rows = rgb.chunks_exact_mut(row_bytes).enumerate();
        match self.space {
            Space::Rgb => rows.for_each(|(y, row)| self.read_flat(y, background, row)),
            Space::Ycc444 => {
                let [luma, cb, cr] = &self.planes;
                rows.for_each(|(y, row)| ycc::rgb_row(luma.row(y), cb.row(y), cr.row(y), row));
            }
            Space::Ycc420 => {
                let mut chroma = FullChroma::new(self.width);
                rows.for_each(|(y, row)| {
                    let (cb, cr) = chroma.row(&self.planes[1], &self.planes[2], y);
                    ycc::rgb_row(self.planes[0].row(y), cb, cr, row);
                });
            }
        }
        rgb
    }

    /// A picture at full chroma as R, G, B.
    pub fn into_rgb(mut self) -> Self {
        if self.space == Space::Ycc444 {
            let [y, cb, cr] = &mut self.planes;
            for ((y, cb), cr) in y.rows_mut().zip(cb.rows_mut()).zip(cr.rows_mut()) {
                for ((y, cb), cr) in y.iter_mut().zip(cb).zip(cr) {
                    [*y, *cb, *cr] = ycc::rgb(*y, *cb, *cr);
                }
            }
            self.space = Space::Rgb;
        }
        self
    }

    /// Drops an alpha that hides nothing.
    pub fn without_idle_alpha(mut self) -> Self {
        let idle = |alpha: &Plane| alpha.rows().all(|row| row.iter().all(|&sample| sample == 255));
        self.alpha = self.alpha.take().filter(|alpha| !idle(alpha));
        self
    }
}

/// A plane at half size, each sample the mean of its four; those at odd edges count twice.
fn halved(plane: &Plane) -> Plane {
    let mut half = Plane::new(plane.width.div_ceil(2), plane.height.div_ceil(2));
    for (y, out) in half.rows_mut().enumerate() {
        let (above, below) = (plane.row(2 * y), plane.row((2 * y + 1).min(plane.height - 1)));
        for (x, out) in out.iter_mut().enumerate() {
            let (left, right) = (2 * x, (2 * x + 1).min(plane.width - 1));
            let sum: u32 = [above[left], above[right], below[left], below[right]].map(u32::from).iter().sum();
            *out = ((sum + 2) >> 2) as u8;
        }
    }
    half
}

/// Half-size chroma interpolated to full size, row by row.
pub struct FullChroma {
    sums: Vec<u16>,
    rows: [Vec<u8>; 2],
}

impl FullChroma {
    pub fn new(width: usize) -> Self {
        Self { sums: vec![0; width.div_ceil(2)], rows: [vec![0; width], vec![0; width]] }
    }

    /// Cb and Cr of row `y`.
    pub fn row(&mut self, cb: &Plane, cr: &Plane, y: usize) -> (&[u8], &[u8]) {
        for (plane, full) in [cb, cr].into_iter().zip(&mut self.rows) {
            let near = y / 2;
            let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(plane.height - 1) };
            ycc::upsample_row(plane.row(near), plane.row(far), &mut self.sums, full);
        }
        (&self.rows[0], &self.rows[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(rows: &[&[u8]]) -> Plane {
        let mut plane = Plane::filled(rows[0].len(), rows.len(), 99);
        plane.rows_mut().zip(rows).for_each(|(to, from)| to.copy_from_slice(from));
        plane
    }

    #[test]
    fn the_rest_of_a_block_repeats_the_last_column_and_the_last_row() {
        let mut plane = plane(&[&[1, 2, 3], &[4, 5, 6]]);
        plane.replicate_edges(8);
        let padded = |y| &plane.padded_row(y)[..8];
        assert_eq!(padded(0), [1, 2, 3, 3, 3, 3, 3, 3]);
        (1..8).for_each(|y| assert_eq!(plane.samples()[y * plane.stride..][..8], [4, 5, 6, 6, 6, 6, 6, 6]));
    }

    #[test]
    fn half_of_a_plane_is_the_rounded_mean_of_fours_and_odd_edges_count_twice() {
        let half = halved(&plane(&[&[1, 2, 10], &[2, 1, 20], &[7, 8, 31]]));
        assert_eq!((half.row(0), half.row(1)), (&[2, 15][..], &[8, 31][..]));
    }

    #[test]
    fn chroma_at_full_size_lies_between_its_nearest_rows() {
        let (cb, cr) = (plane(&[&[0], &[3]]), plane(&[&[40], &[80]]));
        let mut chroma = FullChroma::new(2);
        let rows = [0, 1, 2, 3].map(|y| {
            let (cb, cr) = chroma.row(&cb, &cr, y);
            (cb[0], cb[1], cr[0], cr[1])
        });
        assert_eq!(rows, [(0, 0, 40, 40), (1, 1, 50, 50), (2, 2, 70, 70), (3, 3, 80, 80)]);
    }
}
