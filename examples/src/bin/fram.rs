//! An event counter on an FRAM chip behind SPI: `intos-spi-fram`, `nvm-core` and `nvm-tx`, without a kernel.
//!
//! A meter sends numbered pulses until it is told that they were counted. The counter keeps their number, the sum of what
//! they said, and the last one's value; the three belong together, so a pulse is one transaction. FRAM needs no erasing and
//! wears out after some 10^13 writes of a byte, so the counter stays where it is.
//!
//! The chip is a model, and its power goes at random bytes on the bus; but for that the program is the one for a board.
//!
//! `cargo run --release -p examples --bin fram -- --help`

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use embedded_hal::spi::SpiDevice;
use intos::host::Random;
use nvm_core::sim::{PowerLoss, until_power_loss};
use nvm_core::{Area, Class, Layout, Nvm, Offset, Region, StorageNvm, persist};
use nvm_tx::{Fault, UndoLog};
use spi_fram::model::Chip;
use spi_fram::{Capacity, Fram};

/// The chip: an MB85RS64V, say.
const CAPACITY: Capacity = Capacity::Kbit64;

/// Counts pulses on a modelled FRAM chip, and tells the bytes on the bus.
#[derive(Parser)]
struct Arguments {
    /// Pulses to count.
    #[arg(long, default_value_t = 1000)]
    pulses: u32,
    /// Power losses, at random bytes on the bus.
    #[arg(long, default_value_t = 300)]
    losses: u64,
    /// Which ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The clock of the bus.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..))]
    megahertz: u64,
}

persist! {
    /// What is known of the pulses.
    struct Count { pulses: u32, last: u32, sum: u64 }
}

/// Where everything lies: the same at each start.
struct Places {
    layout: Layout,
    log: Area,
    count: Offset<Count>,
}

fn places() -> Places {
    let mut layout = Layout::new("pulse counter", 1);
    Places {
        // An entry for the one object: 4 bytes and its old 16.
        log: layout.area(
            "undo log",
            UndoLog::<StorageNvm<Fram<&Chip>>>::area_bytes(20),
        ),
        count: layout.object("count"),
        layout,
    }
}

/// One life of the program on a board: from the start, over whatever it left, until all pulses are counted.
fn life<SPI>(spi: SPI, pulses: u32) -> Result<(), Box<dyn Error>>
where
    SPI: SpiDevice,
    SPI::Error: 'static,
{
    let places = places();
    let nvm = StorageNvm::<_, 1>::new(Fram::open(spi, CAPACITY)?);
    let _ = Region::open_or_format(&nvm, &places.layout, || -> Result<(), Box<dyn Error>> {
        UndoLog::format(&&nvm, places.log)?;
        let none = Count {
            pulses: 0,
            last: 0,
            sum: 0,
        };
        Ok(nvm.store(Class::Data, places.count, &none)?)
    })?;
    // What an interrupted transaction had changed is put back here.
    let mut log = UndoLog::open(&nvm, places.log)?;
    while let Some(value) = next_pulse(nvm.load(places.count)?.pulses, pulses) {
        count(&mut log, places.count, value)?;
    }
    Ok(())
}

/// Counts a pulse: all or nothing.
fn count<N: Nvm>(log: &mut UndoLog<N>, count: Offset<Count>, value: u32) -> Result<(), Fault> {
    log.transaction(|tx| {
        tx.update(count, |count| Count {
            pulses: count.pulses + 1,
            last: value,
            sum: count.sum + u64::from(value),
        })
    })
}

/// What the meter sends as long as the pulses up to this one were counted.
fn next_pulse(counted: u32, pulses: u32) -> Option<u32> {
    (counted < pulses).then(|| 100 + counted.wrapping_mul(2_654_435_761) % 100)
}

/// Lives until all pulses are counted, with power losses after so many bytes on the bus on average. Answers how many there
/// were: the work may be done before the last one.
fn lives(
    chip: &Chip,
    pulses: u32,
    mut losses: u64,
    mean: u64,
    seed: u64,
) -> Result<u64, Box<dyn Error>> {
    let mut random = Random::new(seed);
    chip.on_power_loss(Some(|| {
        if !std::thread::panicking() {
            PowerLoss::strike();
        }
    }));
    let before = chip.power_losses();
    loop {
        chip.power_on();
        chip.cut_never();
        if losses > 0 {
            losses -= 1;
            chip.cut_after(random.below(2 * mean));
        }
        if let Ok(ended) = until_power_loss(|| life(chip, pulses)) {
            return ended.map(|()| chip.power_losses() - before);
        }
    }
}

/// What the chip holds in the end.
fn counted(chip: &Chip) -> Result<Count, Box<dyn Error>> {
    let nvm = StorageNvm::<_, 1>::new(Fram::open(chip, CAPACITY)?);
    Ok(nvm.load(places().count)?)
}

fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let mut out = std::io::stdout();
    let Arguments {
        pulses,
        losses,
        seed,
        megahertz,
    } = *arguments;
    let micros = |bytes: u64| (8 * bytes).div_ceil(megahertz);

    // Without a power loss: what it costs.
    let chip = Chip::new(CAPACITY);
    life(&chip, 0)?;
    let first_start = chip.traffic();
    life(&chip, 0)?;
    let start = chip.traffic() - first_start;
    let before = chip.traffic();
    life(&chip, pulses)?;
    let all = chip.traffic() - before;
    let expected = counted(&chip)?;
    writeln!(
        out,
        "first start: {} bytes on the bus, {} µs at {megahertz} MHz (looks whether the chip is blank, and formats)",
        first_start.bytes,
        micros(first_start.bytes)
    )?;
    writeln!(
        out,
        "later starts: {} bytes on the bus, {} µs",
        start.bytes,
        micros(start.bytes)
    )?;
    if let Some(each) = (all.bytes - start.bytes).checked_div(u64::from(pulses)) {
        let stored = all.stored / u64::from(pulses);
        writeln!(
            out,
            "each pulse: {each} bytes on the bus, {} µs; {stored} bytes stored",
            micros(each)
        )?;
    }

    // And with them: the same. The first start needs more than one of these lives: it was made in the factory.
    let chip = Chip::new(CAPACITY);
    life(&chip, 0)?;
    let mean = (all.bytes / (losses + 1)).max(start.bytes);
    let lost = lives(&chip, pulses, losses, mean, seed)?;
    let found = counted(&chip)?;
    let same = found == expected && found.pulses == pulses;
    let Count { pulses, last, sum } = found;
    writeln!(
        out,
        "{lost} power losses; counted: {pulses} pulses, their sum {sum}, the last one {last}\n\
         each pulse counted once: {}",
        if same { "yes" } else { "no" }
    )?;
    Ok(same)
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fram: {error}");
            ExitCode::FAILURE
        }
    }
}
