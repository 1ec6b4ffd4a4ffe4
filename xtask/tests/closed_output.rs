//! A command whose output nobody reads any more ends without a word.

use std::io::pipe;
use std::process::Command;

#[test]
fn a_closed_output_ends_a_command_quietly() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let ended = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["firmware", "list"])
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert!(ended.status.success(), "{}", ended.status);
}
