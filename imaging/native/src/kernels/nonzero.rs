//! Which coefficients of a block are not zero.

use super::fdct::Block;

/// A bit for each coefficient, the first the lowest.
pub fn nonzero(block: &Block) -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE2 is part of x86-64.
    return unsafe { sse2::nonzero(block) };
    #[cfg(target_arch = "aarch64")]
    return neon::nonzero(block);
    #[allow(unreachable_code)]
    scalar::nonzero(block)
}

mod scalar {
    use super::Block;

    pub fn nonzero(block: &Block) -> u64 {
        (0..).zip(block).fold(0, |set, (bit, &coefficient)| set | u64::from(coefficient != 0) << bit)
    }
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use super::Block;
    use std::arch::x86_64::*;

    #[target_feature(enable = "sse2")]
    pub fn nonzero(block: &Block) -> u64 {
        let zero = _mm_setzero_si128();
        let mut zeros = 0;
        for (quarter, coefficients) in block.as_chunks::<16>().0.iter().enumerate() {
            // SAFETY: sixteen coefficients are two vectors.
            let (low, high) = unsafe {
                let low: *const __m128i = coefficients.as_ptr().cast();
                (_mm_loadu_si128(low), _mm_loadu_si128(low.add(1)))
            };
            // Saturation makes no value zero.
            let bytes = _mm_cmpeq_epi8(_mm_packs_epi16(low, high), zero);
            zeros |= u64::from(_mm_movemask_epi8(bytes) as u32) << (16 * quarter);
        }
        !zeros
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use super::Block;
    use std::arch::aarch64::*;

    pub fn nonzero(block: &Block) -> u64 {
        let mut set = 0;
        for (row, coefficients) in block.as_chunks::<8>().0.iter().enumerate() {
            // SAFETY: NEON is part of aarch64; eight coefficients are a vector.
            let bits = unsafe {
                let weights = vcreate_u8(0x8040_2010_0804_0201);
                let coefficients = vld1q_s16(coefficients.as_ptr());
                let present = vmovn_u16(vtstq_s16(coefficients, coefficients));
                vaddv_u8(vand_u8(present, weights))
            };
            set |= u64::from(bits) << (8 * row);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_path_finds_the_same(coefficients in prop::collection::vec(prop_oneof![Just(0i16), any::<i16>()], 64)) {
            let block: Block = coefficients.try_into().expect("sixty-four");
            prop_assert_eq!(nonzero(&block), scalar::nonzero(&block));
        }
    }
}
