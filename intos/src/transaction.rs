//! A running transaction of a task, and its system calls.

use core::fmt;
use core::ops::{Deref, DerefMut};

use intos_sched::{
    Call, CallName, Error, ErrorKind, Outcome, Port, Progress, Span, SystemCalls, TaskId,
    TaskIndex, TaskState, Work,
};
use nvm_core::{Class, Nvm, Offset, Persist, RawOffset};
use replay::Site;

use crate::board::Board;
use crate::heap::HeapTransaction;
use crate::kernel::Kernel;
use crate::program::TaskKind;

macro_rules! task_transaction {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<'t, 'r, B: Board> {
            tx: &'t mut replay::$name<'r, B::Nvm>,
            kernel: &'t Kernel<B>,
            task: TaskIndex,
        }

        impl<B: Board> fmt::Debug for $name<'_, '_, B> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("task", &self.task)
                    .finish_non_exhaustive()
            }
        }

        impl<'t, 'r, B: Board> $name<'t, 'r, B> {
            pub(crate) fn new(
                tx: &'t mut replay::$name<'r, B::Nvm>,
                kernel: &'t Kernel<B>,
                task: TaskIndex,
            ) -> Self {
                Self { tx, kernel, task }
            }

            /// The tick, recorded: a repeated transaction gets the same.
            #[track_caller]
            pub fn now(&mut self) -> Result<u32, Error> {
                self.call(Site::here(), &"task.now").run(|call| {
                    let tick = call.scheduler().now()?;
                    call.answer(tick)
                })
            }

            /// Delays the task for so long: `20` ticks, at most [`MAX_TICKS`](crate::MAX_TICKS), or
            /// `20.millis()`.
            #[track_caller]
            pub fn delay(&mut self, span: impl Into<Span>) -> Result<(), Error> {
                let span = span.into();
                self.call(Site::here(), &"task.delay")
                    .run(|call| call.delay(span))
            }

            /// Delays the task until a tick; not at all where it has come: where it is at most
            /// [`MAX_TICKS`](crate::MAX_TICKS) ago, for the tick counts on from 0 after `u32::MAX`.
            #[track_caller]
            pub fn delay_until(&mut self, tick: u32) -> Result<(), Error> {
                self.call(Site::here(), &"task.delay_until")
                    .run(|call| call.delay_until(tick))
            }

            /// Creates a task of a kind, with an argument: it is there when the call has committed, whether
            /// or not the transaction commits later. Costs 72 bytes of NVM and the argument's, with the call's
            /// record and commit.
            ///
            /// # Errors
            ///
            /// [`Outcome::NoFreeSlot`] where as many of the kind are there as can be;
            /// [`ErrorKind::WrongKind`](intos_sched::ErrorKind::WrongKind) where the program's table has no such kind at its index.
            #[track_caller]
            #[allow(clippy::needless_pass_by_value)] // plain data: a value reads better than a reference
            pub fn create<A: Persist>(
                &mut self,
                kind: TaskKind<A>,
                argument: A,
            ) -> Result<TaskId, Error> {
                let kernel = self.kernel;
                let created: Result<TaskId, Outcome> = self
                    .call(Site::here(), &"task.create")
                    .run(|call| attempt_create(kernel, call, kind, &argument))?;
                Ok(created?)
            }

            /// The task of the program's table that has this name: of those that are ready at the first boot.
            /// Nothing is stored.
            pub fn task_named(&self, name: &str) -> Option<TaskId> {
                let index = self.kernel.table.named(name)?;
                Some(TaskId::new(index, 0))
            }

            /// The name of a task's entry in the program's table. Nothing is stored.
            pub fn name_of(&self, task: TaskId) -> Option<&'static str> {
                Some(self.kernel.table.slot(task.index()).ok()?.name)
            }

            /// The task that runs the transaction.
            pub fn this_task(&self) -> Result<TaskId, Error> {
                self.kernel.scheduler.id(self.task)
            }

            /// The port, for devices of the program's own: take inputs through
            /// [`sample`](replay::Tx::sample).
            pub const fn port(&self) -> &'t B::Port {
                &self.kernel.port
            }

            /// Runs `section` without preemption by other tasks: for objects that tasks share without a
            /// lock, such as a heap. A power loss may fall into it all the same. It gets the transaction
            /// without the kernel's system calls: a task must not block in a critical section.
            pub fn critical<R>(
                &mut self,
                section: impl FnOnce(&mut replay::$name<'r, B::Nvm>) -> R,
            ) -> R {
                let tx = &mut *self.tx;
                self.kernel.port.critical(|| section(tx))
            }
        }

        impl<'t, 'r, B: Board> Deref for $name<'t, 'r, B> {
            type Target = replay::$name<'r, B::Nvm>;

            fn deref(&self) -> &Self::Target {
                self.tx
            }
        }

        impl<B: Board> DerefMut for $name<'_, '_, B> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                self.tx
            }
        }

        impl<B: Board> SystemCalls for $name<'_, '_, B> {
            type Nvm = B::Nvm;
            type Port = B::Port;

            fn call(&mut self, site: Site, name: CallName) -> Call<'_, B::Nvm, B::Port> {
                Call::new(
                    &self.kernel.scheduler,
                    &self.kernel.port,
                    self.task,
                    self.tx.system(),
                    site,
                    name,
                )
            }
        }

        impl<B: Board> HeapTransaction for $name<'_, '_, B> {
            type Nvm = B::Nvm;

            fn undisturbed<R>(
                &mut self,
                section: impl FnOnce(&mut nvm_tx::Tx<'_, B::Nvm>) -> R,
            ) -> R {
                let tx = &mut *self.tx;
                self.kernel.port.critical(|| section(tx))
            }
        }
    };
}

task_transaction! {
    /// A running transaction: [`replay::Tx`] with the kernel's system calls. Pass it to the methods of
    /// [`Queue`](crate::Queue) and all other objects.
    Tx
}

task_transaction! {
    /// A running transaction that cannot abort: [`replay::WriteFirstTx`] with the kernel's system calls.
    WriteFirstTx
}

fn attempt_create<B: Board, A: Persist>(
    kernel: &Kernel<B>,
    call: &mut Call<'_, B::Nvm, B::Port>,
    kind: TaskKind<A>,
    argument: &A,
) -> Result<Progress<Result<TaskId, Outcome>>, Error> {
    let scheduler = call.scheduler();
    let slots = kernel
        .table
        .slots(kind.index())
        .filter(|slots| slots.argument_bytes == size_of::<A>() as RawOffset)
        .ok_or(
            ErrorKind::WrongKind {
                index: kind.index() as u8,
            }
            .error(),
        )?;
    for slot in (slots.first..slots.first.saturating_add(slots.count)).map(TaskIndex) {
        if scheduler.state(slot)? != TaskState::Ended {
            continue;
        }
        let place = kernel.table.slot(slot)?;
        let at = Offset::new(place.argument.offset());
        let mut work = Work::none();
        let store = || Ok(scheduler.nvm().store(Class::Kernel, at, argument)?);
        let task = scheduler.prepare_task(slot, place.areas(), slots.priority, &mut work, store)?;
        return call.complete(&work, |kernel| Ok(Ok(task.carry_out(kernel)?)));
    }
    call.answer(Err(Outcome::NoFreeSlot))
}
