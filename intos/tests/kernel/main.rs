//! The kernel as its users see it, on the host port: one module for each thing it offers or promises.
//!
//! One program, since each would compile the kernel again; `cargo test -p intos --test kernel queues` runs one module.
#![allow(unreachable_pub)]
#![allow(clippy::unwrap_used)] // a failure fails the test

#[macro_use]
mod common;

mod costs;
mod damaged_images;
mod diagnosis;
mod event_groups;
mod first_boot;
mod full_queue;
mod images;
mod interrupt_storm;
mod interrupted_calls;
mod interrupts;
mod message_buffers;
mod mutexes;
mod notifications;
mod power_supply;
mod priority_inheritance;
mod producer_consumer;
mod queues;
mod random_kernel;
mod recovery_cost;
mod scheduling;
mod shared_objects;
mod software_timers;
mod stream_buffers;
mod suspension;
mod task_lifecycle;
mod time_slices;
mod trace;
