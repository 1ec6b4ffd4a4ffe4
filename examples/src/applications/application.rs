//! An application, whatever its type.

use std::fmt::Debug;

use example_applications::{self as applications, RESULTS, Results};
use intos::Program;
use intos::host::Host;
use nvm_core::sim::SimNvm;

use super::error::RunError;
use super::run::{self, Order, Run};
use super::supply::Supply;

/// The NVM of a run: in ordinary memory.
pub type Nvm = SimNvm<4>;

/// What can be run on the host.
pub trait OnHost:
    applications::Application + Copy + Debug + for<'m> Program<Host<'m, Nvm>>
{
}

impl<P: applications::Application + Copy + Debug + for<'m> Program<Host<'m, Nvm>>> OnHost for P {}

/// An application of the list.
#[derive(Debug, Clone, Copy)]
pub struct Application {
    /// Its name.
    pub name: &'static str,
    /// What its results are called.
    pub names: [&'static str; RESULTS],
    /// Its results at scale 1.
    pub expected: Results,
    /// Its results at a scale, computed plainly.
    pub plain: fn(u16) -> Results,
    run: fn(Order, &mut dyn Supply, run::Progress<'_>) -> Result<Run, RunError>,
}

impl Application {
    /// The application of a type, and its computation written plainly.
    pub const fn new<P: OnHost>(plain: fn(u16) -> Results) -> Self {
        Self {
            name: <P as Program<Host<'static, Nvm>>>::NAME,
            names: P::NAMES,
            expected: P::EXPECTED,
            plain,
            run: run::run::<P>,
        }
    }

    /// Runs it on a blank NVM.
    pub fn run(
        &self,
        order: Order,
        supply: &mut dyn Supply,
        progress: run::Progress<'_>,
    ) -> Result<Run, RunError> {
        (self.run)(order, supply, progress)
    }
}
