//! Times the JPEG decoder: `decode_jpeg FILE...` prints the best and the median milliseconds of each scale.

use std::time::Instant;

use _native::jpeg_decode::{Decoder, Limits, Scale, Strip};

const ROUNDS: usize = 15;

fn main() {
    let scales = [Scale::Full, Scale::Half, Scale::Quarter, Scale::Eighth];
    println!("{:40} {:>6} {:>17} {:>17} {:>17} {:>17}", "best / median ms", "MP", "full", "half", "quarter", "eighth");
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).expect("a readable file");
        let name = path.rsplit('/').next().unwrap_or(&path);
        let header = _native::jpeg_decode::header(&bytes).expect("a JPEG");
        print!("{name:40} {:6.1}", header.width as f64 * header.height as f64 / 1e6);
        for scale in scales {
            let (best, median) = time(&bytes, scale);
            print!(" {best:8.2}/{median:8.2}");
        }
        println!();
    }
}

fn time(bytes: &[u8], scale: Scale) -> (f64, f64) {
    let mut strip = Strip::default();
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let mut decoder = Decoder::new(bytes, scale, Limits::default()).expect("a JPEG");
            while decoder.next_strip(&mut strip).expect("a whole JPEG").is_some() {}
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[0], times[ROUNDS / 2])
}
