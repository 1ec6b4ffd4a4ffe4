//! The results are what they should be, without power losses and with one before every store.

#![allow(clippy::unwrap_used)] // a failure fails the test

use example_programs::{
    Alarm, Bare, Beat, Blocks, Checked, Hire, Inherit, Patience, Ranks, Results, Transfer, Wake,
    Workshop,
};
use intos::Program;
use intos::host::{CycleEnd, Host, Machine, Settings};
use nvm_core::sim::{SimNvm, until_power_loss};

type Nvm = SimNvm<4>;

/// The results of a program whose power goes after so many stores; `None`: it ended before.
fn run<P>(cut_after: Option<u64>) -> (Results, u64)
where
    P: Checked + for<'m> Program<Host<'m, Nvm>>,
{
    let machine = Machine::new(Nvm::new(8 * 1024), Settings::default());
    if let Some(stores) = cut_after {
        machine.cut_after(stores);
    }
    let mut results = Results::default();
    loop {
        let end = machine.power_cycle_with::<P>(false, |app| {
            results = app.results(machine.nvm()).unwrap();
            true
        });
        if end.unwrap() == CycleEnd::Ended {
            return (results, machine.power_losses());
        }
    }
}

fn check<P>()
where
    P: Checked + for<'m> Program<Host<'m, Nvm>>,
{
    assert_eq!(run::<P>(None), (P::EXPECTED, 0));
    for stores in 0.. {
        let (results, losses) = run::<P>(Some(stores));
        assert_eq!(results, P::EXPECTED, "cut after {stores} stores");
        if losses == 0 {
            assert!(stores > 100, "it stores more than {stores} times");
            break;
        }
    }
}

#[test]
fn a_transfer_is_made_once_whatever_is_cut() {
    check::<Transfer>();
}

#[test]
fn no_block_leaks_whatever_is_cut() {
    check::<Blocks>();
}

#[test]
fn a_receiver_is_woken_once_whatever_is_cut() {
    check::<Wake>();
}

#[test]
fn nobody_comes_between_a_holder_and_who_waits_for_it_whatever_is_cut() {
    check::<Inherit>();
}

#[test]
fn each_expiry_is_served_once_whatever_is_cut() {
    check::<Alarm>();
}

#[test]
fn a_wait_ends_in_time_whatever_is_cut() {
    check::<Patience>();
}

#[test]
fn a_task_is_created_and_deleted_once_whatever_is_cut() {
    check::<Hire>();
}

#[test]
fn a_node_is_inserted_and_removed_once_whatever_is_cut() {
    for stores in 0.. {
        let nvm = Nvm::new(Ranks::bytes_needed());
        nvm.cut_after(stores);
        let mut losses = 0;
        let results = loop {
            match until_power_loss(|| Ranks::run(&nvm, |_| {})) {
                Ok(results) => break results.unwrap(),
                Err(_) => losses += 1,
            }
            nvm.power_on();
        };
        assert_eq!(results, Ranks::EXPECTED, "cut after {stores} stores");
        if losses == 0 {
            assert!(stores > 30, "it stores more than {stores} times");
            break;
        }
    }
}

#[test]
fn each_beat_is_counted_once_whatever_is_cut() {
    check::<Beat>();
}

#[test]
fn the_workshop_comes_to_the_same_books_whatever_is_cut() {
    check::<Workshop>();
}
