//! ICC to sRGB, for profiles made of a matrix and curves.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use crate::failure::{Decline, Outcome, unsupported};
use crate::kernels::ycc;
use crate::plane::{FullChroma, Picture, Plane, Space};

/// Whether a profile is one, and for this kind of image; any other counts as none, as browsers have it.
pub fn applies(icc: &[u8], is_grey: bool) -> bool {
    const HEADER_BYTES: usize = 128;
    let space: &[u8] = if is_grey { b"GRAY" } else { b"RGB " };
    icc.len() >= HEADER_BYTES && &icc[36..40] == b"acsp" && &icc[16..20] == space
}

/// The way from an embedded profile to sRGB.
pub struct ToSrgb(Arc<dyn TransformExecutor<u8> + Send + Sync>);

impl ToSrgb {
    /// `None` if the profile is sRGB itself, as far as 8 bits can tell.
    pub fn from_icc(icc: &[u8]) -> Outcome<Option<Self>> {
        let Ok(profile) = ColorProfile::new_from_slice(icc) else {
            return unsupported(Decline::UnreadableProfile);
        };
        if profile.color_space != DataColorSpace::Rgb {
            return unsupported(Decline::GreyProfile);
        }
        if profile.lut_a_to_b_perceptual.is_some() || profile.lut_a_to_b_colorimetric.is_some() {
            return unsupported(Decline::LutProfile);
        }
        let srgb = ColorProfile::new_srgb();
        let options = TransformOptions { prefer_fixed_point: true, ..TransformOptions::default() };
        match profile.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, options) {
            Ok(transform) => Ok(Some(Self(transform)).filter(|to_srgb| !to_srgb.is_identity())),
            Err(_) => unsupported(Decline::UnreadableProfile),
        }
    }

    /// Whether no colour of a coarse grid moves by more than one: the many files that carry sRGB's own profile.
    fn is_identity(&self) -> bool {
        let steps = || (0..=255u8).step_by(17);
        let grid: Vec<u8> =
            steps().flat_map(|r| steps().flat_map(move |g| steps().flat_map(move |b| [r, g, b]))).collect();
        let mut moved = grid.clone();
        self.convert(&grid, &mut moved);
        grid.iter().zip(&moved).all(|(was, is)| was.abs_diff(*is) <= 1)
    }

    fn convert(&self, from: &[u8], to: &mut [u8]) {
        // Both are whole pixels of the same number: the only thing the transform can object to.
        self.0.transform(from, to).expect("rows of equal length");
    }

    /// The picture in sRGB.
    pub fn apply(&self, picture: &mut Picture) {
        match picture.space {
            Space::Rgb => self.apply_rgb(picture),
            Space::Ycc444 => self.apply_ycc444(picture),
            Space::Ycc420 => self.apply_ycc420(picture),
        }
    }

    /// Colours under alpha are divided out first and multiplied in again: a profile speaks of whole colours.
    fn apply_rgb(&self, picture: &mut Picture) {
        let mut from = vec![0; picture.width * 3];
        let mut to = from.clone();
        for y in 0..picture.height {
            picture.read_rgb(y, &mut from);
            self.convert(&from, &mut to);
            picture.write_rgb(y, &to);
        }
    }

    fn apply_ycc444(&self, picture: &mut Picture) {
        let mut from = vec![0; picture.width * 3];
        let mut to = from.clone();
        let [luma, cb, cr] = &mut picture.planes;
        for ((luma, cb), cr) in luma.rows_mut().zip(cb.rows_mut()).zip(cr.rows_mut()) {
            ycc::rgb_row(luma, cb, cr, &mut from);
            self.convert(&from, &mut to);
            ycc::luma_row(&to, luma);
            ycc::full_chroma_row(&to, cb, cr);
        }
    }

    /// Two rows at a time: their chroma is interpolated to full size, converted, averaged again. There and back
    /// alone would blur it, so it is sharpened as much before.
    fn apply_ycc420(&self, picture: &mut Picture) {
        let (width, height) = (picture.width, picture.height);
        let mut from = vec![0; width * 3];
        let mut to = [vec![0; width * 3], vec![0; width * 3]];
        let before = [sharpened(&picture.planes[1]), sharpened(&picture.planes[2])];
        let mut chroma = FullChroma::new(width);
        for top in (0..height).step_by(2) {
            let count = (height - top).min(2);
            for (row, to) in to.iter_mut().enumerate().take(count) {
                let (cb, cr) = chroma.row(&before[0], &before[1], top + row);
                ycc::rgb_row(picture.planes[0].row(top + row), cb, cr, &mut from);
                self.convert(&from, to);
                ycc::luma_row(to, picture.planes[0].row_mut(top + row));
            }
            let [above, below] = &to;
            let [_, cb, cr] = &mut picture.planes;
            let below = if count == 2 { below } else { above };
            ycc::chroma_row(above, below, cb.row_mut(top / 2), cr.row_mut(top / 2));
        }
    }
}

/// A plane of half-size chroma as [`ycc::sharpened_row`] says.
fn sharpened(plane: &Plane) -> Plane {
    let mut sharp = Plane::new(plane.width, plane.height);
    let mut sums = vec![0; plane.width];
    for (y, out) in sharp.rows_mut().enumerate() {
        let (above, below) = (y.saturating_sub(1), (y + 1).min(plane.height - 1));
        ycc::sharpened_row([above, y, below].map(|y| plane.row(y)), &mut sums, out);
    }
    sharp
}
