//! Why a run comes to no end.

use std::fmt;

use intos::host::HostError;

/// Why a run comes to no end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunError {
    /// The power goes before anything is committed, again and again.
    Livelock {
        /// The task that does not come on; `None`: none is even started.
        task: Option<&'static str>,
        /// How often in a row the power came back in vain.
        starts: u16,
    },
    /// The program could not go on.
    Program(HostError),
}

impl From<HostError> for RunError {
    fn from(error: HostError) -> Self {
        match error {
            HostError::NoProgress { task, starts } => Self::Livelock {
                task: Some(task),
                starts,
            },
            other => Self::Program(other),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Livelock {
                task: Some(task),
                starts,
            } => write!(
                f,
                "livelock: task `{task}` was started {starts} times in a row without committing anything; the power \
                 goes too soon for one of its transactions: give --losses-every a longer duration"
            ),
            Self::Livelock { task: None, starts } => write!(
                f,
                "livelock: the power came back {starts} times in a row, and no task committed anything; it goes too \
                 soon: give --losses-every a longer duration"
            ),
            Self::Program(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}
