//! The command: `inspect FILE` and `check FILE`. It is that of [`nvm_core::image`], which also knows programs without a
//! kernel; here is what it knows a kernel's program by.

use std::process::ExitCode;

use nvm_core::image::{Image, KnownProgram, Told};
use nvm_core::sim::SimNvm;

use super::check::check;
use super::inspection::{inspect, inspect_recovered};
use super::program::ProgramLayout;
use crate::host::Host;
use crate::kernel::BootError;
use crate::program::Program;

/// What gives a program's layout: `ProgramLayout::of::<Board, MyProgram>`.
pub type LayoutOf = fn() -> Result<ProgramLayout, BootError>;

/// The whole command for a program of one's own, whose board is an NVM and nothing else: see the
/// [module's page](crate::host::image).
pub fn image_tool<P>() -> ExitCode
where
    P: Program<Host<'static, SimNvm<4>>>,
{
    tool(&[ProgramLayout::of::<Host<'static, SimNvm<4>>, P>])
}

/// The same for several programs, each with its board: an image is recognised by its fingerprint. Takes the arguments of
/// the process.
pub fn tool(programs: &[LayoutOf]) -> ExitCode {
    match known(programs) {
        Ok(programs) => nvm_core::image::tool(programs),
        Err(error) => {
            eprintln!("error: a program's table is wrong: {error}");
            ExitCode::from(2)
        }
    }
}

/// The programs as [`nvm_core::image::tool`] takes them, to know others along with them.
///
/// # Errors
///
/// Where a program's table is wrong.
pub fn known(programs: &[LayoutOf]) -> Result<Vec<Box<dyn KnownProgram>>, BootError> {
    let mut known: Vec<Box<dyn KnownProgram>> = Vec::new();
    for program in programs {
        known.push(Box::new(program()?));
    }
    Ok(known)
}

impl KnownProgram for ProgramLayout {
    fn name(&self) -> &str {
        self.name()
    }

    fn fingerprint(&self) -> u32 {
        self.fingerprint()
    }

    fn check(&self, image: &Image) -> (bool, Told) {
        let check = check(image, Some(self));
        (check.sound, told(&check, &check))
    }

    fn inspect(&self, image: &Image, recovered: bool) -> Result<Told, String> {
        let inspection = if recovered {
            inspect_recovered(image, self).map_err(|error| error.to_string())?
        } else {
            inspect(image, Some(self))
        };
        Ok(told(&inspection, &inspection))
    }
}

fn told(text: &impl std::fmt::Display, data: &impl serde::Serialize) -> Told {
    Told {
        text: text.to_string(),
        // All of it is numbers, texts and lists of them.
        json: serde_json::to_string_pretty(data).unwrap_or_default(),
    }
}
