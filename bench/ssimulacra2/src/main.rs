//! SSIMULACRA2 over a pipe: a reference once, then as many candidates as there are.
//!
//! A reader writes `reference WIDTH HEIGHT\n` and width x height x 3 floats (RGB, sRGB's curve, 0 to 1, little-endian),
//! or `candidate\n` and as many bytes (RGB, 8 bit). Each is answered by one line: `ok`, or the score.

use std::error::Error;
use std::io::{BufRead, Read, Write};

use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    let mut reference: Option<Ssimulacra2Reference> = None;
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (words.as_slice(), &reference) {
            (["reference", width, height], _) => {
                reference = Some(read_reference(&mut input, width.parse()?, height.parse()?)?);
                writeln!(output, "ok")?;
            }
            (["candidate"], Some(reference)) => {
                writeln!(output, "{}", score(&mut input, reference)?)?
            }
            _ => return Err(format!("not understood: {line:?}").into()),
        }
        output.flush()?;
        line.clear();
    }
    Ok(())
}

/// What candidates are compared with, prepared once.
fn read_reference(
    input: &mut impl Read,
    width: u32,
    height: u32,
) -> Result<Ssimulacra2Reference, Box<dyn Error>> {
    let mut samples = vec![0; width as usize * height as usize * 3 * size_of::<f32>()];
    input.read_exact(&mut samples)?;
    let linear: Vec<f32> = samples
        .as_chunks()
        .0
        .iter()
        .map(|&sample| linear(f32::from_le_bytes(sample)))
        .collect();
    Ok(Ssimulacra2Reference::new(&pixels(&linear, width, height)?)?)
}

/// How near a candidate comes: 100 is the reference itself.
fn score(input: &mut impl Read, reference: &Ssimulacra2Reference) -> Result<f64, Box<dyn Error>> {
    let mut samples = vec![0; reference.width() * reference.height() * 3];
    input.read_exact(&mut samples)?;
    let levels: [f32; 256] = std::array::from_fn(|level| linear(level as f32 / 255.0));
    let linear: Vec<f32> = samples
        .iter()
        .map(|&level| levels[level as usize])
        .collect();
    Ok(reference.compare(&pixels(
        &linear,
        reference.width() as u32,
        reference.height() as u32,
    )?)?)
}

/// Linear RGB as the metric takes it.
fn pixels(linear: &[f32], width: u32, height: u32) -> Result<PixelSlice<'_>, Box<dyn Error>> {
    let row = width as usize * 3 * size_of::<f32>();
    Ok(PixelSlice::new(
        bytemuck::cast_slice(linear),
        width,
        height,
        row,
        PixelDescriptor::RGBF32_LINEAR,
    )?)
}

/// sRGB's curve undone (IEC 61966-2-1). The crate has one way for bytes and another for floats, which differ enough to
/// cost three points next to identity; this is one for both.
fn linear(encoded: f32) -> f32 {
    if encoded <= 0.04045 {
        encoded / 12.92
    } else {
        ((encoded + 0.055) / 1.055).powf(2.4)
    }
}
