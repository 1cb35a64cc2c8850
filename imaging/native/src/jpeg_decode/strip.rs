//! Where samples go: buffers of the caller's, used again for every strip.

/// One MCU row of every plane.
#[derive(Clone, Debug, Default)]
pub struct Strip {
    pub planes: [StripPlane; 3],
}

/// The rows of one plane in a strip.
#[derive(Clone, Debug, Default)]
pub struct StripPlane {
    /// `stride` samples a row; those beyond the plane's width are the encoder's padding.
    pub samples: Vec<u8>,
    pub stride: usize,
    /// Rows of the image in this strip: fewer than the buffer holds in the last one.
    pub rows: usize,
}

impl StripPlane {
    pub fn row(&self, index: usize) -> &[u8] {
        &self.samples[index * self.stride..][..self.stride]
    }
}

/// One plane of the image at the decoder's scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneSize {
    pub width: usize,
    pub height: usize,
    /// Width in whole MCUs.
    pub stride: usize,
    /// Rows of a full strip.
    pub strip_rows: usize,
}
