//! PNG, lossless, without metadata.

use png::{BitDepth, ColorType, Compression, DeflateCompression, Encoder, Filter};

use crate::plane::Picture;

/// `picture` is Rgb. `effort` 0 to 9 is deflate's level; 1 and 2 are the fast compressor made for filtered images.
pub fn encode(picture: &Picture, effort: u8) -> Vec<u8> {
    let (colour, channels) = match picture.alpha {
        Some(_) => (ColorType::Rgba, 4),
        None => (ColorType::Rgb, 3),
    };
    let mut out = Vec::with_capacity(picture.width * picture.height * channels / 2);
    let mut encoder = Encoder::new(&mut out, picture.width as u32, picture.height as u32);
    encoder.set_color(colour);
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
    writer.write_image_data(&interleaved(picture, channels)).expect("as many bytes as the header says");
    writer.finish().expect("an image that was written");
    out
}

fn interleaved(picture: &Picture, channels: usize) -> Vec<u8> {
    let mut pixels = vec![0; picture.width * picture.height * channels];
    let mut row = vec![0; picture.width * 3];
    for (y, out) in pixels.chunks_exact_mut(picture.width * channels).enumerate() {
        picture.read_rgb(y, &mut row);
        for (out, pixel) in out.chunks_exact_mut(channels).zip(row.chunks_exact(3)) {
            out[..3].copy_from_slice(pixel);
        }
        if let Some(alpha) = &picture.alpha {
            for (out, &alpha) in out.chunks_exact_mut(4).zip(alpha.row(y)) {
                out[3] = alpha;
            }
        }
    }
    pixels
}
