//! Images of the programs for single crates: what `inspect` tells, what `check` verifies, and that neither panics or hangs on
//! damaged ones.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use examples::alone::{door, energy, events, settings, store, update};
use intos::host::Random;
use nvm_core::image::{Description, Image, Scope, check, inspect, inspect_recovered};
use nvm_core::sim::{SimNvm, until_power_loss};
use nvm_core::{Nvm, Region};
use nvm_tx::UndoLog;
use replay::Thread;

type Ram = SimNvm<4>;

/// Nothing here takes longer, unless it hangs.
const LONGEST: Duration = Duration::from_secs(5);

/// A program: how it is described, and what a start of it does.
struct Program {
    describe: fn() -> Description,
    start: fn(&Ram) -> Result<(), Box<dyn Error>>,
}

const PROGRAMS: [Program; 6] = [
    Program {
        describe: events::Journal::description,
        start: |nvm| {
            let journal = events::Journal::placed();
            format(nvm, &journal.layout, || Ok(journal.first_boot(nvm)?))?;
            for _ in 0..20 {
                journal.measure(nvm)?;
            }
            Ok(())
        },
    },
    Program {
        describe: settings::Store::description,
        start: |nvm| {
            let store = settings::Store::placed();
            format(nvm, &store.layout, || Ok(store.format_as_first(nvm)?))?;
            let mut log = UndoLog::open(nvm, store.log)?;
            store.upgrade(&mut log, || ())?;
            for (low, interval) in (1..10).zip(51..) {
                let changes = [
                    settings::Change::Low(low),
                    settings::Change::High(low + 20_000),
                    settings::Change::Interval(interval),
                ];
                store.change(&mut log, &changes, || ())?;
            }
            Ok(())
        },
    },
    Program {
        describe: store::Places::description,
        start: |nvm| {
            let places = store::Places::placed();
            format(nvm, &places.layout, || Ok(places.first_boot(nvm)?))?;
            let (store, mut log) = places.open(nvm)?;
            for number in 0..12_u32 {
                log.transaction(|tx| {
                    store.insert(tx, format!("key {}", number % 5).as_bytes(), &[b'v'; 30])?;
                    store.remove(tx, format!("key {}", (number + 3) % 5).as_bytes())
                })?;
            }
            Ok(())
        },
    },
    Program {
        describe: energy::Meter::description,
        start: |nvm| {
            let mut meter = energy::Meter::placed();
            let layout = meter.layout.clone();
            format(nvm, &layout, || meter.first_boot(nvm))?;
            let mut log = UndoLog::open(nvm, meter.log)?;
            for _ in 0..6 {
                meter.count(&mut log, energy::household)?;
            }
            Ok(())
        },
    },
    Program {
        describe: update::Journal::description,
        start: |nvm| {
            let journal = update::Journal::placed();
            format(nvm, &journal.layout, || journal.first_boot(nvm))?;
            let updater = journal.boot(nvm)?;
            let version = nvm.load(journal.running)?.version + 1;
            updater.begin(update::line::release_of(version))?;
            while let Some(place) = updater.missing()?.pop() {
                let chunk = update::line::request(version, place, 0).unwrap();
                updater.receive(&chunk)?;
                updater.verify()?;
            }
            assert!(updater.commit()?);
            updater.install(|| ())
        },
    },
    Program {
        describe: door::description,
        start: |nvm| {
            let places = door::places();
            format(nvm, &places.layout, || door::first_boot(nvm, &places))?;
            let devices = door::Devices {
                seed: Some(3),
                pause: Duration::ZERO,
            };
            let mut thread = Thread::start(nvm, &places.thread)?;
            Ok(thread.run(|thread| door::run(thread, &places, 5, devices).map(drop))?)
        },
    },
];

fn format(
    nvm: &Ram,
    layout: &nvm_core::Layout,
    first_boot: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let region: Result<Region, Box<dyn Error>> = Region::open_or_format(nvm, layout, first_boot);
    region.map(drop)
}

impl Program {
    /// The image that a power loss leaves in a later start, which has formatted nothing.
    fn interrupted(&self, stores: u64) -> Vec<u8> {
        let nvm = Ram::new((self.describe)().bytes());
        (self.start)(&nvm).unwrap();
        nvm.cut_after(stores);
        let _ = until_power_loss(|| (self.start)(&nvm).unwrap());
        nvm.image()
    }

    /// How many stores a later start makes.
    fn stores(&self) -> u64 {
        let nvm = Ram::new((self.describe)().bytes());
        (self.start)(&nvm).unwrap();
        let before = nvm.counters().stores();
        (self.start)(&nvm).unwrap();
        nvm.counters().stores() - before
    }
}

#[test]
fn what_any_power_loss_leaves_is_sound() {
    for program in &PROGRAMS {
        let description = (program.describe)();
        let (mut interrupted, stores) = (0, program.stores());
        for cut in (0..=stores).step_by(1 + stores as usize / 400) {
            let image = Image::from_bytes(&program.interrupted(cut)).unwrap();
            let checked = check(&image, Some(&description));
            assert!(
                checked.sound,
                "{} cut at {cut}: {checked}",
                description.name()
            );
            interrupted += u32::from(checked.checked == Scope::AsRecovered);
            let recovered = inspect_recovered(&image, &description).unwrap().to_string();
            assert!(recovered.contains("in flight: nothing"), "{recovered}");
        }
        // All but the one that has no log are in the midst of something half of the time.
        let name = description.name();
        assert!(
            interrupted > 30 || name == "events",
            "{name}: {interrupted} of {stores} were interrupted"
        );
    }
}

#[test]
fn what_any_power_loss_of_the_first_boot_leaves_is_formatted_again() {
    for program in &PROGRAMS {
        let description = (program.describe)();
        for cut in 0..8 {
            let nvm = Ram::new(description.bytes());
            nvm.cut_after(cut);
            let _ = until_power_loss(|| (program.start)(&nvm).unwrap());
            let checked = check(
                &Image::from_bytes(&nvm.image()).unwrap(),
                Some(&description),
            );
            assert!(checked.sound, "{checked}");
            assert_eq!(checked.checked, Scope::Unformatted);
        }
    }
}

/// What is told of each, after a power loss in the midst of it.
#[test]
fn objects_and_logs_are_told_by_their_names() {
    let told = |program: usize, lines: &[&str]| {
        let program = &PROGRAMS[program];
        let description = (program.describe)();
        // In the midst of something, where there is a log.
        let image = (40..200)
            .map(|cut| Image::from_bytes(&program.interrupted(cut)).unwrap())
            .find(|image| {
                check(image, Some(&description)).checked == Scope::AsRecovered
                    || description.name() == "events"
            });
        let text = inspect(&image.unwrap(), Some(&description)).to_string();
        for line in lines {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    };
    told(
        0,
        &[
            "events (layout version 1)",
            "─ double-buffered value errors",
            "value: ",
            "[0].measurement: 8",
            "in flight: nothing",
        ],
    );
    told(
        1,
        &[
            "interval_milliseconds: ",
            "undo log transactions",
            "transactions: a transaction, with ",
            "the next start rolls it back",
            "old bytes: 4 bytes at ",
            "of settings, as version 2 has them",
            "version: 2",
        ],
    );
    told(
        2,
        &[
            "entries: 2",
            "heap entries",
            "used: ",
            "blocks: 2",
            "undo log transactions",
        ],
    );
    told(
        3,
        &[
            "─ total\n",
            "energy: ",
            "[23].peak: ",
            "undo log transactions",
        ],
    );
    told(
        4,
        &[
            "lists buffers",
            "in force: move",
            "free: ",
            "label ",
            "buffers: move",
            "the next start rolls it forward",
            "version: ",
        ],
    );
    told(
        5,
        &[
            "thread visits",
            "replay: ",
            "loop at ",
            "visits: ",
            "kernel undo log",
            "[3].badge: ",
        ],
    );
}

#[test]
fn damage_is_told_with_its_place() {
    let damaged = |program: usize, change: &dyn Fn(&Ram), lines: &[&str]| {
        let program = &PROGRAMS[program];
        let nvm = Ram::new((program.describe)().bytes());
        (program.start)(&nvm).unwrap();
        change(&nvm);
        let checked = check(
            &Image::from_bytes(&nvm.image()).unwrap(),
            Some(&(program.describe)()),
        );
        let text = checked.to_string();
        assert!(!checked.sound, "{text}");
        for line in lines {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    };
    let data = nvm_core::Class::Data;
    damaged(
        0,
        &|nvm| {
            let ring = events::Journal::placed().ring;
            nvm.write_u32(data, ring.get(), 77).unwrap();
        },
        &[
            "broken [program]: error log",
            "the entry of error 0 is damaged",
        ],
    );
    damaged(
        1,
        &|nvm| {
            let log = settings::Store::placed().log;
            nvm.write_u32(data, log.offset(), 0xFFFF_FFFF).unwrap();
        },
        &[
            "broken [commit-words]: undo log transactions, at 0x0020:",
            "found:    numbers 255 and",
        ],
    );
    damaged(
        1,
        &|nvm| {
            let settings = settings::Store::placed().settings;
            nvm.write_u32(data, settings.get(), 0).unwrap();
        },
        &["broken [program]: settings", "the interval must not be 0"],
    );
    damaged(
        2,
        &|nvm| {
            let place = store::Places::description();
            // Behind the log: the heap's header.
            let text = inspect(&Image::from_bytes(&nvm.image()).unwrap(), Some(&place)).json();
            let layout = text["layout"].as_array().unwrap().clone();
            let heap = layout.iter().find(|place| place["name"] == "heap").unwrap();
            let at = heap["offset"].as_u64().unwrap() as u32;
            for word in (at..at + 64).step_by(4) {
                nvm.write_u32(data, word, 0x5555_5555).unwrap();
            }
        },
        &["broken [heap-header]: heap entries"],
    );
    damaged(
        4,
        &|nvm| {
            let image = Image::from_bytes(&nvm.image()).unwrap();
            let text = inspect(&image, Some(&update::Journal::description())).json();
            let layout = text["layout"].as_array().unwrap().clone();
            let head = layout.iter().find(|place| place["name"] == "free").unwrap();
            nvm.write_u16(data, head["offset"].as_u64().unwrap() as u32, 3)
                .unwrap();
        },
        &["broken [list-links]: list free of lists buffers"],
    );
    damaged(
        5,
        &|nvm| {
            let thread = door::places().thread;
            nvm.write_u32(data, thread.log().offset(), 0x8000_0000)
                .unwrap();
        },
        &["undo log of thread visits"],
    );
    damaged(
        5,
        &|nvm| {
            let door = door::places().door;
            nvm.write_u32(data, door.get(), 1_000).unwrap();
        },
        &[
            "broken [program]: counts",
            "the counts do not belong together",
        ],
    );
}

#[test]
fn json_tells_the_same() {
    let program = &PROGRAMS[5];
    let description = (program.describe)();
    let image = Image::from_bytes(&program.interrupted(60)).unwrap();
    let told = inspect(&image, Some(&description)).json();
    assert_eq!(told["shape"], 1);
    assert_eq!(told["program"]["name"], "door");
    assert_eq!(told["header"]["phase"], "ready");
    assert_eq!(told["objects"][0]["name"], "door");
    assert_eq!(told["objects"][0]["facts"][0]["name"], "visits");
    assert_eq!(told["parts"][0]["name"], "thread visits");
    let checked = check(&image, Some(&description)).json();
    assert_eq!(checked["sound"], true);
    assert_eq!(checked["findings"].as_array().unwrap().len(), 0);
}

/// Thousands of damaged images: flipped bits, other bytes, runs of one byte, truncated ones.
#[test]
fn damaged_images_are_told_without_a_panic_or_an_endless_loop() {
    for (number, program) in PROGRAMS.iter().enumerate() {
        let description = (program.describe)();
        let mut random = Random::new(number as u64);
        let (mut damaged, mut found) = (0, 0);
        for _ in 0..12 {
            let sound = program.interrupted(random.below(program.stores() + 1));
            for _ in 0..60 {
                let bytes = damage(&sound, &mut random);
                let began = Instant::now();
                let looked = catch_unwind(AssertUnwindSafe(|| look(&bytes, &description)));
                let name = description.name();
                assert!(looked.is_ok(), "{name} panicked");
                assert!(began.elapsed() < LONGEST, "{name} hangs");
                damaged += 1;
                found += u32::from(!looked.unwrap_or(true));
            }
        }
        println!(
            "{}: {damaged} damaged images, {found} of them found broken",
            description.name()
        );
        assert!(found > 0);
    }
}

fn damage(sound: &[u8], random: &mut Random) -> Vec<u8> {
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
    bytes
}

/// Whether it is sound.
fn look(bytes: &[u8], description: &Description) -> bool {
    let Ok(image) = Image::from_bytes(bytes) else {
        return false;
    };
    let checked = check(&image, Some(description));
    assert_eq!(checked.sound, checked.findings.is_empty());
    assert!(!checked.to_string().is_empty());
    assert!(checked.json().is_object());
    let inspection = inspect(&image, Some(description));
    assert!(!inspection.to_string().is_empty());
    assert!(inspection.json().is_object());
    let recovered = inspect_recovered(&image, description);
    assert!(recovered.is_ok() || !checked.sound);
    checked.sound
}
