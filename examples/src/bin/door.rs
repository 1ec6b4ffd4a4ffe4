//! A door lock that survives Ctrl-C and `kill -9`: `replay` used alone, a durable program of one thread.
//!
//! `cargo run --release -p examples --bin door`, and end it at any time. The next start goes on in the very
//! step in which the last one ended: a badge is read once, a visit is counted once, and the bolt is never
//! left open, whatever was under way.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::Parser;
use nvm_core::{Class, FileNvm, Layout, Nvm, Offset, Region, RegionError};
use replay::{Thread, ThreadAreas, ThreadLayout, nv_for_loop};

/// Lets visitors in, one after the other, and counts them. End it whenever you like.
#[derive(Parser)]
struct Arguments {
    /// The file that stands for the non-volatile memory; made if it is not there.
    #[arg(long, default_value = "door.nvm")]
    file: PathBuf,
    /// Visitors of a day: then the program has come to its end, and its next start is a new day.
    #[arg(long, default_value_t = 10)]
    visitors: u32,
    /// Milliseconds that each step takes.
    #[arg(long, default_value_t = 100)]
    pause: u64,
    /// Forget everything, whatever the file holds.
    #[arg(long)]
    format: bool,
}

nvm_core::persist! {
    /// What the door knows.
    struct Door {
        /// Visitors let in, and turned away, on all days.
        admitted: u32,
        refused: u32,
        /// Days that have come to their end.
        days: u32,
    }
}

/// Where everything lies: the same at each start.
struct Places {
    layout: Layout,
    door: Offset<Door>,
    thread: ThreadAreas,
}

fn places() -> Places {
    let mut layout = Layout::new("door", 1);
    Places {
        door: layout.object("door"),
        thread: ThreadLayout::DEFAULT.place(&mut layout, "thread"),
        layout,
    }
}

/// The door's motor and the badge reader: the world outside.
struct Hardware {
    pause: Duration,
}

impl Hardware {
    fn bolt(&self, is_open: bool) {
        println!("    bolt {}", if is_open { "open" } else { "closed" });
        sleep(self.pause);
    }

    fn badge(&self, visitor: u32) -> u32 {
        sleep(self.pause);
        println!("  visitor {visitor} shows a badge");
        visitor * 7919 % 10
    }
}

/// A day at the door. It reads as if the power never went.
fn day<N: Nvm + Copy>(
    thread: &mut Thread<N>,
    door: Offset<Door>,
    hardware: &Hardware,
    visitors: u32,
) -> Result<(), replay::Error> {
    nv_for_loop!(thread, visitor in 0..visitors => {
        // Read once: a restart does not ask the visitor again.
        let badge = thread.sample(|| hardware.badge(visitor))?;
        if badge == 0 {
            thread.transaction(|tx| {
                Ok(tx.update(nvm_core::field!(door, Door.refused), |refused| refused + 1)?)
            })?;
            continue;
        }
        // Moving the bolt once more than needed does no harm; not moving it would: at least once.
        thread.transaction(|tx| tx.act_at_least_once(|| hardware.bolt(true)))?;
        thread.transaction(|tx| {
            Ok(tx.update(nvm_core::field!(door, Door.admitted), |admitted| admitted + 1)?)
        })?;
        thread.transaction(|tx| tx.act_at_least_once(|| hardware.bolt(false)))?;
    });
    thread.transaction(|tx| Ok(tx.update(nvm_core::field!(door, Door.days), |days| days + 1)?))
}

fn open(arguments: &Arguments, layout: &Layout) -> Result<FileNvm, Box<dyn Error>> {
    Ok(if arguments.format {
        FileNvm::overwrite(&arguments.file, layout.size())?
    } else if arguments.file.exists() {
        FileNvm::open(&arguments.file)?
    } else {
        FileNvm::create(&arguments.file, layout.size())?
    })
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let places = places();
    let nvm = open(arguments, &places.layout)?;
    let first_boot = || -> Result<(), Box<dyn Error>> {
        let door = Door {
            admitted: 0,
            refused: 0,
            days: 0,
        };
        nvm.store(Class::Data, places.door, &door)?;
        Ok(Thread::format(&nvm, &places.thread)?)
    };
    let _ =
        Region::open_or_format(&nvm, &places.layout, first_boot).map_err(|error| match error
            .downcast_ref::<RegionError>(
        ) {
            Some(_) => format!("{}: {error}", arguments.file.display()).into(),
            None => error,
        })?;
    let hardware = Hardware {
        pause: Duration::from_millis(arguments.pause),
    };
    let mut thread = Thread::start(&nvm, &places.thread)?;
    if thread.is_replaying() {
        println!("going on with a day that was interrupted");
    }
    thread.run(|thread| day(thread, places.door, &hardware, arguments.visitors))?;
    let door = nvm.load(places.door)?;
    println!(
        "{} admitted, {} refused, on {} days",
        door.admitted, door.refused, door.days
    );
    Ok(())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("door: {error}");
            ExitCode::from(2)
        }
    }
}
