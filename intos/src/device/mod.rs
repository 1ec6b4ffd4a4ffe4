//! What the ports for microcontrollers have in common. Each build has one of them, which is `crate::arch` here.
//!
//! | module | owns |
//! | --- | --- |
//! | `machine` | what the shared code must know of a board |
//! | `failure` | [`Failure`](failure::Failure): why a program cannot go on |
//! | `fram` | [`Fram`](fram::Fram): the NVM of a board |
//! | `system` | what the handlers must know: the running kernel, without its program's type |
//! | `stacks` | the memory of the stacks, and who has which |
//! | `measure` | [`stack_use`](measure::stack_use): how much of the stacks was used |
//! | `flag` | a flag that handlers share with tasks |
//! | `shared_section` | the implementation of the crate `critical-section` |
#![allow(unsafe_code)]

pub(crate) mod failure;
pub(crate) mod flag;
pub(crate) mod fram;
pub(crate) mod machine;
pub(crate) mod measure;
#[cfg(feature = "critical-section")]
mod shared_section;
pub(crate) mod stacks;
pub(crate) mod system;
