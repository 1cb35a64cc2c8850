//! The one funnel of errors: whatever goes wrong below becomes a [`Failure`], and a [`Failure`] becomes one Python
//! exception in `face.rs`.

use std::fmt;

pub type Outcome<T> = Result<T, Failure>;

/// Why there are no renditions, by blame.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The core does not cover this input or recipe: libvips does.
    Unsupported(Decline),
    /// The original will fail again.
    Rejected(Reason, String),
}

/// Everything the core declines. The choice depends on the input's headers and the recipe alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decline {
    // what the original is
    Gif,
    Tiff,
    Heic,
    Avif,
    OtherType,
    Animation,
    Cmyk,
    RgbJpeg,
    ArithmeticCoding,
    TwelveBit,
    OtherJpeg,
    SixteenBit,
    Interlaced,
    LutProfile,
    UnreadableProfile,
    GreyProfile,
    // what the recipe asks
    AvifOutput,
    SmartCrop,
    KeptMetadata,
    InterlacedOutput,
}

impl Decline {
    /// Each with its word and what it means. The words are stored: they may be added to, never renamed.
    pub const ALL: [(Self, &'static str, &'static str); 20] = [
        (Self::Gif, "gif", "GIF original"),
        (Self::Tiff, "tiff", "TIFF original"),
        (Self::Heic, "heic", "HEIC original"),
        (Self::Avif, "avif", "AVIF original"),
        (Self::OtherType, "other-type", "neither JPEG nor PNG nor WebP"),
        (Self::Animation, "animation", "an animated PNG or WebP"),
        (Self::Cmyk, "cmyk", "a JPEG of four components"),
        (Self::RgbJpeg, "rgb-jpeg", "a JPEG that stores R, G, B"),
        (Self::ArithmeticCoding, "arithmetic", "a JPEG with arithmetic coding"),
        (Self::TwelveBit, "twelve-bit", "a JPEG of more than 8 bits"),
        (Self::OtherJpeg, "other-jpeg", "a JPEG of a rare kind: lossless, hierarchical, its height told late"),
        (Self::SixteenBit, "sixteen-bit", "a PNG of 16 bits"),
        (Self::Interlaced, "interlaced", "an interlaced PNG"),
        (Self::LutProfile, "lut-profile", "an ICC profile that is no matrix and curves"),
        (Self::UnreadableProfile, "unreadable-profile", "an ICC profile that cannot be read"),
        (Self::GreyProfile, "grey-profile", "an ICC profile for a grey image"),
        (Self::AvifOutput, "avif-output", "a rendition in AVIF; of old, before the core made their pixels"),
        (Self::SmartCrop, "smart-crop", "a crop placed by the picture's content"),
        (Self::KeptMetadata, "kept-metadata", "a rendition that keeps metadata"),
        (Self::InterlacedOutput, "interlaced-output", "a rendition as interlaced PNG"),
    ];

    pub fn word(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    pub fn meaning(self) -> &'static str {
        Self::ALL[self as usize].2
    }
}

/// Why an original is refused: the words of `imaging.errors.Reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Empty,
    Truncated,
    Corrupt,
    TooManyPixels,
    TooMuchMemory,
    TooLongAnEdge,
    MetadataTooLarge,
}

impl Reason {
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Truncated => "truncated",
            Self::Corrupt => "corrupt",
            Self::TooManyPixels => "too-many-pixels",
            Self::TooMuchMemory => "too-much-memory",
            Self::TooLongAnEdge => "too-long-an-edge",
            Self::MetadataTooLarge => "metadata-too-large",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(decline) => write!(formatter, "{}: {}", decline.word(), decline.meaning()),
            Self::Rejected(reason, detail) => write!(formatter, "{}: {detail}", reason.word()),
        }
    }
}

impl std::error::Error for Failure {}

pub fn truncated<T>(detail: impl fmt::Display) -> Outcome<T> {
    Err(Failure::Rejected(Reason::Truncated, detail.to_string()))
}

pub fn corrupt<T>(detail: impl fmt::Display) -> Outcome<T> {
    Err(Failure::Rejected(Reason::Corrupt, detail.to_string()))
}

pub fn unsupported<T>(decline: Decline) -> Outcome<T> {
    Err(Failure::Unsupported(decline))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table is indexed by the enum, so its order is the enum's; and no two words are the same.
    #[test]
    fn every_decline_finds_its_own_word() {
        for (index, (decline, word, _)) in Decline::ALL.into_iter().enumerate() {
            assert_eq!(decline as usize, index);
            assert_eq!(Decline::ALL.iter().filter(|other| other.1 == word).count(), 1);
        }
    }
}
