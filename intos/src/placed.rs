//! What a program has placed, as it is told to tools on an ordinary computer: on a device there is none of this.

/// An object that a program has placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Its name.
    pub(crate) name: String,
    /// What it is.
    pub(crate) kind: PlacedKind,
    /// Where it lies.
    pub(crate) offset: u32,
    /// How many bytes it takes.
    pub(crate) bytes: u32,
}

/// What a program can place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlacedKind {
    /// Plain data.
    Object {
        /// Its type.
        type_name: &'static str,
        /// Its bytes, without those up to the next multiple of 4.
        bytes: u32,
    },
    /// Bytes that the program formats.
    Area,
    /// A queue.
    Queue {
        /// How many items it holds at most.
        capacity: u16,
        /// Bytes of an item.
        item_bytes: u32,
        /// An item's type.
        type_name: &'static str,
    },
    /// A semaphore.
    Semaphore {
        /// How many units it has at most.
        maximum: u32,
    },
    /// A mutex.
    Mutex {
        /// Whether its holder may lock it again.
        recursive: bool,
    },
    /// An event group.
    EventGroup,
    /// A service of software timers.
    Timers,
    /// A software timer.
    Timer {
        /// Where its service lies.
        service: u32,
        /// Whether it goes on when it has expired.
        repeats: bool,
    },
    /// A buffer of bytes.
    StreamBuffer {
        /// How many bytes it holds at most.
        capacity: u16,
    },
    /// A buffer of messages.
    MessageBuffer {
        /// How many bytes it holds at most, lengths included.
        capacity: u16,
    },
    /// A heap; nothing where its area is too small for one.
    Heap(Option<nvm_alloc::Heap>),
}

impl PlacedKind {
    /// Its name, in the field's words.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Object { .. } => "object",
            Self::Area => "area",
            Self::Queue { .. } => "queue",
            Self::Semaphore { .. } => "semaphore",
            Self::Mutex { recursive: false } => "mutex",
            Self::Mutex { recursive: true } => "recursive mutex",
            Self::EventGroup => "event group",
            Self::Timers => "timer service",
            Self::Timer { .. } => "timer",
            Self::StreamBuffer { .. } => "stream buffer",
            Self::MessageBuffer { .. } => "message buffer",
            Self::Heap(_) => "heap",
        }
    }
}
