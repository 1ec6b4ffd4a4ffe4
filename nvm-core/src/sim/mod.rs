//! The simulator: an NVM in ordinary memory that counts every access, cuts the power before any
//! store, and explores every cut of a scenario.
//!
//! ```
//! use nvm_core::sim::Explorer;
//! use nvm_core::{Class, Nvm};
//!
//! // Two words that must always be equal, stored one after the other: not crash-consistent.
//! let report = Explorer::<4>::new("two words", 64).explore(
//!     |nvm| nvm.write(Class::Data, 0, &[0; 8]).unwrap(),
//!     |nvm| {
//!         nvm.write_u32(Class::Data, 0, 7).unwrap();
//!         nvm.write_u32(Class::Data, 4, 7).unwrap();
//!     },
//!     |_| {},
//!     |nvm| {
//!         let (a, b) = (nvm.read_u32(0).unwrap(), nvm.read_u32(4).unwrap());
//!         if a == b { Ok(()) } else { Err(format!("{a} != {b}")) }
//!     },
//! );
//! assert_eq!(report.failures().len(), 1); // the cut between the two
//! ```

mod counters;
mod difference;
mod explorer;
mod nvm;
mod power;
mod report;
mod search;
mod volatile;

pub use counters::{ClassCounters, Counters};
pub use difference::{AreaDifference, ObjectDifference};
pub use explorer::Explorer;
pub use nvm::{Access, SimNvm, StoreRecord};
pub use power::{PowerLoss, until_power_loss};
pub use report::{Expectation, Failure, Report};
pub use volatile::Volatile;

/// Runs a block once for each `ATOM` (1, 2 and 4), named as you say: `for_each_atom!(ATOM => { … })`.
#[macro_export]
macro_rules! for_each_atom {
    ($atom:ident => $body:block) => {{
        {
            const $atom: usize = 1;
            $body
        }
        {
            const $atom: usize = 2;
            $body
        }
        {
            const $atom: usize = 4;
            $body
        }
    }};
}
