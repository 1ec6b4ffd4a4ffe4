//! Each application in each build.

use std::collections::HashMap;

use super::applications::Application;
use super::variant::Variant;
use crate::bench::emulate::{self, CLASSES, Measured};
use crate::bench::firmware::{self, Build};
use crate::bench::profile;
use crate::firmware::Image;
use crate::parallel;

/// The program that holds all applications.
const PROGRAM: &str = "applications";

/// What an application takes from the start of its first task to the end of its last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Costs {
    /// Instructions, built for little text.
    pub(super) small: u64,
    /// Bytes and stores of each class.
    pub(super) stored: [(u32, u32); CLASSES],
}

impl Costs {
    pub(super) fn bytes(&self) -> u64 {
        self.stored.iter().map(|(bytes, _)| u64::from(*bytes)).sum()
    }

    pub(super) fn stores(&self) -> u64 {
        self.stored
            .iter()
            .map(|(_, stores)| u64::from(*stores))
            .sum()
    }
}

/// What was measured.
#[derive(Debug, Default)]
pub(super) struct Results {
    costs: HashMap<(&'static str, Variant), Costs>,
    /// Instructions of the whole, built for few of them.
    fast: HashMap<&'static str, u64>,
}

impl Results {
    pub(super) fn costs(
        &self,
        application: &Application,
        variant: Variant,
    ) -> Result<Costs, String> {
        let costs = self.costs.get(&(application.name, variant)).copied();
        costs.ok_or_else(|| format!("{}: {variant:?} was not measured", application.name))
    }

    pub(super) fn fast(&self, application: &Application) -> Result<u64, String> {
        let fast = self.fast.get(application.name).copied();
        fast.ok_or_else(|| format!("{}: was not measured", application.name))
    }
}

/// Builds and runs each of them.
pub(super) fn measure(
    applications: &[&'static Application],
    variants: &[Variant],
) -> Result<Results, String> {
    let mut results = Results::default();
    for &variant in variants {
        let small = build(Build::Small, variant)?;
        let counting = build(Build::Counting, variant)?;
        let measured = each(applications, |application| {
            let costs = Costs {
                small: instructions(&run(&small, application.name)?),
                stored: run(&counting, application.name)?.stored,
            };
            Ok(((application.name, variant), costs))
        })?;
        results.costs.extend(measured);
    }
    let fast = build(Build::Fast, Variant::All)?;
    results.fast.extend(each(applications, |application| {
        let measured = run(&fast, application.name)?;
        Ok((application.name, instructions(&measured)))
    })?);
    Ok(results)
}

/// Prints in which functions the instructions of each are.
pub(super) fn profile(applications: &[&'static Application]) -> Result<(), String> {
    let image = build(Build::Small, Variant::All)?;
    for application in applications {
        profile::run(&image, application.name, "all of it")?;
    }
    Ok(())
}

fn build(build: Build, variant: Variant) -> Result<Image, String> {
    let mut images = firmware::build_without(&[PROGRAM], build, variant.left_out())?;
    images.pop().ok_or_else(|| "nothing was built".into())
}

fn each<R: Send>(
    applications: &[&'static Application],
    work: impl Fn(&'static Application) -> Result<R, String> + Sync,
) -> Result<Vec<R>, String> {
    let mut all = Ok(Vec::new());
    parallel::for_each(
        applications.len() as u64,
        None,
        |index| work(applications[index as usize]),
        |_, result| {
            match (&mut all, result) {
                (Ok(all), Ok(result)) => all.push(result),
                (_, Err(error)) => all = Err(error),
                (Err(_), Ok(_)) => {}
            }
            all.is_ok()
        },
    );
    all
}

fn run(image: &Image, application: &str) -> Result<Measured, String> {
    let measured = emulate::run(image, application, [0, 0], None)?;
    let once = measured.first().copied();
    once.ok_or_else(|| format!("{application}: the firmware measured nothing"))
}

#[allow(clippy::cast_sign_loss)]
fn instructions(measured: &Measured) -> u64 {
    emulate::instructions(measured.clocks).round() as u64
}
