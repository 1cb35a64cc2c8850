//! What happens to one rendition only, on pixels of its own: sharpen, then overlays.

pub mod overlay;
pub mod sharpen;
