//! WebP by libwebp: planes are handed over as they are; pixels only where there is alpha, or nothing may be lost.

use crate::failure::{Failure, Outcome, Reason};
use crate::kernels::range;
use crate::libwebp;
use crate::plan::Rendition;
use crate::plane::{Picture, Plane, Space};

/// What the quality of planes is lowered by: unlike pixels they reach libwebp without its own smoothing of chroma, and
/// take up to 1.4 % more bytes at the same number, for a SSIMULACRA2 that is the same within noise (five photos).
const SHARPER: f32 = 0.3;

/// The hardest that is tried for a lossy picture with an alpha. At 6 libwebp packs the alpha in every way it knows: 21 s
/// a megapixel instead of 0.8, for 1 to 4 % of the bytes.
const HARDEST_WITH_ALPHA: u8 = 5;

pub fn encode(picture: Picture, rendition: &Rendition, quality: u8) -> Outcome<Vec<u8>> {
    let hardest = if picture.alpha.is_some() && !rendition.lossless { HARDEST_WITH_ALPHA } else { 6 };
    let settings = libwebp::Settings {
        quality: f32::from(quality),
        method: rendition.effort.min(hardest),
        lossless: rendition.lossless,
    };
    let encoded = match picture.space {
        Space::Rgb => {
            let (width, height) = (picture.width, picture.height);
            libwebp::encode_rgba(&picture.into_rgba(), width, height, &settings)
        }
        Space::Ycc420 | Space::Ycc444 => {
            let picture = picture.into_ycc(Space::Ycc420, rendition.background);
            let settings = libwebp::Settings { quality: (settings.quality - SHARPER).max(0.0), ..settings };
            libwebp::encode_yuv(&narrowed(picture.planes), &settings)
        }
    };
    // Sizes were settled by the plan: what is left is memory.
    encoded.ok_or_else(|| Failure::Rejected(Reason::TooManyPixels, "libwebp could not encode it".into()))
}

/// JFIF's full range to the studio range of WebP's Y, Cb and Cr.
fn narrowed([y, cb, cr]: [Plane; 3]) -> [Plane; 3] {
    [y.mapped(&range::NARROW_LUMA), cb.mapped(&range::NARROW_CHROMA), cr.mapped(&range::NARROW_CHROMA)]
}
