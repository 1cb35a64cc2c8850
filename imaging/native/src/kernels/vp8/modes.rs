//! The ten ways to predict a block of 4 x 4, all tried when the first is.
//!
//! libwebp tries them one by one, with five questions each: what is left of the block once a prediction is taken off,
//! transformed; its levels; the block made of them again; and how far that is from the source, in two ways. Each waits
//! for what the one before has just stored. Here the first question of a kind is answered for all ten, two to a vector,
//! and the answers are kept until the next block is predicted.
//!
//! What is asked about, and of which thread's picture, is told by the pointers: libwebp hands on what it was given,
//! untouched. Where assertions are on (`make sanitize`), what they point to is compared. Methods that settle on a
//! prediction first, or search for levels, ask less: what was answered in advance for them is lost work, and what
//! follows no answer is answered as if nothing were kept. A variable of the thread would tell as well, but is looked up
//! by a call in a shared library, which cost half of the gain.

use std::arch::x86_64::*;
use std::cell::{Cell, UnsafeCell};
use std::ffi::c_int;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

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

/// What one encoding tries. The pointers are into libwebp's arrays on the stack of the thread that encodes, so no other
/// thread has the same before the trial is given back, and null before and after: who passes one that is equal is it.
struct Trial {
    is_taken: AtomicBool,
    /// The prediction that is next in turn.
    awaited: AtomicPtr<u8>,
    /// Where the current mode's coefficients are, once transformed; once quantised too; and the block restored from them.
    transformed: AtomicPtr<i16>,
    quantized: AtomicPtr<i16>,
    restored: AtomicPtr<u8>,
    answers: UnsafeCell<Answers>,
}

// SAFETY: `answers` is reached by the thread that took the trial alone: in `predict`, or by a pointer that only it has.
unsafe impl Sync for Trial {}

struct Answers {
    source: *const u8,
    predictions: *mut u8,
    /// The mode that is next in turn, one above the current one.
    next: usize,
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

/// As many encodings at once are made faster; others do without.
static TRIALS: [Trial; 4] = [const { Trial::new() }; 4];

thread_local! {
    static TAKEN: Cell<Option<&'static Trial>> = const { Cell::new(None) };
}

/// The trial of this thread's encoding, as long as it is held: by no other thread.
pub struct Taken {
    trial: Option<&'static Trial>,
    before: Option<&'static Trial>,
    of_this_thread: PhantomData<*const ()>,
}

pub fn take() -> Taken {
    let trial = TRIALS.iter().find(|trial| !trial.is_taken.swap(true, Ordering::Acquire));
    Taken { trial, before: TAKEN.replace(trial), of_this_thread: PhantomData }
}

impl Drop for Taken {
    fn drop(&mut self) {
        TAKEN.set(self.before);
        if let Some(trial) = self.trial {
            trial.forget();
            trial.is_taken.store(false, Ordering::Release);
        }
    }
}

fn found(is_it: impl Fn(&Trial) -> bool) -> Option<&'static Trial> {
    TRIALS.iter().find(|trial| is_it(trial))
}

fn theirs() -> &'static Functions {
    replaced().expect("what calls ours was replaced")
}

/// All ten predictions, from the samples around a block.
#[target_feature(enable = "avx2")]
pub unsafe extern "C" fn predict(predictions: *mut u8, top: *const u8) {
    // SAFETY: libwebp passes what it would to its own function.
    unsafe { (theirs().predict)(predictions, top) };
    let Some(trial) = TAKEN.get() else { return };
    trial.forget();
    // SAFETY: this thread took the trial, and no other call of ours is under way in it.
    let answers = unsafe { &mut *trial.answers.get() };
    answers.predictions = predictions.wrapping_add(PREDICTIONS);
    answers.next = 0;
    answers.is_quantized = false;
    answers.is_compared = false;
    set(&trial.awaited, answers.predictions);
}

/// Transforms what a prediction leaves of a block.
#[target_feature(enable = "avx2")]
pub unsafe extern "C" fn transform(source: *const u8, predicted: *const u8, out: *mut i16) {
    let Some(trial) = found(|trial| is(&trial.awaited, predicted)) else {
        // SAFETY: libwebp passes what it would to its own function.
        return unsafe { (theirs().transform)(source, predicted, out) };
    };
    // SAFETY: the pointer is one that only the thread of the trial has, and no other call of ours is under way in it.
    let answers = unsafe { &mut *trial.answers.get() };
    if answers.next == 0 {
        answers.source = source;
        // SAFETY: libwebp passes a block, and the first of its ten predictions: the others are where it put them.
        unsafe { answers.transform(&*source.cast(), &*predicted.cast()) };
    }
    debug_assert_eq!(answers.source, source);
    answers.next += 1;
    set(&trial.awaited, answers.awaited());
    set(&trial.transformed, out);
    // SAFETY: libwebp passes room for 16 coefficients.
    store(unsafe { &mut *out.cast() }, load(&answers.transformed[answers.mode()]));
}

/// Quantises the coefficients of one block, as `quantize_two` does those of two.
#[target_feature(enable = "avx2")]
pub unsafe extern "C" fn quantize(coefficients: *mut i16, levels: *mut i16, matrix: *const Matrix) -> c_int {
    let found = found(|trial| is(&trial.transformed, coefficients));
    let at = coefficients;
    // SAFETY: libwebp passes 16 coefficients, room for as many levels, and a matrix.
    let (coefficients, levels, matrix): (&mut Coefficients, &mut Coefficients, _) =
        unsafe { (&mut *coefficients.cast(), &mut *levels.cast(), &*matrix) };
    let Some(trial) = found else {
        return c_int::from(Quantizer::of(matrix).quantize(load(coefficients), coefficients, levels));
    };
    // SAFETY: the pointer is one that only the thread of the trial has, and no other call of ours is under way in it.
    let answers = unsafe { &mut *trial.answers.get() };
    if !answers.is_quantized {
        answers.quantize(matrix);
    }
    let mode = answers.mode();
    debug_assert_eq!(*coefficients, answers.transformed[mode]);
    set(&trial.transformed, ptr::null_mut());
    set(&trial.quantized, at);
    store(coefficients, load(&answers.quantized[mode]));
    store(levels, load(&answers.levels[mode]));
    c_int::from(answers.any[mode])
}

/// Makes of a prediction and what levels stand for a block again; or two blocks beside each other.
#[target_feature(enable = "avx2")]
pub unsafe extern "C" fn restore(predicted: *const u8, coefficients: *const i16, out: *mut u8, two: c_int) {
    if two != 0 {
        // SAFETY: libwebp passes two blocks beside each other, twice 16 coefficients, and room for two blocks.
        return unsafe { restore_two(&*predicted.cast(), &*coefficients.cast(), out) };
    }
    let Some(trial) = found(|trial| is(&trial.quantized, coefficients)) else {
        // SAFETY: libwebp passes what it would to its own function.
        return unsafe { (theirs().restore)(predicted, coefficients, out, two) };
    };
    // SAFETY: the pointer is one that only the thread of the trial has, and no other call of ours is under way in it.
    let answers = unsafe { &*trial.answers.get() };
    let mode = answers.mode();
    // SAFETY: libwebp passes 16 coefficients.
    debug_assert_eq!(unsafe { *coefficients.cast::<Coefficients>() }, answers.quantized[mode]);
    set(&trial.quantized, ptr::null_mut());
    set(&trial.restored, out);
    for (y, row) in answers.restored[mode].as_chunks::<4>().0.iter().enumerate() {
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
    let Some(trial) = found(|trial| is(&trial.restored, other)) else {
        // SAFETY: libwebp passes what it would to its own function.
        return unsafe { (theirs().squared_error)(source, other) };
    };
    // SAFETY: the pointer is one that only the thread of the trial has, and no other call of ours is under way in it;
    // it is to a block.
    let answers = unsafe {
        let answers = &*trial.answers.get();
        debug_assert!(answers.are_of(source, &*other.cast()));
        answers
    };
    answers.squared_errors[answers.mode()]
}

/// How far apart the spectra of two blocks are, by 16 weights.
#[target_feature(enable = "avx2")]
pub unsafe extern "C" fn distortion(source: *const u8, other: *const u8, weights: *const u16) -> c_int {
    let Some(trial) = found(|trial| is(&trial.restored, other)) else {
        // SAFETY: libwebp passes two blocks and 16 weights.
        return unsafe { avx2::distortion(source, other, weights) };
    };
    // SAFETY: the pointer is one that only the thread of the trial has, and no other call of ours is under way in it;
    // libwebp passes two blocks and 16 weights.
    let answers = unsafe {
        let answers = &mut *trial.answers.get();
        debug_assert!(answers.are_of(source, &*other.cast()));
        if !answers.is_compared {
            answers.compare(&*source.cast(), &*weights.cast());
        }
        answers
    };
    answers.distortions[answers.mode()]
}

/// Order matters to no other thread: each meets its own pointers alone.
fn set<T>(pointer: &AtomicPtr<T>, to: *mut T) {
    pointer.store(to, Ordering::Relaxed);
}

fn is<T>(pointer: &AtomicPtr<T>, passed: *const T) -> bool {
    pointer.load(Ordering::Relaxed).cast_const() == passed
}

impl Trial {
    const fn new() -> Self {
        Self {
            is_taken: AtomicBool::new(false),
            awaited: AtomicPtr::new(ptr::null_mut()),
            transformed: AtomicPtr::new(ptr::null_mut()),
            quantized: AtomicPtr::new(ptr::null_mut()),
            restored: AtomicPtr::new(ptr::null_mut()),
            answers: UnsafeCell::new(Answers {
                source: ptr::null(),
                predictions: ptr::null_mut(),
                next: 0,
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
            }),
        }
    }

    fn forget(&self) {
        set(&self.awaited, ptr::null_mut());
        set(&self.transformed, ptr::null_mut());
        set(&self.quantized, ptr::null_mut());
        set(&self.restored, ptr::null_mut());
    }
}

impl Answers {
    fn mode(&self) -> usize {
        (self.next - 1) % SLOTS
    }

    /// The prediction of the next mode, null after the last.
    fn awaited(&self) -> *mut u8 {
        match self.next {
            next @ ..MODES => self.predictions.wrapping_add(next / 8 * 4 * STRIDE + next % 8 * 4),
            _ => ptr::null_mut(),
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn are_of(&self, source: *const u8, restored: &Block) -> bool {
        source == self.source && same(samples(restored), bytes(&self.restored[self.mode()]))
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

    /// Quantises what was transformed, and restores the blocks, while what they are made of is at hand.
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
