//! The program `fram` as its user meets it.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::process::Command;

fn said(options: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fram"));
    let output = command.args(options).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), said)
}

#[test]
fn each_pulse_is_counted_once_whatever_byte_on_the_bus_is_cut() {
    for seed in 0..20 {
        let (ended_well, said) = said(&["--losses", "500", "--seed", &seed.to_string()]);
        assert!(ended_well && said.contains("counted once: yes"), "{said}");
        assert!(
            said.contains("500 power losses; counted: 1000 pulses"),
            "{said}"
        );
        assert!(said.contains("each pulse: 113 bytes on the bus"), "{said}");
    }
}

#[test]
fn so_many_power_losses_that_no_life_comes_far_are_survived() {
    let (ended_well, said) = said(&["--losses", "100000", "--pulses", "20", "--megahertz", "20"]);
    assert!(ended_well && said.contains("counted: 20 pulses"), "{said}");
    assert!(
        said.contains("each pulse: 113 bytes on the bus, 46 µs"),
        "{said}"
    );
}
