//! The persistent tick: a `u32` that counts on from 0 after `u32::MAX`.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..4 | the last even tick |
//! | 4..8 | the last odd tick |
//!
//! The later of the two, by wrapping comparison, is the tick. A new tick is stored in the cell of its
//! parity, which is never the cell of the present one: after an even number of ticks, that number less one
//! is stored first.
//!
//! | store | power lost after it: the tick |
//! | --- | --- |
//! | bytes of the new tick but the last | the old one, or one between the two: the bytes come from the lowest on, so what stands there is at most the new one |
//! | its last byte | the new one |
//!
//! A number that is torn lies up to 2^24 below what stood there before. So no step is longer than 2^30:
//! then a torn number is never taken for a later one.
//!
//! Who sleeps until a tick is in one of two lists, by the tick's upper bit ([`Half`]), each sorted. Since
//! nobody sleeps longer than [`MAX_TICKS`], a list never holds ticks of two rounds: its order is right
//! though the tick wraps around. (`FreeRTOS` exchanges two lists at the wrap for the same purpose; here
//! nothing needs to be exchanged, and nothing stored.)

use nvm_core::{Class, Nvm, Offset, RawOffset};

use crate::error::Error;

/// The longest time that a task sleeps, in ticks: where it asks for more, it gets this. 24 days of
/// milliseconds.
pub const MAX_TICKS: u32 = (1 << 31) - 1;

/// The longest step: see above.
const MAX_STEP: u32 = 1 << 30;

/// A half of the tick's range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Half {
    Lower = 0,
    Upper = 1,
}

impl Half {
    pub(crate) const BOTH: [Self; 2] = [Self::Lower, Self::Upper];

    pub(crate) const fn of(tick: u32) -> Self {
        if tick >> 31 == 0 {
            Self::Lower
        } else {
            Self::Upper
        }
    }
}

/// Whether `tick` has come.
pub(crate) const fn has_come(tick: u32, now: u32) -> bool {
    now.wrapping_sub(tick) <= MAX_TICKS
}

/// The tick.
// Where a `usize` has 16 bits text counts most: one copy.
#[cfg_attr(target_pointer_width = "16", inline(never))]
pub(crate) fn now<N: Nvm>(nvm: &N, cells: Offset<[u32; 2]>) -> Result<u32, Error> {
    let (even, odd) = (nvm.read_u32(cells.get())?, nvm.read_u32(cells.get() + 4)?);
    Ok(if has_come(odd, even) { even } else { odd })
}

/// Lets ticks pass: 2 bytes, seldom 4, and twice that where their number is even.
pub(crate) fn advance<N: Nvm>(
    nvm: &N,
    cells: Offset<[u32; 2]>,
    mut ticks: u32,
) -> Result<(), Error> {
    while ticks > 0 {
        let step = ticks.min(MAX_STEP);
        // An odd number of ticks on: the other cell.
        let step = if step.is_multiple_of(2) {
            step - 1
        } else {
            step
        };
        set(nvm, cells, now(nvm, cells)?.wrapping_add(step))?;
        ticks -= step;
    }
    Ok(())
}

fn set<N: Nvm>(nvm: &N, cells: Offset<[u32; 2]>, tick: u32) -> Result<(), Error> {
    let at = cells.get() + 4 * (tick as RawOffset % 2);
    if nvm.read_u16(at + 2)? == (tick >> 16) as u16 {
        nvm.write_u16(Class::Kernel, at, tick as u16)?;
    } else {
        nvm.write_u32(Class::Kernel, at, tick)?;
    }
    Ok(())
}

pub(crate) fn format<N: Nvm>(nvm: &N, cells: Offset<[u32; 2]>) -> Result<(), Error> {
    Ok(nvm.store(Class::Kernel, cells, &[0, u32::MAX])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nvm_core::for_each_atom;
    use nvm_core::sim::Explorer;

    extern crate std;

    const CELLS: Offset<[u32; 2]> = Offset::new(0);

    #[test]
    fn a_cut_tick_never_goes_back_nor_too_far() {
        let starts = [
            0,
            1,
            254,
            255,
            256,
            0xFFFE,
            0xFFFF,
            0x1_0000,
            0xFF_FFFF,
            0x7FFF_FFFF,
            0x8000_0000,
            u32::MAX - 1,
            u32::MAX,
        ];
        let steps = [
            1,
            2,
            3,
            0xFF,
            0x100,
            0xFFFF,
            0x1_0000,
            0x00FF_1001,
            MAX_TICKS,
        ];
        for_each_atom!(ATOM => {
            for before in starts {
                for step in steps {
                    let target = before.wrapping_add(step);
                    Explorer::<ATOM>::new("tick", 16).depth(2).explore(
                        |nvm| nvm.store(Class::Kernel, CELLS, &pair(before)).unwrap(),
                        |nvm| advance(nvm, CELLS, step).unwrap(),
                        |nvm| {
                            let now = now(nvm, CELLS).unwrap();
                            let passed = now.wrapping_sub(before);
                            assert!(passed <= step, "{before} -> {now}, not up to {target}");
                            advance(nvm, CELLS, step - passed).unwrap();
                        },
                        |nvm| {
                            let now = now(nvm, CELLS).unwrap();
                            if now == target { Ok(()) } else { Err(std::format!("{now}")) }
                        },
                    ).assert_clean();
                }
            }
        });
    }

    /// The cells at a tick that was reached one by one.
    fn pair(tick: u32) -> [u32; 2] {
        let before = tick.wrapping_sub(1);
        if tick.is_multiple_of(2) {
            [tick, before]
        } else {
            [before, tick]
        }
    }

    #[test]
    fn a_tick_costs_two_bytes() {
        let nvm = nvm_core::sim::SimNvm::<4>::new(16);
        format(&nvm, CELLS).unwrap();
        advance(&nvm, CELLS, 10).unwrap();
        let before = nvm.counters();
        advance(&nvm, CELLS, 1).unwrap();
        assert_eq!((nvm.counters() - before).bytes_written(), 2);
        advance(&nvm, CELLS, 2).unwrap();
        assert_eq!((nvm.counters() - before).bytes_written(), 2 + 4);
    }
}
