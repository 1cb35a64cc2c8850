//! The standard's quantisation tables (ITU-T T.81, annex K.1), scaled by quality as libjpeg scales them.

#[rustfmt::skip]
const LUMA: [u8; 64] = [
    16, 11, 10, 16,  24,  40,  51,  61,
    12, 12, 14, 19,  26,  58,  60,  55,
    14, 13, 16, 24,  40,  57,  69,  56,
    14, 17, 22, 29,  51,  87,  80,  62,
    18, 22, 37, 56,  68, 109, 103,  77,
    24, 35, 55, 64,  81, 104, 113,  92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103,  99,
];

#[rustfmt::skip]
const CHROMA: [u8; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
];

/// Luma's and chroma's steps at a quality of 1 to 100, in natural order.
pub fn scaled(quality: u8) -> [[u8; 64]; 2] {
    let quality = u32::from(quality);
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    [LUMA, CHROMA].map(|table| table.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_fifty_is_the_standard_and_a_hundred_is_all_ones() {
        assert_eq!(scaled(50), [LUMA, CHROMA]);
        assert_eq!(scaled(100), [[1; 64]; 2]);
    }

    #[test]
    fn steps_are_those_of_libjpeg() {
        let first_of_luma = |quality| *scaled(quality)[0].first_chunk::<8>().expect("eight steps");
        assert_eq!(first_of_luma(1), [255; 8]);
        assert_eq!(first_of_luma(10), [80, 55, 50, 80, 120, 200, 255, 255]);
        assert_eq!(first_of_luma(75), [8, 6, 5, 8, 12, 20, 26, 31]);
        assert_eq!(first_of_luma(85), [5, 3, 3, 5, 7, 12, 15, 18]);
    }
}
