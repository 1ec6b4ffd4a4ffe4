//! What `cargo xtask bench` asks for: words behind the kernel's NVM, which it writes before the first reset.
//!
//! | word | what |
//! | --- | --- |
//! | 0 | `BNCH` |
//! | 1 | few repetitions |
//! | 2 | many |
//! | 3 | how often the power was lost |
//! | 4..12 | the operation's name, up to a byte 0 |

use crate::control::{Asked, asked, get, increase, place};

const FEW: usize = 1;
const MANY: usize = 2;
const POWER_LOSSES: usize = 3;
const NAME: usize = 4;
const NAME_BYTES: usize = 32;

/// The operation's name, if one is asked for.
pub fn operation() -> Option<&'static str> {
    if asked() != Asked::Costs {
        return None;
    }
    // SAFETY: bytes of the same page, which nobody writes while the program runs.
    let bytes = unsafe { core::slice::from_raw_parts(place(NAME).cast::<u8>(), NAME_BYTES) };
    core::str::from_utf8(bytes.split(|byte| *byte == 0).next()?).ok()
}

/// How often it is run at first, and how often then.
pub fn repetitions() -> [u32; 2] {
    [get(FEW), get(MANY)]
}

/// How often the power was lost.
pub fn power_losses() -> u32 {
    get(POWER_LOSSES)
}

/// Before a power loss.
pub fn count_power_loss() {
    increase(POWER_LOSSES);
}
