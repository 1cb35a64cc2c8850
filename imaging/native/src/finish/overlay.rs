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

// With Python, an overlay's bytes are Python's.
#[cfg(all(test, not(feature = "python")))]
mod tests {
    use super::*;

    const SIDE: usize = 9;

    fn grounds(space: Space) -> Picture {
        let mut planes = Picture::new_planes(space, SIDE, SIDE);
        for (index, plane) in (0..).zip(&mut planes) {
            let width = plane.width;
            let noise = crate::noise(index, width * plane.height);
            plane.rows_mut().zip(noise.chunks(width)).for_each(|(row, noise)| row.copy_from_slice(noise));
        }
        Picture { width: SIDE, height: SIDE, space, planes, alpha: None }
    }

    /// Of any size and at any place, so that edges are odd and even.
    fn marks() -> impl Iterator<Item = Overlay> {
        let boxes = [(0, 0, 9, 9), (0, 0, 1, 1), (1, 1, 1, 1), (1, 2, 4, 3), (2, 1, 3, 4), (3, 3, 6, 6), (8, 0, 1, 5)];
        (0..).zip(boxes).map(|(seed, (left, top, width, height))| Overlay {
            left,
            top,
            width,
            height,
            rgba: crate::noise(seed, width * height * 4),
        })
    }

    /// The mark's pixel at a place of the picture; nothing beside it.
    fn pixel_at(mark: &Overlay, x: usize, y: usize) -> [u8; 4] {
        let (across, down) = (mark.left..mark.left + mark.width, mark.top..mark.top + mark.height);
        let at =
            across.contains(&x).then(|| down.contains(&y).then(|| ((y - mark.top) * mark.width + x - mark.left) * 4));
        at.flatten().map_or([0; 4], |at| *mark.rgba[at..].first_chunk().expect("four bytes"))
    }

    /// Plane `index` of a mark's pixel in the picture's space, and its alpha as a share.
    fn told(space: Space, index: usize, [r, g, b, alpha]: [u8; 4]) -> (f64, f64) {
        let (wide, share) = ([r, g, b].map(i32::from), f64::from(alpha) / 255.0);
        let (cb, cr) = ycc::chroma(wide[0], wide[1], wide[2], 0);
        let ycc = [ycc::luma(wide[0], wide[1], wide[2]), cb, cr];
        (f64::from(if space == Space::Rgb { [r, g, b][index] } else { ycc[index] }), share)
    }

    #[test]
    fn a_mark_is_blended_by_its_alpha_in_every_plane_of_every_space() {
        for (space, mark) in
            [Space::Ycc420, Space::Ycc444, Space::Rgb].into_iter().flat_map(|s| marks().map(move |m| (s, m)))
        {
            let (under, mut made) = (grounds(space), grounds(space));
            overlay(&mut made, &mark);
            for index in 0..3 {
                let half = 1 + usize::from(Picture::is_halved(space, index));
                for (y, (row, was)) in made.planes[index].rows().zip(under.planes[index].rows()).enumerate() {
                    for (x, (&sample, &was)) in row.iter().zip(was).enumerate() {
                        let cell = (0..half * half).map(|at| (half * x + at % half, half * y + at / half));
                        let blended = cell.map(|(x, y)| {
                            let (over, share) = told(space, index, pixel_at(&mark, x, y));
                            over * share + f64::from(was) * (1.0 - share)
                        });
                        let exact = blended.sum::<f64>() / (half * half) as f64;
                        let most = if half == 2 { 0.501 } else { 1.001 }; // once rounded, or twice
                        assert!(
                            (f64::from(sample) - exact).abs() < most,
                            "{space:?} {index} at {x}, {y}: {sample} for {exact}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_mark_on_what_is_transparent_adds_to_its_alpha() {
        let mut picture = Picture { alpha: Some(Plane::filled(SIDE, SIDE, 100)), ..grounds(Space::Rgb) };
        for plane in &mut picture.planes {
            *plane = Plane::filled(SIDE, SIDE, 50);
        }
        overlay(&mut picture, &Overlay { left: 1, top: 1, width: 1, height: 1, rgba: vec![200, 100, 0, 51] });
        let alpha = picture.alpha.as_ref().expect("an alpha");
        assert_eq!((alpha.row(0)[1], alpha.row(1)[1]), (100, 51 + 80));
        assert_eq!(picture.planes.each_ref().map(|plane| plane.row(1)[1]), [40 + 40, 20 + 40, 40]);
    }
}
