//! Damaged images by the thousand: never a panic, never a wrong read, never a silent new format.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use nvm_core::sim::SimNvm;
use nvm_core::{Class, HEADER_BYTES, Layout, Nvm, Region, RegionError};
use proptest::prelude::*;

const SIZE: u32 = 128;

fn layout(version: u32) -> Layout {
    let mut layout = Layout::new("damage", version);
    let _ = layout.area("contents", 64);
    layout
}

fn boot(nvm: &SimNvm<4>) -> Result<Region, RegionError> {
    Region::open_or_format(nvm, &layout(1), || {
        nvm.write(Class::Data, HEADER_BYTES, &[0x77; 64])?;
        Ok(())
    })
}

fn formatted() -> Vec<u8> {
    let nvm = SimNvm::<4>::new(SIZE);
    assert!(boot(&nvm).unwrap().is_first_boot());
    nvm.image()
}

fn memory(image: &[u8]) -> SimNvm<4> {
    let nvm = SimNvm::<4>::new(image.len() as u32);
    nvm.set_image(image);
    nvm
}

/// An error, or the region as it was; and an error changes nothing.
fn assert_never_formatted(image: &[u8]) -> Result<(), TestCaseError> {
    let nvm = memory(image);
    match boot(&nvm) {
        Ok(region) => prop_assert!(!region.is_first_boot(), "formatted over {image:02x?}"),
        Err(error) => {
            prop_assert_eq!(nvm.image(), image);
            prop_assert!(!error.to_string().is_empty());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn flipped_bits_are_never_formatted_over(flips in prop::collection::vec((0..HEADER_BYTES as usize, 0..8_u8), 1..12)) {
        let mut image = formatted();
        for (byte, bit) in flips {
            image[byte] ^= 1 << bit;
        }
        assert_never_formatted(&image)?;
    }

    #[test]
    fn a_stretch_of_anything_is_never_formatted_over(start in 0..HEADER_BYTES as usize, bytes in prop::collection::vec(any::<u8>(), 1..32)) {
        let mut image = formatted();
        for (byte, new) in image[start..HEADER_BYTES as usize].iter_mut().zip(bytes) {
            *byte = new;
        }
        assert_never_formatted(&image)?;
    }

    #[test]
    fn an_erased_header_is_never_formatted_over(start in 0..HEADER_BYTES as usize, end in 0..=HEADER_BYTES as usize, blank in prop::sample::select(vec![0x00, 0xFF])) {
        let mut image = formatted();
        if start < end {
            image[start..end].fill(blank);
        }
        assert_never_formatted(&image)?;
    }

    #[test]
    fn random_memory_is_refused_as_it_is(image in prop::collection::vec(any::<u8>(), 96..200)) {
        let nvm = memory(&image);
        prop_assert!(boot(&nvm).is_err());
        prop_assert_eq!(nvm.image(), image);
    }

    #[test]
    fn a_truncated_or_extended_image_is_refused_as_it_is(length in 0..400_usize) {
        let mut image = formatted();
        image.resize(length, 0);
        let nvm = memory(&image);
        match boot(&nvm) {
            Ok(region) => prop_assert!(length == SIZE as usize && !region.is_first_boot()),
            Err(RegionError::Size { formatted, actual }) => {
                prop_assert_eq!((formatted, actual as usize), (SIZE, length));
            }
            Err(error) => {
                let too_small = RegionError::TooSmall { needed: HEADER_BYTES, actual: length as u32 };
                prop_assert_eq!(error, too_small);
                prop_assert!(length < HEADER_BYTES as usize);
            }
        }
        prop_assert_eq!(nvm.image(), image);
    }
}

#[test]
fn another_programs_region_is_refused_as_it_is() {
    let image = formatted();
    let nvm = memory(&image);
    let other = Region::open_or_format(&nvm, &layout(2), || Ok::<_, RegionError>(()));
    assert_eq!(
        other,
        Err(RegionError::Layout {
            found: layout(1).fingerprint(),
            expected: layout(2).fingerprint(),
        })
    );
    assert_eq!(nvm.image(), image);
}

#[test]
fn only_a_blank_header_costs_a_look_at_the_whole_region() {
    let mut image = vec![0; 64 * 1024];
    image.splice(..SIZE as usize, formatted());
    let nvm = memory(&image);
    assert!(boot(&nvm).is_err());
    let whole = memory(&formatted());
    assert!(boot(&whole).is_ok());
    for nvm in [nvm, memory(&vec![0x5A; 64 * 1024])] {
        let before = nvm.counters();
        assert!(boot(&nvm).is_err());
        let cost = nvm.counters() - before;
        assert!(
            cost.bytes_read <= 2 * u64::from(HEADER_BYTES) && cost.bytes_written() == 0,
            "{cost:?}"
        );
    }
}
