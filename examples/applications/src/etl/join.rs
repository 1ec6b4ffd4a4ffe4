//! Readings get an annotation, and those of one sensor what the other one tells.

use intos::prelude::*;

use crate::{Reading, checksum};

persist! {
    /// A reading with a text about it, in place of its sensor.
    pub(super) struct Annotated {
        pub(super) values: [i16; 4],
        pub(super) time: u16,
        annotation: Annotation,
    }

    /// A text of up to two bytes, with zeros behind its end.
    pub(super) struct Annotation {
        text: [u8; 2],
    }

    /// What a reading has from the other sensor's: its values 2 and 3.
    pub(super) struct Joining {
        values: [i16; 2],
    }
}

pub(super) const NOTHING: Joining = Joining { values: [0; 2] };

impl Annotated {
    /// A reading with its sensor's digit appended to an annotation that was empty.
    pub(super) fn of(reading: Reading) -> Self {
        let digit = if reading.sensor == 0 { b'0' } else { b'1' };
        Self {
            values: reading.values,
            time: reading.time,
            annotation: Annotation { text: [0; 2] }.with(digit),
        }
    }

    /// What the other sensor's next reading has from it.
    pub(super) const fn joining(self) -> Joining {
        let [_, _, second, third] = self.values;
        Joining {
            values: [second, third],
        }
    }

    pub(super) const fn joined(self, joining: Joining) -> Self {
        let ([zeroth, first, ..], [second, third]) = (self.values, joining.values);
        Self {
            values: [zeroth, first, second, third],
            ..self
        }
    }

    /// Of all that it is and of what came before.
    pub(super) fn checksum(self, before: u32) -> u32 {
        let [zeroth, first, second, third] = self.values.map(i32::from);
        let text = u16::from_le_bytes(self.annotation.text);
        let (before, time, text) = (before.cast_signed(), self.time.into(), text.into());
        checksum(&[before, zeroth, first, second, third, time, text])
    }
}

impl Annotation {
    /// With a byte more; as it is where it has no room for one.
    fn with(mut self, byte: u8) -> Self {
        if let Some(end) = self.text.iter_mut().find(|byte| **byte == 0) {
            *end = byte;
        }
        self
    }
}
