//! What libwebp's lossy encoder spends much of its time in, with AVX2: libwebp 1.6.0 stops at SSE4.1 there. The encoder
//! calls such functions through pointers that it sets by the processor; [`install`] sets eleven of them anew. Results are
//! libwebp's own, so the files are the same to the byte.
//!
//! Wider vectors alone gain nothing, as a macroblock is small. What gains is to guess no branch wrongly, and not to
//! wait for what was just stored: to load it as it was stored, to count into several places in turn, and to try the ways
//! to predict a block at once rather than one after another (`modes`).

#[cfg(target_arch = "x86_64")]
pub use x86::{Installed, install};

/// Nothing: libwebp has NEON for itself.
#[cfg(not(target_arch = "x86_64"))]
pub struct Installed;

#[cfg(not(target_arch = "x86_64"))]
pub fn install() -> Installed {
    Installed
}

#[cfg(target_arch = "x86_64")]
mod modes;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::ffi::c_int;
    use std::sync::OnceLock;

    use libwebp_sys::WebPGetEncoderVersion;

    use super::{avx2, modes};

    /// The libwebp whose structures and pointers these are: 1.6.0.
    const VERSION: c_int = 0x0001_0600;

    /// Samples from a row of a block to the next, in all of the encoder's buffers.
    pub const STRIDE: usize = 32;

    /// Memory from the first sample of a block of 4 x 4 to its last.
    pub type Block = [u8; 3 * STRIDE + 4];

    /// The same of two blocks beside each other.
    pub type Blocks = [u8; 3 * STRIDE + 8];

    pub type Coefficients = [i16; 16];

    /// `VP8Matrix`: how coefficients are quantised.
    #[repr(C)]
    #[derive(Debug)]
    pub struct Matrix {
        pub steps: [u16; 16],
        pub reciprocals: [u16; 16],
        pub biases: [u32; 16],
        pub zero_below: [u32; 16],
        pub sharpening: [u16; 16],
    }

    /// `VP8Histogram`: what is kept of one.
    #[repr(C)]
    #[derive(Debug, Default, PartialEq)]
    pub struct Histogram {
        pub largest_count: c_int,
        pub last_bin: c_int,
    }

    /// `VP8Residual`: the levels of a block in zigzag order, and what coding them costs.
    #[repr(C)]
    pub struct Residual {
        /// 1 where the first level is coded elsewhere, and is zero here.
        pub first: c_int,
        /// -1 where all levels are zero.
        pub last: c_int,
        pub levels: *const Coefficients,
        pub kind: c_int,
        /// By band and context; the first of eleven is for there being another level.
        pub probabilities: *const [[u8; 11]; 3],
        pub statistics: *const [[u32; 11]; 3],
        /// By place and context, where to find what each level costs: rows of one table by band, context and level.
        pub costs: *const [*const u16; 3],
    }

    type Predict = unsafe extern "C" fn(*mut u8, *const u8);
    type Transform = unsafe extern "C" fn(*const u8, *const u8, *mut i16);
    type Restore = unsafe extern "C" fn(*const u8, *const i16, *mut u8, c_int);
    type SquaredError = unsafe extern "C" fn(*const u8, *const u8) -> c_int;
    type Distortion = unsafe extern "C" fn(*const u8, *const u8, *const u16) -> c_int;
    pub type Quantize = unsafe extern "C" fn(*mut i16, *mut i16, *const Matrix) -> c_int;
    type Collect = unsafe extern "C" fn(*const u8, *const u8, c_int, c_int, *mut Histogram);
    pub type ResidualCost = unsafe extern "C" fn(c_int, *const Residual) -> c_int;

    // libwebp's src/dsp/dsp.h.
    unsafe extern "C" {
        fn VP8EncDspInit();
        fn VP8EncDspCostInit();
        static mut VP8EncPredLuma4: Predict;
        static mut VP8FTransform: Transform;
        static mut VP8FTransform2: Transform;
        static mut VP8EncQuantizeBlock: Quantize;
        static mut VP8ITransform: Restore;
        static mut VP8SSE4x4: SquaredError;
        static mut VP8TDisto4x4: Distortion;
        static mut VP8TDisto16x16: Distortion;
        static mut VP8EncQuantize2Blocks: Quantize;
        static mut VP8CollectHistogram: Collect;
        static mut VP8GetResidualCost: ResidualCost;
        /// Where each block of 4 x 4 begins: sixteen from the first of luma, then eight from the first of chroma.
        pub safe static VP8DspScan: [c_int; 24];
        /// What a binary decision costs, by how probable it is.
        pub safe static VP8EntropyCost: [u16; 256];
        /// What a level costs whatever its context.
        pub safe static VP8LevelFixedCosts: [u16; 2048];
    }

    /// What the pointers point to.
    #[derive(Clone, Copy)]
    pub struct Functions {
        pub predict: Predict,
        pub transform: Transform,
        pub transform_two: Transform,
        pub quantize: Quantize,
        pub restore: Restore,
        pub squared_error: SquaredError,
        pub distortion: Distortion,
        pub distortion_of_sixteen: Distortion,
        pub quantize_two: Quantize,
        pub collect: Collect,
        pub residual_cost: ResidualCost,
    }

    pub const OURS: Functions = Functions {
        predict: modes::predict,
        transform: modes::transform,
        transform_two: avx2::transform_two,
        quantize: modes::quantize,
        restore: modes::restore,
        squared_error: modes::squared_error,
        distortion: modes::distortion,
        distortion_of_sixteen: avx2::distortion_of_sixteen,
        quantize_two: avx2::quantize_two,
        collect: avx2::collect,
        residual_cost: avx2::residual_cost,
    };

    /// To be held while a picture is encoded.
    pub struct Installed {
        _trial: Option<modes::Taken>,
    }

    /// Has libwebp's encoder use these functions where the processor can; to be called before every encoding.
    pub fn install() -> Installed {
        Installed { _trial: replaced().map(|_| modes::take()) }
    }

    /// libwebp's own functions, once ours are in their place; none where they stay.
    pub fn replaced() -> Option<&'static Functions> {
        static REPLACED: OnceLock<Option<Functions>> = OnceLock::new();
        let replaced = REPLACED.get_or_init(|| {
            // SAFETY: it answers a constant.
            let version = unsafe { WebPGetEncoderVersion() };
            // SAFETY: the version is the one whose declarations these are, AVX2 was just detected, and no encoding has
            // begun: each comes after this, which has the others wait.
            (version == VERSION && crate::kernels::has_avx2()).then(|| unsafe { replace() })
        });
        replaced.as_ref()
    }

    /// libwebp sets its pointers when they are first asked for and never again: here, before they are read.
    ///
    /// # Safety
    /// libwebp is [`VERSION`], the processor has AVX2, and nothing is being encoded.
    unsafe fn replace() -> Functions {
        // SAFETY: as above.
        unsafe {
            VP8EncDspInit();
            VP8EncDspCostInit();
            let theirs = Functions {
                predict: VP8EncPredLuma4,
                transform: VP8FTransform,
                transform_two: VP8FTransform2,
                quantize: VP8EncQuantizeBlock,
                restore: VP8ITransform,
                squared_error: VP8SSE4x4,
                distortion: VP8TDisto4x4,
                distortion_of_sixteen: VP8TDisto16x16,
                quantize_two: VP8EncQuantize2Blocks,
                collect: VP8CollectHistogram,
                residual_cost: VP8GetResidualCost,
            };
            VP8EncPredLuma4 = OURS.predict;
            VP8FTransform = OURS.transform;
            VP8FTransform2 = OURS.transform_two;
            VP8EncQuantizeBlock = OURS.quantize;
            VP8ITransform = OURS.restore;
            VP8SSE4x4 = OURS.squared_error;
            VP8TDisto4x4 = OURS.distortion;
            VP8TDisto16x16 = OURS.distortion_of_sixteen;
            VP8EncQuantize2Blocks = OURS.quantize_two;
            VP8CollectHistogram = OURS.collect;
            VP8GetResidualCost = OURS.residual_cost;
            theirs
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;
    use std::ffi::c_int;

    use super::x86::*;

    /// Bits below one of a quantised coefficient.
    const FRACTION: i32 = 17;

    const LARGEST_LEVEL: i16 = 2047;

    /// Bins of a histogram of coefficients.
    const BINS: usize = 32;

    /// How far apart the spectra of two blocks are, by 16 weights.
    #[target_feature(enable = "avx2")]
    pub unsafe extern "C" fn distortion(a: *const u8, b: *const u8, weights: *const u16) -> c_int {
        // SAFETY: libwebp passes two blocks and 16 weights.
        unsafe { spectral(&*a.cast(), &*b.cast(), &*weights.cast()) }
    }

    /// The same of the sixteen blocks of a macroblock, added up.
    #[target_feature(enable = "avx2")]
    pub unsafe extern "C" fn distortion_of_sixteen(a: *const u8, b: *const u8, weights: *const u16) -> c_int {
        let mut total = 0;
        for block in 0..16 {
            let at = block / 4 * 4 * STRIDE + block % 4 * 4;
            // SAFETY: libwebp passes two macroblocks of 16 x 16 samples and 16 weights.
            total += unsafe { spectral(&*a.add(at).cast(), &*b.add(at).cast(), &*weights.cast()) };
        }
        total
    }

    /// Transforms what two predictions, side by side, leave of two blocks.
    #[target_feature(enable = "avx2")]
    pub unsafe extern "C" fn transform_two(source: *const u8, predicted: *const u8, out: *mut i16) {
        // SAFETY: libwebp passes two blocks beside each other, as many predicted, and room for twice 16 coefficients.
        let (source, predicted, [first, second]) =
            unsafe { (&*source.cast(), &*predicted.cast(), &mut *out.cast::<[Coefficients; 2]>()) };
        let [one, other] = whole(transformed(beside(source), beside(predicted)));
        store(first, one);
        store(second, other);
    }

    /// Quantises 16 coefficients of each of two blocks into levels in zigzag order, and makes of the coefficients what
    /// the levels stand for. A bit for each block, set where any level is not zero.
    #[target_feature(enable = "avx2")]
    pub unsafe extern "C" fn quantize_two(coefficients: *mut i16, levels: *mut i16, matrix: *const Matrix) -> c_int {
        // SAFETY: libwebp passes twice 16 coefficients, room for as many levels, and a matrix.
        let (coefficients, levels, matrix): (&mut [Coefficients; 2], &mut [Coefficients; 2], _) =
            unsafe { (&mut *coefficients.cast(), &mut *levels.cast(), &*matrix) };
        let quantizer = Quantizer::of(matrix);
        let [one, other] = [load(&coefficients[0]), load(&coefficients[1])];
        let first = quantizer.quantize(one, &mut coefficients[0], &mut levels[0]);
        let second = quantizer.quantize(other, &mut coefficients[1], &mut levels[1]);
        c_int::from(first) | c_int::from(second) << 1
    }

    /// How the coefficients of the blocks from `first` to before `end` are spread, in steps of eight.
    #[target_feature(enable = "avx2")]
    pub unsafe extern "C" fn collect(
        source: *const u8,
        predicted: *const u8,
        first: c_int,
        end: c_int,
        histogram: *mut Histogram,
    ) {
        let mut counts = [[0; BINS]; 4];
        for &[at, _] in VP8DspScan[first as usize..end as usize].as_chunks::<2>().0 {
            // SAFETY: libwebp passes two macroblocks, and the scan stays within them, a block beside each second one.
            let (source, predicted) =
                unsafe { (&*source.add(at as usize).cast(), &*predicted.add(at as usize).cast()) };
            for coefficients in transformed(beside(source), beside(predicted)) {
                count(coefficients, &mut counts);
            }
        }
        let counts = std::array::from_fn(|bin| counts.iter().map(|counts| counts[bin]).sum());
        // SAFETY: libwebp passes room for a histogram.
        unsafe { *histogram = summed_up(&counts) }
    }

    /// The bits, in 256ths, that the levels of a block take, `context` being that of the first.
    ///
    /// No loop ends with the last level, which a processor cannot guess: sixteen costs are always looked up, those
    /// outside at the head of the table, and these taken off again.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    pub unsafe extern "C" fn residual_cost(context: c_int, residual: *const Residual) -> c_int {
        // SAFETY: libwebp passes a residual whose pointers are to what their types say, for each of the bands.
        let (residual, probabilities, levels, costs): (_, &[[[u8; 11]; 3]; BANDS], _, &[u16; COSTS]) = unsafe {
            let residual = &*residual;
            (residual, &*residual.probabilities.cast(), &*residual.levels, &*(*residual.costs)[0].cast())
        };
        let (first, context) = (residual.first as usize & 1, context as usize);
        let any = probabilities[first][context][0];
        let Ok(last) = usize::try_from(residual.last) else { return entropy(any) };
        let last = last & 15;
        let sizes = sizes(levels);
        let outside = 15 + first as c_int - last as c_int;
        let mut cost = fixed(sizes, levels) - outside * c_int::from(costs[0]);
        for place in places(sizes, first, last, context) {
            // SAFETY: bands are at most 7, contexts 2 and levels 67, where the table ends.
            cost += c_int::from(unsafe { *costs.get_unchecked(usize::from(place)) });
        }
        if context == 0 {
            cost += entropy(255 - any);
        }
        if last < 15 {
            let context = usize::from(levels[last].unsigned_abs().min(2));
            cost += entropy(probabilities[usize::from(BAND[last + 1])][context][0]);
        }
        cost
    }

    const BANDS: usize = 8;
    const CONTEXTS: usize = 3;
    /// Levels that cost more or less by their context: the last stands for all above.
    const VARIABLE_LEVELS: usize = 68;
    const COSTS: usize = BANDS * CONTEXTS * VARIABLE_LEVELS;

    const BAND: [u8; 16] = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7];

    /// The head of `VP8LevelFixedCosts`.
    const FIXED: [u16; 16] = [0, 256, 256, 256, 256, 432, 618, 630, 731, 640, 640, 828, 901, 948, 1021, 1101];

    fn entropy(probability: u8) -> c_int {
        c_int::from(VP8EntropyCost[usize::from(probability)])
    }

    /// Magnitudes of levels, those above 127 as 127.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn sizes(levels: &Coefficients) -> __m128i {
        let sizes = _mm256_abs_epi16(load(levels));
        _mm_packs_epi16(_mm256_castsi256_si128(sizes), _mm256_extracti128_si256::<1>(sizes))
    }

    /// Where in the table of costs each level is: by its band, the level before it or `context`, and itself.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn places(sizes: __m128i, first: usize, last: usize, context: usize) -> [u16; 16] {
        let row = VARIABLE_LEVELS as i16;
        let bands = _mm256_cvtepu8_epi16(bytes(&BAND));
        let two = _mm_set1_epi8(2);
        let before = _mm_slli_si128::<1>(_mm_min_epu8(sizes, two));
        // What is before the first is zero.
        let before = _mm_min_epu8(_mm_or_si128(before, _mm_cvtsi32_si128((context << (8 * first)) as i32)), two);
        let levels = _mm_min_epu8(sizes, _mm_set1_epi8(row as i8 - 1));
        let rows = _mm256_add_epi16(
            _mm256_mullo_epi16(bands, _mm256_set1_epi16(CONTEXTS as i16 * row)),
            _mm256_mullo_epi16(_mm256_cvtepu8_epi16(before), _mm256_set1_epi16(row)),
        );
        let all = _mm256_add_epi16(rows, _mm256_cvtepu8_epi16(levels));
        let numbers = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        let outside = _mm_or_si128(
            _mm_cmpgt_epi8(numbers, _mm_set1_epi8(last as i8)),
            _mm_cmpgt_epi8(_mm_set1_epi8(first as i8), numbers),
        );
        unpacked(_mm256_andnot_si256(_mm256_cvtepi8_epi16(outside), all))
    }

    /// What levels cost whatever their context.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn fixed(sizes: __m128i, levels: &Coefficients) -> c_int {
        let zero = _mm_setzero_si128();
        let beyond = _mm_subs_epu8(sizes, _mm_set1_epi8(FIXED.len() as i8 - 1));
        if _mm_testz_si128(beyond, beyond) == 0 {
            let cost = |level: &i16| c_int::from(VP8LevelFixedCosts[usize::from(level.unsigned_abs()) % 2048]);
            return levels.iter().map(cost).sum();
        }
        let sum = |table: [u8; 16]| _mm_sad_epu8(_mm_shuffle_epi8(bytes(&table), sizes), zero);
        let low = sum(FIXED.map(|cost| cost as u8));
        let high = sum(FIXED.map(|cost| (cost >> 8) as u8));
        let both = _mm_add_epi32(low, _mm_slli_epi32::<8>(high));
        _mm_cvtsi128_si32(_mm_add_epi32(both, swapped(both)))
    }

    #[target_feature(enable = "avx2")]
    fn summed_up(counts: &[u16; BINS]) -> Histogram {
        let largest = counts.iter().copied().max().unwrap_or(0);
        let last = counts.iter().rposition(|&count| count > 0).unwrap_or(1);
        Histogram { largest_count: c_int::from(largest), last_bin: last as c_int }
    }

    /// Into four histograms in turn: most are in the first bin, where one would wait for the other.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn count(coefficients: __m256i, counts: &mut [[u16; BINS]; 4]) {
        let steps = _mm256_srli_epi16::<3>(_mm256_abs_epi16(coefficients));
        let bins = unpacked(_mm256_min_epu16(steps, _mm256_set1_epi16(BINS as i16 - 1)));
        for four in bins.as_chunks::<4>().0 {
            for (&bin, counts) in four.iter().zip(counts.iter_mut()) {
                counts[usize::from(bin) % BINS] += 1;
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn spectral(a: &Block, b: &Block, weights: &[u16; 16]) -> c_int {
        let both = weighed(samples(a), samples(b), weights);
        sum(_mm_sub_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256::<1>(both))).abs() >> 5
    }

    /// The weighed spectrum of `a` in the lower lane, that of `b` in the upper one: four numbers to be added up.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn weighed(a: __m128i, b: __m128i, weights: &[u16; 16]) -> __m256i {
        // Rows 0 and 1, rows 2 and 3.
        let rows = [_mm256_cvtepu8_epi16(_mm_unpacklo_epi64(a, b)), _mm256_cvtepu8_epi16(_mm_unpackhi_epi64(a, b))];
        let [low, high] = hadamard(transposed(hadamard(rows))).map(|pair| _mm256_abs_epi16(pair));
        // SAFETY: sixteen weights are two vectors of eight.
        let (first, second) = unsafe {
            let weights: *const __m128i = weights.as_ptr().cast();
            (_mm_loadu_si128(weights), _mm_loadu_si128(weights.add(1)))
        };
        let first = _mm256_broadcastsi128_si256(first);
        let second = swapped_in_lanes(_mm256_broadcastsi128_si256(second));
        _mm256_add_epi32(_mm256_madd_epi16(low, first), _mm256_madd_epi16(high, second))
    }

    /// Rows 0 and 1, 2 and 3 in each lane; out come 0 and 1, 3 and 2.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn hadamard([upper, lower]: [__m256i; 2]) -> [__m256i; 2] {
        let (plus, minus) = (_mm256_add_epi16(upper, lower), _mm256_sub_epi16(upper, lower));
        let even = _mm256_unpacklo_epi64(plus, minus);
        let odd = _mm256_unpackhi_epi64(plus, minus);
        [_mm256_add_epi16(even, odd), _mm256_sub_epi16(even, odd)]
    }

    /// Rows 0 and 1, 3 and 2 in each lane; out come columns 0 and 1, 2 and 3.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn transposed([upper, lower]: [__m256i; 2]) -> [__m256i; 2] {
        let lower = swapped_in_lanes(lower);
        let (even, odd) = (_mm256_unpacklo_epi16(upper, lower), _mm256_unpackhi_epi16(upper, lower));
        [_mm256_unpacklo_epi16(even, odd), _mm256_unpackhi_epi16(even, odd)]
    }

    /// libwebp's integer transform of a block in each lane, rows, then columns: out come the upper two rows of both
    /// blocks, and their lower two.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn transformed(source: __m256i, predicted: __m256i) -> [__m256i; 2] {
        // The first two samples of each row, then its last two, the outer one first.
        let halves = twice(_mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 3, 2, 7, 6, 11, 10, 15, 14));
        let source = _mm256_shuffle_epi8(source, halves);
        let predicted = _mm256_shuffle_epi8(predicted, halves);
        let minus = _mm256_set1_epi16(i16::from_le_bytes([1, 255]));
        let left = _mm256_maddubs_epi16(_mm256_unpacklo_epi8(source, predicted), minus);
        let right = _mm256_maddubs_epi16(_mm256_unpackhi_epi8(source, predicted), minus);
        columns(rows(_mm256_add_epi16(left, right), _mm256_sub_epi16(left, right)))
    }

    /// From sums and differences of a row's outer and inner samples; out come rows 0 and 1, 3 and 2.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn rows(sums: __m256i, differences: __m256i) -> [__m256i; 2] {
        let zeroth = _mm256_madd_epi16(sums, pairs(8, 8));
        let second = _mm256_madd_epi16(sums, pairs(8, -8));
        let first = _mm256_add_epi32(_mm256_madd_epi16(differences, pairs(5352, 2217)), _mm256_set1_epi32(1812));
        let third = _mm256_add_epi32(_mm256_madd_epi16(differences, pairs(2217, -5352)), _mm256_set1_epi32(937));
        let even = _mm256_packs_epi32(zeroth, second);
        let odd = _mm256_packs_epi32(_mm256_srai_epi32::<9>(first), _mm256_srai_epi32::<9>(third));
        let (low, high) = (_mm256_unpacklo_epi16(even, odd), _mm256_unpackhi_epi16(even, odd));
        [_mm256_unpacklo_epi32(low, high), swapped_in_lanes(_mm256_unpackhi_epi32(low, high))]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn columns([upper, lower]: [__m256i; 2]) -> [__m256i; 2] {
        let differences = _mm256_sub_epi16(upper, lower);
        let both = _mm256_unpacklo_epi16(_mm256_unpackhi_epi64(differences, differences), differences);
        // One too many, for `flat` to take away again.
        let rounding = _mm256_set1_epi32(12_000 + (1 << 16));
        let first = _mm256_add_epi32(_mm256_madd_epi16(both, pairs(2217, 5352)), rounding);
        let third = _mm256_add_epi32(_mm256_madd_epi16(both, pairs(-5352, 2217)), _mm256_set1_epi32(51_000));
        let odd = _mm256_packs_epi32(_mm256_srai_epi32::<16>(first), _mm256_srai_epi32::<16>(third));
        let flat = _mm256_cmpeq_epi16(differences, _mm256_setzero_si256());

        let sums = _mm256_add_epi16(upper, lower);
        let (outer, inner) = (_mm256_add_epi16(sums, _mm256_set1_epi16(7)), _mm256_unpackhi_epi64(sums, sums));
        let zeroth = _mm256_srai_epi16::<4>(_mm256_add_epi16(outer, inner));
        let second = _mm256_srai_epi16::<4>(_mm256_sub_epi16(outer, inner));
        let first = _mm256_add_epi16(odd, flat);
        [_mm256_unpacklo_epi64(zeroth, first), _mm256_blend_epi16::<0xf0>(second, odd)]
    }

    /// A matrix in registers.
    pub struct Quantizer {
        steps: __m256i,
        sharpening: __m256i,
        /// Halves of each reciprocal, as a signed number takes 15 bits, in the order of [`biases`].
        reciprocals: [__m256i; 2],
        biases: [__m256i; 2],
    }

    impl Quantizer {
        #[inline]
        #[target_feature(enable = "avx2")]
        pub fn of(matrix: &Matrix) -> Self {
            let reciprocals = load_unsigned(&matrix.reciprocals);
            let half = _mm256_srli_epi16::<1>(reciprocals);
            let rest = _mm256_sub_epi16(reciprocals, half);
            Self {
                steps: load_unsigned(&matrix.steps),
                sharpening: load_unsigned(&matrix.sharpening),
                reciprocals: [_mm256_unpacklo_epi16(half, rest), _mm256_unpackhi_epi16(half, rest)],
                biases: biases(matrix),
            }
        }

        /// Whether any level is not zero.
        #[inline]
        #[target_feature(enable = "avx2")]
        pub fn quantize(&self, input: __m256i, quantized: &mut Coefficients, levels: &mut Coefficients) -> bool {
            let size = _mm256_add_epi16(_mm256_abs_epi16(input), self.sharpening);
            let [some, others] = [_mm256_unpacklo_epi16(size, size), _mm256_unpackhi_epi16(size, size)];
            let level = _mm256_packs_epi32(
                divided(some, self.reciprocals[0], self.biases[0]),
                divided(others, self.reciprocals[1], self.biases[1]),
            );
            let level = _mm256_sign_epi16(_mm256_min_epi16(level, _mm256_set1_epi16(LARGEST_LEVEL)), input);
            store(quantized, _mm256_mullo_epi16(level, self.steps));
            store(levels, zigzag(level));
            _mm256_testz_si256(level, level) == 0
        }
    }

    /// Sizes twice each, by the halves of what they are multiplied with.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn divided(sizes: __m256i, reciprocals: __m256i, biases: __m256i) -> __m256i {
        _mm256_srai_epi32::<FRACTION>(_mm256_add_epi32(_mm256_madd_epi16(sizes, reciprocals), biases))
    }

    /// In the order in which what has 16 bits comes unpacked: 0 to 3 and 8 to 11, then the others.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn biases(matrix: &Matrix) -> [__m256i; 2] {
        // SAFETY: sixteen biases are two vectors of eight.
        let (low, high) = unsafe {
            let biases: *const __m256i = matrix.biases.as_ptr().cast();
            (_mm256_loadu_si256(biases), _mm256_loadu_si256(biases.add(1)))
        };
        [_mm256_permute2x128_si256::<0x20>(low, high), _mm256_permute2x128_si256::<0x31>(low, high)]
    }

    /// 0 1 4 8 5 2 3 6, 9 12 13 10 7 11 14 15: all but the fourth of each lane stay in theirs.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn zigzag(levels: __m256i) -> __m256i {
        let within = _mm256_setr_epi8(
            0, 1, 2, 3, 8, 9, -1, -1, 10, 11, 4, 5, 6, 7, 12, 13, //
            2, 3, 8, 9, 10, 11, 4, 5, -1, -1, 6, 7, 12, 13, 14, 15,
        );
        let across = _mm256_setr_epi8(
            -1, -1, -1, -1, -1, -1, 0, 1, -1, -1, -1, -1, -1, -1, -1, -1, //
            -1, -1, -1, -1, -1, -1, -1, -1, 14, 15, -1, -1, -1, -1, -1, -1,
        );
        let other = _mm256_permute4x64_epi64::<0b01_00_11_10>(levels);
        _mm256_or_si256(_mm256_shuffle_epi8(levels, within), _mm256_shuffle_epi8(other, across))
    }

    /// The sixteen samples of a block, row by row.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn samples(block: &Block) -> __m128i {
        let row = |row: usize| i32::from_le_bytes(*block[row * STRIDE..].first_chunk().expect("four samples"));
        let upper = _mm_insert_epi32::<1>(_mm_cvtsi32_si128(row(0)), row(1));
        let lower = _mm_insert_epi32::<1>(_mm_cvtsi32_si128(row(2)), row(3));
        _mm_unpacklo_epi64(upper, lower)
    }

    /// The samples of two blocks beside each other, a block in each lane.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn beside(blocks: &Blocks) -> __m256i {
        let row = |row: usize| {
            let samples = blocks[row * STRIDE..].first_chunk().expect("eight samples");
            _mm_cvtsi64_si128(i64::from_le_bytes(*samples))
        };
        let (upper, lower) = (_mm_unpacklo_epi32(row(0), row(1)), _mm_unpacklo_epi32(row(2), row(3)));
        _mm256_set_m128i(_mm_unpackhi_epi64(upper, lower), _mm_unpacklo_epi64(upper, lower))
    }

    /// From the upper two rows of two blocks and their lower two, block after block; or back.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn whole([upper, lower]: [__m256i; 2]) -> [__m256i; 2] {
        [_mm256_permute2x128_si256::<0x20>(upper, lower), _mm256_permute2x128_si256::<0x31>(upper, lower)]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn sum(four: __m128i) -> c_int {
        let two = _mm_add_epi32(four, swapped(four));
        _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two)))
    }

    /// The upper half below the lower.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn swapped(halves: __m128i) -> __m128i {
        _mm_shuffle_epi32::<0b01_00_11_10>(halves)
    }

    /// The same within each lane.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn swapped_in_lanes(halves: __m256i) -> __m256i {
        _mm256_shuffle_epi32::<0b01_00_11_10>(halves)
    }

    /// One number for even places, one for odd.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn pairs(even: i16, odd: i16) -> __m256i {
        twice(_mm_setr_epi16(even, odd, even, odd, even, odd, even, odd))
    }

    /// The same in both lanes.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn twice(lane: __m128i) -> __m256i {
        _mm256_broadcastsi128_si256(lane)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn load(values: &Coefficients) -> __m256i {
        // SAFETY: sixteen values are two vectors of eight; the loads need no alignment.
        unsafe {
            let values: *const __m128i = values.as_ptr().cast();
            _mm256_set_m128i(_mm_loadu_si128(values.add(1)), _mm_loadu_si128(values))
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load_unsigned(values: &[u16; 16]) -> __m256i {
        // SAFETY: the reference is to 32 readable bytes; the load needs no alignment.
        unsafe { _mm256_loadu_si256(values.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn store(values: &mut Coefficients, value: __m256i) {
        // SAFETY: the reference is to 32 writable bytes; the store needs no alignment.
        unsafe { _mm256_storeu_si256(values.as_mut_ptr().cast(), value) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn unpacked(values: __m256i) -> [u16; 16] {
        let mut out = [0; 16];
        // SAFETY: sixteen values are 32 writable bytes; the store needs no alignment.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), values) };
        out
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn bytes(values: &[u8; 16]) -> __m128i {
        // SAFETY: the reference is to 16 readable bytes; the load needs no alignment.
        unsafe { _mm_loadu_si128(values.as_ptr().cast()) }
    }
}

/// libwebp's own functions say what is right. Miri runs no C.
#[cfg(all(test, target_arch = "x86_64", not(miri)))]
mod tests {
    use std::ffi::c_int;

    use proptest::prelude::*;

    use super::x86::*;
    use crate::libwebp::{Settings, encode_yuv};
    use crate::plane::Plane;

    /// The rows of a macroblock's luma, or more than enough for its chroma.
    type Macroblock = [u8; 16 * STRIDE];

    fn macroblock() -> impl Strategy<Value = Macroblock> {
        let samples = prop::collection::vec(any::<u8>(), 16 * STRIDE);
        samples.prop_map(|samples| samples.try_into().expect("as many samples"))
    }

    /// A prediction that is seldom far off.
    fn predicted() -> impl Strategy<Value = (Macroblock, Macroblock)> {
        (macroblock(), macroblock(), 0..8u32).prop_map(|(source, other, shift)| {
            (source, std::array::from_fn(|at| source[at].saturating_add(other[at] >> shift)))
        })
    }

    fn matrix() -> impl Strategy<Value = Matrix> {
        let steps = prop::array::uniform16(3..=157u16);
        let biases = prop::array::uniform16(0..1u32 << 17);
        (steps, biases, prop::array::uniform16(0..=100u16)).prop_map(|(steps, biases, sharpening)| Matrix {
            steps,
            reciprocals: steps.map(|step| ((1u32 << 17) / u32::from(step)) as u16),
            biases,
            zero_below: [0; 16],
            sharpening,
        })
    }

    /// Small ones, none, and any.
    fn level() -> impl Strategy<Value = i16> {
        prop_oneof![6 => Just(0), 8 => -4..=4i16, 2 => -20..=20i16, 1 => -2047..=2047i16]
    }

    fn table<const LENGTH: usize>() -> impl Strategy<Value = [u16; LENGTH]> {
        prop::collection::vec(0..4000u16, LENGTH).prop_map(|costs| costs.try_into().expect("as many costs"))
    }

    const COSTS: usize = 8 * 3 * 68;

    fn cost(by: ResidualCost, first: bool, context: c_int, levels: &Coefficients, costs: &[u16; COSTS]) -> c_int {
        let mut levels = *levels;
        if first {
            levels[0] = 0;
        }
        let bands = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7];
        let rows = bands.map(|band| [0, 1, 2].map(|context| costs[(band * 3 + context) * 68..].as_ptr()));
        let probabilities: [[[u8; 11]; 3]; 8] =
            std::array::from_fn(|band| std::array::from_fn(|context| [(costs[band * 3 + context] % 256) as u8; 11]));
        let residual = Residual {
            first: c_int::from(first),
            last: levels.iter().rposition(|&level| level != 0).map_or(-1, |last| last as c_int),
            levels: &levels,
            kind: 0,
            probabilities: probabilities.as_ptr(),
            statistics: std::ptr::null(),
            costs: rows.as_ptr(),
        };
        // SAFETY: all of its pointers but the one that is not used are to what outlives the call.
        unsafe { by(context, &residual) }
    }

    /// Which of a block's questions are asked.
    #[derive(Debug, Clone, Copy)]
    enum Asked {
        /// All of each mode: method 3 and 4.
        Each,
        /// All of one mode: the methods below, which settle on it first.
        Of(usize),
        /// Not the levels, which are searched for: method 6.
        Searched,
    }

    fn asked() -> impl Strategy<Value = Asked> {
        prop_oneof![Just(Asked::Each), (0..10usize).prop_map(Asked::Of), Just(Asked::Searched)]
    }

    /// What is answered of a mode.
    #[derive(Debug, PartialEq)]
    struct Answer {
        transformed: Coefficients,
        any: c_int,
        quantized: Coefficients,
        levels: Coefficients,
        restored: [[u8; 4]; 4],
        squared_error: c_int,
        distortion: c_int,
    }

    /// As libwebp's `PickBestIntra4` and `ReconstructIntra4` ask.
    fn answers(
        by: &Functions,
        source: &Macroblock,
        around: &[u8; 32],
        asked: Asked,
        matrix: &Matrix,
        weights: &[u16; 16],
    ) -> Vec<Answer> {
        let mut predictions = [0; 56 * STRIDE];
        let _installed = install();
        // SAFETY: room for all predictions, and a sample with five before it and at least eight from it on.
        unsafe { (by.predict)(predictions.as_mut_ptr(), around[8..].as_ptr()) };
        let modes = if let Asked::Of(mode) = asked { mode..mode + 1 } else { 0..10 };
        let answer = |mode: usize| {
            let predicted = predictions[48 * STRIDE + mode / 8 * 4 * STRIDE + mode % 8 * 4..].as_ptr();
            let (mut coefficients, mut levels, mut restored) = ([0; 16], [0; 16], [0; 16 * STRIDE]);
            let (source, out) = (source.as_ptr(), restored.as_mut_ptr());
            // SAFETY: blocks and predictions, 16 coefficients, levels and weights, and a matrix.
            unsafe {
                (by.transform)(source, predicted, coefficients.as_mut_ptr());
                let transformed = coefficients;
                let any = if let Asked::Searched = asked {
                    coefficients = coefficients.map(|coefficient| coefficient / 2);
                    0
                } else {
                    (by.quantize)(coefficients.as_mut_ptr(), levels.as_mut_ptr(), matrix)
                };
                (by.restore)(predicted, coefficients.as_ptr(), out, 0);
                let squared_error = (by.squared_error)(source, out);
                let distortion = (by.distortion)(source, out, weights.as_ptr());
                let restored = [0, 1, 2, 3].map(|y| *restored[y * STRIDE..].first_chunk().expect("four samples"));
                Answer { transformed, any, quantized: coefficients, levels, restored, squared_error, distortion }
            }
        };
        modes.map(answer).collect()
    }

    /// A newer libwebp is to be looked at, not passed over.
    #[test]
    fn ours_are_used_where_there_is_avx2() {
        assert_eq!(replaced().is_some(), crate::kernels::has_avx2());
    }

    /// More of them than there are trials.
    #[test]
    fn pictures_encoded_side_by_side_are_those_encoded_alone() {
        let encoded = |seed: u64| {
            let planes = [96, 48, 48].map(|edge| {
                let mut plane = Plane::new(edge, edge);
                let len = plane.samples().len();
                plane.samples_mut().copy_from_slice(&crate::noise(seed, len));
                plane
            });
            encode_yuv(&planes, &Settings { quality: 80.0, method: 4, lossless: false })
        };
        let alone: Vec<_> = (0..8).map(encoded).collect();
        let side_by_side: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|seed| scope.spawn(move || encoded(seed))).collect();
            threads.into_iter().map(|thread| thread.join().expect("an encoded picture")).collect()
        });
        assert!(alone.iter().all(Option::is_some));
        assert_eq!(side_by_side, alone);
    }

    proptest! {
        #[test]
        fn distortions_are_those_of_libwebp(
            (source, other) in predicted(),
            weights in prop::array::uniform16(0..=64u16),
        ) {
            let Some(theirs) = replaced() else { return Ok(()) };
            let (a, b, w) = (source.as_ptr(), other.as_ptr(), weights.as_ptr());
            // SAFETY: macroblocks and 16 weights.
            unsafe {
                prop_assert_eq!((OURS.distortion)(a, b, w), (theirs.distortion)(a, b, w));
                prop_assert_eq!((OURS.distortion_of_sixteen)(a, b, w), (theirs.distortion_of_sixteen)(a, b, w));
            }
        }

        #[test]
        fn transforms_are_those_of_libwebp((source, other) in predicted()) {
            let Some(theirs) = replaced() else { return Ok(()) };
            for at in VP8DspScan.iter().step_by(2).map(|&at| at as usize) {
                let transformed = |by: &Functions| {
                    let mut coefficients = [0; 32];
                    let (source, other) = (source[at..].as_ptr(), other[at..].as_ptr());
                    // SAFETY: two blocks beside each other, twice, and room for twice 16 coefficients.
                    unsafe { (by.transform_two)(source, other, coefficients.as_mut_ptr()) };
                    coefficients
                };
                prop_assert_eq!(transformed(&OURS), transformed(theirs));
            }
        }

        #[test]
        fn blocks_are_restored_as_by_libwebp(
            coefficients in prop::array::uniform32(prop_oneof![-400..=400i16, any::<i16>()]),
            predicted in macroblock(),
        ) {
            let Some(theirs) = replaced() else { return Ok(()) };
            let restored = |by: &Functions, two: c_int| {
                let mut out = [0; 16 * STRIDE];
                // SAFETY: two blocks beside each other, twice 16 coefficients, and room for two blocks.
                unsafe { (by.restore)(predicted.as_ptr(), coefficients.as_ptr(), out.as_mut_ptr(), two) };
                out
            };
            for two in [0, 1] {
                prop_assert_eq!(restored(&OURS, two), restored(theirs, two));
            }
        }

        #[test]
        fn modes_are_tried_as_by_libwebp(
            (sources, around) in (prop::array::uniform2(predicted()), prop::array::uniform32(any::<u8>())),
            asked in asked(),
            matrix in matrix(),
            weights in prop::array::uniform16(0..=64u16),
        ) {
            let Some(theirs) = replaced() else { return Ok(()) };
            // The second is where the first was.
            let mut source = [0; 16 * STRIDE];
            for (first, second) in sources {
                for block in [first, second] {
                    source.copy_from_slice(&block);
                    let ours = answers(&OURS, &source, &around, asked, &matrix, &weights);
                    prop_assert_eq!(ours, answers(theirs, &source, &around, asked, &matrix, &weights));
                }
            }
        }

        #[test]
        fn levels_are_those_of_libwebp(
            coefficients in prop::array::uniform32(prop_oneof![-40..=40i16, -16_000..=16_000i16]),
            matrix in matrix(),
        ) {
            let Some(theirs) = replaced() else { return Ok(()) };
            let quantized = |quantize: Quantize| {
                let (mut coefficients, mut levels) = (coefficients, [0; 32]);
                // SAFETY: twice 16 coefficients and levels, and a matrix.
                let any = unsafe { quantize(coefficients.as_mut_ptr(), levels.as_mut_ptr(), &matrix) };
                (any, coefficients, levels)
            };
            prop_assert_eq!(quantized(OURS.quantize), quantized(theirs.quantize));
            prop_assert_eq!(quantized(OURS.quantize_two), quantized(theirs.quantize_two));
        }

        #[test]
        fn histograms_are_those_of_libwebp((source, other) in predicted(), chroma in any::<bool>()) {
            let Some(theirs) = replaced() else { return Ok(()) };
            let (first, end) = if chroma { (16, 24) } else { (0, 16) };
            let collected = |by: &Functions| {
                let mut histogram = Histogram::default();
                // SAFETY: macroblocks, and room for a histogram.
                unsafe { (by.collect)(source.as_ptr(), other.as_ptr(), first, end, &mut histogram) };
                histogram
            };
            prop_assert_eq!(collected(&OURS), collected(theirs));
        }

        #[test]
        fn costs_are_those_of_libwebp(
            levels in prop::array::uniform16(level()),
            length in 0..=16usize,
            first in any::<bool>(),
            context in 0..=2i32,
            costs in table::<COSTS>(),
        ) {
            let Some(theirs) = replaced() else { return Ok(()) };
            let levels = std::array::from_fn(|place| if place < length { levels[place] } else { 0 });
            let ours = cost(OURS.residual_cost, first, context, &levels, &costs);
            prop_assert_eq!(ours, cost(theirs.residual_cost, first, context, &levels, &costs));
        }
    }
}
