//! Bit count: six ways to count the one bits of a number must agree.
//!
//! A computation in one task. It shows a persistent vector in a heap, which grows as part of a transaction, and nested
//! persistent loops: a power loss costs one algorithm's count over 50 numbers at most.

use core::hint::black_box;
use core::ops::Range;

use intos::prelude::*;

use crate::{Application, Checked, Results, Scale};

/// Counts in rounds; each makes a vector of what its algorithms count, and frees it.
#[derive(Debug, Clone, Copy)]
pub struct Bc {
    scale: Scale,
    heap: Heap,
    totals: Offset<Totals>,
}

persist! {
    /// Of all rounds.
    struct Totals {
        /// The sum, modulo 2³².
        bits: u32,
        /// What an algorithm has counted in a round.
        least: u32,
        most: u32,
    }
}

const ROUNDS: u32 = 100;
const FIRST_NUMBER: u32 = 0xABCD;
const NUMBERS: usize = 50;

/// What each algorithm counts in all numbers. A function of its own for each: it has the algorithm in its loop, in place of
/// a call for each number.
const ALGORITHMS: [fn() -> u32; 6] = [
    || in_all_numbers(parallel_sum),
    || in_all_numbers(recursive_nibbles),
    || in_all_numbers(shift_and_test),
    || in_all_numbers(clear_lowest),
    || in_all_numbers(recursive_bytes),
    || in_all_numbers(flat_nibbles),
];

#[inline]
fn in_all_numbers(count: impl Fn(u32) -> u32) -> u32 {
    // The compiler knows the numbers, and would count some of the bits itself.
    (black_box(FIRST_NUMBER)..).take(NUMBERS).map(count).sum()
}

/// A vector's header, and its blocks of 4 and of 8 elements, both of which there are while it grows.
const HEAP_BYTES: RawOffset = 8 + 16 + 32;

impl<B: Board> Program<B> for Bc {
    const NAME: &'static str = "bc";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            scale: Scale::place(objects)?,
            heap: objects.heap("heap", HEAP_BYTES)?,
            totals: objects.object(
                "totals",
                Totals {
                    bits: 0,
                    least: u32::MAX,
                    most: 0,
                },
            )?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        (index == 0).then_some(TaskEntry::new("counter", 1, count))
    }
}

fn count<B: Board>(task: &mut Task<B>, app: &Bc) -> Result<(), Error> {
    let rounds = app.scale.times(task, ROUNDS)?;
    nv_for_loop!(task, _round in 0..rounds => {
        let counts: Vector<u32> = task.transaction(|tx| Vector::new(tx, app.heap))?;
        nv_for_loop!(task, index in 0..ALGORITHMS.len() => {
            task.transaction(|tx| {
                counts.push(tx, app.heap, 0)?;
                let bits = ALGORITHMS[index]();
                counts.update(tx, index, |count| count + bits)
            })?;
        });
        task.transaction(|tx| {
            let mut totals = tx.get(app.totals)?;
            for index in 0..counts.len(tx)? {
                let bits = counts.get(tx, index)?.unwrap_or(0);
                totals.bits = totals.bits.wrapping_add(bits);
                totals.least = totals.least.min(bits);
                totals.most = totals.most.max(bits);
            }
            Ok(tx.set(app.totals, totals)?)
        })?;
        counts.free(task, app.heap)?;
    });
    Ok(())
}

/// How many bits of each nibble, and of each byte, are ones.
const OF_NIBBLE: [u8; 16] = table();
const OF_BYTE: [u8; 256] = table();

const fn table<const LEN: usize>() -> [u8; LEN] {
    let mut table = [0; LEN];
    let mut index = 1;
    while index < LEN {
        table[index] = table[index / 2] + (index % 2) as u8;
        index += 1;
    }
    table
}

/// Adds neighbouring fields of 1, 2, 4, 8 and 16 bits, all at once.
const fn parallel_sum(number: u32) -> u32 {
    let sum = (number & 0x5555_5555) + (number >> 1 & 0x5555_5555);
    let sum = (sum & 0x3333_3333) + (sum >> 2 & 0x3333_3333);
    let sum = (sum & 0x0F0F_0F0F) + (sum >> 4 & 0x0F0F_0F0F);
    let sum = (sum & 0x00FF_00FF) + (sum >> 8 & 0x00FF_00FF);
    (sum & 0x0000_FFFF) + (sum >> 16)
}

/// The lowest nibble by a table, the rest by itself.
fn recursive_nibbles(number: u32) -> u32 {
    let (bits, rest) = (u32::from(OF_NIBBLE[(number & 0xF) as usize]), number >> 4);
    if rest == 0 {
        bits
    } else {
        bits + recursive_nibbles(rest)
    }
}

/// Looks at one bit after the other.
const fn shift_and_test(number: u32) -> u32 {
    let (mut rest, mut bits) = (number, 0);
    while rest != 0 {
        bits += rest & 1;
        rest >>= 1;
    }
    bits
}

/// Clears one bit after the other, the lowest first.
const fn clear_lowest(number: u32) -> u32 {
    let (mut rest, mut bits) = (number, 0);
    while rest != 0 {
        bits += 1;
        rest &= rest - 1;
    }
    bits
}

/// The lowest byte by a table, the rest by itself.
fn recursive_bytes(number: u32) -> u32 {
    let (bits, rest) = (u32::from(OF_BYTE[(number & 0xFF) as usize]), number >> 8);
    if rest == 0 {
        bits
    } else {
        bits + recursive_bytes(rest)
    }
}

/// All eight nibbles by a table.
fn flat_nibbles(number: u32) -> u32 {
    let of = |byte: u8| OF_NIBBLE[usize::from(byte & 0xF)] + OF_NIBBLE[usize::from(byte >> 4)];
    let [a, b, c, d] = number.to_le_bytes();
    u32::from(of(a) + of(b) + of(c) + of(d))
}

impl Checked for Bc {
    const NAMES: [&'static str; 4] = [
        "bits of all rounds",
        "least of an algorithm",
        "most of an algorithm",
        "bytes allocated",
    ];
    const EXPECTED: Results = [308_400, 514, 514, 0];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let Totals { bits, least, most } = nvm.load(self.totals)?;
        Ok([bits, least, most, self.heap.statistics(nvm)?.used])
    }
}

impl Application for Bc {
    const STEADY_ITERATION: Range<u32> = 10..19;

    fn scale(&self) -> Scale {
        self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_algorithms_count_the_same() {
        let algorithms: [fn(u32) -> u32; 6] = [
            parallel_sum,
            recursive_nibbles,
            shift_and_test,
            clear_lowest,
            recursive_bytes,
            flat_nibbles,
        ];
        for number in (0..100_000).chain([0x8000_0001, 0xABCD_EF01, u32::MAX]) {
            for count in algorithms {
                assert_eq!(count(number), number.count_ones(), "{number:#x}");
            }
        }
    }

    #[test]
    fn each_counts_514_bits_in_a_round() {
        for count in ALGORITHMS {
            assert_eq!(count(), 514);
        }
    }
}
