//! Which boards there are.

use clap::ValueEnum;

/// Where the memory of an MPS2 machine begins that a file keeps, and its bytes.
pub(super) const NVM_AT: u64 = 0x2100_0000;
pub(super) const NVM_BYTES: u64 = 16 << 20;

/// A machine of QEMU's. The target tells the firmware's `build.rs` which of them it is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Board {
    /// A Cortex-M3.
    #[default]
    Mps2An385,
    /// A Cortex-M4 with a floating-point unit.
    Mps2An386,
    /// A Cortex-M0. No file keeps its memory: the NVM is part of its RAM, which survives a reset, but not the emulator.
    Microbit,
}

impl Board {
    /// What it is built for.
    pub(crate) const fn target(self) -> &'static str {
        match self {
            Self::Mps2An385 => "thumbv7m-none-eabi",
            Self::Mps2An386 => "thumbv7em-none-eabihf",
            Self::Microbit => "thumbv6m-none-eabi",
        }
    }

    /// What QEMU calls it.
    pub(crate) const fn machine(self) -> &'static str {
        match self {
            Self::Mps2An385 => "mps2-an385",
            Self::Mps2An386 => "mps2-an386",
            Self::Microbit => "microbit",
        }
    }

    /// QEMU's options for it.
    pub(crate) const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Mps2An385 | Self::Mps2An386 => &[],
            // More than the 16 KiB of the part, which are too few for the stacks that the programs ask for.
            Self::Microbit => &["-global", "nrf51-soc.sram-size=65536"],
        }
    }

    /// Whether a file keeps its NVM.
    pub(crate) const fn keeps_nvm(self) -> bool {
        !matches!(self, Self::Microbit)
    }

    /// An error where a file is needed to keep the NVM of a board that has none.
    pub(super) fn check_nvm(self, is_needed: bool) -> Result<(), String> {
        if is_needed && !self.keeps_nvm() {
            return Err(format!(
                "no file keeps the NVM of the machine {}: it cannot be swept, and runs without --nvm, --kill-every and --losses-every",
                self.machine()
            ));
        }
        Ok(())
    }
}
