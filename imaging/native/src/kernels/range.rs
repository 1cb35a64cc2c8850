//! JFIF uses all of 0 to 255; WebP, like video, luma from 16 to 235 and chroma from 16 to 240.

pub static NARROW_LUMA: [u8; 256] = scaled((0, 16), (219, 255));
pub static NARROW_CHROMA: [u8; 256] = scaled((128, 128), (224, 255));
pub static WIDEN_LUMA: [u8; 256] = scaled((16, 0), (255, 219));
pub static WIDEN_CHROMA: [u8; 256] = scaled((128, 128), (255, 224));

/// What lies at `from` goes to `to`, what lies beside it is stretched `multiplier / divisor` times, rounded to nearest.
const fn scaled((from, to): (i32, i32), (multiplier, divisor): (i32, i32)) -> [u8; 256] {
    let mut table = [0; 256];
    let mut sample = 0;
    while sample < 256 {
        let twice = 2 * (sample - from) * multiplier + divisor;
        let value = to + twice.div_euclid(2 * divisor);
        table[sample as usize] = if value < 0 {
            0
        } else if value > 255 {
            255
        } else {
            value as u8
        };
        sample += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_meet_the_ends() {
        assert_eq!((NARROW_LUMA[0], NARROW_LUMA[255], NARROW_CHROMA[128], NARROW_CHROMA[255]), (16, 235, 128, 240));
        assert_eq!((WIDEN_LUMA[16], WIDEN_LUMA[235], WIDEN_CHROMA[128], WIDEN_CHROMA[240]), (0, 255, 128, 255));
    }
}
