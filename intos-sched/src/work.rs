//! What a system call's commit puts in force besides its objects: list work, and perhaps a follow-up.

use nvm_core::Nvm;
use nvm_list::{List, ListErrorKind, Operation};

use crate::areas::{self, OPERATIONS};
use crate::call::Wait;
use crate::error::{Error, ErrorKind, Outcome};
use crate::follow_up::FollowUp;
use crate::scheduler::Scheduler;
use crate::task::TaskIndex;
use crate::time::Half;

/// What a system call does besides changing objects, in force with its commit: list work, and what has to be
/// done after that ([`FollowUp`]).
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Work {
    operations: heapless::Vec<Operation, OPERATIONS>,
    follow_up: Option<FollowUp>,
}

impl Work {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Nothing but a follow-up.
    pub fn followed_by(follow_up: FollowUp) -> Self {
        Self {
            follow_up: Some(follow_up),
            ..Self::default()
        }
    }

    /// What goes with the deletion of an object: those who wait for it, in one of these lists, are woken with
    /// [`Outcome::Deleted`]. Only one of the lists may hold somebody.
    pub fn of_deletion<N: Nvm>(
        nvm: &N,
        lists: impl IntoIterator<Item = List>,
    ) -> Result<Self, Error> {
        let mut work = Self::none();
        for list in lists {
            if !list.is_empty(nvm)? {
                work.set_follow_up(FollowUp::WakeAll {
                    list,
                    outcome: Outcome::Deleted,
                    settle: None,
                });
            }
        }
        Ok(work)
    }

    /// Adds a follow-up: one at most.
    pub const fn set_follow_up(&mut self, follow_up: FollowUp) {
        self.follow_up = Some(follow_up);
    }

    /// Adds a list operation.
    ///
    /// # Errors
    ///
    /// Where there are more than the operation log has room for.
    // Where a `usize` has 16 bits text counts most: one copy.
    #[cfg_attr(target_pointer_width = "16", inline(never))]
    pub fn push(&mut self, operation: Operation) -> Result<(), Error> {
        self.operations.push(operation).map_err(|_| {
            ErrorKind::List(ListErrorKind::TooManyOperations {
                operations: OPERATIONS as u16 + 1,
                capacity: OPERATIONS as u16,
            })
            .error()
        })
    }

    /// Makes a delayed or blocked task ready; one that is suspended, as soon as it is resumed. Up to two
    /// operations.
    pub fn wake<N: Nvm + Copy>(
        &mut self,
        scheduler: &Scheduler<N>,
        task: TaskIndex,
    ) -> Result<(), Error> {
        let (state, event) = (scheduler.state_node(task)?, scheduler.event_node(task)?);
        if event.is_linked(scheduler.nvm())? {
            self.push(Operation::Remove { node: event })?;
        }
        let delayed = state.is_linked(scheduler.nvm())?;
        if scheduler.settings(task)?.is_suspended() {
            if delayed {
                self.push(Operation::Remove { node: state })?;
            }
            return Ok(());
        }
        let list = areas::ready_list(scheduler.priority(task)?)?;
        self.push(if delayed {
            Operation::MoveBack { list, node: state }
        } else {
            Operation::PushBack { list, node: state }
        })
    }

    /// Blocks a ready task: in a wait list, by its class, its priority and then in the order of coming; in
    /// the delay list until a tick; or in both.
    pub(crate) fn block<N: Nvm + Copy>(
        &mut self,
        scheduler: &Scheduler<N>,
        task: TaskIndex,
        wait: Option<Wait>,
        until: Option<u32>,
    ) -> Result<(), Error> {
        let node = scheduler.state_node(task)?;
        self.push(match until {
            Some(key) => Operation::MoveSorted {
                list: areas::delayed(Half::of(key)),
                node,
                key,
            },
            None => Operation::Remove { node },
        })?;
        if let Some(Wait { list, class }) = wait {
            self.push(Operation::InsertSorted {
                list,
                node: scheduler.event_node(task)?,
                key: class.key(scheduler.priority(task)?.0),
            })?;
        }
        Ok(())
    }

    /// The list operations in order.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    pub(crate) const fn follow_up(&self) -> Option<FollowUp> {
        self.follow_up
    }

    /// Whether there is nothing to do.
    pub fn is_none(&self) -> bool {
        self.operations.is_empty() && self.follow_up.is_none()
    }
}

/// Which tasks of a wait list come first: all of a class before all of the next, each by priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum WaitClass {
    /// Those who only look at what comes, and take nothing away from the others.
    Onlookers = 0x7F,
    /// All others.
    Takers = 0xFF,
}

impl WaitClass {
    /// The key of a node in the wait list.
    pub(crate) const fn key(self, priority: u8) -> u32 {
        (self as u8).saturating_sub(priority) as u32
    }

    /// The class of a node with this key.
    pub const fn of_key(key: u32) -> Self {
        if key <= Self::Onlookers as u32 {
            Self::Onlookers
        } else {
            Self::Takers
        }
    }
}
