//! Blocks of coefficients, and the zigzag order in which they are coded.

/// 64 coefficients, row by row: horizontal frequency runs along a row.
pub type Block = [i16; 64];

/// Where each coefficient of the coded order lies in a block.
pub const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// The same for every `u8`: beyond the block it leads to the last coefficient, so that an index needs no check.
pub const ZIGZAG_PADDED: [u8; 256] = {
    let mut padded = [63; 256];
    let mut index = 0;
    while index < 64 {
        padded[index] = ZIGZAG[index];
        index += 1;
    }
    padded
};
