//! Whatever random programs do on the kernel, and wherever the power goes: the image that is left is sound, and all of
//! it can be told.
//!
//! `INTOS_SEEDS=N` looks at more programs; a failure prints the line that repeats it.

#![allow(clippy::unwrap_used)] // a failure fails the test

use std::collections::BTreeMap;
use std::rc::Rc;

use intos::host::image::{Image, ProgramLayout, Scope, check, inspect, recognise};
use intos::host::{Host, Random, Settings};
use intos_simulation::history::{End, Ram, Run};
use intos_simulation::plan::Plan;
use intos_simulation::program::Simulation;
use intos_simulation::world::World;

/// The most power losses of a program.
const MOST_CUTS: u64 = 40;

/// Counts the images, by how they were checked.
type Counts = BTreeMap<&'static str, u32>;

fn look(seed: u64, cut: u64, run: &Run, program: &ProgramLayout, counts: &mut Counts) {
    let image = Image::from_bytes(&run.machine.nvm().image()).unwrap();
    if !image.is_blank() && image.header().checksum == image.header().computed_checksum {
        assert!(recognise(&image, std::slice::from_ref(program)).is_some());
    }
    let checked = check(&image, Some(program));
    let repeat = format!("INTOS_SEED={seed} cargo test -p intos-simulation --test images");
    assert!(
        checked.sound,
        "after {cut} power losses: {checked}\n{}\nrepeat with: {repeat}",
        inspect(&image, Some(program))
    );
    let scope = match checked.checked {
        Scope::AsItIs => "as it is",
        Scope::AsRecovered => "as recovered",
        _ => "unformatted",
    };
    *counts.entry(scope).or_default() += 1;
    let inspection = inspect(&image, Some(program));
    if checked.checked == Scope::AsItIs || checked.checked == Scope::AsRecovered {
        assert_eq!(inspection.tasks.len(), program_tasks(&inspection));
        assert!(inspection.missing.is_none());
        assert!(!inspection.to_string().is_empty());
    }
}

/// Each control block of the layout is a task's.
fn program_tasks(inspection: &intos::host::image::Inspection) -> usize {
    let places = inspection.layout.iter();
    places.filter(|place| place.kind == "control block").count()
}

fn history(seed: u64, counts: &mut Counts) {
    let mut random = Random::new(seed);
    let settings = Settings {
        seed,
        accesses_per_tick: 30 + random.below(500),
        preempt_one_in: [0, 4, 20, 60][random.below(4) as usize],
        atom: [1, 2, 4][random.below(3) as usize],
        interrupt_one_in: [0, 0, 60, 300][random.below(4) as usize],
        ..Settings::default()
    };
    let plan = Plan::random(&mut random);
    let mean = [8, 60, 200, 600][random.below(4) as usize];
    let run = Run::new(&plan, settings);
    let program = ProgramLayout::of::<Host<'static, Ram, Rc<World>>, Simulation>().unwrap();
    // The first boot of one in eight is cut too.
    if !seed.is_multiple_of(8) {
        run.first_boot().unwrap();
    }
    let mut cuts = 0;
    loop {
        if cuts < MOST_CUTS {
            run.machine.cut_after(random.below(2 * mean));
        } else {
            run.machine.cut_never();
        }
        let end = run.power_cycle().unwrap();
        look(seed, cuts, &run, &program, counts);
        if end != End::PowerLost {
            return;
        }
        cuts += 1;
    }
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn whatever_a_power_loss_leaves_is_sound() {
    let seeds = match number_of("INTOS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number_of("INTOS_SEEDS").unwrap_or(300),
    };
    let mut counts = Counts::new();
    for seed in seeds {
        history(seed, &mut counts);
    }
    println!("images: {counts:?}");
    if number_of("INTOS_SEED").is_none() {
        assert!(counts.get("as recovered").is_some_and(|count| *count > 500));
        assert!(counts.get("as it is").is_some_and(|count| *count > 500));
    }
}
