//! A running transaction of a task, and its system calls.

use core::fmt;
use core::ops::{Deref, DerefMut};

use intos_sched::{Call, Error, Port, SystemCalls, TaskIndex};
use replay::Site;

use crate::board::Board;
use crate::kernel::Kernel;

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
                let site = Site::here();
                let system = self.tx.system();
                if let Some(tick) = system.bypass(site)? {
                    return Ok(tick);
                }
                let kernel = self.kernel;
                let tick = kernel.port.critical(|| kernel.scheduler.now())?;
                Ok(system.complete(site, |_| Ok(tick))?)
            }

            /// Delays the task for so many ticks, at most [`MAX_TICKS`](crate::MAX_TICKS).
            #[track_caller]
            pub fn delay(&mut self, ticks: u32) -> Result<(), Error> {
                self.delay_at(Site::here(), ticks)
            }

            pub(crate) fn delay_at(&mut self, site: Site, ticks: u32) -> Result<(), Error> {
                self.call(site).run(|call| {
                    let until = call.scheduler().tick_in(ticks)?;
                    call.delay_until(until)
                })
            }

            /// Delays the task until a tick; not at all where it has come: where it is at most
            /// [`MAX_TICKS`](crate::MAX_TICKS) ago, for the tick counts on from 0 after `u32::MAX`.
            #[track_caller]
            pub fn delay_until(&mut self, tick: u32) -> Result<(), Error> {
                self.call(Site::here()).run(|call| call.delay_until(tick))
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

            fn call(&mut self, site: Site) -> Call<'_, B::Nvm, B::Port> {
                Call::new(
                    &self.kernel.scheduler,
                    &self.kernel.port,
                    self.task,
                    self.tx.system(),
                    site,
                )
            }
        }
    };
}

task_transaction! {
    /// A running transaction: [`replay::Tx`] with the kernel's system calls. Pass it to the methods of
    /// [`Queue`](crate::Queue) and [`Semaphore`](crate::Semaphore).
    Tx
}

task_transaction! {
    /// A running transaction that cannot abort: [`replay::WriteFirstTx`] with the kernel's system calls.
    WriteFirstTx
}
