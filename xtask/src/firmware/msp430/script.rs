//! Commands for the simulator.

use std::fmt::Write;
use std::path::Path;

use super::part::SRAM;
use super::program::Program;

/// Breakpoints: each has a number, so that it can be set anew and deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// Where a window opens.
    Opens = 0,
    /// Where a program stays that has come to its end, or where it is looked at before.
    Ended = 1,
    /// Where one stays that cannot go on.
    Failed = 2,
    /// Where what a power loss has interrupted is finished.
    Recovered = 3,
    /// Where a window closes.
    Closes = 4,
}

/// Commands, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    commands: String,
    /// Where the program's NVM begins, and its bytes.
    nvm: (u64, u64),
}

impl Script {
    /// A program in a part whose NVM is blank, with breakpoints where it ends.
    pub(crate) fn new(program: &Program) -> Result<Self, String> {
        let mut script = Self::part_for(program)?;
        script.add(&format!("prog {}", program.path.display()));
        script.blank_nvm();
        if program.symbol("__intos_tick").is_ok() {
            // The kernel's timer: register 0 of a Timer_A, with the interrupt of TA0.
            script.add("simio add timer timer 3");
            script.add("simio config timer irq0 5");
        }
        script.break_at(Break::Ended, program.symbol("__run_ended")?);
        script.break_at(Break::Failed, program.symbol("__run_failed")?);
        Ok(script)
    }

    /// No commands yet: to be appended to others for the same program.
    pub(super) fn part_for(program: &Program) -> Result<Self, String> {
        Ok(Self {
            commands: String::new(),
            nvm: program.nvm()?,
        })
    }

    /// What the simulator is to read.
    pub(super) fn text(&self) -> &str {
        &self.commands
    }

    /// How many commands there are.
    pub(crate) fn len(&self) -> usize {
        self.commands.lines().count()
    }

    /// A command.
    pub(crate) fn add(&mut self, command: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.commands, "{command}");
    }

    /// The first commands of it.
    pub(super) fn first(&self, commands: usize) -> Self {
        let all = self.commands.split_inclusive('\n');
        Self {
            commands: all.take(commands).collect(),
            ..*self
        }
    }

    /// All of another one's.
    pub(super) fn append(&mut self, other: &Self) {
        self.commands.push_str(&other.commands);
    }

    /// The program's console shall print.
    pub(crate) fn console(&mut self) {
        self.add("simio add console console");
    }

    /// Instructions and cycles shall be counted.
    pub(crate) fn count(&mut self) {
        self.add("simio add tracer tracer 2");
    }

    /// Tells them.
    pub(crate) fn tell_counts(&mut self) {
        self.add("simio info tracer");
    }

    /// Makes the NVM blank.
    pub(super) fn blank_nvm(&mut self) {
        let (start, bytes) = self.nvm;
        self.add(&format!("fill {start:#x} {bytes:#x} 0"));
    }

    /// Makes the NVM what a file has.
    pub(super) fn load_nvm(&mut self, file: &Path) {
        self.add(&format!("load_raw {} {:#x}", file.display(), self.nvm.0));
    }

    /// Keeps the NVM in a file.
    pub(super) fn save_nvm(&mut self, file: &Path) {
        let (start, bytes) = self.nvm;
        self.add(&format!(
            "save_raw {start:#x} {bytes:#x} {}",
            file.display()
        ));
    }

    /// Stops before an instruction.
    pub(crate) fn break_at(&mut self, number: Break, address: u64) {
        self.add(&format!("setbreak {address:#x} {}", number as u8));
    }

    /// No longer does.
    pub(crate) fn no_break_at(&mut self, number: Break) {
        self.add(&format!("delbreak {}", number as u8));
    }

    /// The power goes and comes back: SRAM holds junk, registers are 0, NVM holds what it held.
    pub(super) fn lose_power(&mut self) {
        self.add(&format!("fill {:#x} {:#x} 0xa5 0x5a 0x3c", SRAM.0, SRAM.1));
        self.reset();
    }

    /// Starts, and stops before the first instruction of the window: on an NVM that a file has, where the window opens; or
    /// where the first boot begins.
    pub(super) fn open_window(
        &mut self,
        program: &Program,
        formatted: Option<&Path>,
    ) -> Result<(), String> {
        if let Some(file) = formatted {
            self.load_nvm(file);
            self.break_at(Break::Opens, program.symbol("__window_opens")?);
            self.lose_power();
            self.run();
            self.no_break_at(Break::Opens);
        } else {
            self.blank_nvm();
            self.lose_power();
        }
        Ok(())
    }

    /// A reset, which leaves all memory as it is.
    pub(crate) fn reset(&mut self) {
        self.add("reset");
    }

    /// Runs to a breakpoint.
    pub(crate) fn run(&mut self) {
        self.add("run");
    }

    /// Executes so many instructions, and stops at no breakpoint.
    pub(super) fn step(&mut self, instructions: u32) {
        self.add(&format!("step {instructions}"));
    }

    /// Shows the registers.
    pub(super) fn registers(&mut self) {
        self.add("regs");
    }

    /// Shows the NVM.
    pub(super) fn show_nvm(&mut self) {
        self.memory(self.nvm.0, self.nvm.1);
    }

    /// Shows memory.
    pub(crate) fn memory(&mut self, address: u64, bytes: u64) {
        self.add(&format!("md {address:#x} {bytes}"));
    }
}
