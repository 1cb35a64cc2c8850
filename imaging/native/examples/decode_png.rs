//! Times the PNG decoder: `decode_png ROUNDS FILE...` prints the best and the median milliseconds, and those of the png
//! crate beside it, taken in turns.

use std::io::Cursor;
use std::time::Instant;

use _native::png_decode::Decoder;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().and_then(|rounds| rounds.parse().ok()).expect("ROUNDS FILE...");
    println!("{:40} {:>6} {:>17} {:>17}", "best / median ms", "MP", "ours", "png crate");
    for path in arguments {
        let file = std::fs::read(&path).expect("a readable file");
        let name = path.rsplit('/').next().unwrap_or(&path);
        let reader = png::Decoder::new(Cursor::new(&file[..])).read_info().expect("a PNG");
        let (width, height) = (reader.info().width as usize, reader.info().height as usize);
        let channels = reader.info().color_type.samples();
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            let start = Instant::now();
            let mut decoder = Decoder::new(&file, width, height, channels);
            while decoder.next_rows().expect("a whole PNG").count > 0 {}
            times[0].push(start.elapsed().as_secs_f64() * 1e3);
            let start = Instant::now();
            let mut reader = png::Decoder::new(Cursor::new(&file[..])).read_info().expect("a PNG");
            while reader.next_row().expect("a whole PNG").is_some() {}
            reader.finish().expect("a whole PNG");
            times[1].push(start.elapsed().as_secs_f64() * 1e3);
        }
        print!("{name:40} {:6.1}", width as f64 * height as f64 / 1e6);
        for mut times in times {
            times.sort_by(f64::total_cmp);
            print!(" {:8.2}/{:8.2}", times[0], times[rounds / 2]);
        }
        println!();
    }
}
