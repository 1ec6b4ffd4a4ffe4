//! How much work an application is asked for.

use intos::crates::nvm_core::Class;
use intos::prelude::*;

/// By how much an application's outer iterations are multiplied: a persistent object, so that one program can be asked
/// for more or less.
#[derive(Debug, Clone, Copy)]
pub struct Scale(Offset<u16>);

impl Scale {
    /// Places it: 1 at first.
    pub fn place<N: Nvm + Copy>(objects: &mut Placement<N>) -> Result<Self, Error> {
        Ok(Self(objects.object("scale", 1)?))
    }

    /// So many times the scale: a transaction of its own, for the beginning of a task. Costs 8 bytes of NVM.
    #[track_caller]
    pub fn times<B: Board>(self, task: &mut Task<B>, iterations: u32) -> Result<u32, Error> {
        let scale = task.transaction(|tx| Ok(tx.get(self.0)?))?;
        Ok(iterations.saturating_mul(scale.into()))
    }

    /// Stores it: after formatting, before the first task runs.
    pub fn set<N: Nvm>(self, nvm: &N, scale: u16) -> Result<(), Error> {
        Ok(nvm.store(Class::Data, self.0, &scale)?)
    }
}
