//! Lets the bus fail at every byte of a scenario, while chip and program keep their power.

use nvm_core::StorageNvm;
use spi_fram::Error;
use spi_fram::model::{BusError, Chip, Fault};

use crate::scenario::{Scenario, new_chip, open_driver};

/// At each byte on the bus the transaction fails, before the byte or behind it, alone or with some of the next ones. The
/// program gets an error; the driver says what the bus was doing; then, without a power loss, the program recovers and the
/// store is used on.
pub(crate) fn explore<S: Scenario>(scenario: &S) {
    let chip = new_chip();
    let nvm = StorageNvm::<_, 1>::new(open_driver(&chip).unwrap());
    scenario.set_up(&nvm).unwrap();
    let start = chip.image();
    scenario.recover(&nvm).unwrap();
    let before = scenario.see(&nvm).unwrap();
    chip.set_image(&start);
    let traffic = chip.traffic();
    scenario.operate(&nvm).unwrap();
    let bytes = (chip.traffic() - traffic).bytes;
    let after = scenario.see(&nvm).unwrap();

    let mut errors = 0;
    for transactions in [1, 2, 7] {
        for delivered in [false, true] {
            for at in 0..bytes {
                let fault = Fault {
                    after: at,
                    delivered,
                    transactions,
                };
                chip.set_image(&start);
                one(scenario, &chip, fault, [&before, &after]);
                errors += 1;
            }
        }
    }
    println!(
        "{}: {errors} bus errors, each told, each survived",
        scenario.name()
    );
}

/// One disturbance. What is seen afterwards is one of `expected`.
fn one<S: Scenario>(scenario: &S, chip: &Chip, fault: Fault, expected: [&str; 2]) {
    let context = format!("{}, {fault:?}", scenario.name());
    let nvm = StorageNvm::<_, 1>::new(open_driver(chip).unwrap());
    chip.fail(fault);
    let ended = scenario.operate(&nvm);
    let left = chip.fail_never();
    assert!(
        left.is_none_or(|left| left.transactions < fault.transactions),
        "{context}: the bus did not fail"
    );

    // The program is told that it was the device, and the driver which access of the bus.
    let message = ended.expect_err(&context).to_string();
    assert!(message.contains("device"), "{context}: {message}");
    let error = nvm.take_error().expect(&context);
    let Error::Bus { error: cause, .. } = error else {
        panic!("{context}: {error}")
    };
    assert_eq!(cause, BusError::Disturbed, "{context}");
    assert!(error.to_string().contains("SPI bus failed"), "{error}");

    scenario.recover(&nvm).expect(&context);
    let found = scenario.see(&nvm).expect(&context);
    assert!(expected.contains(&found.as_str()), "{context}: {found}");
    scenario.use_on(&nvm).expect(&context);
    assert_eq!(scenario.see(&nvm).expect(&context), found, "{context}");
}
