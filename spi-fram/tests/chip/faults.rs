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
    let mut in_spite_of_it = 0;
    for transactions in [1, 2, 7] {
        for delivered in [false, true] {
            for at in 0..bytes {
                let fault = Fault {
                    after: at,
                    delivered,
                    transactions,
                };
                chip.set_image(&start);
                let ended = one(scenario, &chip, fault, &before, &after);
                errors += u64::from(ended.is_err());
                in_spite_of_it += u64::from(ended.is_ok());
            }
        }
    }
    println!(
        "{}: {} bus errors, {errors} told by the operation, {in_spite_of_it} by the driver alone",
        scenario.name(),
        errors + in_spite_of_it
    );
    assert!(errors > 0);
}

/// One disturbance; answers how the operation ended.
fn one<S: Scenario>(
    scenario: &S,
    chip: &Chip,
    fault: Fault,
    before: &str,
    after: &str,
) -> Result<(), String> {
    let context = format!("{}, {fault:?}", scenario.name());
    let nvm = StorageNvm::<_, 1>::new(open_driver(chip).unwrap());
    chip.fail(fault);
    let ended = scenario.operate(&nvm).map_err(|error| error.to_string());
    let left = chip.fail_never();
    assert!(
        left.is_none_or(|left| left.transactions < fault.transactions),
        "{context}: the bus failed"
    );
    if let Err(message) = &ended {
        assert!(message.contains("device"), "{context}: {message}");
    }
    match nvm.take_error() {
        Some(error @ Error::Bus { .. }) => {
            let Error::Bus { error: cause, .. } = error else {
                unreachable!()
            };
            assert_eq!(cause, BusError::Disturbed, "{context}");
            assert!(error.to_string().contains("SPI bus failed"), "{error}");
        }
        other => panic!("{context}: {other:?}"),
    }

    scenario.recover(&nvm).expect(&context);
    let found = scenario.see(&nvm).expect(&context);
    if ended.is_ok() {
        assert_eq!(found, after, "{context}");
    } else {
        assert!(found == before || found == after, "{context}: {found}");
    }
    scenario.use_on(&nvm).expect(&context);
    assert_eq!(scenario.see(&nvm).expect(&context), found, "{context}");
    ended
}
