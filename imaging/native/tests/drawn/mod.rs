//! A small picture drawn by code, and a plan for it. Each test takes of it what it needs.
#![allow(dead_code)]

use _native::plan::{Format, Level, Plan, Rendition};
use _native::plane::{Alpha, Picture, Space};

pub const WIDTH: usize = 67;
pub const HEIGHT: usize = 45;
pub const MAX_PIXELS: usize = 100_000;

pub fn rendition(format: Format, width: usize, height: usize) -> Rendition {
    Rendition {
        wanted: true,
        level: 0,
        scaled_width: width,
        scaled_height: height,
        left: 0,
        top: 0,
        width,
        height,
        sharpen: None,
        overlays: Vec::new(),
        format,
        quality: 85,
        target: None,
        effort: 1,
        lossless: false,
        progressive: false,
        background: [255; 3],
    }
}

/// These renditions of one level of 33 x 22.
pub fn plan(renditions: Vec<Rendition>) -> Plan {
    let levels = vec![Level { width: 33, height: 22, source: 0 }];
    Plan { levels, renditions, shrink: 1, max_pixels: MAX_PIXELS as u64 }
}

/// A picture with something in every block.
pub fn picture() -> Picture {
    let mut planes = Picture::new_planes(Space::Rgb, WIDTH, HEIGHT);
    for (index, plane) in planes.iter_mut().enumerate() {
        for (y, row) in plane.rows_mut().enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                *sample = ((x * (3 + index) + y * 5) ^ (x * y / 7)) as u8;
            }
        }
    }
    Picture { width: WIDTH, height: HEIGHT, space: Space::Rgb, planes, alpha: None, colours: Alpha::Straight }
}
