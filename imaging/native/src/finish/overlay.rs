//! An RGBA image laid over a picture, in gamma space: `out = over * alpha + under * (1 - alpha)`.

use crate::kernels::pixels::{over, times};
use crate::kernels::ycc;
use crate::plan::Overlay;
use crate::plane::{Picture, Plane, Space};

pub fn overlay(picture: &mut Picture, overlay: &Overlay) {
    match picture.space {
        Space::Rgb => over_rgb(picture, overlay),
        Space::Ycc420 => {
            over_luma(&mut picture.planes[0], overlay);
            over_half_chroma(picture, overlay);
        }
        Space::Ycc444 => {
            over_luma(&mut picture.planes[0], overlay);
            over_full_chroma(picture, overlay);
        }
    }
}

fn rows(overlay: &Overlay) -> impl Iterator<Item = (usize, &[u8])> {
    overlay.rgba.chunks_exact(overlay.width * 4).enumerate().map(|(y, row)| (overlay.top + y, row))
}

fn over_rgb(picture: &mut Picture, overlay: &Overlay) {
    for (y, row) in rows(overlay) {
        for (x, pixel) in row.chunks_exact(4).enumerate().map(|(x, pixel)| (overlay.left + x, pixel)) {
            let alpha = pixel[3];
            let under = picture.alpha.as_ref().map_or(255, |plane| plane.row(y)[x]);
            let both = over(alpha, alpha, under);
            for (plane, &colour) in picture.planes.iter_mut().zip(pixel).filter(|_| alpha > 0) {
                let sample = &mut plane.row_mut(y)[x];
                let blended = over(times(colour, alpha), alpha, picture.colours.premultiplied(*sample, under));
                *sample = picture.colours.of_premultiplied(blended, both);
            }
            if let Some(plane) = &mut picture.alpha {
                plane.row_mut(y)[x] = both;
            }
        }
    }
}

fn over_luma(luma: &mut Plane, overlay: &Overlay) {
    for (y, row) in rows(overlay) {
        let samples = &mut luma.row_mut(y)[overlay.left..][..overlay.width];
        for (sample, pixel) in samples.iter_mut().zip(row.chunks_exact(4)) {
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(i32::from);
            *sample = over(times(ycc::luma(r, g, b), pixel[3]), pixel[3], *sample);
        }
    }
}

fn over_full_chroma(picture: &mut Picture, overlay: &Overlay) {
    let [_, cb, cr] = &mut picture.planes;
    for (y, row) in rows(overlay) {
        let (cb, cr) = (&mut cb.row_mut(y)[overlay.left..], &mut cr.row_mut(y)[overlay.left..]);
        for ((cb, cr), pixel) in cb.iter_mut().zip(cr).zip(row.chunks_exact(4)) {
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(i32::from);
            let (over_cb, over_cr) = ycc::chroma(r, g, b, 0);
            *cb = over(times(over_cb, pixel[3]), pixel[3], *cb);
            *cr = over(times(over_cr, pixel[3]), pixel[3], *cr);
        }
    }
}

/// A sample of half-size chroma takes the mean of what lies over its four pixels, nothing counting as transparent:
/// so an odd offset, or an odd size, moves no colour.
fn over_half_chroma(picture: &mut Picture, overlay: &Overlay) {
    let [_, cb, cr] = &mut picture.planes;
    for y in overlay.top / 2..(overlay.top + overlay.height).div_ceil(2) {
        for x in overlay.left / 2..(overlay.left + overlay.width).div_ceil(2) {
            let cell = Cell::under(overlay, x, y);
            if cell.alpha > 0 {
                cb.row_mut(y)[x] = cell.blend(cell.cb, cb.row(y)[x]);
                cr.row_mut(y)[x] = cell.blend(cell.cr, cr.row(y)[x]);
            }
        }
    }
}

/// Four pixels of an overlay, summed: alphas, and Cb and Cr (less their middle) times alpha.
#[derive(Default)]
struct Cell {
    alpha: i32,
    cb: i32,
    cr: i32,
}

/// Four opaque pixels.
const OPAQUE: i32 = 4 * 255;

impl Cell {
    fn under(overlay: &Overlay, x: usize, y: usize) -> Self {
        let mut cell = Self::default();
        for (x, y) in [(2 * x, 2 * y), (2 * x + 1, 2 * y), (2 * x, 2 * y + 1), (2 * x + 1, 2 * y + 1)] {
            let inside = (overlay.left..overlay.left + overlay.width).contains(&x)
                && (overlay.top..overlay.top + overlay.height).contains(&y);
            if inside {
                let at = ((y - overlay.top) * overlay.width + (x - overlay.left)) * 4;
                cell.add(&overlay.rgba[at..at + 4]);
            }
        }
        cell
    }

    fn add(&mut self, pixel: &[u8]) {
        let [r, g, b, alpha] = [pixel[0], pixel[1], pixel[2], pixel[3]].map(i32::from);
        let (cb, cr) = ycc::chroma(r, g, b, 0);
        self.alpha += alpha;
        self.cb += (i32::from(cb) - 128) * alpha;
        self.cr += (i32::from(cr) - 128) * alpha;
    }

    fn blend(&self, chroma: i32, under: u8) -> u8 {
        let sum = chroma + (i32::from(under) - 128) * (OPAQUE - self.alpha);
        (128 + (sum + sum.signum() * OPAQUE / 2) / OPAQUE).clamp(0, 255) as u8
    }
}
