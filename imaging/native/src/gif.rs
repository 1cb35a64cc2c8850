//! How many pixels a GIF's frame really has: libnsgif paints what it finds, and leaves the rest as it was.

/// Codes have at most twelve bits (GIF89a, appendix F).
const MOST_CODES: usize = 1 << 12;

/// Follows the LZW codes of a frame without making a picture of them: the length of each code's string is enough.
/// None where a code stands for nothing.
pub fn pixels(codes: &[u8], root_bits: u32) -> Option<u64> {
    if !(1..=11).contains(&root_bits) {
        return None;
    }
    let (clear, end) = (1usize << root_bits, (1usize << root_bits) + 1);
    let mut lengths = [1u16; MOST_CODES];
    let (mut next, mut bits) = (end + 1, root_bits + 1);
    let (mut held, mut held_bits) = (0u32, 0u32);
    let (mut previous, mut count) = (None::<usize>, 0u64);
    for &byte in codes {
        held |= u32::from(byte) << held_bits;
        held_bits += 8;
        while held_bits >= bits {
            let code = held as usize & ((1 << bits) - 1);
            held >>= bits;
            held_bits -= bits;
            if code == end {
                return Some(count);
            }
            if code == clear {
                (next, bits, previous) = (end + 1, root_bits + 1, None);
                continue;
            }
            match previous {
                None if code > clear => return None,
                Some(_) if code > next || code == next && next == MOST_CODES => return None,
                Some(before) if next < MOST_CODES => {
                    lengths[next] = lengths[before].saturating_add(1);
                    next += 1;
                    if next == 1 << bits && bits < 12 {
                        bits += 1;
                    }
                }
                _ => {}
            }
            count += u64::from(lengths[code]);
            previous = Some(code);
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes, packed: each with its number of bits.
    fn packed(codes: &[(usize, u32)]) -> Vec<u8> {
        let (mut bytes, mut at) = (vec![], 0);
        for &(code, bits) in codes {
            for bit in 0..bits {
                if at % 8 == 0 {
                    bytes.push(0);
                }
                *bytes.last_mut().unwrap() |= ((code >> bit & 1) as u8) << (at % 8);
                at += 1;
            }
        }
        bytes
    }

    #[test]
    fn the_example_of_the_specification_is_counted() {
        // Ten pixels of colour 1: 1, then 6 (two of them), 7 (three), 8 (four), by codes that grow as they are read.
        let codes = packed(&[(4, 3), (1, 3), (6, 3), (7, 3), (8, 4), (5, 4)]);
        assert_eq!(pixels(&codes, 2), Some(10));
    }

    #[test]
    fn codes_grow_to_twelve_bits_and_no_further() {
        let (mut codes, mut next, mut bits) = (vec![(256, 9)], 257, 9);
        for _ in 0..5000 {
            codes.push((7, bits));
            next = (next + 1).min(MOST_CODES);
            bits += u32::from(next == 1 << bits && bits < 12);
        }
        codes.push((257, bits));
        assert_eq!(pixels(&packed(&codes), 8), Some(5000));
    }

    #[test]
    fn a_code_from_the_future_stands_for_nothing() {
        assert_eq!(pixels(&packed(&[(4, 3), (1, 3), (7, 3)]), 2), None);
        assert_eq!(pixels(&packed(&[(4, 3), (6, 3)]), 2), None);
    }

    #[test]
    fn what_is_missing_is_not_counted() {
        assert_eq!(pixels(&packed(&[(4, 3), (1, 3)]), 2), Some(1));
        assert_eq!(pixels(&[], 2), Some(0));
        for bits in [0, 12, 255] {
            assert_eq!(pixels(&[4], bits), None);
        }
    }
}
