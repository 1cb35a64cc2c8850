//! The ten ways to predict a block of 4 x 4, all tried when the first is.
//!
//! libwebp tries them one by one, with five questions each: what is left of the block once a prediction is taken off,
//! transformed; its levels; the block made of them again; and how far that is from the source, in two ways. Each waits
//! for what the one before has just stored. Here the first question of a kind is answered for all ten, two to a vector,
//! and the answers are kept until the next block is predicted.
//!
//! What is asked about is told by the pointers, since libwebp hands on what it was given, untouched: where assertions are
//! on (`make sanitize`), what they point to is compared. All else that it asks, by methods that settle on a prediction
//! first or search for levels, is answered as if nothing were kept.

use std::arch::x86_64::*;
use std::cell::UnsafeCell;
use std::ffi::c_int;
use std::ptr;

use super::avx2::{self, *};
use super::x86::*;

const MODES: usize = 10;

/// Room for them, a power of two: an index is then within by its low bits.
const SLOTS: usize = 16;

/// From the head of libwebp's memory for predictions to those of a block of 4 x 4: eight beside each other, two below.
const PREDICTIONS: usize = 3 * 16 * STRIDE;

/// The modes that share a vector: eight predictions are loaded as four rows, each lane having four of them.
const fn pair(at: usize) -> [usize; 2] {
    if at < 4 { [at, at + 4] } else { [8, 9] }
}

/// How far libwebp is with the current mode.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    /// Nothing was asked, or nothing that is kept.
    Outside,
    Transformed,
    Quantized,
    Restored,
}

struct Trial {
    predictions: *const u8,
    source: *const u8,
    /// The mode that is next in turn, one above the current one.
    next: usize,
    step: Step,
    /// Where libwebp has the coefficients of the current mode, and the block restored from them.
    coefficients: *const i16,
    restored_at: *const u8,
    is_quantized: bool,
    is_compared: bool,
    predicted: [[u8; 32]; MODES / 2],
    transformed: [Coefficients; SLOTS],
    quantized: [Coefficients; SLOTS],
    levels: [Coefficients; SLOTS],
    any: [bool; SLOTS],
    restored: [[u8; 16]; SLOTS],
    squared_errors: [c_int; SLOTS],
    distortions: [c_int; SLOTS],
}

thread_local! {
    static TRIAL: UnsafeCell<Trial> = const {
        UnsafeCell::new(Trial {
            predictions: ptr::null(),
            source: ptr::null(),
            next: MODES,
            step: Step::Outside,
            coefficients: ptr::null(),
            restored_at: ptr::null(),
            is_quantized: false,
            is_compared: false,
            predicted: [[0; 32]; MODES / 2],
            transformed: [[0; 16]; SLOTS],
            quantized: [[0; 16]; SLOTS],
            levels: [[0; 16]; SLOTS],
            any: [false; SLOTS],
            restored: [[0; 16]; SLOTS],
            squared_errors: [0; SLOTS],
            distortions: [0; SLOTS],
        })
    };
}

/// What this thread is trying.
///
/// # Safety
/// The reference before is no longer used.
#[inline(always)]
unsafe fn trial<'a>() -> &'a mut Trial {
    // SAFETY: it is the thread's own, and lives as long; the caller has it alone.
    unsafe { &mut *TRIAL.with(UnsafeCell::get) }
}

fn theirs() -> &'static Functions {
    replaced().expect("what calls ours was replaced")
}

/// All ten predictions, from the samples around a block.
#[target_feature(enable = "avx2")]
pub unsafe extern "C" fn predict(predictions: *mut u8, top: *const u8) {
    // SAFETY: libwebp passes what it would to its own function, and no other call of ours is under way in this thread.
    let trial = unsafe {
        (theirs().predict)(predictions, top);
        trial()
    };
    trial.predictions = predictions.wrapping_add(PREDICTIONS);
    trial.next = 0;
    trial.step = Step::Outside;
    trial.is_quantized = false;
    trial.is_compared = false;
}

/// Transforms what a prediction leaves of a block.
#[target_feature(enable = "avx2")]
pub unsafe extern "C" fn transform(source: *const u8, predicted: *const u8, out: *mut i16) {
    // SAFETY: no other call of ours is under way in this thread.
    let trial = unsafe { trial() };
    if !trial.turns_to(source, predicted) {
        // SAFETY: libwebp passes what it would to its own function.
        return unsafe { (theirs().transform)(source, predicted, out) };
    }
    if trial.mode() == 0 {
        // SAFETY: libwebp passes a block, and the first of its ten predictions: the others are where it put them.
        unsafe { trial.transform(&*source.cast(), &*predicted.cast()) };
    }
    trial.step = Step::Transformed;
    trial.coefficients = out;
    // SAFETY: libwebp passes room for 16 coefficients.
    store(unsafe { &mut *out.cast() }, load(&trial.transformed[trial.mode()]));
}

/// Quantises the coefficients of one block, as `quantize_two` does those of two.
#[target_feature(enable = "avx2")]
pub unsafe extern "C" fn quantize(coefficients: *mut i16, levels: *mut i16, matrix: *const Matrix) -> c_int {
    // SAFETY: libwebp passes 16 coefficients, room for as many levels, and a matrix; no other call of ours is under way
    // in this thread.
    let (trial, at, coefficients, levels, matrix) =
        unsafe { (trial(), coefficients.cast_const(), &mut *coefficients.cast(), &mut *levels.cast(), &*matrix) };
    if trial.step != Step::Transformed || trial.coefficients != at {
        return c_int::from(Quantizer::of(matrix).quantize(load(coefficients), coefficients, levels));
    }
    if !trial.is_quantized {
        trial.quantize(matrix);
    }
    let mode = trial.mode();
    debug_assert_eq!(*coefficients, trial.transformed[mode]);
    trial.step = Step::Quantized;
    store(coefficients, load(&trial.quantized[mode]));
    store(levels, load(&trial.levels[mode]));
    c_int::from(trial.any[mode])
}

/// Makes of a prediction and what levels stand for a block again; or two blocks beside each other.
#[target_feature(enable = "avx2")]
pub unsafe extern "C" fn restore(predicted: *const u8, coefficients: *const i16, out: *mut u8, two: c_int) {
    if two != 0 {
        // SAFETY: libwebp passes two blocks beside each other, twice 16 coefficients, and room for two blocks.
        return unsafe { restore_two(&*predicted.cast(), &*coefficients.cast(), out) };
    }
    // SAFETY: no other call of ours is under way in this thread.
    let trial = unsafe { trial() };
    if trial.step != Step::Quantized || trial.coefficients != coefficients {
        // SAFETY: libwebp passes what it would to its own function.
        return unsafe { (theirs().restore)(predicted, coefficients, out, two) };
    }
    let mode = trial.mode();
    // SAFETY: libwebp passes 16 coefficients.
    debug_assert_eq!(unsafe { *coefficients.cast::<Coefficients>() }, trial.quantized[mode]);
    trial.step = Step::Restored;
    trial.restored_at = out;
    for (y, row) in trial.restored[mode].as_chunks::<4>().0.iter().enumerate() {
        // SAFETY: libwebp passes room for a block.
        unsafe { out.add(y * STRIDE).cast::<[u8; 4]>().write(*row) };
    }
}

/// # Safety
/// `out` has room for two blocks beside each other.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn restore_two(predicted: &Blocks, coefficients: &[Coefficients; 2], out: *mut u8) {
    let residue = inverse(whole([load(&coefficients[0]), load(&coefficients[1])]));
    let restored = added(widened(beside(predicted)), residue);
    let (first, second) = (_mm256_castsi256_si128(restored), _mm256_extracti128_si256::<1>(restored));
    let (upper, lower) = (_mm_unpacklo_epi32(first, second), _mm_unpackhi_epi32(first, second));
    let rows = [upper, _mm_unpackhi_epi64(upper, upper), lower, _mm_unpackhi_epi64(lower, lower)];
    for (y, row) in rows.into_iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe { _mm_storel_epi64(out.add(y * STRIDE).cast(), row) };
    }
}

/// The sum of the squares of a block's differences from another.
#[target_feature(enable = "avx2")]
pub unsafe extern "C" fn squared_error(source: *const u8, other: *const u8) -> c_int {
    // SAFETY: no other call of ours is under way in this thread.
    let trial = unsafe { trial() };
    // SAFETY: libwebp passes two blocks, the same to its own function.
    unsafe {
        if !trial.has_restored(source, other) {
            return (theirs().squared_error)(source, other);
        }
    }
    trial.squared_errors[trial.mode()]
}

/// How far apart the spectra of two blocks are, by 16 weights.
#[target_feature(enable = "avx2")]
pub unsafe extern "C" fn distortion(source: *const u8, other: *const u8, weights: *const u16) -> c_int {
    // SAFETY: no other call of ours is under way in this thread.
    let trial = unsafe { trial() };
    // SAFETY: libwebp passes two blocks and 16 weights.
    unsafe {
        if !trial.has_restored(source, other) {
            return avx2::distortion(source, other, weights);
        }
        if !trial.is_compared {
            trial.compare(&*source.cast(), &*weights.cast());
        }
    }
    trial.distortions[trial.mode()]
}

impl Trial {
    fn mode(&self) -> usize {
        (self.next - 1) % SLOTS
    }

    /// Whether the next mode is asked about: after the one before, and of the same block.
    fn turns_to(&mut self, source: *const u8, predicted: *const u8) -> bool {
        let place = self.next / 8 * 4 * STRIDE + self.next % 8 * 4;
        let in_turn = self.next < MODES
            && predicted == self.predictions.wrapping_add(place)
            && (self.next == 0 || source == self.source);
        self.step = Step::Outside;
        self.source = source;
        self.next = if in_turn { self.next + 1 } else { MODES };
        in_turn
    }

    /// Whether `other` is the block restored last.
    ///
    /// # Safety
    /// `other` is a block.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn has_restored(&self, source: *const u8, other: *const u8) -> bool {
        let is_it = self.step == Step::Restored && self.source == source && self.restored_at == other;
        // SAFETY: the caller's promise.
        debug_assert!(!is_it || same(samples(unsafe { &*other.cast() }), bytes(&self.restored[self.mode()])));
        is_it
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn transform(&mut self, source: &Block, predictions: &[u8; 8 * STRIDE]) {
        let source = twice(samples(source));
        for (at, predicted) in paired(predictions).into_iter().enumerate() {
            let [first, second] = whole(transformed(source, predicted));
            store(&mut self.transformed[pair(at)[0]], first);
            store(&mut self.transformed[pair(at)[1]], second);
            // SAFETY: the samples of two blocks are 32 writable bytes; the store needs no alignment.
            unsafe { _mm256_storeu_si256(self.predicted[at].as_mut_ptr().cast(), predicted) };
        }
    }
    /// And restores the blocks, while what they are made of is at hand.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn quantize(&mut self, matrix: &Matrix) {
        let quantizer = Quantizer::of(matrix);
        for mode in 0..MODES {
            let input = load(&self.transformed[mode]);
            self.any[mode] = quantizer.quantize(input, &mut self.quantized[mode], &mut self.levels[mode]);
        }
        // SAFETY: the source is the block that was transformed, which libwebp still has.
        self.restore(unsafe { &*self.source.cast() });
        self.is_quantized = true;
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn restore(&mut self, source: &Block) {
        let source = widened(twice(samples(source)));
        let squares = std::array::from_fn(|at| {
            let [first, second] = pair(at);
            let residue = inverse(whole([load(&self.quantized[first]), load(&self.quantized[second])]));
            // SAFETY: the samples of two blocks are 32 readable bytes; the load needs no alignment.
            let predicted = widened(unsafe { _mm256_loadu_si256(self.predicted[at].as_ptr().cast()) });
            let restored = added(predicted, residue);
            store_bytes(&mut self.restored[first], _mm256_castsi256_si128(restored));
            store_bytes(&mut self.restored[second], _mm256_extracti128_si256::<1>(restored));
            squared(widened(restored), source)
        });
        self.squared_errors = summed_up(squares);
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn compare(&mut self, source: &Block, weights: &[u16; 16]) {
        let source = samples(source);
        let source = sum(_mm256_castsi256_si128(weighed(source, source, weights)));
        let spectra = std::array::from_fn(|at| {
            let [first, second] = pair(at).map(|mode| bytes(&self.restored[mode]));
            weighed(first, second, weights)
        });
        self.distortions = summed_up(spectra).map(|spectrum| (spectrum - source).abs() >> 5);
        self.is_compared = true;
    }
}

/// The samples of two predictions to a vector.
#[inline]
#[target_feature(enable = "avx2")]
fn paired(predictions: &[u8; 8 * STRIDE]) -> [__m256i; MODES / 2] {
    // SAFETY: a row is 32 readable bytes; the load needs no alignment.
    let eight = |row: usize| unsafe { _mm256_loadu_si256(predictions[row * STRIDE..][..STRIDE].as_ptr().cast()) };
    let two = |row: usize| _mm256_castsi256_si128(eight(4 + row));
    let [a, b, c, d] = [eight(0), eight(1), eight(2), eight(3)];
    let (upper, lower) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (upper_next, lower_next) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    let (upper_last, lower_last) = (_mm_unpacklo_epi32(two(0), two(1)), _mm_unpacklo_epi32(two(2), two(3)));
    [
        _mm256_unpacklo_epi64(upper, lower),
        _mm256_unpackhi_epi64(upper, lower),
        _mm256_unpacklo_epi64(upper_next, lower_next),
        _mm256_unpackhi_epi64(upper_next, lower_next),
        _mm256_set_m128i(_mm_unpackhi_epi64(upper_last, lower_last), _mm_unpacklo_epi64(upper_last, lower_last)),
    ]
}

/// libwebp's inverse transform of a block in each lane, columns, then rows: upper two rows, and lower two.
#[inline]
#[target_feature(enable = "avx2")]
fn inverse(coefficients: [__m256i; 2]) -> [__m256i; 2] {
    let [upper, lower] = turned(columns(coefficients));
    let rounding = twice(_mm_setr_epi16(4, 4, 4, 4, 0, 0, 0, 0));
    let rows = columns([_mm256_add_epi16(upper, rounding), lower]);
    turned(rows.map(|rows| _mm256_srai_epi16::<3>(rows)))
}

/// From rows 0 and 1, 2 and 3. The multipliers are 1.31 and 0.54 less one, in 65,536ths, as signed 16 bits hold no more.
#[inline]
#[target_feature(enable = "avx2")]
fn columns([upper, lower]: [__m256i; 2]) -> [__m256i; 2] {
    let multipliers = twice(_mm_setr_epi16(20091, 20091, 20091, 20091, -30068, -30068, -30068, -30068));
    let (first, third) = (_mm256_unpackhi_epi64(upper, upper), _mm256_unpackhi_epi64(lower, lower));
    let more_first = _mm256_mulhi_epi16(first, swapped_in_lanes(multipliers));
    let more_third = _mm256_mulhi_epi16(third, multipliers);
    let (sums, differences) = (_mm256_add_epi16(upper, lower), _mm256_sub_epi16(upper, lower));
    // Of the inner rows in the lower half of a lane, of the outer ones in the upper.
    let inner =
        _mm256_add_epi16(_mm256_unpackhi_epi64(differences, differences), _mm256_sub_epi16(more_first, more_third));
    let outer = _mm256_add_epi16(sums, _mm256_add_epi16(more_first, more_third));
    let even = _mm256_unpacklo_epi64(sums, differences);
    let odd = _mm256_unpacklo_epi64(_mm256_unpackhi_epi64(outer, outer), inner);
    [_mm256_add_epi16(even, odd), swapped_in_lanes(_mm256_sub_epi16(even, odd))]
}

/// Transposes a block in each lane, from rows 0 and 1, 2 and 3.
#[inline]
#[target_feature(enable = "avx2")]
fn turned([upper, lower]: [__m256i; 2]) -> [__m256i; 2] {
    let (even, odd) = (_mm256_unpacklo_epi16(upper, lower), _mm256_unpackhi_epi16(upper, lower));
    [_mm256_unpacklo_epi16(even, odd), _mm256_unpackhi_epi16(even, odd)]
}

/// Upper two rows, and lower two.
#[inline]
#[target_feature(enable = "avx2")]
fn widened(samples: __m256i) -> [__m256i; 2] {
    let zero = _mm256_setzero_si256();
    [_mm256_unpacklo_epi8(samples, zero), _mm256_unpackhi_epi8(samples, zero)]
}

/// Samples, of a block in each lane.
#[inline]
#[target_feature(enable = "avx2")]
fn added(predicted: [__m256i; 2], residue: [__m256i; 2]) -> __m256i {
    _mm256_packus_epi16(_mm256_add_epi16(predicted[0], residue[0]), _mm256_add_epi16(predicted[1], residue[1]))
}

/// Of the differences of a block in each lane: four numbers to be added up.
#[inline]
#[target_feature(enable = "avx2")]
fn squared(one: [__m256i; 2], other: [__m256i; 2]) -> __m256i {
    let (upper, lower) = (_mm256_sub_epi16(one[0], other[0]), _mm256_sub_epi16(one[1], other[1]));
    _mm256_add_epi32(_mm256_madd_epi16(upper, upper), _mm256_madd_epi16(lower, lower))
}

/// The sum of each lane, by the modes of [`pair`].
#[inline]
#[target_feature(enable = "avx2")]
fn summed_up([a, b, c, d, last]: [__m256i; MODES / 2]) -> [c_int; SLOTS] {
    let eight = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    let mut sums = [0; SLOTS];
    // SAFETY: eight of ten numbers are 32 writable bytes; the store needs no alignment.
    unsafe { _mm256_storeu_si256(sums.as_mut_ptr().cast(), eight) };
    sums[8] = sum(_mm256_castsi256_si128(last));
    sums[9] = sum(_mm256_extracti128_si256::<1>(last));
    sums
}

#[inline]
#[target_feature(enable = "avx2")]
fn same(a: __m128i, b: __m128i) -> bool {
    _mm_movemask_epi8(_mm_cmpeq_epi8(a, b)) == 0xffff
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_bytes(values: &mut [u8; 16], value: __m128i) {
    // SAFETY: the reference is to 16 writable bytes; the store needs no alignment.
    unsafe { _mm_storeu_si128(values.as_mut_ptr().cast(), value) }
}
