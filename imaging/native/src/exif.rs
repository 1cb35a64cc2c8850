//! The one thing of EXIF that pixels need: which way is up.

/// How stored rows and columns become upright: mirrored as stored, then rows and columns exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orientation {
    pub mirror_across: bool,
    pub mirror_down: bool,
    pub transpose: bool,
}

impl Orientation {
    /// EXIF's 1 to 8; anything else counts as upright.
    pub fn from_exif(value: u16) -> Self {
        let (mirror_across, mirror_down, transpose) = match value {
            2 => (true, false, false),
            3 => (true, true, false),
            4 => (false, true, false),
            5 => (false, false, true),
            6 => (false, true, true),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self { mirror_across, mirror_down, transpose }
    }

    /// Width and height exchanged if rows and columns are: stored to upright, or back.
    pub fn turn(self, (width, height): (usize, usize)) -> (usize, usize) {
        if self.transpose { (height, width) } else { (width, height) }
    }
}

/// Tag 0x0112 of the first directory of a TIFF structure (what follows `Exif\0\0` in a JPEG); 1 where there is none.
pub fn orientation(tiff: &[u8]) -> u16 {
    read_orientation(tiff).filter(|value| (1..=8).contains(value)).unwrap_or(1)
}

const ORIENTATION_TAG: u16 = 0x0112;
const ENTRY_BYTES: usize = 12;
/// The type of a number of 16 bits, as which alone the orientation is defined.
const SHORT: u16 = 3;

fn read_orientation(tiff: &[u8]) -> Option<u16> {
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long = |at: usize| -> Option<usize> {
        let bytes = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) } as usize)
    };
    let directory = long(4)?;
    let entries = usize::from(short(directory)?);
    (0..entries)
        .map(|index| directory + 2 + index * ENTRY_BYTES)
        .find(|&entry| short(entry) == Some(ORIENTATION_TAG))
        .filter(|&entry| short(entry + 2) == Some(SHORT) && long(entry + 4) == Some(1))
        .and_then(|entry| short(entry + 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_are_read() {
        let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
        assert_eq!((orientation(little), orientation(big)), (6, 6));
    }

    #[test]
    fn only_a_single_short_turns_anything() {
        let entry = |kind: u8, count: u8| {
            let mut tiff = *b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
            (tiff[12], tiff[14]) = (kind, count);
            orientation(&tiff)
        };
        assert_eq!(entry(3, 1), 6);
        for (kind, count) in [(0, 1), (2, 9), (3, 0), (3, 2), (4, 1), (99, 1)] {
            assert_eq!(entry(kind, count), 1, "{count} of type {kind}");
        }
    }

    #[test]
    fn nonsense_is_upright() {
        for tiff in [&b""[..], b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff"] {
            assert_eq!(orientation(tiff), 1);
        }
    }
}
