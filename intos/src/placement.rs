//! Places a program's objects, and gives them their first values.

use intos_ipc::{
    EventGroup, MessageBuffer, Mutex, Queue, QueueItem, RecursiveMutex, Repeat, Semaphore,
    StreamBuffer, Timer, Timers,
};
use intos_sched::{Error, ErrorKind, FollowUps};
use nvm_core::{Area, Class, Layout, Nvm, Offset, Persist, RawOffset, ablation};

use crate::heap::{Heap, from_alloc};
#[cfg(feature = "host")]
use crate::placed::{Placed, PlacedKind};

/// Places a program's objects in its region: at each start the same ones in the same order. At the first
/// boot it also stores what they begin with.
#[derive(Debug)]
pub struct Placement<N: Nvm + Copy> {
    layout: Layout,
    purpose: Purpose<N>,
    has_heap: bool,
    /// What the objects may have to do after a commit.
    follow_ups: FollowUps<N>,
    /// What was placed, for tools.
    #[cfg(feature = "host")]
    placed: Vec<Placed>,
    /// Up to where that goes.
    #[cfg(feature = "host")]
    noted_to: RawOffset,
}

/// What the objects are placed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose<N> {
    /// To know how large the region is.
    Plan,
    /// To store what they begin with.
    FirstBoot(N),
    /// To be used.
    Start(N),
}

impl<N: Nvm + Copy> Placement<N> {
    pub(crate) const fn new(layout: Layout, purpose: Purpose<N>) -> Self {
        Self {
            #[cfg(feature = "host")]
            placed: Vec::new(),
            #[cfg(feature = "host")]
            noted_to: layout.size(),
            layout,
            purpose,
            has_heap: false,
            follow_ups: FollowUps::NONE,
        }
    }

    /// Notes what was placed last.
    #[cfg(feature = "host")]
    fn note(&mut self, name: &str, kind: PlacedKind) {
        let (offset, end) = (self.noted_to, self.layout.size());
        self.noted_to = end;
        self.placed.push(Placed {
            name: name.to_owned(),
            kind,
            offset,
            bytes: end.saturating_sub(offset),
        });
    }

    /// What was placed, and the layout.
    #[cfg(feature = "host")]
    pub(crate) fn into_placed(self) -> (Vec<Placed>, Layout) {
        (self.placed, self.layout)
    }

    pub(crate) fn into_layout(self) -> Layout {
        self.layout
    }

    /// Whether a heap was placed.
    pub(crate) const fn has_heap(&self) -> bool {
        self.has_heap
    }

    /// What the objects that were placed may have to do after a commit.
    pub(crate) const fn follow_ups(&self) -> FollowUps<N> {
        self.follow_ups
    }

    /// The NVM, at the first boot.
    const fn first_boot(&self) -> Option<N> {
        match self.purpose {
            Purpose::FirstBoot(nvm) => Some(nvm),
            Purpose::Plan | Purpose::Start(_) => None,
        }
    }

    /// Places an object that begins as `first`.
    #[allow(clippy::needless_pass_by_value)] // plain data: a value reads better than a reference
    pub fn object<T: Persist>(&mut self, name: &str, first: T) -> Result<Offset<T>, Error> {
        let object = self.layout.object(name);
        #[cfg(feature = "host")]
        self.note(
            name,
            PlacedKind::Object {
                type_name: core::any::type_name::<T>(),
                bytes: size_of::<T>() as u32,
            },
        );
        ablation::note_object(object.get(), size_of::<T>() as RawOffset);
        if let Some(nvm) = self.first_boot() {
            nvm.store(Class::Data, object, &first)?;
        }
        Ok(object)
    }

    /// Places a queue of up to `capacity` items, empty at first.
    pub fn queue<T: QueueItem>(&mut self, name: &str, capacity: u16) -> Result<Queue<T>, Error> {
        intos_ipc::add_queues(&mut self.follow_ups);
        let queue = Queue::place(&mut self.layout, name, capacity);
        #[cfg(feature = "host")]
        self.note(
            name,
            PlacedKind::Queue {
                capacity: queue.capacity(),
                item_bytes: size_of::<T>() as u32,
                type_name: core::any::type_name::<T>(),
            },
        );
        if let Some(nvm) = self.first_boot() {
            queue.format(&nvm)?;
        }
        Ok(queue)
    }

    /// Places a semaphore of up to `maximum` units, of which `count` are free at first.
    pub fn semaphore(&mut self, name: &str, count: u32, maximum: u32) -> Result<Semaphore, Error> {
        let semaphore = Semaphore::place(&mut self.layout, name, maximum);
        #[cfg(feature = "host")]
        self.note(name, PlacedKind::Semaphore { maximum });
        if let Some(nvm) = self.first_boot() {
            semaphore.format(&nvm, count)?;
        }
        Ok(semaphore)
    }

    /// Places a semaphore of one unit, which is free at first or not.
    pub fn binary_semaphore(&mut self, name: &str, free: bool) -> Result<Semaphore, Error> {
        self.semaphore(name, free.into(), 1)
    }

    /// Places a mutex that nobody holds at first.
    pub fn mutex(&mut self, name: &str) -> Result<Mutex, Error> {
        self.follow_ups.add_mutexes();
        let mutex = Mutex::place(&mut self.layout, name);
        #[cfg(feature = "host")]
        self.note(name, PlacedKind::Mutex { recursive: false });
        if let Some(nvm) = self.first_boot() {
            mutex.format(&nvm)?;
        }
        Ok(mutex)
    }

    /// Places a mutex that its holder may lock again, and that nobody holds at first.
    pub fn recursive_mutex(&mut self, name: &str) -> Result<RecursiveMutex, Error> {
        self.follow_ups.add_mutexes();
        let mutex = RecursiveMutex::place(&mut self.layout, name);
        #[cfg(feature = "host")]
        self.note(name, PlacedKind::Mutex { recursive: true });
        if let Some(nvm) = self.first_boot() {
            mutex.format(&nvm)?;
        }
        Ok(mutex)
    }

    /// Places an event group with no bit set at first.
    pub fn event_group(&mut self, name: &str) -> Result<EventGroup, Error> {
        intos_ipc::add_event_groups(&mut self.follow_ups);
        let group = EventGroup::place(&mut self.layout, name);
        #[cfg(feature = "host")]
        self.note(name, PlacedKind::EventGroup);
        if let Some(nvm) = self.first_boot() {
            group.format(&nvm)?;
        }
        Ok(group)
    }

    /// Places a service of software timers.
    pub fn timers(&mut self, name: &str) -> Result<Timers, Error> {
        let timers = Timers::place(&mut self.layout, name);
        #[cfg(feature = "host")]
        self.note(name, PlacedKind::Timers);
        if let Some(nvm) = self.first_boot() {
            timers.format(&nvm)?;
        }
        Ok(timers)
    }

    /// Places a software timer of a service, which does not run at first. `number`, below 32,768, is what the
    /// task gets that serves the timers; `period` counts ticks.
    pub fn timer(
        &mut self,
        name: &str,
        timers: Timers,
        repeat: Repeat,
        number: u16,
        period: u32,
    ) -> Result<Timer, Error> {
        let timer = Timer::place(&mut self.layout, name, timers, repeat);
        #[cfg(feature = "host")]
        self.note(
            name,
            PlacedKind::Timer {
                service: timer.service(),
                repeats: timer.repeats(),
            },
        );
        if let Some(nvm) = self.first_boot() {
            timer.format(&nvm, number, period)?;
        }
        Ok(timer)
    }

    /// Places a buffer for a stream of bytes, empty at first.
    pub fn stream_buffer(&mut self, name: &str, capacity: u16) -> Result<StreamBuffer, Error> {
        intos_ipc::add_buffers(&mut self.follow_ups);
        let buffer = StreamBuffer::place(&mut self.layout, name, capacity);
        #[cfg(feature = "host")]
        self.note(
            name,
            PlacedKind::StreamBuffer {
                capacity: buffer.capacity(),
            },
        );
        if let Some(nvm) = self.first_boot() {
            buffer.format(&nvm)?;
        }
        Ok(buffer)
    }

    /// Places a buffer for messages, empty at first.
    pub fn message_buffer(&mut self, name: &str, capacity: u16) -> Result<MessageBuffer, Error> {
        intos_ipc::add_buffers(&mut self.follow_ups);
        let buffer = MessageBuffer::place(&mut self.layout, name, capacity);
        #[cfg(feature = "host")]
        self.note(
            name,
            PlacedKind::MessageBuffer {
                capacity: buffer.capacity(),
            },
        );
        if let Some(nvm) = self.first_boot() {
            buffer.format(&nvm)?;
        }
        Ok(buffer)
    }

    /// Places a heap whose blocks take up to `capacity` bytes together.
    pub fn heap(&mut self, name: &str, capacity: RawOffset) -> Result<Heap, Error> {
        let area = self
            .layout
            .area(name, nvm_alloc::Heap::area_bytes(capacity));
        #[cfg(feature = "host")]
        self.note(name, PlacedKind::Heap(nvm_alloc::Heap::at(area).ok()));
        self.has_heap = true;
        // Shared objects may lie in it, and each has a mutex.
        self.follow_ups.add_mutexes();
        let heap = match self.purpose {
            Purpose::Plan => nvm_alloc::Heap::at(area),
            Purpose::FirstBoot(nvm) => {
                nvm_alloc::Heap::format(&nvm, area).and_then(|()| nvm_alloc::Heap::at(area))
            }
            Purpose::Start(nvm) => nvm_alloc::Heap::open(&nvm, area),
        };
        match heap {
            Ok(heap) => Ok(Heap::new(heap)),
            Err(nvm_alloc::AllocError::NotAHeap { offset }) => {
                Err(ErrorKind::Damaged { offset }.error())
            }
            Err(other) => Err(from_alloc(other)),
        }
    }

    /// Places an area that the program itself formats: `first_boot` is called at the first boot only.
    pub fn area(
        &mut self,
        name: &str,
        len: RawOffset,
        first_boot: impl FnOnce(N, Area) -> Result<(), Error>,
    ) -> Result<Area, Error> {
        // The program may make a heap of it.
        self.follow_ups.add_mutexes();
        let area = self.layout.area(name, len);
        #[cfg(feature = "host")]
        self.note(name, PlacedKind::Area);
        if let Some(nvm) = self.first_boot() {
            first_boot(nvm, area)?;
        }
        Ok(area)
    }
}
