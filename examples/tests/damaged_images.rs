//! Damaged images of the quick start, of applications of the paper and of the programs that firmware is tested with:
//! neither `inspect` nor `check` panics or hangs. `simulation/tests/damaged_images.rs` damages those of random programs.

#![allow(clippy::unwrap_used)] // a failure fails the test

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use example_applications::{Bc, Kv, Mq, Sense};
use example_programs::{Blocks, Hire, Inherit, Workshop};
use examples::weather::Weather;
use examples::weather::readings::Readings;
use intos::Program;
use intos::host::image::{Image, ProgramLayout, check, inspect, inspect_recovered};
use intos::host::{Host, Machine, Random, Settings};
use nvm_core::sim::SimNvm;

type Ram = SimNvm<4>;

/// Sound images of each program.
const IMAGES: u64 = 4;
/// Damaged ones of each of these.
const DAMAGED: u64 = 40;
/// Nothing here takes longer, unless it hangs.
const LONGEST: Duration = Duration::from_secs(5);

fn settings(seed: u64) -> Settings {
    Settings {
        seed,
        preempt_one_in: 30,
        accesses_per_tick: 200,
        ..Settings::default()
    }
}

fn damage_images_of<P: for<'m> Program<Host<'m, Ram>>>(longest: u64) {
    let layout = ProgramLayout::of::<Host<'static, Ram>, P>().unwrap();
    for seed in 0..IMAGES {
        let mut random = Random::new(seed);
        let machine = Machine::new(Ram::new(layout.bytes()), settings(seed));
        let _ = machine.power_cycle_with::<P>(false, |_| false).unwrap();
        machine.cut_after(random.below(longest));
        let _ = machine.power_cycle::<P>().unwrap();
        damage_and_look(&machine.nvm().image(), &layout, &mut random);
    }
}

fn damage_and_look(sound: &[u8], layout: &ProgramLayout, random: &mut Random) {
    let checked = check(&Image::from_bytes(sound).unwrap(), Some(layout));
    assert!(checked.sound, "{checked}");
    for _ in 0..DAMAGED {
        let mut bytes = sound.to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(4) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = random.next() as u8,
                2 => {
                    let end = (at + 4).min(bytes.len());
                    bytes[at..end].fill(random.next() as u8);
                }
                _ if random.below(10) == 0 => bytes.truncate(at.max(1)),
                _ => bytes[at] = 0xFF,
            }
        }
        let began = Instant::now();
        let looked = catch_unwind(AssertUnwindSafe(|| look(&bytes, layout)));
        assert!(looked.is_ok(), "{} panicked", layout.name());
        assert!(began.elapsed() < LONGEST, "{} hangs", layout.name());
    }
}

fn look(bytes: &[u8], layout: &ProgramLayout) {
    let Ok(image) = Image::from_bytes(bytes) else {
        return;
    };
    let checked = check(&image, Some(layout));
    assert_eq!(checked.sound, checked.findings.is_empty());
    assert!(!checked.to_string().is_empty());
    assert!(!inspect(&image, Some(layout)).to_string().is_empty());
    let recovered = inspect_recovered(&image, layout);
    assert!(recovered.is_ok() || !checked.sound);
}

#[test]
fn damaged_images_of_portable_programs() {
    damage_images_of::<Workshop>(3_000);
    damage_images_of::<Hire>(800);
    damage_images_of::<Blocks>(500);
    damage_images_of::<Inherit>(800);
}

#[test]
fn damaged_images_of_applications() {
    damage_images_of::<Kv>(8_000);
    damage_images_of::<Bc>(8_000);
    damage_images_of::<Mq>(8_000);
    damage_images_of::<Sense>(8_000);
}

#[test]
fn damaged_images_of_the_quick_start() {
    let layout = ProgramLayout::of::<Host<'static, Ram, Readings>, Weather>().unwrap();
    let readings = Readings::of_seattle().unwrap();
    for seed in 0..IMAGES {
        let mut random = Random::new(seed);
        let nvm = Ram::new(layout.bytes());
        let station = Machine::with_world(nvm, settings(seed), readings.clone());
        let _ = station
            .power_cycle_with::<Weather>(false, |_| false)
            .unwrap();
        station.cut_after(random.below(60_000));
        let _ = station.power_cycle::<Weather>().unwrap();
        damage_and_look(&station.nvm().image(), &layout, &mut random);
    }
}
