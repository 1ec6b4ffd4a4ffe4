//! Event monitoring: a monitor raises events, on which two actors act.
//!
//! It shows an event group, and a transaction that waits and writes first: the event is taken once, however often the
//! power goes while the actor fills its buffer, and the buffer is filled anew.

use core::ops::Range;

use example_programs::stack_bytes;
use intos::ReplayError;
use intos::prelude::*;

use crate::{Application, Checked, Results, Scale};

/// A monitor sets a bit for each of two actors, which are more urgent.
#[derive(Debug, Clone, Copy)]
pub struct Em {
    scale: Scale,
    events: EventGroup,
    first: Offset<Action>,
    second: Offset<Action>,
}

persist! {
    /// What an actor has done.
    struct Action {
        /// On how many events.
        events: u32,
        buffer: [u8; BUFFER_BYTES],
    }
}

const EVENTS: u32 = 100;
const BUFFER_BYTES: usize = 200;
/// In ticks. An actor that waits in vain waits again.
const LONGEST_WAIT: u32 = 100;

/// An actor: what it waits for, and what it fills its buffer with.
#[derive(Debug, Clone, Copy)]
struct Actor {
    bit: u32,
    filling: u32,
}

const FIRST: Actor = Actor {
    bit: 1 << 0,
    filling: 42,
};
const SECOND: Actor = Actor {
    bit: 1 << 1,
    filling: 24,
};

impl<B: Board> Program<B> for Em {
    const NAME: &'static str = "em";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let nothing = Action {
            events: 0,
            buffer: [0; BUFFER_BYTES],
        };
        Ok(Self {
            scale: Scale::place(objects)?,
            events: objects.event_group("events")?,
            first: objects.object("first", nothing)?,
            second: objects.object("second", nothing)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        let (entry, stack_bytes) = match index {
            0 => (TaskEntry::new("monitor", 1, monitor), MONITORS_STACK_BYTES),
            1 => (
                TaskEntry::new("first", 2, |task, app| act(task, app, FIRST, app.first)),
                ACTORS_STACK_BYTES,
            ),
            2 => (
                TaskEntry::new("second", 2, |task, app| act(task, app, SECOND, app.second)),
                ACTORS_STACK_BYTES,
            ),
            _ => return None,
        };
        Some(entry.with_stack(stack_bytes))
    }
}

/// On an MSP430 three stacks share 4 KiB of SRAM with all else, and an actor has its buffer twice on its.
const MONITORS_STACK_BYTES: usize = stack_bytes(800);
const ACTORS_STACK_BYTES: usize = stack_bytes(1_072);

fn monitor<B: Board>(task: &mut Task<B>, app: &Em) -> Result<(), Error> {
    let events = app.scale.times(task, EVENTS)?;
    nv_for_loop!(task, _event in 0..events => {
        task.transaction(|tx| app.events.set(tx, FIRST.bit | SECOND.bit).map(|_| ()))?;
    });
    Ok(())
}

fn act<B: Board>(
    task: &mut Task<B>,
    app: &Em,
    actor: Actor,
    action: Offset<Action>,
) -> Result<(), Error> {
    let events = app.scale.times(task, EVENTS)?;
    nv_for_loop!(task, event in 1..events + 1 => {
        if !act_once(task, app, actor, action, event)? {
            // Seldom, and who knows how often: a loop of its own, which drops the records.
            nv_loop!(task => {
                if act_once(task, app, actor, action, event)? {
                    break;
                }
            });
        }
    });
    Ok(())
}

/// Acts on an event, and answers whether it came in time.
fn act_once<B: Board>(
    task: &mut Task<B>,
    app: &Em,
    actor: Actor,
    action: Offset<Action>,
    event: u32,
) -> Result<bool, Error> {
    task.transaction_write_first(0, |tx| {
        let timeout = Timeout::Ticks(LONGEST_WAIT);
        let waited = app.events.wait_all(tx, actor.bit, OnExit::Clear, timeout);
        if waited.or_outcome()?.is_err() {
            return Ok(false);
        }
        fill(tx, actor, action, event)?;
        Ok(true)
    })
}

#[inline(never)] // while an actor waits, no buffer lies on its stack
fn fill<B: Board>(
    tx: &mut WriteFirstTx<B>,
    actor: Actor,
    action: Offset<Action>,
    event: u32,
) -> Result<(), ReplayError> {
    let done = Action {
        events: event,
        buffer: [(actor.filling + event) as u8; BUFFER_BYTES],
    };
    Ok(tx.set_unlogged(action, done)?)
}

impl Checked for Em {
    const NAMES: [&'static str; 4] = [
        "first actor's events",
        "its last byte",
        "second actor's events",
        "its last byte",
    ];
    const EXPECTED: Results = [EVENTS, 142, EVENTS, 124];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let (first, second) = (done(nvm, self.first)?, done(nvm, self.second)?);
        Ok([first.0, first.1, second.0, second.1])
    }
}

/// On how many events an actor has acted, and what fills its buffer; `u32::MAX` where it is not the same everywhere.
fn done<N: Nvm>(nvm: &N, action: Offset<Action>) -> Result<(u32, u32), Error> {
    let events = nvm.load(field!(action, Action.events))?;
    let buffer = field!(action, Action.buffer).get();
    let first = nvm.read_u8(buffer)?;
    for index in 1..BUFFER_BYTES {
        if nvm.read_u8(buffer + index as RawOffset)? != first {
            return Ok((events, u32::MAX));
        }
    }
    Ok((events, first.into()))
}

impl Application for Em {
    const STEADY_ITERATION: Range<u32> = 6..9;

    fn scale(&self) -> Scale {
        self.scale
    }
}
