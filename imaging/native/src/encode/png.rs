//! PNG, lossless, without metadata.

use png::{BitDepth, ColorType, Compression, DeflateCompression, Encoder, Filter};

use crate::plane::Picture;

/// `picture` is Rgb. `effort` 0 to 9 is deflate's level; 1 and 2 are the fast compressor made for filtered images.
pub fn encode(picture: &Picture, effort: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(picture.width * picture.height * 2);
    let mut encoder = Encoder::new(&mut out, picture.width as u32, picture.height as u32);
    encoder.set_color(if picture.alpha.is_some() { ColorType::Rgba } else { ColorType::Rgb });
    encoder.set_depth(BitDepth::Eight);
    match effort {
        0 => encoder.set_compression(Compression::NoCompression),
        1 | 2 => encoder.set_compression(Compression::Fast),
        level => {
            encoder.set_deflate_compression(DeflateCompression::Level(level.min(9)));
            encoder.set_filter(Filter::Adaptive);
        }
    }
    // A Vec never refuses bytes, and the sizes were settled by the plan.
    let mut writer = encoder.write_header().expect("a header of a valid size");
    writer.write_image_data(&picture.interleaved()).expect("as many bytes as the header says");
    writer.finish().expect("an image that was written");
    out
}
