//! A power loss: the program stops where it is.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The power went. What a simulated program is stopped with: it cannot be caught by `?` or a retry
/// loop, and nothing that destructors do on the way reaches the NVM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerLoss;

impl PowerLoss {
    /// Stops the program, up to the nearest [`until_power_loss`]: for simulators of whole machines.
    pub fn strike() -> ! {
        resume_unwind(Box::new(PowerLoss))
    }
}

/// Runs a program until it ends or the power goes. Any other panic goes on.
pub fn until_power_loss<R>(program: impl FnOnce() -> R) -> Result<R, PowerLoss> {
    catch_unwind(AssertUnwindSafe(program)).map_err(|payload| {
        match payload.downcast::<PowerLoss>() {
            Ok(power_loss) => *power_loss,
            Err(other) => resume_unwind(other),
        }
    })
}
