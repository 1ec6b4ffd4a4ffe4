//! What has to be done after the commit of a system call and cannot be said by a few list operations: it may
//! concern any number of tasks. One record says what it is; each step of it can be repeated.
//!
//! | bytes from the area's end | field |
//! | --- | --- |
//! | -11..-7 | `c`: 4 bytes, in the records of some kinds |
//! | -7..-5 | `b`: 2 bytes, in the records of some kinds |
//! | -5..-3 | `a`: 2 bytes |
//! | -3..-1 | tag: with which commit it is in force |
//! | -1 | kind; bit 7: in force without a commit; 0: nothing to do |
//!
//! | store | power lost after it: the next start |
//! | --- | --- |
//! | fields, tag | nothing to do: the kind was 0 |
//! | kind | discards it: the commit did not come; with bit 7, does it |
//! | the commit of the system call | does it, after the list work of the same commit |
//! | each step | does all steps anew: those that were done are found done |
//! | kind = 0 | nothing to do |
//!
//! | kind | steps | found done by |
//! | --- | --- | --- |
//! | `WakeAll` | for each task of a list: its result, its wake-up; then as `Settle` | it has left the list |
//! | `Settle` | for each task from one on to the last that is waited for: its priority, its place in its lists | they are as they should be |
//! | `Bury` | the task leaves its lists; its transaction is rolled back; its mutexes are handed over; then as `Settle` | it is in no list, its log is empty, it holds none |
//! | `Object` | up to the object's crate | |

use nvm_core::{Area, Class, Nvm, RawOffset, ablation, of_words};
use nvm_list::List;

use crate::areas::FOLLOW_UP;
use crate::broken::{self, Variant};
use crate::error::{Error, ErrorKind, Outcome};
use crate::mutex::MutexWork;
use crate::scheduler::Scheduler;
use crate::task::TaskIndex;

/// Bytes of the area.
pub(crate) const FOLLOW_UP_BYTES: RawOffset = 12;

pub(crate) const NOTHING: u8 = 0;
const WAKE_ALL: u8 = 1;
const SETTLE: u8 = 2;
const BURY: u8 = 3;
/// The kinds from here on are objects'.
const OBJECT: u8 = 0x10;
pub(crate) const IN_FORCE: u8 = 0x80;
/// In place of a task's index.
const NOBODY: u8 = 0xFF;

/// What is to be done after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowUp {
    /// Wakes all who wait in a list, with an outcome; then sees to the priority of a task.
    WakeAll {
        /// The list.
        list: List,
        /// What they are woken with.
        outcome: Outcome,
        /// Whose priority they may have raised.
        settle: Option<TaskIndex>,
    },
    /// Sees to the priority of a task, and of those that it waits for.
    Settle {
        /// The first of them.
        task: TaskIndex,
    },
    /// Ends a task for good.
    Bury {
        /// Which one.
        task: TaskIndex,
        /// Whose priority it may have raised.
        settle: Option<TaskIndex>,
    },
    /// Something that an object of another crate does: see [`FollowUps`].
    Object(ObjectWork),
}

/// What an object does after a commit: its crate knows what the numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectWork {
    /// What is to be done: from 0 to 3.
    pub kind: u8,
    /// Where the object lies: in units of 4 bytes, in the first 256 KiB.
    pub object: u16,
    /// A number.
    pub b: u16,
    /// Another.
    pub c: u32,
}

/// Does what objects have to do after a commit. Repeated from its beginning after a power loss: each step
/// must be found done where it was.
pub type FinishObject<N> = fn(&Scheduler<N>, ObjectWork) -> Result<(), Error>;

/// Kinds of [`ObjectWork`].
const KINDS: usize = 4;

/// Which follow-ups a program's objects can make, and who does them: what no object of the program can make is not
/// linked with it. A program must always have the same ones, as it must place the same objects: its image may hold any.
#[derive(Debug)]
pub struct FollowUps<N: Nvm + Copy> {
    objects: [Option<FinishObject<N>>; KINDS],
    pub(crate) mutexes: Option<MutexWork<N>>,
}

#[allow(clippy::expl_impl_clone_on_copy)] // a derived one asks for more of the memory's type
impl<N: Nvm + Copy> Clone for FollowUps<N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N: Nvm + Copy> Copy for FollowUps<N> {}

impl<N: Nvm + Copy> FollowUps<N> {
    /// Of a kernel without objects.
    pub const NONE: Self = Self {
        objects: [None; KINDS],
        mutexes: None,
    };

    /// Those of one kind of [`ObjectWork`], too: of 0 to 3.
    pub fn add(&mut self, kind: u8, finish: FinishObject<N>) {
        if let Some(slot) = self.objects.get_mut(usize::from(kind)) {
            *slot = Some(finish);
        }
    }

    /// Those of mutexes, too: their owners' priorities, and who gets those of a task that has ended.
    pub const fn add_mutexes(&mut self) {
        self.mutexes = Some(MutexWork::ALL);
    }

    fn finish(&self, scheduler: &Scheduler<N>, work: ObjectWork) -> Result<(), Error> {
        match self.objects.get(usize::from(work.kind)) {
            Some(Some(finish)) => finish(scheduler, work),
            _ => Err(ErrorKind::Damaged {
                offset: of_words(work.object),
            }
            .error()),
        }
    }
}

/// A record's fields but the tag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) kind: u8,
    pub(crate) a: u16,
    pub(crate) b: u16,
    pub(crate) c: u32,
}

impl FollowUp {
    fn fields(self) -> Fields {
        let pair = |low: u8, task: Option<TaskIndex>| {
            u16::from_le_bytes([low, task.map_or(NOBODY, |task| task.0)])
        };
        match self {
            Self::WakeAll {
                list,
                outcome,
                settle,
            } => Fields {
                kind: WAKE_ALL,
                a: (list.head().get() / 4) as u16,
                b: pair(outcome as u8, settle),
                c: 0,
            },
            Self::Settle { task } => Fields {
                kind: SETTLE,
                a: task.0.into(),
                b: 0,
                c: 0,
            },
            Self::Bury { task, settle } => Fields {
                kind: BURY,
                a: pair(task.0, settle),
                b: 0,
                c: 0,
            },
            Self::Object(work) => Fields {
                kind: OBJECT + (work.kind & 0x3F),
                a: work.object,
                b: work.b,
                c: work.c,
            },
        }
    }

    pub(crate) fn from_fields(fields: Fields) -> Option<Self> {
        let somebody = |index| (index != NOBODY).then_some(TaskIndex(index));
        let [a_low, a_high] = fields.a.to_le_bytes();
        let [b_low, b_high] = fields.b.to_le_bytes();
        Some(match fields.kind & !IN_FORCE {
            WAKE_ALL => Self::WakeAll {
                list: List::at(nvm_core::Offset::new(of_words(fields.a))).ok()?,
                outcome: Outcome::from_code(b_low)?,
                settle: somebody(b_high),
            },
            SETTLE => Self::Settle {
                task: TaskIndex(a_low),
            },
            BURY => Self::Bury {
                task: TaskIndex(a_low),
                settle: somebody(a_high),
            },
            kind if (OBJECT..OBJECT + 0x40).contains(&kind) => Self::Object(ObjectWork {
                kind: kind - OBJECT,
                object: fields.a,
                b: fields.b,
                c: fields.c,
            }),
            _ => return None,
        })
    }
}

/// The record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FollowUpRecord {
    end: RawOffset,
}

impl FollowUpRecord {
    pub(crate) const fn at(area: Area) -> Self {
        Self {
            end: area.offset() + area.len(),
        }
    }

    pub(crate) fn format<N: Nvm>(self, nvm: &N) -> Result<(), Error> {
        self.retire(nvm)
    }

    /// Stores what is to be done after the commit that a tag names: 5 to 11 bytes. `None`: from now on.
    pub(crate) fn store<N: Nvm>(
        self,
        nvm: &N,
        follow_up: FollowUp,
        tag: Option<u16>,
    ) -> Result<(), Error> {
        if nvm.read_u8(self.end - 1)? != NOTHING {
            return Err(ErrorKind::Damaged {
                offset: self.end - 1,
            }
            .error());
        }
        let Fields { kind, a, b, c } = follow_up.fields();
        let in_force = if tag.is_none() { IN_FORCE } else { 0 };
        let [c0, c1, c2, c3] = c.to_le_bytes();
        let [b0, b1] = b.to_le_bytes();
        let [a0, a1] = a.to_le_bytes();
        let [t0, t1] = tag.unwrap_or(0).to_le_bytes();
        let bytes = [c0, c1, c2, c3, b0, b1, a0, a1, t0, t1, kind | in_force];
        let from = match follow_up {
            FollowUp::Object(_) => 0,
            FollowUp::WakeAll { .. } => 4,
            FollowUp::Settle { .. } | FollowUp::Bury { .. } => 6,
        };
        let used = bytes.get(from..).unwrap_or(&bytes);
        Ok(nvm.write(Class::Kernel, self.end - used.len() as RawOffset, used)?)
    }

    pub(crate) fn retire<N: Nvm>(self, nvm: &N) -> Result<(), Error> {
        Ok(nvm.write_u8(Class::Kernel, self.end - 1, NOTHING)?)
    }

    /// What is to be done, if it is in force; one whose commit did not come is retired.
    pub(crate) fn load<N: Nvm>(
        self,
        nvm: &N,
        is_committed: impl FnOnce(u16) -> Result<bool, Error>,
    ) -> Result<Option<FollowUp>, Error> {
        let kind = nvm.read_u8(self.end - 1)?;
        if kind == NOTHING {
            return Ok(None);
        }
        if kind & IN_FORCE == 0 && !is_committed(nvm.read_u16(self.end - 3)?)? {
            self.retire(nvm)?;
            return Ok(None);
        }
        if broken::is(Variant::NoFollowUp) {
            self.retire(nvm)?;
            return Ok(None);
        }
        let fields = Fields {
            kind,
            a: nvm.read_u16(self.end - 5)?,
            b: nvm.read_u16(self.end - 7)?,
            c: nvm.read_u32(self.end - 11)?,
        };
        FollowUp::from_fields(fields).map(Some).ok_or(
            ErrorKind::Damaged {
                offset: self.end - 1,
            }
            .error(),
        )
    }
}

impl<N: Nvm + Copy> Scheduler<N> {
    /// Does what is in force, and retires it.
    pub(crate) fn finish(&self, follow_up: FollowUp) -> Result<(), Error> {
        match follow_up {
            FollowUp::WakeAll {
                list,
                outcome,
                settle,
            } => {
                self.wake_all(list, outcome)?;
                if let Some(task) = settle {
                    self.settle_priorities(task)?;
                }
            }
            FollowUp::Settle { task } => self.settle_priorities(task)?,
            FollowUp::Bury { task, settle } => {
                self.bury(task)?;
                if let Some(task) = settle {
                    self.settle_priorities(task)?;
                }
            }
            FollowUp::Object(work) => self.follow_ups().finish(self, work)?,
        }
        if !ablation::CRASH_CONSISTENCY {
            return Ok(());
        }
        FOLLOW_UP.retire(self.nvm())
    }

    fn wake_all(&self, list: List, outcome: Outcome) -> Result<(), Error> {
        for _ in 0..=self.task_count() {
            let Some(task) = self.first_waiting(list)? else {
                return Ok(());
            };
            self.put_result(task, &outcome.as_record())?;
            self.wake_now(task)?;
        }
        Err(ErrorKind::Damaged {
            offset: list.head().get(),
        }
        .error())
    }
}
