//! The order in which JPEG codes the coefficients of a block.

/// Natural (row by row) order of the coefficients, by zigzag position.
pub const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zigzag_visits_every_coefficient_once() {
        let mut seen = [false; 64];
        ZIGZAG.iter().for_each(|&at| seen[usize::from(at)] = true);
        assert!(seen.iter().all(|&seen| seen));
    }
}
