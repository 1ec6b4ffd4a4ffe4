//! The programs of the project whose images the command `image` knows.

use example_applications::{Ar, Bc, Dnn, Em, Etl, Kv, Mq, Pred, Sense, Stats, Train};
use example_programs::{Alarm, Beat, Blocks, Hire, Inherit, Patience, Transfer, Wake, Workshop};
use intos::BootError;
use intos::host::Host;
use intos::host::image::{LayoutOf, ProgramLayout};
use nvm_core::image::{Description, KnownProgram};
use nvm_core::sim::SimNvm;

use crate::alone::{door, energy, events, settings, store, update};
use crate::weather::Weather;
use crate::weather::readings::Readings;

/// A board with nothing but an NVM.
type Plain = Host<'static, SimNvm<4>>;

/// The quick start, the applications of the paper, and the programs that firmware is tested with.
pub const PROGRAMS: &[LayoutOf] = &[
    ProgramLayout::of::<Host<'static, SimNvm<4>, Readings>, Weather>,
    ProgramLayout::of::<Plain, Ar>,
    ProgramLayout::of::<Plain, Bc>,
    ProgramLayout::of::<Plain, Dnn>,
    ProgramLayout::of::<Plain, Em>,
    ProgramLayout::of::<Plain, Etl>,
    ProgramLayout::of::<Plain, Kv>,
    ProgramLayout::of::<Plain, Mq>,
    ProgramLayout::of::<Plain, Pred>,
    ProgramLayout::of::<Plain, Sense>,
    ProgramLayout::of::<Plain, Stats>,
    ProgramLayout::of::<Plain, Train>,
    ProgramLayout::of::<Plain, Alarm>,
    ProgramLayout::of::<Plain, Beat>,
    ProgramLayout::of::<Plain, Blocks>,
    ProgramLayout::of::<Plain, Hire>,
    ProgramLayout::of::<Plain, Inherit>,
    ProgramLayout::of::<Plain, Patience>,
    ProgramLayout::of::<Plain, Transfer>,
    ProgramLayout::of::<Plain, Wake>,
    ProgramLayout::of::<Plain, Workshop>,
];

/// The programs that use single crates, without the kernel.
pub const ALONE: &[fn() -> Description] = &[
    events::Journal::description,
    settings::Store::description,
    store::Places::description,
    energy::Meter::description,
    update::Journal::description,
    door::description,
];

/// All of them.
///
/// # Errors
///
/// Where a program's table is wrong.
pub fn known() -> Result<Vec<Box<dyn KnownProgram>>, BootError> {
    let mut known = intos::host::image::known(PROGRAMS)?;
    for description in ALONE {
        known.push(Box::new(description()));
    }
    Ok(known)
}
