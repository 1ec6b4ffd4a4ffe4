//! What the single crates do, with results that do not depend on power losses.
//!
//! | scenario | crate | what it exercises |
//! | --- | --- | --- |
//! | [`Meter`] | `nvm-core` | one value whose fields fit together, by double buffering |
//! | [`Transfers`] | `nvm-tx` | transactions with four writes, one of them in a larger object |
//! | [`Pointers`] | `nvm-ptr` | an array written first and not logged, a total that is logged, a vector that grows |
//! | [`Events`] | `nvm-alloc` | allocating and freeing, each in a transaction with the list of what is allocated; a transaction that aborts |
//! | [`Order`] | `nvm-list` | inserting in order, to both ends, removing, and taking from the front |
//! | [`Hours`] | `replay` | a persistent loop with a sample, a result and a transaction in each iteration |

mod events;
mod hours;
mod meter;
mod order;
mod pointers;
mod transfers;

pub use events::Events;
pub use hours::Hours;
pub use meter::Meter;
pub use order::Order;
pub use pointers::Pointers;
pub use transfers::Transfers;
