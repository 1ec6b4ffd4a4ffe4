//! Images of random programs with damage of every kind: neither `inspect` nor `check` panics or hangs, and `check` says
//! either that the image is sound or what is broken.
//!
//! `INTOS_SEEDS=N` damages more images; a failure prints the line that repeats it.

#![allow(clippy::unwrap_used)] // a failure fails the test

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use intos::host::image::{Image, ProgramLayout, check, inspect, inspect_recovered, recognise};
use intos::host::{Host, Random, Settings};
use intos_simulation::history::{End, Ram, Run};
use intos_simulation::plan::Plan;
use intos_simulation::program::Simulation;
use intos_simulation::world::World;

/// How many damaged images are made of each sound one.
const DAMAGED_EACH: u64 = 40;

/// Nothing here takes longer, unless it hangs.
const LONGEST: Duration = Duration::from_secs(5);

/// An image from somewhere in a run, and the layout that it is read with.
fn sound_image(seed: u64) -> (Vec<u8>, ProgramLayout) {
    let mut random = Random::new(seed);
    let settings = Settings {
        seed,
        accesses_per_tick: 60,
        preempt_one_in: 20,
        atom: [1, 2, 4][random.below(3) as usize],
        interrupt_one_in: 100,
        ..Settings::default()
    };
    let run = Run::new(&Plan::random(&mut random), settings);
    let program = ProgramLayout::of::<Host<'static, Ram, Rc<World>>, Simulation>().unwrap();
    run.first_boot().unwrap();
    for _ in 0..=random.below(6) {
        run.machine.cut_after(random.below(800));
        if run.power_cycle().unwrap() != End::PowerLost {
            break;
        }
    }
    (run.machine.nvm().image(), program)
}

/// Damages an image: bits, bytes, words, copied stretches, wiped stretches, an end that is missing.
fn damage(random: &mut Random, image: &mut Vec<u8>) {
    for _ in 0..=random.below(5) {
        let len = image.len() as u64;
        if len == 0 {
            return;
        }
        // Half of them where the kernel's own state lies.
        let below = if random.below(2) == 0 {
            len.min(400)
        } else {
            len
        };
        let at = random.below(below) as usize;
        let many = (random.below(16) as usize + 1).min(image.len() - at);
        match random.below(8) {
            0 | 1 => image[at] ^= 1 << random.below(8),
            2 => image[at] = random.next() as u8,
            3 => {
                let word = (random.next() as u32).to_le_bytes();
                for (byte, new) in image[at..].iter_mut().zip(word) {
                    *byte = new;
                }
            }
            4 => {
                // A link to somewhere near.
                let link = (random.below(len) / 4) as u16;
                for (byte, new) in image[at & !1..].iter_mut().zip(link.to_le_bytes()) {
                    *byte = new;
                }
            }
            5 => {
                let from = random.below(len) as usize;
                let stretch = image[from..(from + many).min(image.len())].to_vec();
                for (byte, new) in image[at..].iter_mut().zip(stretch) {
                    *byte = new;
                }
            }
            6 => image[at..at + many].fill([0, 0xFF][random.below(2) as usize]),
            _ if random.below(8) == 0 => image.truncate(at),
            _ => image[at] = !image[at],
        }
    }
}

/// Looks at a damaged image in every way, and answers how that ended.
fn look(bytes: &[u8], program: &ProgramLayout) -> &'static str {
    let image = match Image::from_bytes(bytes) {
        Ok(image) => image,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return "not an image";
        }
    };
    let recognised = recognise(&image, std::slice::from_ref(program));
    let mut end = "sound";
    for program in [recognised, Some(program)] {
        let checked = check(&image, program);
        assert_eq!(checked.sound, checked.findings.is_empty());
        for finding in &checked.findings {
            assert!(!finding.subject.is_empty() && finding.expected != finding.found);
        }
        assert!(!checked.to_string().is_empty());
        assert!(serde_json::to_string(&checked).is_ok());
        if !checked.sound {
            end = "broken";
        }
        let inspection = inspect(&image, program);
        assert!(!inspection.to_string().is_empty());
        assert!(serde_json::to_string(&inspection).is_ok());
    }
    match inspect_recovered(&image, program) {
        Ok(inspection) => assert!(!inspection.to_string().is_empty()),
        Err(error) => assert!(end == "broken", "sound, and the next start says: {error}"),
    }
    end
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn a_damaged_image_never_panics_nor_hangs() {
    let seeds = match number_of("INTOS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number_of("INTOS_SEEDS").unwrap_or(200),
    };
    let mut ends = BTreeMap::new();
    for seed in seeds {
        let (image, program) = sound_image(seed);
        let mut random = Random::new(!seed);
        for _ in 0..DAMAGED_EACH {
            let mut damaged = image.clone();
            damage(&mut random, &mut damaged);
            let began = Instant::now();
            let end = catch_unwind(AssertUnwindSafe(|| look(&damaged, &program)));
            let repeat =
                format!("INTOS_SEED={seed} cargo test -p intos-simulation --test damaged_images");
            let Ok(end) = end else {
                panic!("seed {seed} panicked\nrepeat with: {repeat}")
            };
            assert!(
                began.elapsed() < LONGEST,
                "seed {seed} hangs\nrepeat with: {repeat}"
            );
            *ends.entry(end).or_insert(0_u32) += 1;
        }
    }
    println!("damaged images: {ends:?}");
}
