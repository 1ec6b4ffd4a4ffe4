//! A door with a badge reader that never forgets where it was: `replay` on a file, one thread and no kernel.
//!
//! `cargo run --release -p examples --bin door`, and end it with Ctrl-C or `kill -9` at any time. The next
//! start goes on in the middle of the visit that was under way: a badge that was read is not asked for
//! again, the bolt is driven again where it is open whether it was, and nobody is let in or counted twice.
//!
//! The program is written as if nothing could happen to it: there is no state that says "which step of the
//! visit". What it has to remember from one visit to the next is one object.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use examples::nvm_file;
use nvm_core::{Class, Layout, Nvm, Offset, field};
use replay::{ErrorKind, Thread, ThreadAreas, ThreadLayout, nv_for_loop};

/// After so many wrong badges in a row the bell rings.
const WRONG_TRIES: u32 = 3;
const JOURNAL: usize = 4;

/// A door with a badge reader, in a file. End it whenever you like.
///
/// Exit status: 0, or 2 on errors: a file of another program, a damaged one, bad use.
#[derive(Parser)]
struct Arguments {
    /// The file that stands for the non-volatile memory; made if it is not there.
    #[arg(long, value_name = "FILE", default_value = "door.nvm")]
    nvm: PathBuf,
    /// Visits of a run. One that was interrupted has as many as it was begun with.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Milliseconds that the bolt and the visitor take.
    #[arg(long, default_value_t = 40)]
    pause: u64,
    /// Visitors by number, the same for the same seed; else they come as the clock will have it.
    #[arg(long)]
    seed: Option<u64>,
    /// Start anew, whatever the file holds.
    #[arg(long)]
    format: bool,
}

nvm_core::persist! {
    /// What the door knows.
    struct Door {
        /// Visits that were decided.
        visits: u32,
        admitted: u32,
        refused: u32,
        /// Wrong badges since the last right one.
        wrong_tries: u32,
        /// Whether somebody was let in and the bolt is not back.
        unlocked: u32,
    }

    /// Who came.
    struct Visit {
        number: u32,
        badge: u16,
        admitted: u16,
    }
}

/// Where everything lies: the same at each start.
struct Places {
    layout: Layout,
    thread: ThreadAreas,
    door: Offset<Door>,
    journal: Offset<[Visit; JOURNAL]>,
}

fn places() -> Places {
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

fn first_boot<N: Nvm + Copy>(nvm: N, places: &Places) -> Result<(), Box<dyn Error>> {
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
struct Devices {
    seed: Option<u64>,
    pause: Duration,
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
fn run<N: Nvm + Copy>(
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
fn check(door: Door) -> Result<Door, Box<dyn Error>> {
    let decided = door.admitted.checked_add(door.refused);
    if decided == Some(door.visits) && door.unlocked <= 1 {
        return Ok(door);
    }
    Err(format!("the counts do not belong together, the file is damaged: {door:?}").into())
}

fn print_state(door: Door) -> io::Result<()> {
    let Door {
        visits,
        admitted,
        refused,
        ..
    } = door;
    let bolt = if door.unlocked == 1 {
        "back"
    } else {
        "forward"
    };
    writeln!(
        io::stdout(),
        "{visits} visits: {admitted} admitted, {refused} refused; bolt {bolt}"
    )
}

fn operate(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let places = places();
    let nvm = nvm_file::open(&arguments.nvm, arguments.format, &places.layout, |nvm| {
        writeln!(io::stdout(), "first start: {}", arguments.nvm.display())?;
        first_boot(nvm, &places)
    })?;
    // What an interrupted transaction had changed is put back here.
    let mut thread = Thread::start(&nvm, &places.thread)?;
    print_state(check(nvm.load(places.door)?)?)?;
    if thread.is_replaying() {
        writeln!(io::stdout(), "going on with the run that was interrupted")?;
    }
    if thread.starts_without_commit() > 3 {
        writeln!(
            io::stdout(),
            "{} starts in a row got nowhere: is the pause too long?",
            thread.starts_without_commit()
        )?;
    }
    let devices = Devices {
        seed: arguments.seed,
        pause: Duration::from_millis(arguments.pause),
    };
    let ended = thread.run(|thread| run(thread, &places, arguments.steps, devices));
    ended.map_err(|error| match error.kind() {
        ErrorKind::ReplayDiverged { .. } => format!(
            "{error}.\n{} was written by another build of this program in the middle of a run: let that \
             one end it, or start anew with --format",
            arguments.nvm.display()
        ),
        _ => error.to_string(),
    })?;
    print_state(check(nvm.load(places.door)?)?)?;
    let mut journal = nvm.load(places.journal)?;
    journal.sort_unstable_by_key(|visit| visit.number);
    for visit in journal {
        if visit.number > 0 {
            let outcome = if visit.admitted == 1 {
                "admitted"
            } else {
                "refused"
            };
            let Visit { number, badge, .. } = visit;
            writeln!(io::stdout(), "  visit {number}: badge {badge}, {outcome}")?;
        }
    }
    Ok(true)
}

fn main() -> ExitCode {
    nvm_file::end(operate(&Arguments::parse()))
}
