//! Unsharp mask on luma: every channel of a pixel moves by `amount * (luma - blurred luma)`. What is transparent has no
//! luma: the pixels around count as much as they are opaque, or a cut-out would get a bright seam.

use crate::kernels::pixels::divided;
use crate::kernels::ycc;
use crate::plan::Sharpen;
use crate::plane::{Picture, Plane, Space};
use crate::resample::resampled;
use crate::taps::Taps;

pub fn sharpen(picture: &mut Picture, sharpen: &Sharpen) {
    let gain = Gain::new(sharpen.amount);
    match picture.space {
        // A change common to R, G and B is a change of luma alone.
        Space::Ycc420 | Space::Ycc444 => {
            let blurred = blur(&picture.planes[0], sharpen.sigma);
            for (row, blurred) in picture.planes[0].rows_mut().zip(blurred.rows()) {
                for (sample, &blurred) in row.iter_mut().zip(blurred) {
                    *sample = add(*sample, gain.of(*sample, blurred));
                }
            }
        }
        Space::Rgb => sharpen_rgb(picture, sharpen.sigma, &gain),
    }
}

fn sharpen_rgb(picture: &mut Picture, sigma: f64, gain: &Gain) {
    let mut luma = Plane::new(picture.width, picture.height);
    let mut pixels = vec![0; picture.width * 3];
    for (y, luma) in luma.rows_mut().enumerate() {
        picture.read_rgb(y, &mut pixels);
        ycc::luma_row(&pixels, luma);
    }
    let blurred = blurred_luma(&luma, picture.alpha.as_ref(), sigma);
    for y in 0..picture.height {
        picture.read_rgb(y, &mut pixels);
        let lumas = luma.row(y).iter().zip(blurred.row(y));
        for (pixel, (&luma, &blurred)) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(lumas) {
            let change = gain.of(luma, blurred);
            *pixel = pixel.map(|sample| add(sample, change));
        }
        picture.write_rgb(y, &pixels);
    }
}

/// The mean luma around every pixel, by how opaque what is there is.
fn blurred_luma(luma: &Plane, alpha: Option<&Plane>, sigma: f64) -> Plane {
    let Some(alpha) = alpha else { return blur(luma, sigma) };
    let (mut mean, weights) = (blur(&luma.clone().multiplied_by(alpha), sigma), blur(alpha, sigma));
    for ((row, weights), lumas) in mean.rows_mut().zip(weights.rows()).zip(luma.rows()) {
        for ((mean, &weight), &luma) in row.iter_mut().zip(weights).zip(lumas) {
            *mean = if weight == 0 { luma } else { divided(*mean, weight) };
        }
    }
    mean
}

/// A Gaussian is a resize to the same size with other weights.
fn blur(plane: &Plane, sigma: f64) -> Plane {
    let across = Taps::gaussian(plane.width, sigma);
    let down = Taps::gaussian(plane.height, sigma);
    resampled(plane, across.into(), down.into())
}

fn add(sample: u8, change: i16) -> u8 {
    (i16::from(sample) + change).clamp(0, 255) as u8
}

/// The change for every difference that 8 bits can make.
struct Gain([i16; 511]);

impl Gain {
    fn new(amount: f64) -> Self {
        Self(std::array::from_fn(|index| (amount * (index as f64 - 255.0)).round().clamp(-255.0, 255.0) as i16))
    }

    fn of(&self, sample: u8, blurred: u8) -> i16 {
        self.0[usize::from(sample) + 255 - usize::from(blurred)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Alpha;

    #[test]
    fn sharpened_colours_stay_within_their_alpha() {
        let edge = |dark: u8, light: u8| {
            let mut plane = Plane::filled(16, 4, light);
            plane.rows_mut().for_each(|row| row[..8].fill(dark));
            plane
        };
        let planes = [edge(20, 90), edge(40, 100), edge(0, 60)];
        let colours = Alpha::Premultiplied;
        let mut picture =
            Picture { width: 16, height: 4, space: Space::Rgb, planes, alpha: Some(edge(40, 100)), colours };
        sharpen(&mut picture, &Sharpen { sigma: 1.0, amount: 3.0 });
        let alpha = picture.alpha.as_ref().expect("an alpha");
        assert_eq!((picture.planes[1].row(1)[8], picture.planes[1].row(1)[7]), (100, 29));
        for plane in &picture.planes {
            assert!(
                plane
                    .rows()
                    .zip(alpha.rows())
                    .all(|(row, alpha)| row.iter().zip(alpha).all(|(sample, most)| sample <= most))
            );
        }
    }
}
