//! The simulated memory.

use core::cell::{Cell, RefCell};
use core::fmt;

use super::{Counters, PowerLoss};
use crate::door::{atom_len, check_buffer};
use crate::{Class, Error, Nvm};

/// An access that the [hook](SimNvm::set_hook) sees before it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A load.
    Read,
    /// A store of one atom.
    Store,
}

/// One atomic store, as the trace keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreRecord {
    /// What it was for.
    pub class: Class,
    /// First byte stored.
    pub offset: u32,
    /// Bytes stored.
    pub len: u32,
}

impl StoreRecord {
    /// Stands for the store after the last one.
    pub(super) const NONE: Self = Self {
        class: Class::Data,
        offset: 0,
        len: 0,
    };

    pub(super) fn is_none(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Display for StoreRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, offset, len } = self;
        write!(f, "{len} B of {} at {offset:#x}", class.name())
    }
}

type Hook = Box<dyn Fn(Access)>;

/// An NVM in ordinary memory: counts, traces, and loses its power on command.
///
/// At a power loss the running program is unwound with [`PowerLoss`] (see
/// [`until_power_loss`](super::until_power_loss)); until [`power_on`](SimNvm::power_on) every
/// store is ignored, so destructors cannot repair anything.
pub struct SimNvm<const ATOM: usize> {
    memory: RefCell<Vec<u8>>,
    counters: RefCell<Counters>,
    trace: RefCell<Option<Vec<StoreRecord>>>,
    stores_left: Cell<Option<u64>>,
    powered: Cell<bool>,
    power_losses: Cell<u64>,
    unwinds: Cell<bool>,
    hook: RefCell<Option<std::rc::Rc<Hook>>>,
}

impl<const ATOM: usize> fmt::Debug for SimNvm<ATOM> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimNvm")
            .field("size", &self.size())
            .field("powered", &self.powered.get())
            .field("counters", &self.counters.borrow())
            .finish_non_exhaustive()
    }
}

impl<const ATOM: usize> SimNvm<ATOM> {
    /// A memory of `size` bytes, all 0.
    pub fn new(size: u32) -> Self {
        const { assert!(ATOM == 1 || ATOM == 2 || ATOM == 4, "ATOM is 1, 2 or 4") };
        Self {
            memory: RefCell::new(vec![0; size as usize]),
            counters: RefCell::default(),
            trace: RefCell::default(),
            stores_left: Cell::new(None),
            powered: Cell::new(true),
            power_losses: Cell::new(0),
            unwinds: Cell::new(true),
            hook: RefCell::default(),
        }
    }

    /// The whole contents.
    pub fn image(&self) -> Vec<u8> {
        self.memory.borrow().clone()
    }

    /// Replaces the contents; a shorter image leaves the rest.
    pub fn set_image(&self, image: &[u8]) {
        for (byte, new) in self.memory.borrow_mut().iter_mut().zip(image) {
            *byte = *new;
        }
    }

    /// Lets the power go before the store that follows the next `stores` atomic stores.
    pub fn cut_after(&self, stores: u64) {
        self.stores_left.set(Some(stores));
    }

    /// Takes a planned cut back.
    pub fn cut_never(&self) {
        self.stores_left.set(None);
    }

    /// Lets the power go now. Does not unwind: for a hook or a scheduler that stops the program itself.
    pub fn power_off(&self) {
        if self.powered.replace(false) {
            self.power_losses.set(self.power_losses.get() + 1);
        }
        self.stores_left.set(None);
    }

    /// Gives the power back.
    pub fn power_on(&self) {
        self.powered.set(true);
    }

    /// Whether there is power.
    pub fn is_powered(&self) -> bool {
        self.powered.get()
    }

    /// Power losses so far.
    pub fn power_losses(&self) -> u64 {
        self.power_losses.get()
    }

    /// Whether an access without power unwinds the program (the default), or is ignored, loads giving
    /// zeros: for a hook that has already stopped the program in its own way.
    pub fn set_unwinding(&self, unwinds: bool) {
        self.unwinds.set(unwinds);
    }

    /// Calls `hook` before each load and each atomic store: where a scheduler may preempt.
    pub fn set_hook(&self, hook: Option<Box<dyn Fn(Access)>>) {
        *self.hook.borrow_mut() = hook.map(std::rc::Rc::new);
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        *self.counters.borrow()
    }

    /// Starts to record every atomic store.
    pub fn start_trace(&self) {
        *self.trace.borrow_mut() = Some(Vec::new());
    }

    /// Ends the record and gives it.
    pub fn take_trace(&self) -> Vec<StoreRecord> {
        self.trace.borrow_mut().take().unwrap_or_default()
    }

    fn call_hook(&self, access: Access) {
        let hook = self.hook.borrow().clone();
        if let Some(hook) = hook {
            hook(access);
        }
    }

    /// Whether the access may happen; unwinds where the power is gone, once.
    fn has_power(&self) -> bool {
        if self.powered.get() {
            return true;
        }
        if self.unwinds.get() && !std::thread::panicking() {
            PowerLoss::strike();
        }
        false
    }
}

impl<const ATOM: usize> Nvm for SimNvm<ATOM> {
    const ATOM: usize = ATOM;

    fn size(&self) -> u32 {
        self.memory.borrow().len() as u32
    }

    fn read(&self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        check_buffer(self, offset, bytes.len())?;
        self.call_hook(Access::Read);
        if !self.has_power() {
            bytes.fill(0);
            return Ok(());
        }
        self.counters.borrow_mut().count_read(bytes.len());
        let start = offset as usize;
        bytes.copy_from_slice(&self.memory.borrow()[start..start + bytes.len()]);
        Ok(())
    }

    fn write(&self, class: Class, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        check_buffer(self, offset, bytes.len())?;
        if self.powered.get() {
            self.counters.borrow_mut().count_write(class);
        }
        let (mut at, mut rest) = (offset as usize, bytes);
        while !rest.is_empty() {
            self.call_hook(Access::Store);
            match self.stores_left.get() {
                Some(0) => self.power_off(),
                Some(left) => self.stores_left.set(Some(left - 1)),
                None => {}
            }
            if !self.has_power() {
                return Ok(());
            }
            let len = atom_len(at as u32, rest.len(), ATOM);
            self.memory.borrow_mut()[at..at + len].copy_from_slice(&rest[..len]);
            self.counters.borrow_mut().count_store(class, len);
            if let Some(trace) = self.trace.borrow_mut().as_mut() {
                trace.push(StoreRecord {
                    class,
                    offset: at as u32,
                    len: len as u32,
                });
            }
            at += len;
            rest = &rest[len..];
        }
        Ok(())
    }
}
