//! Random programs on the INTOS kernel over random preemption, interrupts and power losses, each held against a
//! plain model of the kernel step by step.
//!
//! A [history](history::run) is a program from its first boot to its end, drawn from a seed: 2 to 16 tasks and
//! perhaps some that are created, of random priorities, that make random system calls on all objects. The world
//! outside ([`world`]) is told of each commit with no access to NVM in between; it lets the model do the same,
//! and compares: whether the call blocks, what it answers, who runs, and at each switch the state and priority
//! of every task and the contents of every object. A power loss never touches the world: whatever was committed
//! must be there after it, and nothing else.
//!
//! `cargo xtask simulate --seeds 0..100000` runs many; a failure prints the line that repeats it.
//!
//! | module | owns |
//! | --- | --- |
//! | [`op`] | calls and answers as plain data |
//! | [`plan`] | programs, and how they are drawn |
//! | [`model`] | what the kernel must do |
//! | [`world`] | the model beside the machine |
//! | [`program`] | the program that does what its plan says |
//! | [`history`] | one history |
//! | [`cases`] | each system call in each situation |
//! | [`explore`] | a program that is cut before every store |
#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    reason = "a test harness: an index that is wrong fails the test"
)]

pub mod cases;
pub mod explore;
pub mod history;
pub mod model;
pub mod op;
pub mod plan;
pub mod program;
pub mod world;
