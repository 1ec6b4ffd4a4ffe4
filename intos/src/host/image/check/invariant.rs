//! What must hold in an image, by name.

use serde::Serialize;

/// An invariant of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Invariant {
    /// The region's header is whole, and the program's.
    Header,
    /// The region has the size that it was formatted with.
    Size,
    /// Of an undo log's two commit words one follows the other.
    CommitWords,
    /// An undo log tells of deferred stores by a sequence number.
    DeferredStores,
    /// The entries of an undo log are whole, and about bytes that there are.
    LogEntries,
    /// The log of list operations holds operations on lists and nodes that there are.
    ListWork,
    /// The follow-up is one that there is, for tasks and lists that there are.
    FollowUp,
    /// The next start can recover what a power loss interrupted.
    Recovery,
    /// The two cells of the tick belong together.
    Tick,
    /// The running task is one of the program's.
    RunningTask,
    /// A task's control block holds what it can hold.
    ControlBlock,
    /// The nodes of a list link to each other in both directions, and say that they are in it.
    ListLinks,
    /// A list's head has the label of its kind.
    ListLabel,
    /// A sorted list is sorted, by the keys that its nodes must have.
    ListOrder,
    /// A node that says that it is in a list is in that list.
    ListMembership,
    /// A task is in the lists that fit its state, and in no other.
    TaskState,
    /// A task's priority is its own, or the most urgent one of those who wait for its mutexes.
    InheritedPriority,
    /// A task that waits is in the midst of a system call, whose result has its place.
    BlockedCall,
    /// A mutex is held by a task that there is.
    MutexHolder,
    /// A contended mutex is in the chain of its holder.
    MutexChain,
    /// Counts and positions of a queue are in range; tasks wait only for what is not there.
    Queue,
    /// A semaphore's count is in range; tasks wait only while it is 0.
    Semaphore,
    /// An event group has no bits but those that there are; nobody waits for bits that are set.
    EventGroup,
    /// A timer has a number, a kind and a period that it can have, and one task serves it.
    Timer,
    /// Counts and positions of a buffer are in range; one task waits at an end.
    Buffer,
    /// A heap is formatted, with the size of its area.
    HeapHeader,
    /// A heap's map is made of blocks, each with its begin and its end.
    HeapMap,
    /// A thread's marks are such as commits publish.
    ReplayTables,
    /// The starts without a commit are counted in the words of their parity.
    Progress,
}

impl Invariant {
    /// What to do where it does not hold.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Header => {
                "The kernel will not start from this image. Restore a copy of it, start the program that wrote it, \
                 or let the program format the memory, which loses what is in it."
            }
            Self::Size => {
                "The image was truncated or extended: take it out of the memory again, whole."
            }
            Self::HeapHeader | Self::Recovery => {
                "The next start ends with an error. Restore a copy of the image, or let the program format the memory."
            }
            _ => {
                "The image is damaged: restore a copy, or let the program format the memory. If the memory is known to \
                 be good, the kernel did this: please report it with the image."
            }
        }
    }
}
