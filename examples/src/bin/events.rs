//! An event log in non-volatile memory: `nvm-alloc` with `nvm-tx`, without a kernel.
//!
//! Events of any length form a linked list, each in a block of the heap. Appending one (allocate, fill, link) is
//! a transaction, and so is dropping the oldest (unlink, free): whenever the program is killed, the list
//! is whole and no block is lost. A full heap drops its oldest events.
//!
//! `cargo run --release -p examples --bin events -- --help`

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};
use nvm_alloc::{AllocError, Heap};
use nvm_core::{Area, Class, FileNvm, Layout, Nvm, Offset, Region, RegionError, field, persist};
use nvm_tx::UndoLog;

persist! {
    /// The list. Offset 0 stands for none.
    struct Events { first: u32, last: u32, count: u32, next_number: u32 }

    /// An event's header; its text follows.
    struct Event { next: u32, number: u32, seconds: u32, length: u32 }
}

const EVENT_BYTES: u32 = size_of::<Event>() as u32;
const HEAP_BYTES: u32 = 16 * 1024;
const LONGEST_TEXT: usize = 1000;

/// Keeps events in a file that survives being killed at any time.
#[derive(Parser)]
struct Arguments {
    /// The file that stands for the non-volatile memory; made if it is not there.
    #[arg(long, default_value = "events.nvm")]
    file: PathBuf,
    /// Start with no events, whatever the file holds.
    #[arg(long)]
    format: bool,
    /// Without a command: `record`.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Record made-up events one after the other; kill it whenever you like.
    Record {
        /// How many.
        #[arg(long, default_value_t = 20)]
        count: u32,
        /// Milliseconds between two events.
        #[arg(long, default_value_t = 50)]
        pause: u64,
    },
    /// Add one event.
    Add {
        /// Its text.
        text: String,
    },
    /// List all events, the oldest first.
    List,
    /// Drop the oldest events.
    Drop {
        /// How many, at most.
        count: u32,
    },
}

/// The log of events, opened.
struct EventLog<'a> {
    nvm: &'a FileNvm,
    undo: UndoLog<&'a FileNvm>,
    heap: Heap,
    events: Offset<Events>,
}

/// Where everything lies: the same at each start.
struct Places {
    layout: Layout,
    undo: Area,
    heap: Area,
    events: Offset<Events>,
}

fn places() -> Places {
    let mut layout = Layout::new("events", 1);
    Places {
        undo: layout.area("undo log", UndoLog::<FileNvm>::area_bytes(100)),
        heap: layout.area("heap", Heap::area_bytes(HEAP_BYTES)),
        events: layout.object("events"),
        layout,
    }
}

fn first_boot(nvm: &FileNvm, places: &Places) -> Result<(), Box<dyn Error>> {
    UndoLog::format(&nvm, places.undo)?;
    Heap::format(nvm, places.heap)?;
    let none = Events {
        first: 0,
        last: 0,
        count: 0,
        next_number: 1,
    };
    Ok(nvm.store(Class::Data, places.events, &none)?)
}

impl<'a> EventLog<'a> {
    fn open(nvm: &'a FileNvm, places: &Places) -> Result<Self, Box<dyn Error>> {
        let _ = Region::open_or_format(nvm, &places.layout, || first_boot(nvm, places))?;
        Ok(Self {
            nvm,
            // Puts back what an interrupted transaction had changed, allocations and all.
            undo: UndoLog::open(nvm, places.undo)?,
            heap: Heap::open(nvm, places.heap)?,
            events: places.events,
        })
    }

    /// Appends an event, and answers its number. A full heap loses its oldest events.
    fn append(&mut self, text: &str) -> Result<u32, Box<dyn Error>> {
        if text.len() > LONGEST_TEXT {
            return Err(format!(
                "the text has {} bytes; an event takes at most {LONGEST_TEXT}",
                text.len()
            )
            .into());
        }
        loop {
            match self.try_append(text) {
                Err(AllocError::OutOfMemory { .. }) if self.drop_oldest()? => {}
                other => return Ok(other?),
            }
        }
    }

    fn try_append(&mut self, text: &str) -> Result<u32, AllocError> {
        let (heap, events) = (self.heap, self.events);
        let length = text.len() as u32;
        self.undo.transaction(|tx| {
            let all = tx.get(events)?;
            let event = heap.allocate(tx, EVENT_BYTES + length)?;
            // The block is new: none of this is logged.
            let header = Event {
                next: 0,
                number: all.next_number,
                seconds: seconds_now(),
                length,
            };
            tx.set(Offset::new(event), header)?;
            tx.write(event + EVENT_BYTES, text.as_bytes())?;
            if all.last == 0 {
                tx.set(field!(events, Events.first), event)?;
            } else {
                let last: Offset<Event> = Offset::new(all.last);
                tx.set(field!(last, Event.next), event)?;
            }
            tx.set(field!(events, Events.last), event)?;
            tx.set(field!(events, Events.count), all.count + 1)?;
            tx.set(
                field!(events, Events.next_number),
                all.next_number.wrapping_add(1),
            )?;
            Ok(all.next_number)
        })
    }

    /// Drops the oldest event, if there is one.
    fn drop_oldest(&mut self) -> Result<bool, AllocError> {
        let (heap, events) = (self.heap, self.events);
        self.undo.transaction(|tx| {
            let all = tx.get(events)?;
            if all.first == 0 {
                return Ok(false);
            }
            let Event { next, .. } = tx.get(Offset::new(all.first))?;
            tx.set(field!(events, Events.first), next)?;
            if next == 0 {
                tx.set(field!(events, Events.last), 0)?;
            }
            tx.set(field!(events, Events.count), all.count - 1)?;
            heap.free(tx, all.first)?;
            Ok(true)
        })
    }

    /// All events, the oldest first, as far as the file is sound.
    fn read(&self) -> Result<Vec<(Event, String)>, Box<dyn Error>> {
        let all = self.nvm.load(self.events)?;
        let (mut at, mut events) = (all.first, Vec::new());
        while at != 0 {
            let room = self.heap.size_of_block(self.nvm, at)?;
            let event: Event = self.nvm.load(Offset::new(at))?;
            if events.len() as u32 >= all.count || room < EVENT_BYTES.saturating_add(event.length) {
                return Err(format!("the event at {at:#x} is damaged").into());
            }
            let mut text = vec![0; event.length as usize];
            self.nvm.read(at + EVENT_BYTES, &mut text)?;
            events.push((event, String::from_utf8_lossy(&text).into_owned()));
            at = event.next;
        }
        let statistics = self.heap.statistics(self.nvm)?;
        if events.len() as u32 != all.count || statistics.blocks != all.count {
            return Err(format!(
                "{} events in the list, {} counted, {} blocks in use: the file is damaged",
                events.len(),
                all.count,
                statistics.blocks
            )
            .into());
        }
        Ok(events)
    }
}

fn seconds_now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as u32)
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let places = places();
    let file = &arguments.file;
    let nvm = if arguments.format {
        FileNvm::overwrite(file, places.layout.size())?
    } else if file.exists() {
        FileNvm::open(file)?
    } else {
        FileNvm::create(file, places.layout.size())?
    };
    let mut log = EventLog::open(&nvm, &places).map_err(|error| {
        match error.downcast_ref::<RegionError>() {
            Some(_) => format!("{}: {error}", file.display()).into(),
            None => error,
        }
    })?;
    let mut out = std::io::stdout();
    // Every start checks the whole list against the heap: killed or not, nothing is lost.
    let events = log.read()?;
    let statistics = log.heap.statistics(&nvm)?;
    writeln!(
        out,
        "{} events, {} bytes used, {} free, largest free block {}",
        events.len(),
        statistics.used,
        statistics.free,
        statistics.largest_free
    )?;
    match arguments.command.as_ref().unwrap_or(&Command::Record {
        count: 20,
        pause: 50,
    }) {
        Command::Record { count, pause } => {
            for step in 0..*count {
                let text = format!("measured {}", "x".repeat((step * 7 % 60) as usize));
                writeln!(out, "event {}", log.append(&text)?)?;
                std::thread::sleep(Duration::from_millis(*pause));
            }
        }
        Command::Add { text } => writeln!(out, "event {}", log.append(text)?)?,
        Command::List => {
            for (event, text) in events {
                writeln!(out, "{:>6}  {}  {text}", event.number, event.seconds)?;
            }
        }
        Command::Drop { count } => {
            let mut dropped = 0;
            while dropped < *count && log.drop_oldest()? {
                dropped += 1;
            }
            writeln!(out, "{dropped} events dropped")?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("events: {error}");
            ExitCode::FAILURE
        }
    }
}
