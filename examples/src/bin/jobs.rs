//! A durable job list, kept by due time: `nvm-list` used alone.
//!
//! Jobs go from `waiting`, which is sorted by due time, to `in_work`, and to `done`. Each step is one list
//! operation, so that a job is always in just one of the lists: none is lost, none is done without being
//! noted. One whose work is cut off is done again.
//!
//! - `jobs` runs on a simulated memory whose power goes again and again: after no store at the first
//!   start, after one at the second, and so on.
//! - `jobs FILE` keeps the list in a file and finishes one job a run. Kill it whenever you like.

use std::error::Error;

use nvm_core::sim::{SimNvm, until_power_loss};
use nvm_core::{Area, Class, FileNvm, Layout, Nvm, Offset, Region};
use nvm_list::{Head, List, Node, NodeRef, OpLog, Recovered, check};

/// What there is to do, and when it is due.
const JOBS: [(&str, u32); 6] = [
    ("water the plants", 40),
    ("read the sensor", 10),
    ("send the report", 60),
    ("average the samples", 20),
    ("charge the battery", 50),
    ("store the average", 30),
];

/// Where everything lies: the same at each start.
struct Places {
    layout: Layout,
    log: Area,
    heads: [Offset<Head>; 3],
    nodes: Offset<[Node; JOBS.len()]>,
}

fn places() -> Places {
    let mut layout = Layout::new("jobs", 1);
    Places {
        log: layout.area("list operations", OpLog::bytes_for(1)),
        heads: ["waiting", "in work", "done"].map(|name| layout.object::<Head>(name)),
        nodes: layout.object("jobs"),
        layout,
    }
}

/// The first boot: every job waits. Begins again from the start, should the power go on the way.
fn first_boot<N: Nvm>(nvm: &N, places: &Places) -> Result<(), Box<dyn Error>> {
    let log = OpLog::format(nvm, places.log, Class::Data)?;
    for head in places.heads {
        List::format(nvm, Class::Data, head, 0)?;
    }
    let waiting = List::at(places.heads[0])?;
    for (index, (_, due)) in JOBS.iter().enumerate() {
        let node = places.nodes.element(index).ok_or("no such job")?;
        // The label says which job it is.
        let node = NodeRef::format(nvm, Class::Data, node, u16::try_from(index)?)?;
        log.insert_sorted(nvm, waiting, node, *due)?;
    }
    Ok(())
}

/// The program, from its start. Finishes at most `jobs` jobs.
fn program<N: Nvm>(nvm: &N, jobs: usize) -> Result<(), Box<dyn Error>> {
    let places = places();
    let region = Region::open_or_format(nvm, &places.layout, || first_boot(nvm, &places))?;
    if region.is_first_boot() {
        println!("first boot: {} jobs wait", JOBS.len());
    }
    let log = OpLog::open(places.log, Class::Data)?;
    let [waiting, in_work, done] = places.heads.map(List::at);
    let (waiting, in_work, done) = (waiting?, in_work?, done?);

    if log.recover(nvm, |_| false)? == Recovered::RolledForward {
        println!("  (a list operation was interrupted: completed)");
    }
    for _ in 0..jobs {
        // What was in work when the power went comes first.
        let job = match in_work.front(nvm)? {
            Some(job) => job,
            None => match waiting.front(nvm)? {
                Some(job) => {
                    log.move_back(nvm, in_work, job)?;
                    job
                }
                None => return Ok(()),
            },
        };
        // The work itself: at least once, since the power may go before it is noted as done.
        let (name, due) = JOBS[usize::from(job.label(nvm)?)];
        println!("  due {due}: {name}");
        log.move_back(nvm, done, job)?;
    }
    Ok(())
}

fn simulated() -> Result<(), Box<dyn Error>> {
    let nvm = SimNvm::<4>::new(places().layout.size());
    program(&nvm, 0)?;
    let mut stores = 0;
    loop {
        nvm.power_on();
        nvm.cut_after(stores);
        stores += 1;
        match until_power_loss(|| program(&nvm, JOBS.len())) {
            Ok(result) => break result?,
            Err(_power_loss) => println!("power lost after {} stores", stores - 1),
        }
    }
    nvm.cut_never();
    let done = List::at(places().heads[2])?;
    let finished = check(&nvm, done, 100, true)?;
    println!(
        "{finished} of {} jobs done, in the order of their due times, over {} power losses",
        JOBS.len(),
        nvm.power_losses()
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args_os().nth(1) {
        None => simulated(),
        Some(path) if std::path::Path::new(&path).exists() => program(&FileNvm::open(path)?, 1),
        Some(path) => program(&FileNvm::create(path, places().layout.size())?, 1),
    }
}
