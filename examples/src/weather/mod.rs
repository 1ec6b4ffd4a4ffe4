//! The quick start: a weather logger of four tasks that survives its power losses.
//!
//! ```text
//!  thermometer --> sensor --[readings]--> aggregate --[frosts]--> alarm
//!                                            |
//!                                       days, histogram --> report (once a week)
//! ```
//!
//! | module | owns |
//! | --- | --- |
//! | `program` | the table of tasks and the objects that they share |
//! | `sensor`, `aggregate`, `alarm`, `report` | a task each |
//! | `data` | what is kept in NVM |
//! | `readings` | the readings of a year, from a CSV file |
//! | `results` | what must be the same with and without power losses |
//! | `station` | the program on a host machine: simulated power losses, or the real ones of a killed process |
//! | `error` | why a run cannot be made |
//!
//! The first six are portable: they name one type parameter, the board.

mod aggregate;
mod alarm;
pub mod data;
mod error;
mod program;
pub mod readings;
mod report;
pub mod results;
mod sensor;
pub mod station;

pub use program::{Weather, WeatherBoard};
