//! `door`, `intos-replay` alone: a door with a badge reader.
//!
//! The program is written as if nothing could happen to it: there is no state that says "which step of the
//! visit". What it has to remember from one visit to the next is one object.

use std::error::Error;
use std::io::{self, Write};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nvm_core::image::Description;
use nvm_core::{Class, Layout, Nvm, Offset, field};
use replay::image::ThreadPart;
use replay::{Thread, ThreadAreas, ThreadLayout, nv_for_loop};

/// After so many wrong badges in a row the bell rings.
const WRONG_TRIES: u32 = 3;
/// Visits that are remembered.
pub const JOURNAL: usize = 4;

nvm_core::persist! {
    /// What the door knows.
    pub struct Door {
        /// Visits that were decided.
        pub visits: u32,
        /// Those that were let in.
        pub admitted: u32,
        /// Those that were not.
        pub refused: u32,
        /// Wrong badges since the last right one.
        pub wrong_tries: u32,
        /// Whether somebody was let in and the bolt is not back.
        pub unlocked: u32,
    }

    /// Who came.
    pub struct Visit {
        /// Which visit.
        pub number: u32,
        /// The badge that was read.
        pub badge: u16,
        /// Whether it was let in.
        pub admitted: u16,
    }
}

/// Where everything lies: the same at each start.
pub struct Places {
    /// All of it.
    pub layout: Layout,
    /// The thread's log and tables.
    pub thread: ThreadAreas,
    /// What the door knows.
    pub door: Offset<Door>,
    /// The last visits.
    pub journal: Offset<[Visit; JOURNAL]>,
}

/// Places all of it.
pub fn places() -> Places {
    let mut layout = Layout::new("door", 1);
    let sizes = ThreadLayout {
        // Five words and an entry of the journal.
        undo_log: 5 * 8 + 12,
        ..ThreadLayout::DEFAULT
    };
    Places {
        thread: sizes.place(&mut layout, "thread"),
        door: layout.object("door"),
        journal: layout.object("journal"),
        layout,
    }
}

/// What a tool that looks at images is told.
pub fn description() -> Description {
    let places = places();
    let door = places.door;
    Description::new("door", 1, places.layout)
        .object("door", door)
        .object("journal", places.journal)
        .part("visits", ThreadPart::new(places.thread))
        .invariant("counts", move |nvm| check(nvm.load(door)?).map(drop))
}

/// Nobody has come.
pub fn first_boot<N: Nvm + Copy>(nvm: N, places: &Places) -> Result<(), Box<dyn Error>> {
    let nobody = Visit {
        number: 0,
        badge: 0,
        admitted: 0,
    };
    let door = Door {
        visits: 0,
        admitted: 0,
        refused: 0,
        wrong_tries: 0,
        unlocked: 0,
    };
    nvm.store(Class::Data, places.door, &door)?;
    nvm.store(Class::Data, places.journal, &[nobody; JOURNAL])?;
    Ok(Thread::format(nvm, &places.thread)?)
}

/// The hardware.
#[derive(Clone, Copy)]
pub struct Devices {
    /// Visitors by number, or none: as the clock will have it.
    pub seed: Option<u64>,
    /// What the bolt and the visitor take.
    pub pause: Duration,
}

impl Devices {
    /// Reads a badge: what it gives a second time is another one, unless there is a seed.
    fn read_badge(self, number: u32) -> u16 {
        let outside = self.seed.map_or_else(
            || {
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |time| time.as_nanos() as u64)
            },
            |seed| seed ^ u64::from(number) << 32,
        );
        (outside.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as u16
    }

    fn say(self, what: &str) {
        // A closed pipe is no reason to leave the door as it is.
        let _ = writeln!(io::stdout(), "{what}");
        sleep(self.pause);
    }
}

/// A run of visits.
pub fn run<N: Nvm + Copy>(
    thread: &mut Thread<N>,
    places: &Places,
    steps: u32,
    devices: Devices,
) -> Result<u32, replay::Error> {
    // Recorded: an interrupted run goes on to the end that it was begun with.
    let steps = thread.transaction(|_| Ok(steps))?;
    nv_for_loop!(thread, _step in 0..steps => {
        visit(thread, places, devices)?;
    });
    Ok(steps)
}

/// One visit, as if the power never went.
fn visit<N: Nvm + Copy>(
    thread: &mut Thread<N>,
    places: &Places,
    devices: Devices,
) -> Result<(), replay::Error> {
    let door = places.door;
    let number = thread.transaction(|tx| Ok(tx.get(field!(door, Door.visits))?.wrapping_add(1)))?;
    // Asked for once, however often the power goes from here on.
    let badge = thread.sample(|| devices.read_badge(number))?;
    // One in four badges is not known here.
    let is_known = !badge.is_multiple_of(4);

    // All of this or nothing; and its result is recorded with it.
    let wrong_tries = thread.transaction(|tx| {
        let before = tx.get(door)?;
        let after = Door {
            visits: number,
            admitted: before.admitted.wrapping_add(u32::from(is_known)),
            refused: before.refused.wrapping_add(u32::from(!is_known)),
            wrong_tries: if is_known {
                0
            } else {
                before.wrong_tries.wrapping_add(1)
            },
            unlocked: u32::from(is_known),
        };
        tx.set(door, after)?;
        let visit = Visit {
            number,
            badge,
            admitted: u16::from(is_known),
        };
        if let Some(entry) = places.journal.element(number as usize % JOURNAL) {
            tx.set(entry, visit)?;
        }
        Ok(after.wrong_tries)
    })?;

    if !is_known {
        return thread.transaction(|tx| {
            // To ring twice for one visitor would be a false alarm: at most once.
            tx.act_at_most_once(|| {
                devices.say(&format!("{number:>5}: badge {badge:5} is not known here"));
                if wrong_tries >= WRONG_TRIES {
                    devices.say(&format!(
                        "{number:>5}: {wrong_tries} wrong badges: the bell rings"
                    ));
                }
            })
        });
    }
    // To drive the bolt twice does no harm, not to drive it would: at least once.
    thread.transaction(|tx| {
        tx.act_at_least_once(|| devices.say(&format!("{number:>5}: badge {badge:5}, bolt back")))
    })?;
    thread.transaction(|tx| {
        tx.act_at_least_once(|| devices.say(&format!("{number:>5}: door shut, bolt forward")))?;
        Ok(tx.set(field!(door, Door.unlocked), 0)?)
    })
}

/// What holds whenever the program was ended.
pub fn check(door: Door) -> Result<Door, Box<dyn Error>> {
    let decided = door.admitted.checked_add(door.refused);
    if decided == Some(door.visits) && door.unlocked <= 1 {
        return Ok(door);
    }
    Err(format!("the counts do not belong together, the file is damaged: {door:?}").into())
}
