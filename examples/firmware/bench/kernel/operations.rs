//! The operations of the kernel that can be measured.

use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use intos::prelude::*;

use super::{CHILD, Large, Objects};
use crate::measure::Windows;
use intos_firmware::bench::board::Bench;
use intos_firmware::bench::window::{bench_window_begins, bench_window_ends};

type Run = fn(&mut Task<'_, Bench>, &Objects, u32) -> Result<(), Error>;
type Peer = fn(&mut Task<'_, Bench>, &Objects) -> Result<(), Error>;
type Handler = fn(&mut Interrupt<'_, Bench>, &Objects) -> Result<(), Error>;

/// An operation, and what other tasks and the handler of an interrupt do meanwhile.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) windows: Windows,
    /// Before the first repetition.
    pub(crate) prepare: Peer,
    /// So many repetitions.
    pub(crate) run: Run,
    pub(crate) above: Option<Peer>,
    pub(crate) equal: Option<Peer>,
    pub(crate) handler: Option<Handler>,
}

const fn operation(name: &'static str, run: Run) -> Operation {
    Operation {
        name,
        windows: Windows::Around,
        prepare: |_, _| Ok(()),
        run,
        above: None,
        equal: None,
        handler: None,
    }
}

impl Operation {
    /// What the operation itself says is measured, in place of all repetitions.
    const fn in_windows(mut self) -> Self {
        self.windows = Windows::Own;
        self
    }

    const fn prepared(mut self, prepare: Peer) -> Self {
        self.prepare = prepare;
        self
    }

    const fn with_above(mut self, peer: Peer) -> Self {
        self.above = Some(peer);
        self
    }

    const fn with_equal(mut self, peer: Peer) -> Self {
        self.equal = Some(peer);
        self
    }

    const fn with_handler(
        mut self,
        handler: fn(&mut Interrupt<'_, Bench>, &Objects) -> Result<(), Error>,
    ) -> Self {
        self.handler = Some(handler);
        self
    }
}

/// A step in a persistent loop.
macro_rules! each {
    (|$task:ident, $objects:ident, $i:ident| $step:expr) => {
        |$task, $objects, repetitions| {
            let _ = $objects;
            nv_for_loop!($task, $i in 0..repetitions => {
                let _ = $i;
                $step
            });
            Ok(())
        }
    };
}

/// A transaction in a persistent loop.
macro_rules! transaction {
    (|$tx:ident, $objects:ident, $i:ident| $body:expr) => {
        each!(|task, $objects, $i| {
            #[allow(clippy::let_unit_value)] // not all of them have a result
            let _ = task.transaction(|$tx| $body)?;
        })
    };
}

/// A transaction in a persistent loop without an end: what a peer does.
macro_rules! again {
    (|$tx:ident, $objects:ident| $body:expr) => {
        |task, $objects| {
            nv_loop!(task => {
                task.transaction(|$tx| $body)?;
            });
            Ok(())
        }
    };
}

const FOREVER: Timeout = Timeout::Forever;

/// The shared object that is locked.
static SHARED: AtomicU32 = AtomicU32::new(0);

/// All of them.
pub(crate) static ALL: &[Operation] = &[
    operation("loop", each!(|task, objects, i| {})),
    operation(
        "window",
        each!(|task, objects, i| {
            bench_window_begins();
            bench_window_ends();
        }),
    )
    .in_windows(),
    // Transactions.
    operation("empty", transaction!(|_tx, objects, i| Ok(()))),
    operation(
        "word",
        transaction!(|tx, objects, i| Ok(tx.set(objects.word(0), i)?)),
    ),
    operation(
        "field",
        transaction!(|tx, objects, i| {
            let large: Offset<Large> = objects.large;
            Ok(tx.set(field!(large, Large.field), i)?)
        }),
    ),
    operation(
        "three",
        transaction!(|tx, objects, i| {
            tx.set(objects.word(0), i)?;
            tx.set(objects.word(5), i)?;
            Ok(tx.set(objects.word(9), i)?)
        }),
    ),
    operation(
        "write-first",
        each!(|task, objects, i| {
            task.transaction_write_first(0, |tx| Ok(tx.set_unlogged(objects.word(0), i)?))?;
        }),
    ),
    operation("result", transaction!(|_tx, objects, i| Ok(i))),
    operation(
        "sample",
        transaction!(|tx, objects, i| Ok(tx.sample(|| i).map(drop)?)),
    ),
    operation(
        "abort",
        each!(|task, objects, i| {
            let aborted: Result<(), Error> = task.transaction(|tx| {
                tx.set(objects.word(0), i)?;
                Err(Outcome::Invalid.into())
            });
            if let Err(error) = aborted
                && !error.is_outcome()
            {
                return Err(error);
            }
        }),
    ),
    operation("now", transaction!(|tx, objects, i| tx.now().map(drop))),
    // Queues.
    operation(
        "send-receive",
        transaction!(|tx, objects, i| {
            objects.there.try_send(tx, i)?;
            objects.there.try_receive(tx).map(drop)
        }),
    ),
    operation(
        "ping-pong",
        transaction!(|tx, objects, i| {
            objects.there.send(tx, i, FOREVER)?;
            objects.back.receive(tx, FOREVER).map(drop)
        }),
    )
    .with_above(again!(|tx, objects| {
        let item = objects.there.receive(tx, FOREVER)?;
        objects.back.send(tx, item, FOREVER)
    })),
    operation(
        "front-receive",
        transaction!(|tx, objects, i| {
            objects.there.send_to_front(tx, i, Timeout::None)?;
            objects.there.try_receive(tx).map(drop)
        }),
    ),
    operation(
        "peek",
        transaction!(|tx, objects, i| objects.there.peek(tx, FOREVER).map(drop)),
    )
    .prepared(|task, objects| task.transaction(|tx| objects.there.try_send(tx, 7))),
    operation(
        "overwrite",
        transaction!(|tx, objects, i| objects.last.overwrite(tx, i)),
    )
    .prepared(|task, objects| task.transaction(|tx| objects.last.try_send(tx, 7))),
    operation(
        "reset",
        transaction!(|tx, objects, i| objects.there.reset(tx)),
    ),
    operation(
        "count",
        transaction!(|tx, objects, i| objects.there.count(tx).map(drop)),
    ),
    // Semaphores.
    operation(
        "take-give",
        transaction!(|tx, objects, i| {
            objects.free.try_acquire(tx)?;
            objects.free.release(tx)
        }),
    ),
    operation(
        "hand-over",
        transaction!(|tx, objects, i| objects.units.release(tx)),
    )
    .with_above(again!(|tx, objects| objects.units.acquire(tx, FOREVER))),
    operation(
        "available",
        transaction!(|tx, objects, i| objects.free.available(tx).map(drop)),
    ),
    // Mutexes.
    operation(
        "lock",
        each!(|task, objects, i| objects.mutex.lock(task, FOREVER)?.unlock()?),
    ),
    operation(
        "recursive-lock",
        each!(|task, objects, i| {
            objects.recursive.lock(task, FOREVER)?.unlock()?;
        }),
    ),
    operation(
        "contend",
        each!(|task, objects, i| {
            let mut guard = objects.mutex.lock(task, FOREVER)?;
            // The peer comes, waits, and gets the mutex.
            guard.transaction(|tx| objects.units.release(tx))?;
            guard.unlock()?;
        }),
    )
    .with_above(|task, objects| {
        nv_loop!(task => {
            task.transaction(|tx| objects.units.acquire(tx, FOREVER))?;
            objects.mutex.lock(task, FOREVER)?.unlock()?;
        });
        Ok(())
    }),
    // Event groups.
    operation(
        "event",
        transaction!(|tx, objects, i| {
            objects.events.set(tx, 1)?;
            objects
                .events
                .wait_any(tx, 1, OnExit::Clear, Timeout::None)
                .map(drop)
        }),
    ),
    operation(
        "event-wakes",
        transaction!(|tx, objects, i| objects.events.set(tx, 1).map(drop)),
    )
    .with_above(again!(|tx, objects| {
        objects
            .events
            .wait_any(tx, 1, OnExit::Clear, FOREVER)
            .map(drop)
    })),
    operation(
        "event-sync",
        transaction!(|tx, objects, i| { objects.events.sync(tx, 1, 3, FOREVER).map(drop) }),
    )
    .with_above(again!(|tx, objects| objects
        .events
        .sync(tx, 2, 3, FOREVER)
        .map(drop))),
    operation(
        "event-get",
        transaction!(|tx, objects, i| objects.events.get(tx).map(drop)),
    ),
    operation(
        "event-clear",
        transaction!(|tx, objects, i| objects.events.clear(tx, 1).map(drop)),
    ),
    // Notifications.
    operation(
        "notify",
        transaction!(|tx, objects, i| {
            tx.this_task()?.give(tx)?;
            Notification::take(tx, Timeout::None).map(drop)
        }),
    ),
    operation(
        "notify-wakes",
        transaction!(|tx, objects, i| peer(tx)?.give(tx)),
    )
    .with_above(again!(
        |tx, _objects| Notification::take(tx, FOREVER).map(drop)
    )),
    // Buffers.
    operation(
        "stream",
        transaction!(|tx, objects, i| {
            objects.stream.write(tx, &[1; 4], Timeout::None)?;
            objects.stream.read::<4>(tx, 4, Timeout::None).map(drop)
        }),
    ),
    operation(
        "message",
        transaction!(|tx, objects, i| {
            objects.messages.try_send(tx, &[1; 4])?;
            objects.messages.try_receive::<4>(tx).map(drop)
        }),
    ),
    // The heap.
    operation(
        "allocate",
        transaction!(|tx, objects, i| {
            let block = objects.heap.allocate(tx, 16)?;
            objects.heap.free(tx, block)
        }),
    ),
    operation(
        "shared",
        transaction!(|tx, objects, i| {
            let shared = Shared::new(tx, objects.heap, i)?;
            shared.release_in(tx, objects.heap).map(drop)
        }),
    ),
    operation(
        "shared-lock",
        each!(|task, objects, i| {
            let at = Offset::new(SHARED.load(Ordering::Relaxed));
            Shared::<u32>::from_offset(at)
                .lock(task, FOREVER)?
                .unlock()?;
        }),
    )
    .prepared(|task, objects| {
        let shared = task.transaction(|tx| Shared::new(tx, objects.heap, 7u32))?;
        SHARED.store(shared.into_offset().get(), Ordering::Relaxed);
        Ok(())
    }),
    // Tasks.
    operation(
        "create",
        each!(|task, objects, i| {
            bench_window_begins();
            task.transaction(|tx| tx.create(CHILD, i).map(drop))?;
            bench_window_ends();
            // It is less urgent: it runs, and ends, now.
            task.delay(1)?;
        }),
    )
    .in_windows(),
    operation(
        "suspend-resume",
        transaction!(|tx, objects, i| {
            let peer = peer(tx)?;
            peer.suspend(tx)?;
            peer.resume(tx)
        }),
    )
    .with_above(again!(|tx, objects| objects.units.acquire(tx, FOREVER))),
    operation(
        "priority",
        transaction!(|tx, objects, i| {
            let peer = peer(tx)?;
            peer.set_priority(tx, 5)?;
            peer.set_priority(tx, 4)
        }),
    )
    .with_above(again!(|tx, objects| objects.units.acquire(tx, FOREVER))),
    operation("yield", each!(|task, objects, i| task.yield_now())).with_equal(|task, _| {
        loop {
            task.yield_now();
        }
    }),
    operation(
        "task-state",
        transaction!(|tx, objects, i| peer(tx)?.state(tx).map(drop)),
    )
    .with_above(again!(|tx, objects| objects.units.acquire(tx, FOREVER))),
    operation(
        "task-priority",
        transaction!(|tx, objects, i| peer(tx)?.priority(tx).map(drop)),
    )
    .with_above(again!(|tx, objects| objects.units.acquire(tx, FOREVER))),
    // Time.
    operation("delay", each!(|task, objects, i| task.delay(1)?)),
    operation(
        "timer-start-stop",
        transaction!(|tx, objects, i| {
            objects.timer.start(tx)?;
            objects.timer.stop(tx)
        }),
    ),
    operation(
        "timer-expiry",
        each!(|task, objects, i| {
            while task
                .transaction(|tx| objects.timers.next(tx, FOREVER))?
                .is_none()
            {}
        }),
    )
    .prepared(|task, objects| task.transaction(|tx| objects.timer.start(tx))),
    operation(
        "timer-reset",
        transaction!(|tx, objects, i| objects.timer.reset(tx)),
    )
    .prepared(|task, objects| task.transaction(|tx| objects.timer.start(tx))),
    operation(
        "timer-period",
        transaction!(|tx, objects, i| { objects.timer.change_period(tx, 1 + (i & 1)) }),
    ),
    operation(
        "timer-active",
        transaction!(|tx, objects, i| objects.timer.is_active(tx).map(drop)),
    ),
    // Interrupts.
    operation("isr", each!(|task, objects, i| interrupt())).prepared(|_, _| enable_interrupt()),
    operation(
        "isr-send",
        each!(|task, objects, i| {
            bench_window_begins();
            interrupt();
            bench_window_ends();
            task.transaction(|tx| objects.there.try_receive(tx).map(drop))?;
        }),
    )
    .in_windows()
    .prepared(|_, _| enable_interrupt())
    .with_handler(|isr, objects| objects.there.send_from_isr(isr, 1)),
    operation(
        "isr-release",
        each!(|task, objects, i| {
            bench_window_begins();
            interrupt();
            bench_window_ends();
            task.transaction(|tx| objects.units.try_acquire(tx))?;
        }),
    )
    .in_windows()
    .prepared(|_, _| enable_interrupt())
    .with_handler(|isr, objects| objects.units.release_from_isr(isr)),
    operation(
        "isr-receive",
        each!(|task, objects, i| {
            task.transaction(|tx| objects.there.try_send(tx, i))?;
            bench_window_begins();
            interrupt();
            bench_window_ends();
        }),
    )
    .in_windows()
    .prepared(|_, _| enable_interrupt())
    .with_handler(|isr, objects| objects.there.receive_from_isr(isr).map(drop)),
    operation(
        "isr-event",
        each!(|task, objects, i| {
            bench_window_begins();
            interrupt();
            bench_window_ends();
            task.transaction(|tx| objects.events.clear(tx, 1).map(drop))?;
        }),
    )
    .in_windows()
    .prepared(|_, _| enable_interrupt())
    .with_handler(|isr, objects| objects.events.set_from_isr(isr, 1).map(drop)),
    operation("isr-wakes", each!(|task, objects, i| interrupt()))
        .prepared(|_, _| enable_interrupt())
        .with_handler(|isr, objects| objects.there.send_from_isr(isr, 1))
        .with_above(again!(|tx, objects| objects
            .there
            .receive(tx, FOREVER)
            .map(drop))),
];

/// The more urgent task.
fn peer(tx: &Tx<Bench>) -> Result<TaskId, Error> {
    tx.task_named("above").ok_or(Outcome::NoSuchTask.into())
}

/// An interrupt of the machine that nothing else uses.
const IRQ: u32 = 20;
/// Enables interrupts.
const NVIC_ISER0: usize = 0xE000_E100;
/// Makes interrupts pending.
const NVIC_ISPR0: usize = 0xE000_E200;
/// Their priorities, a byte each.
const NVIC_IPR: usize = 0xE000_E400;

/// Gives the interrupt a priority at which it may use the kernel.
#[allow(clippy::unnecessary_wraps)] // what an operation prepares may fail
fn enable_interrupt() -> Result<(), Error> {
    let priority = ptr::with_exposed_provenance_mut::<u8>(NVIC_IPR + IRQ as usize);
    let enable = ptr::with_exposed_provenance_mut::<u32>(NVIC_ISER0);
    // SAFETY: registers of the interrupt controller: they enable an interrupt that has a handler.
    unsafe {
        priority.write_volatile(0x80);
        enable.write_volatile(1 << IRQ);
    }
    Ok(())
}

/// Has it handled now.
fn interrupt() {
    let pending = ptr::with_exposed_provenance_mut::<u32>(NVIC_ISPR0);
    // SAFETY: as above; the barriers wait until it is taken.
    unsafe {
        pending.write_volatile(1 << IRQ);
        core::arch::asm!("dsb", "isb", options(nostack, preserves_flags));
    }
}
