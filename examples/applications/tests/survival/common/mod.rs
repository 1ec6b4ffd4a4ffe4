//! Runs an application on the host machine, with power losses where a test wants them.
#![allow(unreachable_pub)]

use std::fmt::Debug;

use example_applications::{Application, Results};
use intos::host::{CycleEnd, Host, Machine, Random, Settings};
use intos::{Kernel, Program};
use nvm_core::sim::SimNvm;

type Nvm = SimNvm<4>;

/// An application on the host.
pub trait OnHost: Application + Copy + Debug + for<'m> Program<Host<'m, Nvm>> {}

impl<P: Application + Copy + Debug + for<'m> Program<Host<'m, Nvm>>> OnHost for P {}

/// Every machine: memories that store 4, 2 and 1 bytes at once, with tasks that are preempted only where they must be,
/// and with tasks that are preempted at random accesses.
pub fn machines(seed: u64) -> impl Iterator<Item = Settings> {
    [4, 2, 1].into_iter().flat_map(move |atom| {
        [0, 5].map(|preempt_one_in| Settings {
            seed,
            atom,
            preempt_one_in,
            ..Settings::default()
        })
    })
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub results: Results,
    pub losses: u64,
    pub transactions: u32,
    pub stores: u64,
}

/// Runs an application that is formatted; `next_cut` tells after how many atomic stores the power goes next, the losses
/// so far given.
pub fn run<P: OnHost>(
    settings: Settings,
    scale: u16,
    next_cut: impl FnMut(u64) -> Option<u64>,
) -> Run {
    let machine = machine::<P>(settings);
    let stopped = machine.power_cycle_with::<P>(false, |app| {
        app.set_scale(machine.nvm(), scale).unwrap();
        false
    });
    assert_eq!(stopped.unwrap(), CycleEnd::Stopped);
    finish::<P>(&machine, next_cut)
}

fn machine<P: OnHost>(settings: Settings) -> Machine<Nvm> {
    let bytes = Kernel::<Host<'_, Nvm>>::bytes_needed::<P>().unwrap();
    Machine::new(Nvm::new(bytes), settings)
}

fn finish<P: OnHost>(machine: &Machine<Nvm>, mut next_cut: impl FnMut(u64) -> Option<u64>) -> Run {
    let before = machine.counters();
    let mut app: Option<P> = None;
    loop {
        assert!(machine.power_losses() < 100_000, "it comes to no end");
        match next_cut(machine.power_losses()) {
            Some(stores) => machine.cut_after(stores),
            None => machine.cut_never(),
        }
        let end = machine.power_cycle_with::<P>(false, |placed| {
            app = Some(*placed);
            true
        });
        if end.unwrap() == CycleEnd::Ended {
            break;
        }
    }
    Run {
        results: app.unwrap().results(machine.nvm()).unwrap(),
        losses: machine.power_losses(),
        transactions: machine.statistics().run,
        stores: (machine.counters() - before).stores(),
    }
}

/// The power goes before each store from the first boot to the end, in a run of its own.
pub fn check_each_cut<P: OnHost>(settings: Settings) {
    let undisturbed = finish::<P>(&machine::<P>(settings), |_| None);
    assert_eq!(undisturbed.results, P::EXPECTED);
    for stores in 0..undisturbed.stores {
        check_cut::<P>(settings, stores);
    }
}

/// The same before so many stores that a seed chooses.
pub fn check_some_cuts<P: OnHost>(settings: Settings, cuts: u32) {
    let undisturbed = finish::<P>(&machine::<P>(settings), |_| None);
    assert_eq!(undisturbed.results, P::EXPECTED);
    let mut random = Random::new(settings.seed);
    for _ in 0..cuts {
        check_cut::<P>(settings, random.below(undisturbed.stores));
    }
}

fn check_cut<P: OnHost>(settings: Settings, stores: u64) {
    let machine = machine::<P>(settings);
    let disturbed = finish::<P>(&machine, |losses| (losses == 0).then_some(stores));
    assert_eq!(disturbed.losses, 1, "cut after {stores} stores");
    assert_eq!(
        disturbed.results,
        P::EXPECTED,
        "cut after {stores} stores, {settings:?}"
    );
}

/// The power goes again and again in one run, after less than `longest` stores of 4 bytes, or as many bytes in narrower
/// ones.
pub fn check_many_losses<P: OnHost>(settings: Settings, longest: u64) {
    let longest = longest * (4 / settings.atom as u64);
    let mut random = Random::new(settings.seed);
    let run = run::<P>(settings, 1, |_| Some(random.below(longest)));
    assert_eq!(
        run.results,
        P::EXPECTED,
        "{} losses, {settings:?}",
        run.losses
    );
    assert!(run.losses > 10, "only {} losses", run.losses);
}
