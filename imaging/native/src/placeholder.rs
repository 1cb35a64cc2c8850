//! The placeholder of an image: a ThumbHash, some 25 bytes that decode to a blurred preview.

use crate::plane::Picture;
use crate::resample::shrink;

/// ThumbHash's own bound: it reads every pixel into a few frequencies, and more pixels say nothing more.
pub const LONGEST_EDGE: usize = 100;

/// Of `rgba`, not premultiplied, each edge 1 to [`LONGEST_EDGE`].
pub fn thumbhash(width: usize, height: usize, rgba: &[u8]) -> Vec<u8> {
    thumbhash::rgba_to_thumb_hash(width, height, rgba)
}

/// Of a picture, made smaller first.
pub fn of_picture(picture: &Picture) -> Vec<u8> {
    let longest = picture.width.max(picture.height);
    let edge = |edge: usize| if longest <= LONGEST_EDGE { edge } else { (edge * LONGEST_EDGE / longest).max(1) };
    let small = shrink(picture, edge(picture.width), edge(picture.height));
    thumbhash(small.width, small.height, &small.into_rgba())
}
