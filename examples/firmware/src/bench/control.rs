//! What `cargo xtask bench` asks for: words behind the kernel's NVM, which it writes before the first reset.
//!
//! | word | what |
//! | --- | --- |
//! | 0 | [`MAGIC`] |
//! | 1 | few repetitions |
//! | 2 | many |
//! | 3 | how often the power was lost |
//! | 4..12 | the operation's name, up to a byte 0 |

/// `BNCH`.
const MAGIC: u32 = 0x4843_4E42;
const FEW: usize = 1;
const MANY: usize = 2;
const POWER_LOSSES: usize = 3;
const NAME: usize = 4;
const NAME_BYTES: usize = 32;

unsafe extern "C" {
    static mut __sweep_control: u32;
}

fn place(word: usize) -> *mut u32 {
    (&raw mut __sweep_control).wrapping_add(word)
}

fn get(word: usize) -> u32 {
    // SAFETY: a word of a page of memory that is nobody else's.
    unsafe { place(word).read_volatile() }
}

/// The operation's name, if one is asked for.
pub fn operation() -> Option<&'static str> {
    if get(0) != MAGIC {
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
    // SAFETY: a word of the same page; nothing else writes it.
    unsafe { place(POWER_LOSSES).write_volatile(power_losses() + 1) }
}
