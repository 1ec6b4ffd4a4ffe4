//! The weather logger on a host machine.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use intos::host::{CycleEnd, Host, HostError, Machine, Random, Settings};
use intos::{BootError, Kernel, TaskIndex, TaskState};
use nvm_core::sim::{Counters, SimNvm};
use nvm_core::{FileNvm, Nvm, RegionError};

use super::Weather;
pub use super::error::StationError;
use super::readings::Readings;
use super::results::Results;

/// A machine with the readings as its world.
pub type Station<N> = Machine<N, Readings>;

/// How a run ended.
#[derive(Debug)]
pub struct Run {
    /// The persistent results.
    pub results: Results,
    /// Power losses that were simulated.
    pub power_losses: u64,
    /// The machine's counters.
    pub counters: Counters,
    /// What the tasks did.
    pub statistics: replay::Statistics,
    /// Bytes of NVM that the program has.
    pub nvm_bytes: u32,
    /// Readings that the run began with: 0, or how far an earlier run had come.
    pub began_with: u32,
}

fn settings(seed: u64) -> Settings {
    Settings {
        seed,
        accesses_per_tick: 5_000,
        preempt_one_in: 40,
        atom: 4,
        ..Settings::default()
    }
}

/// Bytes of NVM that the program needs.
fn bytes_needed() -> Result<u32, StationError> {
    Kernel::<Host<'_, SimNvm<4>, Readings>>::bytes_needed::<Weather>()
        .map_err(|error| HostError::Boot(error).into())
}

/// The year without power losses, in memory.
pub fn without_power_loss(readings: &Readings) -> Result<Run, StationError> {
    let nvm = SimNvm::<4>::new(bytes_needed()?);
    let station = Station::with_world(nvm, settings(0), readings.clone());
    run_to_the_end(&station, false, &mut NeverCuts, &mut |_, _| {})
}

/// The year with its NVM in a file and the power losses of a harvester. `progress` is told how many
/// readings were taken and how often the power went. The run is written to the file `trace`, if there is to be
/// one: see [`intos::host::Trace`].
pub fn simulate(
    path: &Path,
    formats: bool,
    readings: &Readings,
    harvester: &mut Harvester,
    trace: Option<&Path>,
    progress: &mut dyn FnMut(u32, u64),
) -> Result<Run, StationError> {
    let failed = |error| StationError::Trace {
        path: trace.unwrap_or(path).display().to_string(),
        error,
    };
    let file = trace.map(|trace| create_beside(trace, path));
    let file = file.transpose().map_err(failed)?;
    let station = open(path, formats, readings, harvester.seed)?;
    let writing = file.map(|file| station.start_trace::<Weather, _>(file));
    let run = run_to_the_end(&station, formats, harvester, progress)
        .map_err(|error| error.about(path, formats));
    if let Some(writing) = writing {
        // A run that failed has a trace too: it ends with the reason.
        let written = writing.finish().map_err(failed);
        if run.is_ok() {
            written?;
        }
    }
    run
}

/// Makes or empties a file, but not where it is the NVM's.
fn create_beside(file: &Path, nvm: &Path) -> io::Result<File> {
    let is_same = match (file.canonicalize(), nvm.canonicalize()) {
        (Ok(file), Ok(nvm)) => file == nvm,
        _ => file == nvm,
    };
    if is_same {
        return Err(io::Error::other("it is the file that holds the NVM"));
    }
    File::create(file)
}

/// The year with its NVM in a file, and no other power losses than what happens to this process.
pub fn live(
    path: &Path,
    formats: bool,
    readings: &Readings,
    progress: &mut dyn FnMut(u32, u64),
) -> Result<Run, StationError> {
    let station = open(path, formats, readings, 0)?;
    run_to_the_end(&station, formats, &mut NeverCuts, progress)
        .map_err(|error| error.about(path, formats))
}

/// What decides when the power goes.
trait Supply {
    /// After how many atomic stores it goes next, `taken` of all `readings` having been taken.
    fn next_cut(&mut self, taken: u32, readings: u32, power_losses: u64) -> Option<u64>;
}

struct NeverCuts;

impl Supply for NeverCuts {
    fn next_cut(&mut self, _: u32, _: u32, _: u64) -> Option<u64> {
        None
    }
}

/// A simulated energy harvester: charges last for random times, spread over the year so that the power
/// goes as often as was asked for.
#[derive(Debug)]
pub struct Harvester {
    seed: u64,
    random: Random,
    losses: u64,
    stores: u64,
}

impl Harvester {
    /// A charge lasts for so many stores on average at least: enough for the longest transaction.
    const SHORTEST_MEAN: u64 = 60;

    /// A harvester whose power goes `losses` times in a year of `stores` atomic stores.
    pub fn new(seed: u64, losses: u64, stores: u64) -> Self {
        Self {
            seed,
            random: Random::new(seed),
            losses,
            stores,
        }
    }
}

impl Supply for Harvester {
    fn next_cut(&mut self, taken: u32, readings: u32, power_losses: u64) -> Option<u64> {
        let losses_left = self
            .losses
            .checked_sub(power_losses)
            .filter(|left| *left > 0)?;
        let readings_left = u64::from(readings.saturating_sub(taken));
        let stores_left = self.stores * readings_left / u64::from(readings.max(1));
        // One interval more than losses, so that the last one still falls into the year.
        let mean = (stores_left / (losses_left + 1)).max(Self::SHORTEST_MEAN);
        Some(self.random.below(2 * mean))
    }
}

/// Opens the file, or makes it where there is none; `formats`: makes it anew whatever it holds. Checks that
/// it is this program's, and these readings'.
fn open(
    path: &Path,
    formats: bool,
    readings: &Readings,
    seed: u64,
) -> Result<Station<FileNvm>, StationError> {
    let bytes = bytes_needed()?;
    let nvm = if formats {
        FileNvm::overwrite(path, bytes)?
    } else if path.exists() {
        FileNvm::open(path)?
    } else {
        FileNvm::create(path, bytes)?
    };
    let station = Station::with_world(nvm, settings(seed), readings.clone());
    if formats {
        return Ok(station);
    }
    let booted = Kernel::<Host<'_, FileNvm, Readings>>::boot::<Weather>(&station, &station);
    let input = match booted {
        Ok((_, app)) => station.nvm().load(app.input)?,
        Err(BootError::Region(error)) => {
            let path = path.display().to_string();
            return Err(StationError::Region { path, error });
        }
        Err(error) => {
            let path = path.display().to_string();
            let error = HostError::Boot(error);
            return Err(StationError::Image { path, error });
        }
    };
    if input != 0 && input != readings.digest() {
        let path = path.display().to_string();
        return Err(StationError::OtherInput { path });
    }
    Ok(station)
}

/// Whether the file holds a year that has been brought to its end.
pub fn is_complete(path: &Path) -> bool {
    let complete = || -> Option<bool> {
        let nvm = FileNvm::open(path).ok()?;
        let station = Station::with_world(nvm, settings(0), Readings::of_seattle().ok()?);
        let (kernel, _) =
            Kernel::<Host<'_, FileNvm, Readings>>::boot::<Weather>(&station, &station).ok()?;
        let scheduler = kernel.scheduler();
        let mut tasks = (0..scheduler.task_count()).map(TaskIndex);
        Some(tasks.all(|task| scheduler.state(task) == Ok(TaskState::Ended)))
    };
    complete().unwrap_or(false)
}

/// Power cycle after power cycle, until all tasks have ended.
fn run_to_the_end<N: Nvm + fmt::Debug>(
    station: &Station<N>,
    formats: bool,
    supply: &mut dyn Supply,
    progress: &mut dyn FnMut(u32, u64),
) -> Result<Run, StationError> {
    let readings = station.world().len();
    let mut formats = formats;
    let mut began_with = None;
    let mut taken = 0;
    let mut handles: Option<Weather> = None;
    loop {
        match supply.next_cut(taken, readings, station.power_losses()) {
            Some(stores) => station.cut_after(stores),
            None => station.cut_never(),
        }
        let end = station.power_cycle_with::<Weather>(formats, |app| {
            handles = Some(*app);
            if let Ok(now) = station.nvm().load(app.taken) {
                began_with.get_or_insert(now);
                taken = now;
                progress(taken, station.power_losses());
            }
            true
        })?;
        if end == CycleEnd::Ended {
            break;
        }
        // The first cycle formats; one that was cut while it formatted leaves a blank region.
        formats = false;
    }
    let app = handles.ok_or(HostError::Boot(BootError::Region(RegionError::Blank)))?;
    Ok(Run {
        results: Results::load(station.nvm(), &app)?,
        power_losses: station.power_losses(),
        counters: station.counters(),
        statistics: station.statistics(),
        nvm_bytes: station.nvm().size(),
        began_with: began_with.unwrap_or(0),
    })
}
