use std::fmt;

/// Why a file gave no pixels, by blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The file stops before its image does.
    Truncated,
    /// The bytes contradict the standard or each other.
    Corrupt(&'static str),
    /// A valid JPEG of a kind that this decoder leaves to others.
    Unsupported(&'static str),
    /// Over a limit of the caller's; says which.
    TooLarge(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Truncated => write!(f, "the JPEG is truncated"),
            Error::Corrupt(what) => write!(f, "the JPEG is corrupt: {what}"),
            Error::Unsupported(what) => write!(f, "unsupported kind of JPEG: {what}"),
            Error::TooLarge(what) => write!(f, "the JPEG is over a limit: {what}"),
        }
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;

/// What a decoder may spend on one file.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Width times height.
    pub pixels: u64,
    /// Bytes of coefficients held for files of several scans (progressive): two a sample, and a bit.
    pub coefficient_bytes: usize,
    /// Bytes of an embedded colour profile.
    pub profile_bytes: usize,
    /// Scans of one file: a progressive file of a few kilobytes can ask for thousands of passes over a large frame.
    pub scans: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { pixels: 100_000_000, coefficient_bytes: 320 << 20, profile_bytes: 4 << 20, scans: 100 }
    }
}
