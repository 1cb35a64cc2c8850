//! Planes of 8-bit samples, and pictures made of them.

use crate::arena;

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

    /// The samples of one row.
    pub fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.stride..][..self.width]
    }

    pub fn row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.data[y * self.stride..][..self.width]
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

/// What the three planes of a picture hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// Y, Cb, Cr of JFIF (BT.601, full range); chroma at half size, each sample centred between its four pixels.
    Ycc420,
    /// Y, Cb, Cr of JFIF, all at full size.
    Ycc444,
    /// R, G, B, premultiplied where there is alpha.
    Rgb,
}

/// An image as the steps of the pipeline hand it on.
#[derive(Clone)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub space: Space,
    pub planes: [Plane; 3],
    pub alpha: Option<Plane>,
}

impl Picture {
    /// The size of plane `index` in a picture of this size and space.
    pub fn plane_size(space: Space, index: usize, width: usize, height: usize) -> (usize, usize) {
        match (space, index) {
            (Space::Ycc420, 1 | 2) => (width.div_ceil(2), height.div_ceil(2)),
            _ => (width, height),
        }
    }

    pub fn map_planes(self, change: impl Fn(Plane) -> Plane) -> Self {
        let Self { width, height, space, planes, alpha } = self;
        Self { width, height, space, planes: planes.map(&change), alpha: alpha.map(&change) }
    }
}
