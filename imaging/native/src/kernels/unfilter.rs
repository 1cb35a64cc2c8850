//! PNG's filters taken off: each byte was stored as its difference from what its left, upper and upper left neighbours
//! (`a`, `b`, `c`; the same channel of each) foretold.
//!
//! A pixel waits for the one on its left, so a row alone leaves the processor idle. Four rows go in step, each a pixel
//! behind the row above, which has by then what the pixel needs of it:
//!
//! ```text
//!   above   . . . . . . .
//!   row 0   - - - - - x        one step: the four x
//!   row 1   - - - - x
//!   row 2   - - - x
//!   row 3   - - x
//! ```

/// Rows that go in step.
pub const ROWS: usize = 4;

/// Bytes that may be read behind the last filtered row and are written behind each unfiltered one: a pixel is always
/// moved as four bytes.
pub const SLACK: usize = 3;

/// How a row was filtered, by PNG's numbers (9.2 of its specification).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    None,
    Sub,
    Up,
    Average,
    Paeth,
}

impl Filter {
    pub fn from_byte(byte: u8) -> Option<Self> {
        [Self::None, Self::Sub, Self::Up, Self::Average, Self::Paeth].get(usize::from(byte)).copied()
    }
}

/// The lines of a picture: `bytes` in a row of pixels of `pixel` bytes, one to four; a row starts every `stride` bytes.
#[derive(Clone, Copy)]
pub struct Lines {
    pub bytes: usize,
    pub pixel: usize,
    pub stride: usize,
}

/// Takes the filters off rows that lie one behind the other, each behind the byte of its filter. `pixels` holds the row
/// above them, a line long, and behind it takes as many lines as there are filters.
pub fn unfilter(filters: &[Filter], filtered: &[u8], pixels: &mut [u8], lines: Lines) {
    let Lines { bytes, pixel, stride } = lines;
    assert!((1..=4).contains(&pixel) && bytes.is_multiple_of(pixel) && stride >= bytes + SLACK);
    assert!(filtered.len() >= filters.len() * (1 + bytes) + SLACK && pixels.len() >= (filters.len() + 1) * stride);
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    if let Ok(filters) = filters.try_into()
        && in_step::pays(&filters)
    {
        return in_step::unfilter(&filters, filtered, pixels, lines);
    }
    scalar::unfilter(filters, filtered, pixels, lines);
}

mod scalar {
    use super::{Filter, Lines};

    pub fn unfilter(filters: &[Filter], filtered: &[u8], pixels: &mut [u8], lines: Lines) {
        let Lines { bytes, pixel, stride } = lines;
        for ((filter, filtered), row) in filters.iter().zip(filtered.chunks_exact(1 + bytes)).zip(0..) {
            let (above, out) = pixels[row * stride..].split_at_mut(stride);
            let (filtered, above, out) = (&filtered[1..], &above[..bytes], &mut out[..bytes]);
            match filter {
                Filter::None => out.copy_from_slice(filtered),
                Filter::Up => {
                    for ((out, &filtered), &above) in out.iter_mut().zip(filtered).zip(above) {
                        *out = filtered.wrapping_add(above);
                    }
                }
                Filter::Sub => each(pixel, filtered, above, out, |a, _, _| a),
                Filter::Average => {
                    each(pixel, filtered, above, out, |a, b, _| ((u16::from(a) + u16::from(b)) / 2) as u8)
                }
                Filter::Paeth => each(pixel, filtered, above, out, paeth),
            }
        }
    }

    /// Foretells every byte by its neighbours; beyond the left edge they are 0.
    fn each(pixel: usize, filtered: &[u8], above: &[u8], out: &mut [u8], foretold: impl Fn(u8, u8, u8) -> u8) {
        for x in 0..out.len() {
            let (a, c) = if x < pixel { (0, 0) } else { (out[x - pixel], above[x - pixel]) };
            out[x] = filtered[x].wrapping_add(foretold(a, above[x], c));
        }
    }

    /// Whichever of the three is nearest to `a + b - c`; the first named if several are.
    fn paeth(a: u8, b: u8, c: u8) -> u8 {
        let target = i32::from(a) + i32::from(b) - i32::from(c);
        let [to_a, to_b, to_c] = [a, b, c].map(|neighbour| (target - i32::from(neighbour)).abs());
        if to_a <= to_b && to_a <= to_c {
            a
        } else if to_b <= to_c {
            b
        } else {
            c
        }
    }
}

/// Four rows in step, in two vectors of eight 16-bit lanes: a half for each row, a lane for each byte of a pixel. What
/// the lanes beyond the pixel's bytes hold has no meaning.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod in_step {
    use super::{Filter, Lines, ROWS};

    #[cfg(target_arch = "aarch64")]
    use super::neon::{Lanes, are_here, unfilter as with_vectors};
    #[cfg(target_arch = "x86_64")]
    use super::sse::{Lanes, are_here, unfilter as with_vectors};

    /// What all four rows foretell by: most rows are filtered as their neighbours are.
    const AVERAGE: u8 = Filter::Average as u8;
    const PAETH: u8 = Filter::Paeth as u8;
    const ANY: u8 = u8::MAX;

    /// Where no byte waits for its left neighbour, whole rows are quicker.
    pub fn pays(filters: &[Filter; ROWS]) -> bool {
        are_here() && filters.iter().any(|filter| !matches!(filter, Filter::None | Filter::Up))
    }

    pub fn unfilter(filters: &[Filter; ROWS], filtered: &[u8], pixels: &mut [u8], lines: Lines) {
        // SAFETY: `pays` found the instructions, and `super::unfilter` checked the lengths.
        unsafe {
            match filters {
                [Filter::Average, Filter::Average, Filter::Average, Filter::Average] => {
                    with_vectors::<AVERAGE>(filters, filtered, pixels, lines)
                }
                [Filter::Paeth, Filter::Paeth, Filter::Paeth, Filter::Paeth] => {
                    with_vectors::<PAETH>(filters, filtered, pixels, lines)
                }
                _ => with_vectors::<ANY>(filters, filtered, pixels, lines),
            }
        }
    }

    /// # Safety
    /// The lengths are those that `super::unfilter` checks, and the processor has the vectors' instructions.
    #[inline(always)]
    pub unsafe fn walk<const ALL: u8>(filters: &[Filter; ROWS], filtered: &[u8], pixels: &mut [u8], lines: Lines) {
        let Lines { bytes, pixel, stride } = lines;
        let count = bytes / pixel;
        let from = |row: usize, column: usize| row * (1 + bytes) + 1 + column * pixel;
        let to = |row: usize, column: usize| (1 + row) * stride + column * pixel;
        let mut front = Front::<ALL>::new(filters);

        // Where not every row has a pixel, those that have none are given zeros, and what is made of them is not kept.
        let at_edge = |front: &mut Front<ALL>, at: usize, pixels: &mut [u8]| {
            let is_inside = |row: usize| row <= at && at - row < count;
            let above = if is_inside(0) { word(pixels, at * pixel) } else { 0 };
            let made = front.step(
                above,
                std::array::from_fn(|row| if is_inside(row) { word(filtered, from(row, at - row)) } else { 0 }),
            );
            for (row, made) in made.into_iter().enumerate().filter(|&(row, _)| is_inside(row)) {
                pixels[to(row, at - row)..][..4].copy_from_slice(&made.to_le_bytes());
            }
        };
        (0..ROWS - 1).for_each(|at| at_edge(&mut front, at, pixels));
        let (source, target) = (filtered.as_ptr(), pixels.as_mut_ptr());
        for at in ROWS - 1..count {
            // SAFETY: `at` and the three columns before it are inside the rows, whose slack is as long as what a word
            // reaches beyond a pixel.
            unsafe {
                let above = target.add(at * pixel).cast::<u32>().read_unaligned();
                let made = front.step(
                    above,
                    std::array::from_fn(|row| source.add(from(row, at - row)).cast::<u32>().read_unaligned()),
                );
                for (row, made) in made.into_iter().enumerate() {
                    target.add(to(row, at - row)).cast::<u32>().write_unaligned(made);
                }
            }
        }
        (count.max(ROWS - 1)..count + ROWS - 1).for_each(|at| at_edge(&mut front, at, pixels));
    }

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(*bytes[at..].first_chunk().expect("slack behind the last pixel"))
    }

    /// The pixels that were made last, one of each row.
    struct Front<const ALL: u8> {
        upper: Pair<ALL>,
        lower: Pair<ALL>,
    }

    impl<const ALL: u8> Front<ALL> {
        #[inline(always)]
        fn new([a, b, c, d]: &[Filter; ROWS]) -> Self {
            Self { upper: Pair::new(*a, *b), lower: Pair::new(*c, *d) }
        }

        /// The next pixel of each row, by the pixel above the first and what was stored of each.
        #[inline(always)]
        fn step(&mut self, above: u32, differences: [u32; ROWS]) -> [u32; ROWS] {
            let [upper, lower] = Lanes::widened(differences);
            let above_lower = Lanes::between(self.upper.left, self.lower.left);
            self.upper.advance(Lanes::below(above, self.upper.left), upper);
            self.lower.advance(above_lower, lower);
            Lanes::narrowed([self.upper.left, self.lower.left])
        }
    }

    /// Two rows: which neighbours foretell, all ones in the lanes of the row that it is true of, and the pixels made last.
    struct Pair<const ALL: u8> {
        by_left: Lanes,
        by_upper: Lanes,
        by_average: Lanes,
        by_nearest: Lanes,
        left: Lanes,
        upper: Lanes,
    }

    impl<const ALL: u8> Pair<ALL> {
        #[inline(always)]
        fn new(upper: Filter, lower: Filter) -> Self {
            let mask = |filter| Lanes::halves(-i16::from(upper == filter), -i16::from(lower == filter));
            Self {
                by_left: mask(Filter::Sub),
                by_upper: mask(Filter::Up),
                by_average: mask(Filter::Average),
                by_nearest: mask(Filter::Paeth),
                left: Lanes::halves(0, 0),
                upper: Lanes::halves(0, 0),
            }
        }

        /// The next pixel of both rows; what was above the last one is now to the upper left.
        #[inline(always)]
        fn advance(&mut self, upper: Lanes, difference: Lanes) {
            let (a, b, c) = (self.left, upper, self.upper);
            let foretold = match ALL {
                AVERAGE => a.average(b),
                PAETH => nearest(a, b, c),
                _ => {
                    let simple = a.and(self.by_left).or(b.and(self.by_upper)).or(a.average(b).and(self.by_average));
                    simple.or(nearest(a, b, c).and(self.by_nearest))
                }
            };
            self.left = foretold.add_bytes(difference);
            self.upper = upper;
        }
    }

    /// Paeth's choice: `a + b - c` is as far from `a` as `b` is from `c`, and so on.
    #[inline(always)]
    fn nearest(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
        let (from_a, from_b) = (b.sub(c), a.sub(c));
        let (to_a, to_b, to_c) = (from_a.abs(), from_b.abs(), from_a.add(from_b).abs());
        let least = to_a.min(to_b).min(to_c);
        let b_or_c = to_b.equal(least).select(b, c);
        to_a.equal(least).select(a, b_or_c)
    }
}

#[cfg(target_arch = "x86_64")]
mod sse {
    use super::{Filter, Lines, ROWS, in_step};
    use std::arch::x86_64::*;

    pub fn are_here() -> bool {
        crate::kernels::has_avx2()
    }

    /// # Safety
    /// As of `in_step::walk`.
    #[target_feature(enable = "avx2")]
    pub unsafe fn unfilter<const ALL: u8>(filters: &[Filter; ROWS], filtered: &[u8], pixels: &mut [u8], lines: Lines) {
        // SAFETY: the caller's promise.
        unsafe { in_step::walk::<ALL>(filters, filtered, pixels, lines) }
    }

    /// Eight lanes of 16 bits. Only `unfilter` makes some, so AVX2 is there.
    #[derive(Clone, Copy)]
    pub struct Lanes(__m128i);

    // SAFETY of every block below: AVX2 is there.
    #[allow(clippy::undocumented_unsafe_blocks)]
    impl Lanes {
        /// One value in the first four lanes, another in the last four.
        #[inline(always)]
        pub fn halves(first: i16, last: i16) -> Self {
            Self(unsafe { _mm_unpacklo_epi64(_mm_set1_epi16(first), _mm_set1_epi16(last)) })
        }

        /// The four bytes of a word, and the first half of `lanes`.
        #[inline(always)]
        pub fn below(word: u32, lanes: Self) -> Self {
            Self(unsafe { _mm_unpacklo_epi64(_mm_cvtepu8_epi16(_mm_cvtsi32_si128(word as i32)), lanes.0) })
        }

        /// The last half of one and the first half of the other.
        #[inline(always)]
        pub fn between(one: Self, other: Self) -> Self {
            Self(unsafe { _mm_alignr_epi8::<8>(other.0, one.0) })
        }

        /// A lane for each byte of the words.
        #[inline(always)]
        pub fn widened(words: [u32; ROWS]) -> [Self; 2] {
            let [a, b, c, d] = words.map(|word| word as i32);
            unsafe {
                let (bytes, zero) = (_mm_set_epi32(d, c, b, a), _mm_setzero_si128());
                [Self(_mm_unpacklo_epi8(bytes, zero)), Self(_mm_unpackhi_epi8(bytes, zero))]
            }
        }

        /// What `widened` was given, of lanes from 0 to 255.
        #[inline(always)]
        pub fn narrowed([first, second]: [Self; 2]) -> [u32; ROWS] {
            unsafe {
                let bytes = _mm_packus_epi16(first.0, second.0);
                [
                    _mm_cvtsi128_si32(bytes) as u32,
                    _mm_extract_epi32::<1>(bytes) as u32,
                    _mm_extract_epi32::<2>(bytes) as u32,
                    _mm_extract_epi32::<3>(bytes) as u32,
                ]
            }
        }

        #[inline(always)]
        pub fn and(self, other: Self) -> Self {
            Self(unsafe { _mm_and_si128(self.0, other.0) })
        }

        #[inline(always)]
        pub fn or(self, other: Self) -> Self {
            Self(unsafe { _mm_or_si128(self.0, other.0) })
        }

        #[inline(always)]
        pub fn add(self, other: Self) -> Self {
            Self(unsafe { _mm_add_epi16(self.0, other.0) })
        }

        /// Without a carry from a lane's lower byte to its upper.
        #[inline(always)]
        pub fn add_bytes(self, other: Self) -> Self {
            Self(unsafe { _mm_add_epi8(self.0, other.0) })
        }

        #[inline(always)]
        pub fn sub(self, other: Self) -> Self {
            Self(unsafe { _mm_sub_epi16(self.0, other.0) })
        }

        #[inline(always)]
        pub fn abs(self) -> Self {
            Self(unsafe { _mm_abs_epi16(self.0) })
        }

        #[inline(always)]
        pub fn min(self, other: Self) -> Self {
            Self(unsafe { _mm_min_epi16(self.0, other.0) })
        }

        /// Rounded down, of lanes from 0 to 255.
        #[inline(always)]
        pub fn average(self, other: Self) -> Self {
            Self(unsafe { _mm_srli_epi16::<1>(_mm_add_epi16(self.0, other.0)) })
        }

        /// All ones where they are equal.
        #[inline(always)]
        pub fn equal(self, other: Self) -> Self {
            Self(unsafe { _mm_cmpeq_epi16(self.0, other.0) })
        }

        /// `yes` where this is all ones, `no` where it is nought.
        #[inline(always)]
        pub fn select(self, yes: Self, no: Self) -> Self {
            Self(unsafe { _mm_blendv_epi8(no.0, yes.0, self.0) })
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use super::{Filter, Lines, ROWS, in_step};
    use std::arch::aarch64::*;

    pub fn are_here() -> bool {
        true
    }

    /// # Safety
    /// As of `in_step::walk`.
    pub unsafe fn unfilter<const ALL: u8>(filters: &[Filter; ROWS], filtered: &[u8], pixels: &mut [u8], lines: Lines) {
        // SAFETY: the caller's promise.
        unsafe { in_step::walk::<ALL>(filters, filtered, pixels, lines) }
    }

    /// Eight lanes of 16 bits.
    #[derive(Clone, Copy)]
    pub struct Lanes(int16x8_t);

    // SAFETY of every block below: NEON is part of aarch64.
    #[allow(clippy::undocumented_unsafe_blocks)]
    impl Lanes {
        /// One value in the first four lanes, another in the last four.
        #[inline(always)]
        pub fn halves(first: i16, last: i16) -> Self {
            Self(unsafe { vcombine_s16(vdup_n_s16(first), vdup_n_s16(last)) })
        }

        /// The four bytes of a word, and the first half of `lanes`.
        #[inline(always)]
        pub fn below(word: u32, lanes: Self) -> Self {
            unsafe {
                let bytes = vmovl_u8(vcreate_u8(u64::from(word)));
                Self(vcombine_s16(vget_low_s16(vreinterpretq_s16_u16(bytes)), vget_low_s16(lanes.0)))
            }
        }

        /// The last half of one and the first half of the other.
        #[inline(always)]
        pub fn between(one: Self, other: Self) -> Self {
            Self(unsafe { vextq_s16::<4>(one.0, other.0) })
        }

        /// A lane for each byte of the words.
        #[inline(always)]
        pub fn widened(words: [u32; ROWS]) -> [Self; 2] {
            unsafe {
                let bytes = vreinterpretq_u8_u32(vld1q_u32(words.as_ptr()));
                let (first, second) = (vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes));
                [Self(vreinterpretq_s16_u16(first)), Self(vreinterpretq_s16_u16(second))]
            }
        }

        /// What `widened` was given, of lanes from 0 to 255.
        #[inline(always)]
        pub fn narrowed([first, second]: [Self; 2]) -> [u32; ROWS] {
            unsafe {
                let mut words = [0; ROWS];
                let bytes = vcombine_u8(vqmovun_s16(first.0), vqmovun_s16(second.0));
                vst1q_u32(words.as_mut_ptr(), vreinterpretq_u32_u8(bytes));
                words
            }
        }

        #[inline(always)]
        pub fn and(self, other: Self) -> Self {
            Self(unsafe { vandq_s16(self.0, other.0) })
        }

        #[inline(always)]
        pub fn or(self, other: Self) -> Self {
            Self(unsafe { vorrq_s16(self.0, other.0) })
        }

        #[inline(always)]
        pub fn add(self, other: Self) -> Self {
            Self(unsafe { vaddq_s16(self.0, other.0) })
        }

        /// Without a carry from a lane's lower byte to its upper.
        #[inline(always)]
        pub fn add_bytes(self, other: Self) -> Self {
            Self(unsafe { vreinterpretq_s16_s8(vaddq_s8(vreinterpretq_s8_s16(self.0), vreinterpretq_s8_s16(other.0))) })
        }

        #[inline(always)]
        pub fn sub(self, other: Self) -> Self {
            Self(unsafe { vsubq_s16(self.0, other.0) })
        }

        #[inline(always)]
        pub fn abs(self) -> Self {
            Self(unsafe { vabsq_s16(self.0) })
        }

        #[inline(always)]
        pub fn min(self, other: Self) -> Self {
            Self(unsafe { vminq_s16(self.0, other.0) })
        }

        /// Rounded down, of lanes from 0 to 255.
        #[inline(always)]
        pub fn average(self, other: Self) -> Self {
            Self(unsafe { vhaddq_s16(self.0, other.0) })
        }

        /// All ones where they are equal.
        #[inline(always)]
        pub fn equal(self, other: Self) -> Self {
            Self(unsafe { vreinterpretq_s16_u16(vceqq_s16(self.0, other.0)) })
        }

        /// `yes` where this is all ones, `no` where it is nought.
        #[inline(always)]
        pub fn select(self, yes: Self, no: Self) -> Self {
            Self(unsafe { vbslq_s16(vreinterpretq_u16_s16(self.0), yes.0, no.0) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter() -> impl Strategy<Value = Filter> {
        (0..5u8).prop_map(|byte| Filter::from_byte(byte).expect("one of five"))
    }

    proptest! {
        /// Whatever the filters, the sizes and the bytes, rows in step are the rows one by one.
        #[test]
        fn rows_in_step_are_the_rows_one_by_one(
            filters in prop::collection::vec(filter(), ROWS),
            pixel in 1usize..=4,
            count in 1usize..40,
            seed in any::<u64>(),
        ) {
            let bytes = count * pixel;
            let lines = Lines { bytes, pixel, stride: bytes + SLACK };
            let filtered = crate::noise(seed, ROWS * (1 + bytes) + SLACK);
            let mut fast = crate::noise(!seed, (ROWS + 1) * lines.stride);
            let mut slow = fast.clone();
            unfilter(&filters, &filtered, &mut fast, lines);
            scalar::unfilter(&filters, &filtered, &mut slow, lines);
            for (fast, slow) in fast.chunks(lines.stride).zip(slow.chunks(lines.stride)) {
                prop_assert_eq!(&fast[..bytes], &slow[..bytes]);
            }
        }
    }
}
