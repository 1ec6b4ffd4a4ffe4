//! What a replay hands out is what was recorded, in as many bytes as were promised; junk is no value.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fmt::Debug;

use nvm_core::sim::SimNvm;
use nvm_core::{Error, Offset, Record, RecordReader, RecordWriter};
use proptest::prelude::*;

const SIZE: u32 = 64;

nvm_core::persist! {
    struct Reading { time: u32, celsius: i16, flags: u16 }
}

/// Records the value, takes it again, and answers how many bytes it took.
fn round_trip<R: Record + PartialEq + Debug>(value: &R) -> u32 {
    let nvm = SimNvm::<4>::new(SIZE);
    let mut writer = RecordWriter::new(&nvm, 3, SIZE);
    value.encode(&mut writer).unwrap();
    let bytes = writer.position() - 3;
    assert!(bytes <= R::MAX_BYTES, "{value:?} takes {bytes} bytes");
    let mut reader = RecordReader::new(&nvm, 3, 3 + bytes);
    assert_eq!(R::decode(&mut reader).unwrap().as_ref(), Some(value));
    assert_eq!(
        reader.position(),
        3 + bytes,
        "as many bytes as were written"
    );
    if bytes > 0 {
        let mut short = RecordReader::new(&nvm, 3, 3 + bytes - 1);
        assert!(matches!(
            R::decode(&mut short),
            Err(Error::OutOfRange { .. })
        ));
        let mut full = RecordWriter::new(&nvm, 3, 3 + bytes - 1);
        assert!(matches!(
            value.encode(&mut full),
            Err(Error::OutOfRange { .. })
        ));
    }
    bytes
}

#[test]
fn a_record_takes_just_the_bytes_that_its_value_needs() {
    assert_eq!(round_trip(&()), 0);
    assert_eq!(round_trip(&None::<u64>), 1);
    assert_eq!(round_trip(&Some(7_u64)), 9);
    assert_eq!(round_trip(&Ok::<u8, u32>(7)), 2);
    assert_eq!(round_trip(&Err::<u8, u32>(7)), 5);
    assert_eq!(round_trip(&Ok::<(), u8>(())), 1);
    assert_eq!(round_trip(&true), 1);
    assert_eq!(round_trip(&'ß'), 4);
    assert_eq!(round_trip(&[1_u16, 2, 3]), 6);
    assert_eq!(round_trip(&Offset::<Reading>::new(0x1234)), 4);
    let reading = Reading {
        time: 1,
        celsius: -2,
        flags: 3,
    };
    assert_eq!(round_trip(&reading), 8);
    assert_eq!(
        round_trip(&(1_u8, -1_i16, Some(reading), [0_u8; 0], false, 2.5_f32)),
        1 + 2 + 9 + 1 + 4
    );
}

#[test]
fn bytes_that_are_no_value_are_none() {
    let nvm = SimNvm::<4>::new(SIZE);
    nvm.set_image(&[0xA5; SIZE as usize]);
    let reader = || RecordReader::new(&nvm, 0, SIZE);
    assert_eq!(bool::decode(&mut reader()), Ok(None));
    assert_eq!(char::decode(&mut reader()), Ok(None));
    assert_eq!(Option::<u8>::decode(&mut reader()), Ok(None));
    assert_eq!(Result::<u8, u8>::decode(&mut reader()), Ok(None));
    assert_eq!(<(u8, bool)>::decode(&mut reader()), Ok(None));
    assert_eq!(u8::decode(&mut reader()), Ok(Some(0xA5)));
    // A reader beyond the memory, as a damaged table may ask for.
    let mut beyond = RecordReader::new(&nvm, SIZE, u32::MAX);
    assert!(u32::decode(&mut beyond).is_err());
    let mut turned = RecordReader::new(&nvm, 8, 4);
    assert!(u32::decode(&mut turned).is_err());
}

proptest! {
    #[test]
    fn whatever_is_recorded_comes_back(
        numbers in any::<(u8, i16, u32, i64)>(),
        option in any::<Option<(bool, char)>>(),
        result in any::<Result<u128, i32>>(),
    ) {
        round_trip(&numbers);
        round_trip(&(option, result));
    }

    #[test]
    fn junk_is_a_value_or_none_but_never_a_panic(junk in prop::collection::vec(any::<u8>(), SIZE as usize), at in 0..80_u32, end in 0..80_u32) {
        let nvm = SimNvm::<4>::new(SIZE);
        nvm.set_image(&junk);
        let _ = <(Option<bool>, Result<char, Reading>)>::decode(&mut RecordReader::new(&nvm, at, end));
    }
}
