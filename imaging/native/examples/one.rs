use _native::jpeg_decode::{Decoder, Limits, Scale, Strip};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&a[1]).unwrap();
    let scale = match a[2].as_str() {
        "8" => Scale::Eighth,
        "4" => Scale::Quarter,
        "2" => Scale::Half,
        _ => Scale::Full,
    };
    let mut strip = Strip::default();
    for _ in 0..a[3].parse().unwrap() {
        let mut d = Decoder::new(&bytes, scale, Limits::default()).unwrap();
        while d.next_strip(&mut strip).unwrap().is_some() {}
    }
}
