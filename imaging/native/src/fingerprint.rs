//! The fingerprint of an original: BLAKE3 of its bytes.

/// 64 lower-case hex digits.
pub fn blake3(data: &[u8]) -> String {
    ::blake3::hash(data).to_hex().to_string()
}
