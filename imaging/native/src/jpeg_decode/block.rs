//! Blocks of coefficients, and the zigzag order in which they are coded.

pub use crate::zigzag::ZIGZAG;

/// 64 coefficients, row by row: horizontal frequency runs along a row.
pub type Block = [i16; 64];

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
