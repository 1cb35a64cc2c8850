//! The DC of all blocks of a scan, for who wants no more of it.
//!
//! The scan is traced at three places at once, which is what makes it quick:
//!
//! ```text
//!   scan     |------------------------|------------------------|------------------------|
//!   traces   a ----------------------->..x                     |
//!                                     b ..x------------------->...x
//!                                                              c ...x------------------>
//! ```
//!
//! The second and the third begin at a guess, and find the true way before long. The one before goes on until it begins
//! an MCU where they began one (x): from there on both are the same, and what they passed before is dropped. Where there
//! are restart markers, traces begin at those and nothing is guessed.
//!
//! Only a scan that is whole and right has its DC taken so: of any other the sequential decoder tells what is wrong.

use std::ops::Range;

use super::block::Block;
use super::error::Result;
use super::frame::Component;
use super::header::Preamble;
use super::idct;
use super::markers::{Cursor, RST0};
use super::strip::Strip;
use super::trace::{Codes, FAULT, Passed, STEPS, TRACES, Traces, Unstuffed};
use crate::arena;

/// Scans of fewer bytes are decoded in less time than the tables for tracing are made in. The fuzzer's are small.
const LEAST_BYTES: usize = if cfg!(fuzzing) { 0 } else { 64 * 1024 };

/// So that the numbers of bits fit 32.
const MOST_BYTES: usize = 256 << 20;

pub struct AllDc<'a> {
    /// DC of each block less that of the component's block before, in coded order.
    differences: Vec<i16>,
    /// Of those, how many have been used.
    used: usize,
    lanes: Vec<Lane>,
    mcus_across: usize,
    /// MCUs in a segment, and how many of them are yet to come.
    interval: usize,
    left: usize,
    /// At the marker behind the scan.
    pub end: Cursor<'a>,
}

/// One component of the scan.
struct Lane {
    component: usize,
    h: usize,
    v: usize,
    /// DC of the block before.
    predictor: i16,
}

impl<'a> AllDc<'a> {
    /// Traces the scan behind the preamble; `None` if it is small, or not as it should be.
    pub fn trace(preamble: &Preamble<'a>) -> Result<Option<Self>> {
        let bytes = preamble.cursor.bytes.len() - preamble.cursor.at;
        if (LEAST_BYTES..MOST_BYTES).contains(&bytes) { Self::trace_any(preamble) } else { Ok(None) }
    }

    fn trace_any(preamble: &Preamble<'a>) -> Result<Option<Self>> {
        let Preamble { frame, tables, scan, cursor, .. } = preamble;
        let codes = Codes::new(scan, frame, tables)?;
        let mcus = frame.mcus_across * frame.mcus_down;
        let due = match tables.restart_interval {
            0 => 1,
            interval if interval * codes.blocks < STEPS => return Ok(None), // a round would pass several at once
            interval => mcus.div_ceil(interval),
        };
        let Some(segments) = Segments::read(*cursor, due) else { return Ok(None) };
        let passed = match tables.restart_interval {
            0 => segments.trace_one(&codes, mcus),
            interval => segments.trace_each(&codes, mcus, interval),
        };
        let Some(differences) = passed.map(|passed| passed.dc).filter(|dc| !dc.contains(&FAULT)) else {
            return Ok(None);
        };
        let lanes = scan.parts().iter().map(|part| {
            let Component { h, v, .. } = frame.components()[part.component];
            Lane { component: part.component, h, v, predictor: 0 }
        });
        Ok(Some(AllDc {
            differences,
            used: 0,
            lanes: lanes.collect(),
            mcus_across: frame.mcus_across,
            interval: tables.segment_mcus(),
            left: tables.segment_mcus(),
            end: Cursor { bytes: cursor.bytes, at: segments.end },
        }))
    }

    /// Makes one row of MCUs: a sample a block, its mean.
    pub fn next_row(&mut self, quant: &[Block; 3], strip: &mut Strip) {
        for mcu in 0..self.mcus_across {
            if self.left == 0 {
                self.left = self.interval;
                self.lanes.iter_mut().for_each(|lane| lane.predictor = 0);
            }
            self.left -= 1;
            for lane in &mut self.lanes {
                let plane = &mut strip.planes[lane.component];
                let quant = quant[lane.component][0];
                for row in 0..lane.v {
                    let first = row * plane.stride + mcu * lane.h;
                    let differences = &self.differences[self.used..self.used + lane.h];
                    for (sample, &difference) in plane.samples[first..first + lane.h].iter_mut().zip(differences) {
                        lane.predictor = lane.predictor.wrapping_add(difference);
                        *sample = idct::mean(lane.predictor, quant);
                    }
                    self.used += lane.h;
                }
            }
        }
    }
}

/// Zeros behind the data, so that the last of it can be loaded with what follows.
const PADDING: usize = 8;

/// The bytes of a scan without stuffing and markers.
struct Segments {
    data: Vec<u8>,
    /// Where the first segment and those behind restart markers end.
    ends: Vec<usize>,
    /// Where in the file the marker behind the scan is.
    end: usize,
}

impl Drop for Segments {
    fn drop(&mut self) {
        arena::give_back(std::mem::take(&mut self.data));
    }
}

impl Segments {
    /// As many as are `due`; `None` if the file ends first, or restart markers are out of order.
    fn read(cursor: Cursor<'_>, due: usize) -> Option<Self> {
        let mut ahead = &cursor.bytes[cursor.at..];
        let mut data = arena::take(ahead.len() + PADDING);
        let (mut filled, mut ends) = (0, Vec::new());
        loop {
            let run = memchr::memchr(0xFF, ahead)?;
            data[filled..filled + run].copy_from_slice(&ahead[..run]);
            filled += run;
            match ahead.get(run + 1)? {
                0 => {
                    data[filled] = 0xFF;
                    filled += 1;
                }
                &code => {
                    ends.push(filled);
                    if ends.len() == due {
                        data[filled..filled + PADDING].fill(0);
                        data.truncate(filled + PADDING);
                        return Some(Segments { data, ends, end: cursor.bytes.len() - ahead.len() + run });
                    }
                    if code != RST0 + ((ends.len() - 1) & 7) as u8 {
                        return None;
                    }
                }
            }
            ahead = &ahead[run + 2..];
        }
    }

    fn data(&self) -> Unstuffed<'_> {
        Unstuffed(&self.data)
    }

    /// A scan without restart markers.
    fn trace_one(&self, codes: &Codes, mcus: usize) -> Option<Passed> {
        let end = self.ends[0];
        let starts: [usize; TRACES] = std::array::from_fn(|index| 8 * (end * index / TRACES));
        let stops = [starts[1], starts[2], 8 * end];
        let mut traces = Traces::from(codes, starts);
        while (0..TRACES).any(|index| traces.bit(index) < stops[index]) {
            self.round(&mut traces, codes, mcus)?;
        }
        let (of_a, in_b) = self.meet(&mut traces, 0, codes, mcus)?;
        let (of_b, in_c) = self.meet(&mut traces, 1, codes, mcus)?;
        let before = of_a + of_b.checked_sub(in_b)?; // less than none if the second met the third first
        traces.end_at(2, (mcus + in_c).checked_sub(before)?, end, codes)?;
        let [mut passed, mut b, c] = traces.passed;
        passed.truncate(of_a, codes);
        b.truncate(of_b, codes);
        passed.append(&b, in_b, codes);
        passed.append(&c, in_c, codes);
        Some(passed)
    }

    /// The first MCU of a trace that begins where one of the next trace does, and that one's number there.
    fn meet(&self, traces: &mut Traces, trace: usize, codes: &Codes, mcus: usize) -> Option<(usize, usize)> {
        let first = *traces.passed[trace + 1].mcus.first()?;
        let mut mcu = traces.passed[trace].mcus.partition_point(|&bit| bit < first);
        let mut other = 0;
        loop {
            while mcu == traces.passed[trace].mcus.len() {
                if traces.bit(trace) > 8 * self.data.len() {
                    return None;
                }
                self.round(traces, codes, mcus)?;
            }
            let bit = traces.passed[trace].mcus[mcu];
            let others = &traces.passed[trace + 1].mcus;
            other += others[other..].iter().position(|&begins| begins >= bit)?;
            if others[other] == bit {
                return Some((mcu, other));
            }
            mcu += 1;
        }
    }

    /// Takes the traces further; `None` once one has passed more MCUs than there are, as one that is lost may.
    fn round(&self, traces: &mut Traces, codes: &Codes, mcus: usize) -> Option<()> {
        traces.round(codes, self.data());
        traces.passed.iter().all(|passed| passed.mcus.len() <= mcus + STEPS).then_some(())
    }

    /// A scan with a restart marker after every `interval` MCUs, which no round passes whole.
    fn trace_each(&self, codes: &Codes, mcus: usize, interval: usize) -> Option<Passed> {
        let first_of = |part: usize| self.ends.partition_point(|&end| end < self.data.len() * part / TRACES);
        let mut parts: [Part; TRACES] = std::array::from_fn(|index| {
            let last = if index + 1 == TRACES { self.ends.len() } else { first_of(index + 1) };
            Part { ahead: first_of(index)..last, passed: 0 }
        });
        let mut traces = Traces::from(codes, std::array::from_fn(|index| 8 * self.start(parts[index].ahead.start)));
        while parts.iter().any(|part| !part.ahead.is_empty()) {
            self.round(&mut traces, codes, mcus)?;
            for (trace, part) in parts.iter_mut().enumerate().filter(|(_, part)| !part.ahead.is_empty()) {
                let end = self.ends[part.ahead.start];
                let due = part.passed + interval.min(mcus - part.ahead.start * interval);
                if traces.passed[trace].mcus.len() >= due {
                    traces.end_at(trace, due, end, codes)?;
                    traces.go_to(trace, codes, 8 * end);
                    *part = Part { ahead: part.ahead.start + 1..part.ahead.end, passed: due };
                } else if traces.bit(trace) > 8 * end {
                    return None;
                }
            }
        }
        let [mut passed, b, c] = traces.passed;
        passed.truncate(parts[0].passed, codes);
        for (mut other, part) in [(b, &parts[1]), (c, &parts[2])] {
            other.truncate(part.passed, codes);
            passed.append(&other, 0, codes);
        }
        Some(passed)
    }

    fn start(&self, segment: usize) -> usize {
        if segment == 0 { 0 } else { self.ends[segment - 1] }
    }
}

/// Segments that one trace goes through.
struct Part {
    /// The one it is in, and those to come.
    ahead: Range<usize>,
    /// MCUs of those behind it.
    passed: usize,
}

#[cfg(test)]
mod tests {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
    use proptest::prelude::*;

    use super::*;
    use crate::jpeg_decode::{Limits, Scale, StripPlane, sequential::Streamed};

    fn strip(preamble: &Preamble<'_>) -> Strip {
        let planes = std::array::from_fn(|component| match preamble.frame.components().get(component) {
            None => StripPlane::default(),
            Some(of) => {
                let stride = preamble.frame.mcus_across * of.h;
                StripPlane { samples: vec![0; stride * of.v], stride, rows: of.v }
            }
        });
        Strip { planes }
    }

    fn quant(preamble: &Preamble<'_>) -> [Block; 3] {
        let components = preamble.frame.components();
        std::array::from_fn(|index| {
            components.get(index).and_then(|of| preamble.tables.quant(of.quant).ok()).unwrap_or([0; 64])
        })
    }

    /// All samples, and where the scan ends.
    fn traced(preamble: &Preamble<'_>) -> Option<(Vec<u8>, usize)> {
        let mut dc = AllDc::trace_any(preamble).expect("tables")?;
        let (mut strip, mut samples) = (strip(preamble), Vec::new());
        for _ in 0..preamble.frame.mcus_down {
            dc.next_row(&quant(preamble), &mut strip);
            strip.planes.iter().for_each(|plane| samples.extend(&plane.samples));
        }
        Some((samples, dc.end.at))
    }

    fn read_in_order(preamble: &Preamble<'_>) -> Result<(Vec<u8>, usize)> {
        let mut scan = Streamed::new(preamble, Scale::Eighth.last_wanted())?;
        let (mut strip, mut samples) = (strip(preamble), Vec::new());
        for _ in 0..preamble.frame.mcus_down {
            scan.next_row(&quant(preamble), idct::transform(1), 1, &mut strip)?;
            strip.planes.iter().for_each(|plane| samples.extend(&plane.samples));
        }
        Ok((samples, scan.finish()?.at))
    }

    /// Smooth in places and noisy in others, so that blocks of all lengths occur.
    fn drawn(width: u16, height: u16, seed: u32, sampling: SamplingFactor, quality: u8, interval: u16) -> Vec<u8> {
        let mut noise = seed | 1;
        let pixels: Vec<u8> = (0..usize::from(width) * usize::from(height) * 3)
            .map(|at| {
                noise = noise.wrapping_mul(0x0019_660D).wrapping_add(0x3C6E_F35F);
                let (x, y) = (at / 3 % usize::from(width), at / 3 / usize::from(width));
                let amount = if (x / 24 + y / 40) % 3 == 0 { 0 } else { noise >> 24 & 127 };
                (x * 2 + y / 3 + at % 3 * 40) as u8 / 2 + amount as u8
            })
            .collect();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, quality);
        encoder.set_sampling_factor(sampling);
        if interval > 0 {
            encoder.set_restart_interval(interval);
        }
        encoder.encode(&pixels, width, height, ColorType::Rgb).expect("an encoded picture");
        bytes
    }

    const SIDE: u16 = if cfg!(miri) { 32 } else { 200 };

    fn preamble(bytes: &[u8]) -> Preamble<'_> {
        Preamble::read(bytes, &Limits::default()).expect("a preamble")
    }

    fn sampling() -> impl Strategy<Value = SamplingFactor> {
        prop::sample::select(vec![
            SamplingFactor::F_1_1,
            SamplingFactor::F_2_1,
            SamplingFactor::F_1_2,
            SamplingFactor::F_2_2,
        ])
    }

    /// Of a small scan there may be no time to fall into step.
    #[test]
    #[cfg_attr(miri, ignore = "too many pixels")]
    fn a_scan_of_some_size_is_traced() {
        for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2, SamplingFactor::F_2_2] {
            for interval in [0, 50, 400] {
                let bytes = drawn(1000, 800, 1, sampling, 85, interval);
                let preamble = preamble(&bytes);
                let traced = traced(&preamble).expect("traced");
                assert!(traced == read_in_order(&preamble).expect("a whole file"), "{sampling:?}, {interval}");
            }
        }
    }

    /// The first trace goes on in step with the others, long after it met the second.
    #[test]
    #[cfg_attr(miri, ignore = "too many pixels")]
    fn what_a_trace_passes_once_it_is_over_does_not_count() {
        for seed in (0..200).step_by(2) {
            let bytes = drawn(300, 300, seed, SamplingFactor::F_2_2, 85, 0);
            assert!(traced(&preamble(&bytes)).is_some(), "{seed}");
        }
    }

    /// Its code and its value take up to 22 bits.
    #[test]
    #[cfg_attr(miri, ignore = "too many pixels")]
    fn a_dc_far_from_the_last_is_read_to_its_last_bit() {
        let (side, colours) = (400, [[0, 0, 255], [255, 255, 0], [255, 0, 0], [0, 255, 255]]);
        let noise = crate::noise(7, side * side);
        let pixels: Vec<u8> = (0..side * side * 3)
            .map(|at| {
                let (x, y) = (at / 3 % side, at / 3 / side);
                let colour: u8 = colours[usize::from(noise[x / 8 + y / 8 * side] % 4)][at % 3];
                colour.abs_diff(noise[at / 3] >> 2)
            })
            .collect();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 100);
        encoder.set_sampling_factor(SamplingFactor::F_1_1);
        encoder.encode(&pixels, side as u16, side as u16, ColorType::Rgb).expect("an encoded picture");
        let preamble = preamble(&bytes);
        assert!(traced(&preamble).expect("traced") == read_in_order(&preamble).expect("a whole file"));
    }

    /// Found by the fuzzer: the second trace may meet the third before the first meets it.
    #[test]
    #[cfg_attr(miri, ignore = "too many pictures")]
    fn a_small_scan_is_traced_rightly_or_not_at_all() {
        for seed in 0..400 {
            let bytes = drawn(32, 32, seed, SamplingFactor::F_1_1, 85, 0);
            let preamble = preamble(&bytes);
            if let Some(traced) = traced(&preamble) {
                assert_eq!(Ok(traced), read_in_order(&preamble));
            }
        }
    }

    /// Some of these scans end with a byte's last bit, others within a byte.
    #[test]
    #[cfg_attr(miri, ignore = "too many pictures")]
    fn a_scan_with_a_byte_left_over_is_not_traced() {
        for (seed, interval) in (0..24).flat_map(|seed| [(seed, 0), (seed, 150)]) {
            let mut bytes = drawn(200, 200, seed, SamplingFactor::F_1_1, 85, interval);
            bytes.splice(bytes.len() - 2..bytes.len() - 2, [0x55]);
            assert_eq!(traced(&preamble(&bytes)), None, "{seed}, {interval}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many pixels")]
    fn restart_markers_that_are_out_of_order_too_few_or_too_many_are_not_traced() {
        let bytes = drawn(200, 200, 1, SamplingFactor::F_1_1, 85, 150);
        let scan = preamble(&bytes).cursor.at;
        let is_mark = |&at: &usize| matches!(bytes[at..], [0xFF, 0xD0..=0xD7, ..]);
        let marks: Vec<usize> = (scan..bytes.len()).filter(is_mark).collect();
        assert!(traced(&preamble(&bytes)).is_some() && marks.len() == 4);
        let mut renumbered = bytes.clone();
        renumbered[marks[1] + 1] = 0xD2;
        let end = bytes.len() - 2;
        let too_few = [&bytes[..marks[3]], &bytes[end..]].concat();
        let too_many = [&bytes[..end], &[0xFF, 0xD4], &bytes[scan..marks[0]], &bytes[end..]].concat();
        for file in [renumbered, too_few, too_many] {
            assert_eq!(traced(&preamble(&file)), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn tracing_gives_what_reading_in_order_gives(
            (width, height, seed) in (SIDE..5 * SIDE / 2, SIDE..5 * SIDE / 2, any::<u32>()),
            sampling in sampling(), quality in 20u8..=100, interval in 0u16..60,
        ) {
            let bytes = drawn(width, height, seed, sampling, quality, interval);
            let preamble = preamble(&bytes);
            let in_order = read_in_order(&preamble).expect("a whole file");
            if let Some(traced) = traced(&preamble) {
                prop_assert!(traced == in_order);
            }
        }

        #[test]
        fn what_is_damaged_is_never_traced_to_something_else(
            seed in any::<u32>(), interval in 0u16..60, damage in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..4),
        ) {
            let mut bytes = drawn(2 * SIDE, SIDE, seed, SamplingFactor::F_2_2, 85, interval);
            let scan = preamble(&bytes).cursor.at;
            for (place, bit) in damage {
                let at = scan + place.index(bytes.len() - scan);
                bytes[at] ^= 1 << bit;
            }
            let preamble = preamble(&bytes);
            if let Some(traced) = traced(&preamble) {
                prop_assert_eq!(Ok(traced), read_in_order(&preamble));
            }
        }

        #[test]
        fn what_is_cut_short_is_not_traced(seed in any::<u32>(), interval in 0u16..60, cut in any::<prop::sample::Index>()) {
            let bytes = drawn(2 * SIDE, SIDE, seed, SamplingFactor::F_1_1, 85, interval);
            let scan = preamble(&bytes).cursor.at;
            let mut cut = bytes[..scan + cut.index(bytes.len() - 2 - scan)].to_vec();
            cut.extend([0xFF, 0xD9]);
            prop_assert_eq!(traced(&preamble(&cut)), None);
        }
    }
}
