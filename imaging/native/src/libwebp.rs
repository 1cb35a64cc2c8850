//! libwebp behind safe functions: all of its pointers are made here, from planes and slices of known size.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;

use libwebp_sys::*;

use crate::kernels::vp8;
use crate::plane::Plane;

pub struct Settings {
    pub quality: f32,
    /// 0 to 6: how hard it tries.
    pub method: u8,
    pub lossless: bool,
}

/// What the bitstream says of itself.
pub struct Features {
    pub width: usize,
    pub height: usize,
    pub has_alpha: bool,
    pub has_animation: bool,
    pub is_lossy: bool,
}

/// Why nothing was decoded.
#[derive(Debug)]
pub enum DecodeError {
    Truncated,
    Corrupt,
}

pub fn features(file: &[u8]) -> Result<Features, DecodeError> {
    let mut found = MaybeUninit::<WebPBitstreamFeatures>::zeroed();
    // SAFETY: the pointer and length are those of `file`; the structure is plain integers, all zero being valid.
    let (status, found) = unsafe {
        let status =
            WebPGetFeaturesInternal(file.as_ptr(), file.len(), found.as_mut_ptr(), WEBP_DECODER_ABI_VERSION as c_int);
        (status, found.assume_init())
    };
    check(status)?;
    Ok(Features {
        width: found.width as usize,
        height: found.height as usize,
        has_alpha: found.has_alpha != 0,
        has_animation: found.has_animation != 0,
        is_lossy: found.format == 1,
    })
}

fn check(status: VP8StatusCode) -> Result<(), DecodeError> {
    match status {
        VP8StatusCode::VP8_STATUS_OK => Ok(()),
        VP8StatusCode::VP8_STATUS_NOT_ENOUGH_DATA | VP8StatusCode::VP8_STATUS_SUSPENDED => Err(DecodeError::Truncated),
        _ => Err(DecodeError::Corrupt),
    }
}

/// Y, Cb and Cr of a lossy file without alpha, in studio range; `planes` have its size, chroma half of it.
pub fn decode_yuv(file: &[u8], planes: &mut [Plane; 3]) -> Result<(), DecodeError> {
    decode(file, |output| {
        let [(y, y_size, y_stride), (u, u_size, u_stride), (v, v_size, v_stride)] = planes.each_mut().map(|plane| {
            let stride = plane.stride as c_int;
            let samples = plane.samples_mut();
            (samples.as_mut_ptr(), samples.len(), stride)
        });
        output.colorspace = WEBP_CSP_MODE::MODE_YUV;
        output.u.YUVA = WebPYUVABuffer {
            y,
            u,
            v,
            a: ptr::null_mut(),
            y_stride,
            u_stride,
            v_stride,
            a_stride: 0,
            y_size,
            u_size,
            v_size,
            a_size: 0,
        };
    })
}

/// Interleaved RGBA, not premultiplied, four bytes for each of the file's pixels.
pub fn decode_rgba(file: &[u8], width: usize, rgba: &mut [u8]) -> Result<(), DecodeError> {
    decode(file, |output| {
        output.colorspace = WEBP_CSP_MODE::MODE_RGBA;
        output.u.RGBA = WebPRGBABuffer { rgba: rgba.as_mut_ptr(), stride: (width * 4) as c_int, size: rgba.len() };
    })
}

/// Decodes into memory of ours, which libwebp checks to be large enough.
fn decode(file: &[u8], target: impl FnOnce(&mut WebPDecBuffer)) -> Result<(), DecodeError> {
    let mut config = WebPDecoderConfig::new().map_err(|()| DecodeError::Corrupt)?;
    config.output.is_external_memory = 1;
    target(&mut config.output);
    // SAFETY: the pointer and length are those of `file`; `target` pointed the output at memory that is borrowed
    // mutably until after this call, with its true sizes, and libwebp refuses sizes that are too small.
    check(unsafe { WebPDecode(file.as_ptr(), file.len(), &mut config) })
}

/// Y, Cb and Cr in studio range, chroma at half size.
pub fn encode_yuv(planes: &[Plane; 3], settings: &Settings) -> Option<Vec<u8>> {
    let [y, u, v] = planes;
    encode(y.width, y.height, settings, |picture| {
        picture.use_argb = 0;
        picture.colorspace = WebPEncCSP::WEBP_YUV420;
        // The encoder only reads its input; its structure has no const.
        picture.y = y.samples().as_ptr().cast_mut();
        picture.u = u.samples().as_ptr().cast_mut();
        picture.v = v.samples().as_ptr().cast_mut();
        picture.y_stride = y.stride as c_int;
        picture.uv_stride = u.stride as c_int;
    })
}

/// Interleaved RGBA, not premultiplied.
pub fn encode_rgba(rgba: &[u8], width: usize, height: usize, settings: &Settings) -> Option<Vec<u8>> {
    let argb: Vec<u32> =
        rgba.chunks_exact(4).map(|pixel| u32::from_be_bytes([pixel[3], pixel[0], pixel[1], pixel[2]])).collect();
    assert_eq!(argb.len(), width * height);
    let mut argb = argb;
    encode(width, height, settings, |picture| {
        picture.use_argb = 1;
        picture.argb = argb.as_mut_ptr();
        picture.argb_stride = width as c_int;
    })
}

fn encode(width: usize, height: usize, settings: &Settings, input: impl FnOnce(&mut WebPPicture)) -> Option<Vec<u8>> {
    let _installed = vp8::install();
    let mut config = WebPConfig::new_with_preset(WebPPreset::WEBP_PRESET_DEFAULT, settings.quality).ok()?;
    config.method = c_int::from(settings.method);
    config.lossless = c_int::from(settings.lossless);
    let mut picture = WebPPicture::new().ok()?;
    picture.width = width as c_int;
    picture.height = height as c_int;
    input(&mut picture);
    let mut written = Vec::new();
    picture.writer = Some(append);
    picture.custom_ptr = ptr::from_mut(&mut written).cast();
    // SAFETY: `input` pointed the picture at planes or pixels of its width and height that outlive this call; the
    // writer gets the vector it expects. Freeing gives back only what libwebp allocated itself.
    let done = unsafe {
        let done = WebPEncode(&config, &mut picture);
        WebPPictureFree(&mut picture);
        done
    };
    (done != 0).then_some(written)
}

/// libwebp's writer: the bytes go to the vector behind `custom_ptr`.
unsafe extern "C" fn append(data: *const u8, size: usize, picture: *const WebPPicture) -> c_int {
    // SAFETY: libwebp hands over `size` bytes at `data`, and the picture that `encode` gave it, whose custom pointer
    // is a vector that nothing else touches during the call.
    unsafe {
        let written = &mut *(*picture).custom_ptr.cast::<Vec<u8>>();
        written.extend_from_slice(std::slice::from_raw_parts(data, size));
    }
    1
}
