//! The applications of the paper on the host, with power losses: what the command `apps` runs.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`list`] | which applications there are, one a line |
//! | [`plain`] | their computations, written plainly |
//! | [`application`] | an application, whatever its type |
//! | [`duration`] | durations, as accesses to the NVM |
//! | [`supply`] | when the power goes |
//! | [`run`] | a run, from a blank NVM to the end of all tasks |
//! | [`check`] | runs with power losses, and whether their results are right |
//! | [`report`] | the tables |
//! | [`error`] | why a run comes to no end |

pub mod application;
pub mod check;
pub mod duration;
pub mod error;
pub mod list;
pub mod plain;
pub mod report;
pub mod run;
pub mod supply;
