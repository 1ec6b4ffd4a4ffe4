//! One program for each crate used alone: what each keeps in NVM, and what makes that survive. `src/bin` has what uses
//! them; `--bin image` knows their images by the descriptions here.

pub mod door;
pub mod energy;
pub mod events;
pub mod settings;
pub mod store;
pub mod update;
