//! The persistent tick.
//!
//! Two cells: tick k is stored in the one of its parity, over tick k - 2. A power loss within the store
//! leaves a value below k - 1 there, for the bytes are stored from the lowest on and a number grows in its
//! upper bytes only when its lower ones begin anew; so the later of the two cells is the tick.

use nvm_core::{Class, Nvm, Offset};

use crate::error::Error;

/// The tick.
pub(crate) fn now<N: Nvm>(nvm: &N, cells: Offset<[u32; 2]>) -> Result<u32, Error> {
    let [even, odd] = nvm.load(cells)?;
    Ok(if even.wrapping_sub(odd) < 1 << 31 {
        even
    } else {
        odd
    })
}

/// Stores a tick that follows `now`: 2 bytes, seldom 4.
pub(crate) fn set<N: Nvm>(nvm: &N, cells: Offset<[u32; 2]>, tick: u32) -> Result<(), Error> {
    let at = cells.get() + 4 * (tick % 2);
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

    #[test]
    fn a_cut_tick_is_the_old_or_the_new_one() {
        for_each_atom!(ATOM => {
            for before in [0, 1, 254, 255, 256, 0xFFFE, 0xFFFF, 0x1_0000, 0xFF_FFFF] {
                let cells = Offset::new(0);
                Explorer::<ATOM>::new("tick", 16).depth(2).explore(
                    |nvm| {
                        format(nvm, cells).unwrap();
                        if before > 0 {
                            set(nvm, cells, before - 1).unwrap();
                        }
                        set(nvm, cells, before).unwrap();
                    },
                    |nvm| set(nvm, cells, before + 1).unwrap(),
                    |nvm| {
                        let now = now(nvm, cells).unwrap();
                        // The operation's tick, and that of a recovery that was cut itself.
                        assert!((before..=before + 2).contains(&now), "{before} -> {now}");
                        set(nvm, cells, now + 1).unwrap();
                    },
                    |nvm| {
                        let now = now(nvm, cells).unwrap();
                        if (before + 1..=before + 3).contains(&now) { Ok(()) } else { Err(std::format!("{now}")) }
                    },
                ).assert_clean();
            }
        });
    }

    extern crate std;
}
