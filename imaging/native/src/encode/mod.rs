//! Pictures to files.

pub mod jpeg;
pub mod png;
pub mod webp;

use crate::failure::Outcome;
use crate::plan::{Format, Rendition};
use crate::plane::Picture;

/// The picture in the rendition's format at a quality of 1 to 100, without metadata.
pub fn encode(picture: Picture, rendition: &Rendition, quality: u8) -> Outcome<Vec<u8>> {
    match rendition.format {
        Format::Jpeg => {
            let picture = picture.into_ycc(rendition.space(), rendition.background);
            Ok(jpeg::encode(picture, quality, rendition.progressive))
        }
        Format::WebP => webp::encode(picture, rendition, quality),
        Format::Png => Ok(png::encode(&picture, rendition.effort)),
        Format::Pixels => Ok(picture.interleaved()),
    }
}
