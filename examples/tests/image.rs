//! The command `image` as its user meets it, on images of the quick start and of other programs.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use example_applications::Kv;
use example_programs::Workshop;
use examples::weather::Weather;
use examples::weather::readings::Readings;
use intos::Program;
use intos::host::image::ProgramLayout;
use intos::host::{Host, Machine, Settings};
use nvm_core::sim::SimNvm;
use serde_json::Value;

type Ram = SimNvm<4>;

fn image(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_image"));
    command.args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complained(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn settings() -> Settings {
    Settings {
        preempt_one_in: 40,
        ..Settings::default()
    }
}

/// The quick start's image after its power went.
fn weather(stores: u64) -> Vec<u8> {
    let layout = ProgramLayout::of::<Host<'static, Ram, Readings>, Weather>().unwrap();
    let readings = Readings::of_seattle().unwrap();
    let station = Machine::with_world(Ram::new(layout.bytes()), settings(), readings);
    station.cut_after(stores);
    let _ = station.power_cycle::<Weather>().unwrap();
    station.nvm().image()
}

/// Another program's.
fn interrupted<P: for<'m> Program<Host<'m, Ram>>>(stores: u64) -> Vec<u8> {
    let layout = ProgramLayout::of::<Host<'static, Ram>, P>().unwrap();
    let machine = Machine::new(Ram::new(layout.bytes()), settings());
    machine.cut_after(stores);
    let _ = machine.power_cycle::<P>().unwrap();
    machine.nvm().image()
}

fn file(folder: &Path, bytes: &[u8]) -> String {
    let path = folder.join("image.nvm");
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_image_of_the_quick_start_is_told_by_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = weather(40_000);
    let file = file(folder.path(), &bytes);
    let output = image(&["inspect", &file]);
    let tree = said(&output);
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    for line in [
        "INTOS weather logger (layout version 2)",
        "├─ header",
        "checksum",
        "queue readings",
        "mutex table",
        "control block sensor",
        "├─ tasks",
        "sensor: ",
        "aggregate: ",
        "loop at ",
        "object taken: ",
    ] {
        assert!(tree.contains(line), "{line} is not in\n{tree}");
    }
    let told = json(&image(&["inspect", &file, "--json"]));
    assert_eq!(told["shape"], 1);
    assert_eq!(told["program"]["name"], "INTOS weather logger");
    assert_eq!(told["tasks"][0]["name"], "sensor");
    // Looking changes nothing.
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

#[test]
fn what_a_power_loss_leaves_is_sound_and_its_interrupted_work_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut interrupted = 0;
    for stores in (5_000..5_060).chain(9_000..9_030) {
        let bytes = weather(stores);
        let file = file(folder.path(), &bytes);
        let output = image(&["check", &file, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let told = json(&output);
        assert_eq!(told["sound"], true);
        if told["checked"] == "as-recovered" {
            interrupted += 1;
            let text = said(&image(&["check", &file]));
            assert!(text.contains("under way: "), "{text}");
            assert!(
                text.contains("a copy that was recovered in memory"),
                "{text}"
            );
            let recovered = said(&image(&["inspect", &file, "--recovered"]));
            assert!(recovered.contains("in flight: nothing"), "{recovered}");
        }
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
    assert!(interrupted > 20, "{interrupted} of 90 were interrupted");
}

#[test]
fn programs_are_recognised_by_their_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, name) in [
        (interrupted::<Workshop>(2_000), "workshop"),
        (interrupted::<Kv>(3_000), "kv"),
    ] {
        let file = file(folder.path(), &bytes);
        let told = json(&image(&["check", "--json", &file]));
        assert_eq!(told["program"], name);
        assert_eq!(told["sound"], true);
    }
}

#[test]
fn damage_is_told_with_its_place_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = weather(40_000);
    // The count of a queue's items, and a link of a ready list.
    let layout = ProgramLayout::of::<Host<'static, Ram, Readings>, Weather>().unwrap();
    let places = layout.places();
    let readings = places
        .iter()
        .find(|place| place.name == "readings")
        .unwrap();
    let count = readings.offset as usize + 18;
    bytes[count..count + 2].copy_from_slice(&[99, 0]);
    let file = file(folder.path(), &bytes);
    let output = image(&["check", &file]);
    assert_eq!(output.status.code(), Some(1));
    let text = said(&output);
    for line in [
        &format!("broken [queue]: queue readings, at {count:#06x}:")[..],
        "  expected: at most 8 items, or 65535 where it was deleted",
        "  found:    99 items",
        "what to do: The image is damaged",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let told = json(&image(&["check", &file, "--json"]));
    assert_eq!(told["sound"], false);
    assert_eq!(told["findings"][0]["invariant"], "queue");
    assert_eq!(told["findings"][0]["offset"], count);
}

#[test]
fn a_damaged_header_is_told_and_the_rest_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = weather(40_000);
    bytes[8] ^= 0x10;
    let file = file(folder.path(), &bytes);
    let output = image(&["inspect", &file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("(wrong)"), "{}", said(&output));
    let output = image(&["check", &file, "--program", "INTOS weather logger"]);
    assert_eq!(output.status.code(), Some(1));
    let text = said(&output);
    assert!(text.contains("that of \"INTOS weather logger\""), "{text}");
    let output = image(&["inspect", &file, "--program", "INTOS weather logger"]);
    assert!(said(&output).contains("queue readings"));
}

#[test]
fn bad_use_has_a_status_of_its_own_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.nvm");
    let missing = missing.to_str().unwrap();
    let text = file(
        folder.path(),
        b"This is a letter and no image of an NVM region.",
    );
    for command in ["inspect", "check"] {
        for (arguments, why) in [
            (&[command][..], "the file is missing"),
            (&[command, missing], "missing.nvm"),
            (
                &[command, folder.path().to_str().unwrap()],
                "it is not a file",
            ),
            (
                &[command, &text],
                "it is no image of an NVM region: it begins with \"This\"",
            ),
            (&[command, &text, "--shiny"], "there is no option --shiny"),
        ] {
            let output = image(arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(complained(&output).contains(why), "{}", complained(&output));
        }
    }
    let short = file(folder.path(), b"NVMR");
    let output = image(&["check", &short]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complained(&output).contains("it has 4 bytes, and a region's header alone has 32"));
    let weather = file(folder.path(), &weather(20_000));
    let output = image(&["check", &weather, "--program", "calculator"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        complained(&output).contains("there is no program calculator. Known are: INTOS weather")
    );
    assert_eq!(image(&["--help"]).status.code(), Some(0));
}

#[test]
fn an_unknown_program_is_told_as_far_as_its_header() {
    let folder = tempfile::tempdir().unwrap();
    // A region that another program has formatted.
    let nvm = Ram::new(256);
    let mut layout = nvm_core::Layout::new("somebody else's", 3);
    let _ = layout.area("things", 64);
    let formatted: Result<_, nvm_core::RegionError> =
        nvm_core::Region::open_or_format(&nvm, &layout, || Ok(()));
    assert!(formatted.is_ok());
    let file = file(folder.path(), &nvm.image());
    for command in ["inspect", "check"] {
        let output = image(&[command, &file]);
        assert_eq!(output.status.code(), Some(2));
        let why = complained(&output);
        assert!(why.contains("of no program that this tool knows"), "{why}");
        assert!(why.contains("intos::host::image_tool"), "{why}");
        assert!(why.contains("nvm_core::image::Description"), "{why}");
    }
    let tree = said(&image(&["inspect", &file]));
    assert!(tree.contains("magic NVMR (ok)"), "{tree}");
    assert!(tree.contains("not told: tasks and objects"), "{tree}");
}

/// The file that a program for a single crate leaves, and what is told of it.
#[test]
fn programs_for_single_crates_are_known_too() {
    let folder = tempfile::tempdir().unwrap();
    for (program, binary, lines) in [
        (
            "events",
            env!("CARGO_BIN_EXE_events"),
            ["measurements", "[0].code: "],
        ),
        (
            "settings",
            env!("CARGO_BIN_EXE_settings"),
            ["undo log transactions", "high: 30000"],
        ),
        (
            "store",
            env!("CARGO_BIN_EXE_store"),
            ["heap entries", "entries: "],
        ),
        (
            "energy",
            env!("CARGO_BIN_EXE_energy"),
            ["[23].energy: ", "undo log transactions"],
        ),
        (
            "update",
            env!("CARGO_BIN_EXE_update"),
            ["lists buffers", "free: 12 nodes"],
        ),
        (
            "door",
            env!("CARGO_BIN_EXE_door"),
            ["thread visits", "starts without a commit: 0"],
        ),
    ] {
        let path = folder.path().join(format!("{program}.nvm"));
        let file = path.to_str().unwrap();
        let mut command = Command::new(binary);
        command.args(["--nvm", file]);
        match program {
            "events" => command.args(["measure", "--pause", "0"]),
            "store" => command.args(["exercise", "--pause", "0"]),
            "energy" => command.args(["--pace", "0"]),
            _ => command.args(["--pause", "0"]),
        };
        assert!(command.output().unwrap().status.success(), "{program}");
        let output = image(&["inspect", file]);
        assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
        let tree = said(&output);
        for line in lines {
            assert!(tree.contains(line), "{line} is not in\n{tree}");
        }
        let output = image(&["check", file]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let told = json(&image(&["check", "--json", file]));
        assert_eq!(told["program"], program);
        assert_eq!(told["sound"], true);
        let told = json(&image(&["inspect", "--json", file]));
        assert_eq!(told["program"]["name"], program);
    }
}

#[test]
fn a_truncated_image_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = weather(20_000);
    for len in [32, 100, 1_000, bytes.len() - 1] {
        let file = file(folder.path(), &bytes[..len]);
        let output = image(&["check", &file]);
        assert_eq!(output.status.code(), Some(1), "{}", complained(&output));
        let text = said(&output);
        assert!(text.contains(&format!("found:    {len} bytes")), "{text}");
        assert_eq!(image(&["inspect", &file]).status.code(), Some(1));
    }
}
