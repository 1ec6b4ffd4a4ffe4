//! Images that were never formatted, or by another program.

use intos::host::image::{Image, ImageError, Invariant, Scope, check, inspect, recognise};
use intos::host::{CycleEnd, Machine, Settings};

use super::gallery::{Gallery, Ram, image, layout};

#[test]
fn what_is_no_image_says_so() {
    for (bytes, why) in [
        (
            &b""[..],
            "it has 0 bytes, and a region's header alone has 32",
        ),
        (
            &[0; 31][..],
            "it has 31 bytes, and a region's header alone has 32",
        ),
        (
            b"%PDF-1.7 and then some more, which is long enough",
            "it is no image of an NVM region: it begins with \"%PDF\", a region with \"NVMR\"",
        ),
    ] {
        assert_eq!(Image::from_bytes(bytes).unwrap_err().to_string(), why);
    }
    let error = Image::read(std::path::Path::new("/dev")).unwrap_err();
    assert!(matches!(error, ImageError::NotAFile));
}

#[test]
fn a_blank_image_is_sound_and_will_be_formatted() {
    for blank in [0x00, 0xFF] {
        let image = Image::from_bytes(&[blank; 4096]).unwrap();
        let checked = check(&image, None);
        assert!(checked.sound);
        assert_eq!(checked.checked, Scope::Unformatted);
        let told = inspect(&image, None).to_string();
        assert!(
            told.contains("it is blank: the next start formats it"),
            "{told}"
        );
    }
}

#[test]
fn a_first_boot_that_was_cut_is_sound_wherever_that_was() {
    let layout = layout();
    for stores in 0.. {
        let machine = Machine::new(Ram::new(layout.bytes()), Settings::default());
        machine.cut_after(stores);
        let end = machine.power_cycle_with::<Gallery>(false, |_| false);
        let image = Image::from_bytes(&machine.nvm().image()).unwrap();
        let checked = check(&image, recognise(&image, std::slice::from_ref(&layout)));
        assert!(checked.sound, "after {stores} stores: {checked}");
        if end != Ok(CycleEnd::PowerLost) {
            assert_eq!(checked.checked, Scope::AsItIs);
            return;
        }
    }
}

#[test]
fn an_image_of_an_unknown_program_is_told_as_far_as_its_header() {
    let mut bytes = image();
    let image = Image::from_bytes(&bytes).unwrap();
    assert!(recognise(&image, &[]).is_none());
    let told = inspect(&image, None).to_string();
    for line in [
        "magic NVMR (ok)",
        "format version 1 (ok)",
        "(of no program that is known)",
        "phase ready",
        "not told: tasks and objects",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    let checked = check(&image, None);
    assert!(checked.sound);
    assert_eq!(checked.checked, Scope::HeaderOnly);
    // One byte is enough for the header to be noticed.
    bytes[9] ^= 1;
    let checked = check(&Image::from_bytes(&bytes).unwrap(), None);
    assert_eq!(checked.findings[0].invariant, Invariant::Header);
}
