//! Times the whole path: `render_set ROUNDS FILE...` makes 2048, 1280 and 640 px JPEG and 256 px WebP of each file and
//! prints the best milliseconds of each stage.

use std::collections::BTreeMap;

use _native::plan::{Format, Level, Plan, Rendition};
use _native::{probe, render};

const EDGES: [(usize, Format); 4] =
    [(2048, Format::Jpeg), (1280, Format::Jpeg), (640, Format::Jpeg), (256, Format::WebP)];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().and_then(|rounds| rounds.parse().ok()).expect("ROUNDS FILE...");
    for path in arguments {
        let original = std::fs::read(&path).expect("a readable file");
        let plan = plan(probe::probe(&original).expect("an image").upright());
        let mut best = BTreeMap::new();
        for _ in 0..rounds {
            for (stage, time) in render::render(&original, &plan).expect("an image").stages {
                let least = best.entry(stage).or_insert(f64::INFINITY);
                *least = time.min(*least);
            }
        }
        let name = path.rsplit('/').next().unwrap_or(&path);
        println!("{name:36} {:6.1} {best:.2?}", best.values().sum::<f64>());
    }
}

fn plan((width, height): (usize, usize)) -> Plan {
    let mut plan = Plan { levels: Vec::new(), renditions: Vec::new(), shrink: 1, max_pixels: 200_000_000 };
    for (index, (edge, format)) in EDGES.into_iter().enumerate() {
        let scale = (edge as f64 / width.max(height) as f64).min(1.0);
        let size = [width, height].map(|side| ((side as f64 * scale).round() as usize).max(1));
        plan.levels.push(Level { width: size[0], height: size[1], source: index.saturating_sub(1) });
        plan.renditions.push(Rendition {
            wanted: true,
            level: index,
            scaled_width: size[0],
            scaled_height: size[1],
            left: 0,
            top: 0,
            width: size[0],
            height: size[1],
            sharpen: None,
            overlays: Vec::new(),
            format,
            quality: 80,
            target: None,
            effort: 4,
            lossless: false,
            progressive: false,
            background: [255; 3],
        });
    }
    plan
}
