//! Interleaved pixels to planes and back, alpha multiplied in and divided out.

use crate::plane::Alpha;

/// A row of grey, or of grey and alpha, as RGB or RGBA at the end of `out`.
pub fn widen_grey(row: &[u8], channels: usize, out: &mut Vec<u8>) {
    match channels {
        1 => out.extend(row.iter().flat_map(|&grey| [grey; 3])),
        _ => out.extend(row.as_chunks::<2>().0.iter().flat_map(|&[grey, alpha]| [grey, grey, grey, alpha])),
    }
}

also_for_avx2! {
    /// Splits RGB (three planes) or RGBA (four) into planes, colours multiplied by alpha or as they are.
    pub fn split(pixels: &[u8], planes: &mut [Vec<u8>], colours: Alpha) {
        match (planes, colours) {
            ([r, g, b], _) => {
                for (((pixel, r), g), b) in pixels.as_chunks::<3>().0.iter().zip(r).zip(g).zip(b) {
                    [*r, *g, *b] = *pixel;
                }
            }
            ([r, g, b, a], Alpha::Straight) => {
                for ((((pixel, r), g), b), a) in pixels.as_chunks::<4>().0.iter().zip(r).zip(g).zip(b).zip(a) {
                    [*r, *g, *b, *a] = *pixel;
                }
            }
            ([r, g, b, a], Alpha::Premultiplied) => {
                for ((((pixel, r), g), b), a) in pixels.as_chunks::<4>().0.iter().zip(r).zip(g).zip(b).zip(a) {
                    let alpha = pixel[3];
                    [*r, *g, *b, *a] = [times(pixel[0], alpha), times(pixel[1], alpha), times(pixel[2], alpha), alpha];
                }
            }
            _ => unreachable!("three planes, or four"),
        }
    }
}

/// `value * alpha / 255`, rounded to nearest.
#[inline(always)]
pub fn times(value: u8, alpha: u8) -> u8 {
    let product = u32::from(value) * u32::from(alpha) + 128;
    ((product + (product >> 8)) >> 8) as u8
}

/// `value * 255 / alpha`, rounded to nearest: what [`times`] undoes, as far as it can be undone. Nothing is nothing.
pub fn divided(value: u8, alpha: u8) -> u8 {
    if alpha == 0 {
        return 0;
    }
    let (value, alpha) = (u32::from(value.min(alpha)), u32::from(alpha));
    ((value * 255 + alpha / 2) / alpha) as u8
}

/// `under` seen through what is left of `alpha`, under a premultiplied `over`.
pub fn over(over: u8, alpha: u8, under: u8) -> u8 {
    over.saturating_add(times(under, 255 - alpha))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Resampling overshoots: a premultiplied colour may be above its alpha.
    #[test]
    fn colours_above_their_alpha_are_white_not_black() {
        assert_eq!((divided(200, 100), over(200, 100, 255), over(255, 0, 255)), (255, 255, 255));
        assert_eq!((divided(50, 100), over(50, 100, 0), over(50, 100, 255)), (128, 50, 50 + 155));
    }

    #[test]
    fn dividing_undoes_multiplying_within_the_rounding() {
        for alpha in 1..=255u8 {
            for value in 0..=255u8 {
                let error = i32::from(divided(times(value, alpha), alpha)) - i32::from(value);
                assert!(error.abs() <= 1 + 128 / i32::from(alpha), "{value} at {alpha}: {error}");
            }
        }
    }
}
