//! What is told of an image.

use intos::host::image::{Image, Scope, check, inspect, inspect_recovered};

use super::gallery::{image, interrupted_image, layout};

#[test]
fn tasks_and_what_they_wait_for_are_told_by_their_names() {
    let image = Image::from_bytes(&image()).unwrap();
    let told = inspect(&image, Some(&layout())).to_string();
    for line in [
        "gallery (layout version 7)",
        "in flight: nothing",
        "holder: delayed until tick 100000",
        "priority 5 (inherited; its own is 1)",
        "holds, while others want it: mutex books",
        "waiter: blocked on mutex books: wait list, priority 5",
        "receiver: blocked on queue jobs: receivers, priority 4",
        "taker: blocked on semaphore units: wait list, until tick 50000",
        "watcher: blocked on event group events: wait list, priority 6",
        "server: blocked on timer service timers: serving task, until tick 6000",
        "reader: blocked on stream buffer stream: reader, priority 2",
        "sender: blocked on queue full: senders, priority 3",
        "writer: blocked on wait list of notifications, priority 2",
        "sleeper (slot 9): delayed until tick 90000",
        "sleeper (slot 10): delayed until tick 90000",
        "iteration 2",
        "queue jobs: 0 of 4 items (u32)",
        "receivers: receiver",
        "queue full: 2 of 2 items (u16)",
        "senders: sender",
        "semaphore units: 0 of 3 units free",
        "mutex books: held by holder",
        "waiting: waiter",
        "event group events: bits 0x000000",
        "watcher waits for all of 0x000006",
        "timer service timers: running beat",
        "timer beat: number 1, repeats, period 60000 ticks, expires at tick 6000",
        "stream buffer stream: 0 of 16 bytes",
        "message buffer messages: 7 of 32 bytes",
        "heap heap: 8 bytes used in 1 block, 248 free, the largest free block 248",
        "object spins: ",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    assert!(!told.contains("is it lost?"), "{told}");
}

#[test]
fn what_is_in_flight_is_told_and_recovered_in_memory_only() {
    let bytes = interrupted_image();
    let image = Image::from_bytes(&bytes).unwrap();
    let inspection = inspect(&image, Some(&layout()));
    let told = inspection.to_string();
    for line in [
        "transaction of task spinner: 2 entries of its undo log; the task's next start rolls it back",
        "2 entries in flight",
        "range of 4 bytes at ",
        ": object spins, byte 0",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    let checked = check(&image, Some(&layout()));
    assert!(checked.sound, "{checked}");
    assert_eq!(checked.checked, Scope::AsRecovered);
    assert_eq!(checked.in_flight.len(), 1);
    let recovered = inspect_recovered(&image, &layout()).unwrap();
    assert!(recovered.recovered);
    assert!(recovered.in_flight.is_empty());
    let spinner = recovered.tasks.iter().find(|task| task.name == "spinner");
    assert!(spinner.unwrap().undo_log.entries.is_empty());
    // The image itself is as it was.
    assert_eq!(inspect(&image, Some(&layout())), inspection);
}

#[test]
fn a_block_whose_offset_stands_nowhere_is_told() {
    let mut bytes = image();
    let layout = layout();
    let block = layout
        .places()
        .into_iter()
        .find(|place| place.name == "block")
        .unwrap();
    let at = block.offset as usize;
    let offset: [u8; 4] = bytes[at..at + 4].try_into().unwrap();
    // Wherever it is recorded.
    for at in 0..bytes.len() - 4 {
        if bytes[at..at + 4] == offset {
            bytes[at..at + 4].fill(0);
        }
    }
    let image = Image::from_bytes(&bytes).unwrap();
    let told = inspect(&image, Some(&layout)).to_string();
    assert!(
        told.contains("8 bytes: its offset stands nowhere, is it lost?"),
        "{told}"
    );
}

#[test]
fn json_has_the_documented_shape() {
    let image = Image::from_bytes(&image()).unwrap();
    let json = serde_json::to_value(inspect(&image, Some(&layout()))).unwrap();
    assert_eq!(json["shape"], 1);
    assert_eq!(json["header"]["checksum_ok"], true);
    assert_eq!(json["program"]["name"], "gallery");
    assert_eq!(json["tasks"][1]["name"], "waiter");
    assert_eq!(json["tasks"][1]["waits_for"], "mutex books: wait list");
    assert_eq!(json["tasks"][0]["own_priority"], 1);
    assert_eq!(json["tasks"][7]["loops"][0]["iteration"], 2);
    let objects = json["objects"].as_array().unwrap();
    let jobs = objects
        .iter()
        .find(|object| object["name"] == "jobs")
        .unwrap();
    assert_eq!(jobs["kind"], "queue");
    assert_eq!(jobs["capacity"], 4);
    assert_eq!(jobs["receivers"][0], "receiver");
    let json = serde_json::to_value(check(&image, Some(&layout()))).unwrap();
    assert_eq!(json["sound"], true);
    assert_eq!(json["checked"], "as-it-is");
    assert!(json["verified"].as_u64().unwrap() > 200);
    assert_eq!(json["findings"], serde_json::json!([]));
}
