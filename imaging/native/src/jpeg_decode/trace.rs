//! Following a scan's codes from block to block, at three places at once.
//!
//! A code's length is known once it has been looked up, and only then where the next one begins: one trace waits for the
//! cache at every step. Three of them wait together. No step branches on what the bits say, for a processor guesses the
//! end of a block wrong in one of them and has all three wait: a step looks up one code of DC, or as many codes of AC as
//! the table's bits hold, and selects what the next step looks into.
//!
//! ```text
//!   state    0   1   2   3   4   5   6   7   8   9  10  11  12  13 ..     two for each block, MCU after MCU
//!   4:2:0   DC  AC  DC  AC  DC  AC  DC  AC  DC  AC  DC  AC  DC  AC
//!            Y   Y   Y   Y   Y   Y   Y   Y  Cb  Cb  Cr  Cr   Y   Y
//! ```

use super::ac::{SKIP_LOOKUP, SKIP_MOST, skip_of};
use super::error::Result;
use super::frame::{Frame, MAX_BLOCKS_IN_MCU};
use super::huffman::{Coding, Table};
use super::scan::Scan;
use super::tables::Tables;

/// Traces that go in step: with two a core still waits, for four its registers do not do.
pub const TRACES: usize = 3;

/// Steps of a round, between which blocks are put away.
pub const STEPS: usize = 126;

/// Steps from one load of bits to the next, of 57 bits.
const STEPS_OF_A_LOAD: usize = 3;

/// Bits that one step takes at most.
const STEP_MOST: u32 = 57 / STEPS_OF_A_LOAD as u32;

/// More states than a round goes through: those of the MCU that was begun, its own, and the one it stops in.
const TILE: usize = 256;

const _: () = assert!(2 * MAX_BLOCKS_IN_MCU + STEPS + 1 < TILE);
const _: () = assert!(STEPS.is_multiple_of(STEPS_OF_A_LOAD) && SKIP_MOST <= STEP_MOST);

/// Where a trace that has left the data stays: nothing is read there.
const BEYOND: u32 = 1 << 31;

/// Where the table of a state begins among the entries: there are six at most, of three components.
type Base = u32;

const ENTRIES: usize = 8 << SKIP_LOOKUP;

/// The codes of these bits are not in the table: leads to 64, where no coefficient can.
const UNKNOWN: u16 = 64 << 8;

/// After a code of DC, or the end of a block.
const NEXT_STATE: u16 = 1 << 15;

/// What a scan's bits mean, by state.
pub struct Codes {
    /// Table by table: bits to skip in the lower byte; in the higher, coefficients, and whether the state ends.
    entries: [u16; ENTRIES],
    bases: [Base; TILE + 1],
    /// The tables that the entries are made of, by base.
    tables: Vec<Box<Table>>,
    /// Blocks of an MCU.
    pub blocks: usize,
}

impl Codes {
    pub fn new(scan: &Scan, frame: &Frame, tables: &Tables) -> Result<Box<Self>> {
        let mut codes =
            Box::new(Codes { entries: [UNKNOWN; ENTRIES], bases: [0; TILE + 1], tables: Vec::new(), blocks: 0 });
        let mut known: Vec<(Coding, usize)> = Vec::new();
        let mut states = Vec::new();
        for part in scan.parts() {
            let mut place = |coding, number| -> Result<usize> {
                if let Some(at) = known.iter().position(|&other| other == (coding, number)) {
                    return Ok(at);
                }
                known.push((coding, number));
                codes.enter(match coding {
                    Coding::Dc => tables.dc(number)?,
                    _ => tables.ac(number, coding)?,
                });
                Ok(known.len() - 1)
            };
            let (dc, ac) = (place(Coding::Dc, part.dc)?, place(Coding::Ac, part.ac)?);
            let component = frame.components()[part.component];
            for _ in 0..component.h * component.v {
                states.extend([dc, ac]);
            }
        }
        codes.blocks = states.len() / 2;
        for (base, &table) in codes.bases.iter_mut().zip(states.iter().cycle()) {
            *base = (table << SKIP_LOOKUP) as Base;
        }
        Ok(codes)
    }

    fn enter(&mut self, table: Box<Table>) {
        let first = self.tables.len() << SKIP_LOOKUP;
        for (index, entry) in (0u64..).zip(&mut self.entries[first..first + (1 << SKIP_LOOKUP)]) {
            *entry = entry_of(&table, index << (64 - SKIP_LOOKUP));
        }
        self.tables.push(table);
    }

    fn table(&self, base: Base) -> &Table {
        &self.tables[base as usize >> SKIP_LOOKUP]
    }
}

fn entry_of(table: &Table, bits: u64) -> u16 {
    match table.coding() {
        Coding::Dc => match table.entry_of(bits, SKIP_LOOKUP) {
            Some(entry) if entry.length() <= STEP_MOST => NEXT_STATE | entry.length() as u16,
            _ => UNKNOWN,
        },
        _ => match skip_of(table, bits) {
            0 => UNKNOWN,
            skip => skip,
        },
    }
}

/// An entropy-coded segment, or several, without stuffing; read beyond its end it is 0.
#[derive(Clone, Copy)]
pub struct Unstuffed<'a>(pub &'a [u8]);

impl Unstuffed<'_> {
    /// At least 57 bits from the bit at `at` on.
    #[inline(always)]
    fn load(self, at: usize) -> u64 {
        let first = at >> 3;
        let ahead = self.0.get(first..first + 8).and_then(|ahead| ahead.first_chunk());
        u64::from_be_bytes(*ahead.unwrap_or(&[0; 8])) << (at & 7)
    }
}

/// What steps change: in registers during a round. As few of them as can be, for there are those of three traces:
///
/// ```text
///   31           16 15   14      8 7            0
///   +--------------+----+---------+--------------+
///   |    state     |    |  index  |  bits taken  |      progress; an entry is laid out like its lower half, so that
///   +--------------+----+---------+--------------+      adding it counts all, and what ends a state sets bit 15
/// ```
#[derive(Clone, Copy)]
struct Head {
    /// The bit at which the last load began.
    loaded: u32,
    /// The next bits, from the top down.
    top: u64,
    /// State, coded index of the last coefficient, and bits taken since the load.
    progress: u32,
    /// The table of the state.
    base: Base,
}

const INDEX: u32 = 127 << 8;

impl Head {
    fn at(codes: &Codes, bit: usize) -> Self {
        Head { loaded: bit as u32, top: 0, progress: 0, base: codes.bases[0] }
    }

    /// The next bit.
    #[inline(always)]
    fn bit(&self) -> u32 {
        self.loaded + (self.progress & 255)
    }

    /// The state, counted from the first of the MCU that a round began in.
    #[inline(always)]
    fn state(&self) -> u8 {
        (self.progress >> 16) as u8
    }

    #[inline(always)]
    fn load(&mut self, data: Unstuffed<'_>) {
        self.loaded = self.bit().min(BEYOND);
        self.progress &= !255;
        self.top = data.load(self.loaded as usize);
    }

    #[inline(always)]
    fn step(&mut self, codes: &Codes, data: Unstuffed<'_>, seen: &mut Seen) {
        let state = usize::from(self.state());
        seen.tops[state] = self.top;
        seen.bits[state] = self.bit();
        let next = codes.bases[state + 1];
        let at = self.base | (self.top >> (64 - SKIP_LOOKUP)) as u32;
        let entry = codes.entries[at as usize % ENTRIES];
        let progress = self.progress + u32::from(entry);
        if progress & INDEX >= 63 << 8 {
            *self = self.step_alone(codes, data, seen);
            return;
        }
        self.top <<= entry & 63;
        let ends = progress & u32::from(NEXT_STATE);
        self.base = std::hint::select_unpredictable(ends != 0, next, self.base);
        self.progress = std::hint::select_unpredictable(ends != 0, progress & !INDEX, progress) + ends;
    }

    /// One code, whatever it is. After one that cannot be, tracing goes on with the next block.
    #[cold]
    #[inline(never)]
    fn step_alone(mut self, codes: &Codes, data: Unstuffed<'_>, seen: &mut Seen) -> Self {
        self.load(data); // a code and its value may have more bits than the steps before have left
        seen.tops[usize::from(self.state())] = self.top;
        let table = codes.table(self.base);
        let entry = table.look_up(self.top);
        let index = (self.progress >> 8 & 127) + entry.advance();
        let (ends, valid) = match (table.coding(), index) {
            (Coding::Dc, _) => (true, entry.advance() == 0),
            (_, ..=62) => (false, true),
            (_, index) => (true, index == 63 || (128..191).contains(&index)),
        };
        if !valid {
            seen.faults.push(self.state() / 2);
        }
        self.progress = (self.progress & !INDEX) + entry.length();
        if ends {
            self.progress += 1 << 16;
            self.base = codes.bases[usize::from(self.state())];
        } else {
            self.progress |= index << 8;
        }
        self.load(data);
        self
    }
}

/// The bits at the last step of each state of a round, and where they lie.
struct Seen {
    tops: [u64; TILE],
    bits: [u32; TILE],
    /// The blocks in which something was wrong.
    faults: Vec<u8>,
}

/// DC difference of a block in which something was wrong: out of any code's reach.
pub const FAULT: i16 = i16::MIN;

/// The blocks that a trace has passed, in whole MCUs and in coded order.
#[derive(Default)]
pub struct Passed {
    /// DC of each block less that of the component's block before, or [`FAULT`].
    pub dc: Vec<i16>,
    /// The bit at which each MCU begins.
    pub mcus: Vec<u32>,
}

impl Passed {
    /// Keeps the first MCUs.
    pub fn truncate(&mut self, mcus: usize, codes: &Codes) {
        self.mcus.truncate(mcus);
        self.dc.truncate(mcus * codes.blocks);
    }

    /// Takes on those that another trace has passed, from one of its MCUs on.
    pub fn append(&mut self, other: &Passed, mcu: usize, codes: &Codes) {
        self.mcus.extend_from_slice(&other.mcus[mcu..]);
        self.dc.extend_from_slice(&other.dc[mcu * codes.blocks..]);
    }
}

/// Ways through the codes from some bit on. Begun anywhere, a trace soon falls into step with the true one, for wrong
/// codes end at right places now and then; until then it records nonsense.
pub struct Traces {
    heads: [Head; TRACES],
    seen: [Seen; TRACES],
    pub passed: [Passed; TRACES],
}

impl Traces {
    pub fn from(codes: &Codes, bits: [usize; TRACES]) -> Box<Self> {
        Box::new(Traces {
            heads: bits.map(|bit| Head::at(codes, bit)),
            seen: [const { Seen { tops: [0; TILE], bits: [0; TILE], faults: Vec::new() } }; TRACES],
            passed: Default::default(),
        })
    }

    /// The next bit of a trace.
    pub fn bit(&self, trace: usize) -> usize {
        self.heads[trace].bit() as usize
    }

    /// Has a trace go on where an MCU begins.
    pub fn go_to(&mut self, trace: usize, codes: &Codes, bit: usize) {
        self.heads[trace] = Head::at(codes, bit);
        self.seen[trace].faults.clear();
    }

    /// Takes all of them as many steps further.
    pub fn round(&mut self, codes: &Codes, data: Unstuffed<'_>) {
        let [mut a, mut b, mut c] = self.heads;
        let [seen_a, seen_b, seen_c] = &mut self.seen;
        for _ in 0..STEPS / STEPS_OF_A_LOAD {
            a.load(data);
            b.load(data);
            c.load(data);
            a.step(codes, data, seen_a);
            b.step(codes, data, seen_b);
            c.step(codes, data, seen_c);
            a.step(codes, data, seen_a);
            b.step(codes, data, seen_b);
            c.step(codes, data, seen_c);
            a.step(codes, data, seen_a);
            b.step(codes, data, seen_b);
            c.step(codes, data, seen_c);
        }
        self.heads = [a, b, c];
        for ((head, seen), passed) in self.heads.iter_mut().zip(&mut self.seen).zip(&mut self.passed) {
            seen.put_away(head, passed, codes);
        }
    }

    /// Keeps the first MCUs of a trace, if but padding lies between the last of them and the end of its segment.
    pub fn end_at(&mut self, trace: usize, mcus: usize, end: usize, codes: &Codes) -> Option<()> {
        let (head, passed) = (&self.heads[trace], &mut self.passed[trace]);
        let bit = match passed.mcus.get(mcus) {
            Some(&bit) => bit,
            None if mcus == passed.mcus.len() && head.state() > 0 => self.seen[trace].bits[0],
            None if mcus == passed.mcus.len() => head.bit(),
            None => return None,
        };
        passed.truncate(mcus, codes);
        (8 * end).checked_sub(bit as usize).filter(|&padding| padding < 8).map(drop)
    }
}

impl Seen {
    /// Puts away the MCUs that a round has ended.
    fn put_away(&mut self, head: &mut Head, passed: &mut Passed, codes: &Codes) {
        let states = 2 * codes.blocks;
        let ended = usize::from(head.state()) / states;
        let blocks = ended * codes.blocks;
        let dc = self.tops.iter().zip(&codes.bases).step_by(2).take(blocks);
        let before = passed.dc.len();
        passed.dc.extend(dc.map(|(&top, &base)| codes.table(base).look_up(top).value(top)));
        passed.mcus.extend(self.bits.iter().step_by(states).take(ended));
        self.faults.retain_mut(|block| match usize::from(*block).checked_sub(blocks) {
            Some(later) => {
                *block = later as u8;
                true
            }
            None => {
                passed.dc[before + usize::from(*block)] = FAULT;
                false
            }
        });
        let (first, last) = (ended * states, usize::from(head.state()));
        self.tops.copy_within(first..=last, 0);
        self.bits.copy_within(first..=last, 0);
        head.progress -= (first as u32) << 16;
    }
}
