//! What programs take of flash, RAM and NVM.

use example_programs::{Alarm, Beat, Blocks, Inherit, Transfer, Wake, Workshop};
use intos::crates::nvm_core::sim::SimNvm;
use intos::crates::nvm_core::{DoubleBuffered, HEADER_BYTES, Layout, Offset};
use intos::crates::nvm_tx::UndoLog;
use intos::host::Host;
use intos::{
    Board, DEFAULT_STACK_BYTES, Error, Kernel, Placement, Program, Task, TaskEntry, TaskIndex,
};

use super::firmware::{self, Build};
use super::image::{self, Sizes};

/// NVM and stacks are the same on every board.
type AnyBoard = Host<'static, SimNvm<4>>;

/// What a program takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Footprint {
    pub(super) program: &'static str,
    pub(super) label: &'static str,
    pub(super) sizes: Sizes,
    /// Of all tasks, and the one for idling; `None`: there are no tasks.
    pub(super) stacks: Option<u64>,
    pub(super) nvm: u64,
    /// The goal for what lies in flash.
    pub(super) goal: Option<u64>,
}

/// What the programs take.
pub(super) fn measure() -> Result<Vec<Footprint>, String> {
    let mut programs = vec![
        of::<Beat>(
            "small-kernel",
            "the kernel: tasks, a queue, a semaphore, delays",
        )?,
        double_buffer(),
        counter(),
    ];
    programs[0].goal = Some(16 * 1024);
    programs.extend([
        of::<Transfer>("transfer", "example `transfer`")?,
        of::<Blocks>("blocks", "example `blocks`")?,
        of::<Wake>("wake", "example `wake`")?,
        of::<Inherit>("inherit", "example `inherit`")?,
        of::<Alarm>("alarm", "example `alarm`")?,
        of::<Beat>("beat", "example `beat`")?,
        of::<Workshop>("workshop", "example `workshop`")?,
    ]);
    let names: Vec<&str> = programs.iter().map(|program| program.program).collect();
    let images = firmware::build_all(&names, Build::Small)?;
    for (program, image) in programs.iter_mut().zip(images) {
        program.sizes = image::sizes(&image.path)?;
    }
    Ok(programs)
}

/// Bytes of NVM of a task with default tables.
pub(super) fn nvm_of_a_task() -> Result<u64, String> {
    Ok(nvm_of::<Tasks<2>>()? - nvm_of::<Tasks<1>>()?)
}

fn of<P: Program<AnyBoard>>(
    program: &'static str,
    label: &'static str,
) -> Result<Footprint, String> {
    let stacks: usize = (0..u8::MAX)
        .map_while(|task| Kernel::<AnyBoard>::stack_bytes::<P>(TaskIndex(task)))
        .sum();
    Ok(Footprint {
        program,
        label,
        sizes: Sizes::default(),
        stacks: Some((stacks + DEFAULT_STACK_BYTES) as u64),
        nvm: nvm_of::<P>()?,
        goal: None,
    })
}

/// The smallest program with a single crate.
fn double_buffer() -> Footprint {
    let mut layout = Layout::new("counter", 1);
    let _ = DoubleBuffered::<u32>::place(&mut layout, "count");
    Footprint {
        program: "double-buffer",
        label: "`nvm-core` alone: an atomic counter",
        sizes: Sizes::default(),
        stacks: None,
        nvm: u64::from(layout.size()),
        goal: Some(2 * 1024),
    }
}

fn counter() -> Footprint {
    let log = UndoLog::<SimNvm<4>>::area_bytes(8);
    Footprint {
        program: "counter",
        label: "`nvm-tx` alone: an atomic counter",
        sizes: Sizes::default(),
        stacks: None,
        nvm: u64::from(HEADER_BYTES + log + 4),
        goal: None,
    }
}

fn nvm_of<P: Program<AnyBoard>>() -> Result<u64, String> {
    Kernel::<AnyBoard>::bytes_needed::<P>()
        .map(u64::from)
        .map_err(|error| error.to_string())
}

/// So many tasks, and one object.
struct Tasks<const TASKS: usize> {
    _object: Offset<u32>,
}

impl<B: Board, const TASKS: usize> Program<B> for Tasks<TASKS> {
    const NAME: &'static str = "tasks";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            _object: objects.object("object", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        let nothing = |_: &mut Task<B>, _: &Self| Ok(());
        (index < TASKS).then(|| TaskEntry::new("task", 1, nothing))
    }
}
