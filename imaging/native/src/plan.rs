//! What to make, in sizes that Python's geometry has settled: the core computes none of its own.

use crate::plane::Space;

/// The JPEG quality from which chroma is kept at full size.
const FULL_CHROMA_QUALITY: u8 = 90;

/// The work of one call. Level 0 is made from the original, every other one from a level before it.
#[cfg_attr(feature = "python", derive(pyo3::FromPyObject))]
pub struct Plan {
    pub levels: Vec<Level>,
    pub renditions: Vec<Rendition>,
    /// How far the JPEG decoder shrinks while decoding: 1, 2, 4 or 8.
    pub shrink: u32,
    /// Pixels an original, or a level, may have.
    pub max_pixels: u64,
}

/// One size of the chain, upright.
#[cfg_attr(feature = "python", derive(pyo3::FromPyObject))]
pub struct Level {
    pub width: usize,
    pub height: usize,
    /// The level it is made from; of no meaning for level 0.
    pub source: usize,
}

#[cfg_attr(feature = "python", derive(pyo3::FromPyObject))]
pub struct Rendition {
    /// Whether it is to be made; what others are made from heeds those that are not, too.
    pub wanted: bool,
    pub level: usize,
    /// The size the level is scaled to, to be cropped: its own, but where a rendition enlarges.
    pub scaled_width: usize,
    pub scaled_height: usize,
    pub left: usize,
    pub top: usize,
    pub width: usize,
    pub height: usize,
    pub sharpen: Option<Sharpen>,
    pub overlays: Vec<Overlay>,
    /// "jpeg", "webp", "png" or "pixels".
    pub format: Format,
    /// 1 to 100, JPEG and lossy WebP.
    pub quality: u8,
    /// Instead of a quality: the SSIMULACRA2 that the smallest file is to reach.
    pub target: Option<f64>,
    /// WebP's method, 0 to 6; PNG's compression, 0 to 9.
    pub effort: u8,
    pub lossless: bool,
    pub progressive: bool,
    /// R, G, B behind transparent pixels where the format has no alpha.
    pub background: [u8; 3],
}

/// Unsharp mask on luma.
#[cfg_attr(feature = "python", derive(pyo3::FromPyObject))]
pub struct Sharpen {
    pub sigma: f64,
    pub amount: f64,
}

/// An image laid over a rendition: RGBA, not premultiplied, in its final size, opacity already in its alpha.
#[cfg_attr(feature = "python", derive(pyo3::FromPyObject))]
pub struct Overlay {
    pub left: usize,
    pub top: usize,
    pub width: usize,
    pub height: usize,
    pub rgba: Pixels,
}

#[cfg(feature = "python")]
pub type Pixels = pyo3::pybacked::PyBackedBytes;
#[cfg(not(feature = "python"))]
pub type Pixels = Vec<u8>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    WebP,
    Png,
    /// Interleaved RGB or, where the picture is not opaque, RGBA: for an encoder that is not ours.
    Pixels,
}

impl Format {
    /// The longest edge the format can write.
    pub fn longest_edge(self) -> usize {
        match self {
            Self::Jpeg => 65_535,
            Self::WebP => 16_383,
            Self::Png | Self::Pixels => 1 << 30,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::WebP => "webp",
            Self::Png => "png",
            Self::Pixels => "pixels",
        }
    }
}

#[cfg(feature = "python")]
impl pyo3::FromPyObject<'_, '_> for Format {
    type Error = pyo3::PyErr;

    fn extract(word: pyo3::Borrowed<'_, '_, pyo3::PyAny>) -> pyo3::PyResult<Self> {
        match word.extract::<String>()?.as_str() {
            "jpeg" => Ok(Self::Jpeg),
            "webp" => Ok(Self::WebP),
            "png" => Ok(Self::Png),
            "pixels" => Ok(Self::Pixels),
            other => Err(pyo3::exceptions::PyValueError::new_err(format!("{other}: none of jpeg, webp, png, pixels"))),
        }
    }
}

impl Rendition {
    /// What it is encoded from: R, G, B where every pixel is written as it is. JPEG keeps chroma at full size from a
    /// quality of 90 on, as libvips does.
    pub fn space(&self) -> Space {
        match self.format {
            Format::Png | Format::Pixels => Space::Rgb,
            Format::WebP if self.lossless => Space::Rgb,
            Format::Jpeg if self.quality >= FULL_CHROMA_QUALITY && self.target.is_none() => Space::Ycc444,
            Format::Jpeg | Format::WebP => Space::Ycc420,
        }
    }

    /// What its level has to hold: with a target all of the chroma, or what halving it loses would not count.
    fn level_space(&self) -> Space {
        if self.target.is_some() { self.space().max(Space::Ycc444) } else { self.space() }
    }
}

impl Plan {
    /// What the levels have to hold for the most demanding rendition.
    pub fn space(&self) -> Space {
        self.renditions.iter().map(Rendition::level_space).max().unwrap_or(Space::Ycc420)
    }

    /// Refuses a plan that contradicts itself, in words for whoever wrote the caller.
    pub fn check(&self) -> Result<(), String> {
        if self.levels.is_empty() || ![1, 2, 4, 8].contains(&self.shrink) {
            return Err("a plan has at least one level, and shrinks 1, 2, 4 or 8 times".into());
        }
        for (index, level) in self.levels.iter().enumerate() {
            if level.width == 0 || level.height == 0 || (index > 0 && level.source >= index) {
                return Err(format!("level {index} is empty, or made from one that comes after it"));
            }
        }
        self.renditions.iter().enumerate().try_for_each(|(index, rendition)| {
            self.levels.get(rendition.level).ok_or(format!("rendition {index} has no level"))?;
            check_rendition(rendition).map_err(|mistake| format!("rendition {index}: {mistake}"))
        })
    }
}

fn check_rendition(rendition: &Rendition) -> Result<(), &'static str> {
    let inside =
        |start: usize, size: usize, whole: usize| size > 0 && start.checked_add(size).is_some_and(|end| end <= whole);
    if !inside(rendition.left, rendition.width, rendition.scaled_width)
        || !inside(rendition.top, rendition.height, rendition.scaled_height)
    {
        return Err("the crop leaves the scaled level");
    }
    if !(1..=100).contains(&rendition.quality) {
        return Err("quality is 1 to 100");
    }
    if rendition.target.is_some_and(|target| !(0.0..=100.0).contains(&target)) {
        return Err("a target is a SSIMULACRA2 of 0 to 100");
    }
    if rendition.sharpen.as_ref().is_some_and(|s| !(s.sigma > 0.0 && s.sigma <= 100.0 && s.amount.is_finite())) {
        return Err("sharpen wants a sigma above 0, to 100, and a finite amount");
    }
    for overlay in &rendition.overlays {
        if !inside(overlay.left, overlay.width, rendition.width)
            || !inside(overlay.top, overlay.height, rendition.height)
        {
            return Err("an overlay leaves the rendition");
        }
        if overlay.rgba.len() != overlay.width * overlay.height * 4 {
            return Err("an overlay's bytes are not its size");
        }
    }
    Ok(())
}
