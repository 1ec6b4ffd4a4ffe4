//! What the simulator counted.

use core::ops::Sub;

use crate::Class;

/// Stores of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassCounters {
    /// Calls of [`Nvm::write`](crate::Nvm::write) and its relatives.
    pub writes: u64,
    /// Atomic stores: what a power loss can fall between.
    pub stores: u64,
    /// Bytes stored.
    pub bytes: u64,
}

/// Loads and stores since the simulator was made, over all power losses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls of [`Nvm::read`](crate::Nvm::read) and its relatives.
    pub reads: u64,
    /// Bytes loaded.
    pub bytes_read: u64,
    classes: [ClassCounters; Class::ALL.len()],
}

impl Counters {
    /// The stores of one class.
    pub fn class(&self, class: Class) -> ClassCounters {
        self.classes[class.index()]
    }

    /// Bytes stored, of all classes.
    pub fn bytes_written(&self) -> u64 {
        self.classes.iter().map(|class| class.bytes).sum()
    }

    /// Atomic stores, of all classes.
    pub fn stores(&self) -> u64 {
        self.classes.iter().map(|class| class.stores).sum()
    }

    /// Counts a load of so many bytes: for simulators of whole machines.
    pub fn count_read(&mut self, bytes: usize) {
        self.reads += 1;
        self.bytes_read += bytes as u64;
    }

    /// Counts a call of [`Nvm::write`](crate::Nvm::write).
    pub fn count_write(&mut self, class: Class) {
        self.class_mut(class).writes += 1;
    }

    /// Counts an atomic store of so many bytes.
    pub fn count_store(&mut self, class: Class, bytes: usize) {
        let counters = self.class_mut(class);
        counters.stores += 1;
        counters.bytes += bytes as u64;
    }

    fn class_mut(&mut self, class: Class) -> &mut ClassCounters {
        &mut self.classes[class.index()]
    }
}

impl Sub for Counters {
    type Output = Self;

    /// What was counted since `earlier`.
    fn sub(self, earlier: Self) -> Self {
        let mut classes = self.classes;
        for (class, earlier) in classes.iter_mut().zip(earlier.classes) {
            class.writes -= earlier.writes;
            class.stores -= earlier.stores;
            class.bytes -= earlier.bytes;
        }
        Self {
            reads: self.reads - earlier.reads,
            bytes_read: self.bytes_read - earlier.bytes_read,
            classes,
        }
    }
}
