//! The trace of the quick start, as a viewer reads it.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use examples::weather::readings::Readings;
use examples::weather::station::{self, Harvester, StationError};
use serde_json::Value;

const TASKS: [&str; 4] = ["sensor", "aggregate", "alarm", "report"];

/// What a trace holds, of which it was checked that a viewer can show it.
#[derive(Debug, Default)]
struct Seen {
    process: String,
    rows: Vec<String>,
    power_losses: Vec<u64>,
    /// Slices by row and name, those that are continued left out; and instants.
    count: BTreeMap<(String, String), u64>,
    /// Why slices ended.
    ends: BTreeMap<String, u64>,
}

impl Seen {
    fn count(&self, row: &str, name: &str) -> u64 {
        let key = (row.to_owned(), name.to_owned());
        self.count.get(&key).copied().unwrap_or(0)
    }
}

/// Reads a trace: times never go back in a row, slices nest and end, phases are known. Says where not.
fn check(document: &Value) -> Result<Seen, String> {
    let mut seen = Seen::default();
    let mut rows: BTreeMap<u64, (String, u64, Vec<String>)> = BTreeMap::new();
    let entries = document["traceEvents"].as_array().ok_or("no events")?;
    for entry in entries {
        let wrong = |what: &str| Err(format!("{what}: {entry}"));
        let name = entry["name"].as_str().unwrap_or_default().to_owned();
        let tid = entry["tid"].as_u64().unwrap_or(0);
        let phase = entry["ph"].as_str().unwrap_or_default();
        if phase == "M" {
            let named = || {
                entry["args"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            match name.as_str() {
                "process_name" => seen.process = named(),
                "thread_name" => {
                    seen.rows.push(named());
                    if rows.insert(tid, (named(), 0, Vec::new())).is_some() {
                        return wrong("named twice");
                    }
                }
                "thread_sort_index" => {}
                _ => return wrong("unknown metadata"),
            }
            continue;
        }
        let Some((row, last, open)) = rows.get_mut(&tid) else {
            return wrong("row without a name");
        };
        let Some(at) = entry["ts"].as_u64().filter(|at| at >= last) else {
            return wrong("time goes back");
        };
        *last = at;
        match phase {
            "B" => {
                if entry["args"]["continued"] != true {
                    *seen.count.entry((row.clone(), name.clone())).or_default() += 1;
                }
                let outer = open.last().map(String::as_str);
                let is_right = match name.as_str() {
                    "running" | "blocked" | "power on" | "recovery" => outer.is_none(),
                    "transaction" => outer == Some("running"),
                    _ => matches!(outer, Some("transaction" | "blocked")),
                };
                if !is_right {
                    return wrong("in the wrong slice");
                }
                open.push(name);
            }
            "E" => {
                if open.pop().is_none() {
                    return wrong("ends what did not begin");
                }
                let why = entry["args"]["end"].as_str().unwrap_or_default();
                *seen.ends.entry(why.to_owned()).or_default() += 1;
            }
            "i" if entry["s"] == "g" && name == "power loss" => seen.power_losses.push(at),
            "i" if entry["s"] == "t" => {
                *seen.count.entry((row.clone(), name)).or_default() += 1;
            }
            _ => return wrong("unknown phase"),
        }
    }
    match rows.values().find(|(.., open)| !open.is_empty()) {
        Some((row, _, open)) => Err(format!("row {row}: {open:?} never end")),
        None => Ok(seen),
    }
}

fn load(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_year_has_a_row_for_each_task_and_each_power_loss() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace.json");
    let readings = Readings::of_seattle().unwrap();
    let reference = station::without_power_loss(&readings).unwrap();
    let mut harvester = Harvester::new(5, 400, reference.counters.stores());
    let run = station::simulate(
        &folder.path().join("x.nvm"),
        true,
        &readings,
        &mut harvester,
        Some(&file),
        &mut |_, _| {},
    )
    .unwrap();
    assert_eq!(run.results.difference(&reference.results), None);

    let document = load(&file);
    let seen = check(&document).unwrap();
    assert_eq!(seen.process, "INTOS weather logger");
    assert_eq!(seen.rows[..2], ["power", "kernel"]);
    assert_eq!(seen.rows[2..], TASKS);
    assert_eq!(run.power_losses, 400);
    assert_eq!(seen.power_losses.len(), 400);
    assert_eq!(seen.count("power", "power on"), 401);
    assert_eq!(seen.count("kernel", "recovery"), 401);

    // The trace and the statistics tell the same.
    let sum = |name: &str| TASKS.iter().map(|task| seen.count(task, name)).sum::<u64>();
    assert_eq!(sum("bypassed"), u64::from(run.statistics.bypassed));
    assert_eq!(sum("ended"), 4);
    assert!(sum("transaction") >= u64::from(run.statistics.run));
    assert!(sum("transaction") <= u64::from(run.statistics.run) + run.power_losses * 4);
    // A call is made once for each reading; one that was cut short is made again.
    let sent = seen.count("sensor", "queue.send");
    assert!((8_760..8_760 + 400).contains(&sent), "{sent}");
    assert!(seen.count("sensor", "blocked") > 8_000);
    assert!(seen.ends["power loss"] > 400);
    assert_eq!(seen.ends.get("failed"), None);
    assert_eq!(seen.ends["trace ends"], 1, "the power is still on");
}

#[test]
fn a_trace_that_is_wrong_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace.json");
    assert!(traced(folder.path(), &file, &[]).status.success());
    let good = load(&file);
    let entries = good["traceEvents"].as_array().unwrap();
    let nth = |what: &dyn Fn(&Value) -> bool| {
        let all = entries.iter().enumerate().filter(|(_, entry)| what(entry));
        all.map(|(index, _)| index).nth(20).unwrap()
    };
    let begin = nth(&|entry| entry["name"] == "transaction");
    let end = nth(&|entry| entry["ph"] == "E");
    let changed = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut bad = good.clone();
        change(bad["traceEvents"].as_array_mut().unwrap());
        check(&bad)
    };
    assert!(changed(&|_| {}).is_ok());
    assert!(changed(&|entries| drop(entries.remove(begin))).is_err());
    assert!(changed(&|entries| drop(entries.remove(end))).is_err());
    assert!(changed(&|entries| entries[end]["ts"] = 0.into()).is_err());
    assert!(changed(&|entries| entries[begin]["tid"] = 99.into()).is_err());
    assert!(changed(&|entries| entries[begin]["ph"] = "X".into()).is_err());
}

/// The quick start with a trace.
fn traced(folder: &Path, file: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quickstart"))
        .arg("--nvm")
        .arg(folder.join("x.nvm"))
        .arg("--trace")
        .arg(file)
        .args(options)
        .output()
        .unwrap()
}

#[test]
fn the_option_writes_the_trace_and_says_what_is_wrong_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let nvm = folder.path().join("x.nvm");
    let refused = |output: &Output, reason: &str| {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with("error: "), "{said}");
        assert!(said.contains(reason), "{said}");
    };
    refused(
        &traced(folder.path(), Path::new("/nowhere/trace.json"), &[]),
        "/nowhere/trace.json: the trace cannot be written: ",
    );
    refused(
        &traced(folder.path(), folder.path(), &[]),
        "the trace cannot be written: ",
    );
    refused(&traced(folder.path(), &nvm, &[]), "the NVM");
    assert!(!nvm.exists(), "nothing was to be made");
    let file = folder.path().join("trace.json");
    refused(&traced(folder.path(), &file, &["--live"]), "--live");
    assert!(!file.exists());

    let output = traced(folder.path(), &file, &["--losses", "37"]);
    assert!(output.status.success());
    assert_eq!(check(&load(&file)).unwrap().power_losses.len(), 37);

    // A year under way is not overwritten.
    let year = fs::read(&nvm).unwrap();
    refused(&traced(folder.path(), &nvm, &[]), "the NVM");
    assert!(fs::read(&nvm).unwrap() == year);
}

/// A disk that is full, where there is one.
#[test]
fn a_trace_that_could_not_be_written_to_its_end_is_an_error() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let readings = Readings::of_seattle().unwrap();
    let mut harvester = Harvester::new(1, 3, 100_000);
    let run = station::simulate(
        &folder.path().join("x.nvm"),
        true,
        &readings,
        &mut harvester,
        Some(full),
        &mut |_, _| {},
    );
    let error = run.unwrap_err();
    assert!(matches!(error, StationError::Trace { .. }), "{error}");
    assert!(error.is_bad_use());
}
