//! Places a program's objects, and gives them their first values.

use intos_ipc::{Queue, QueueItem, Semaphore};
use intos_sched::Error;
use nvm_core::{Area, Class, Layout, Nvm, Offset, Persist};

/// Places a program's objects in its region: at each start the same ones in the same order. At the first
/// boot it also stores what they begin with.
#[derive(Debug)]
pub struct Placement<N> {
    layout: Layout,
    /// Set at the first boot.
    formats: Option<N>,
}

impl<N: Nvm + Copy> Placement<N> {
    pub(crate) const fn new(layout: Layout, formats: Option<N>) -> Self {
        Self { layout, formats }
    }

    pub(crate) fn into_layout(self) -> Layout {
        self.layout
    }

    /// Places an object that begins as `first`.
    #[allow(clippy::needless_pass_by_value)] // plain data: a value reads better than a reference
    pub fn object<T: Persist>(&mut self, name: &str, first: T) -> Result<Offset<T>, Error> {
        let object = self.layout.object(name);
        if let Some(nvm) = self.formats {
            nvm.store(Class::Data, object, &first)?;
        }
        Ok(object)
    }

    /// Places a queue of up to `capacity` items, empty at first.
    pub fn queue<T: QueueItem>(&mut self, name: &str, capacity: u16) -> Result<Queue<T>, Error> {
        let queue = Queue::place(&mut self.layout, name, capacity);
        if let Some(nvm) = self.formats {
            queue.format(&nvm)?;
        }
        Ok(queue)
    }

    /// Places a semaphore of up to `maximum` units, of which `count` are free at first.
    pub fn semaphore(&mut self, name: &str, count: u32, maximum: u32) -> Result<Semaphore, Error> {
        let semaphore = Semaphore::place(&mut self.layout, name, maximum);
        if let Some(nvm) = self.formats {
            semaphore.format(&nvm, count)?;
        }
        Ok(semaphore)
    }

    /// Places an area that the program itself formats: `first_boot` is called at the first boot only.
    pub fn area(
        &mut self,
        name: &str,
        len: u32,
        first_boot: impl FnOnce(N, Area) -> Result<(), Error>,
    ) -> Result<Area, Error> {
        let area = self.layout.area(name, len);
        if let Some(nvm) = self.formats {
            first_boot(nvm, area)?;
        }
        Ok(area)
    }
}
