//! A double-buffered value as a part of an image.

use std::fmt::Debug;

use super::bytes::Memory;
use super::check::Checker;
use super::part::{Fact, InFlight, Part};
use crate::{Area, DoubleBuffered, Nvm, Objects, Persist};

/// Tells the value, as its `Debug` shows it, and verifies the selector. Any value is a value: what must hold of it is the
/// program's to say, by [`Description::invariant`](super::Description::invariant).
impl<T: Persist + Debug> Part for DoubleBuffered<T> {
    fn kind(&self) -> &'static str {
        "double-buffered value"
    }

    fn area(&self) -> Area {
        Area::new(self.offset, Self::AREA_BYTES)
    }

    fn facts(&self, nvm: &Memory, _: &Objects) -> Vec<Fact> {
        let (Ok(copy), Ok(value)) = (self.selected_copy(nvm), self.load(nvm)) else {
            return Vec::new();
        };
        vec![Fact::new("value", format!("{value:?}")).at(copy.get())]
    }

    /// Nothing ever is: one byte decides.
    fn in_flight(&self, _: &Memory) -> Vec<InFlight> {
        Vec::new()
    }

    fn verify_logs(&self, _: &Memory, _: &str, _: &mut Checker) {}

    fn recover(&self, _: &Memory) -> Result<(), String> {
        Ok(())
    }

    fn verify(&self, nvm: &Memory, subject: &str, checker: &mut Checker) {
        let at = self.selector_at();
        let selector = nvm.read_u8(at);
        checker.that(
            matches!(selector, Ok(0 | 1)),
            "selector",
            subject,
            at,
            || "0 or 1: which of the two copies counts".to_owned(),
            || match selector {
                Ok(selector) => selector.to_string(),
                Err(_) => format!("an image of {} bytes", nvm.size()),
            },
        );
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a failure fails the test
mod tests {
    use super::*;
    use crate::image::{Description, Image, check, inspect};
    use crate::sim::SimNvm;
    use crate::{Class, Layout, Region, RegionError};

    #[test]
    fn the_value_is_told_and_a_selector_that_is_neither_copys_is_found() {
        let mut layout = Layout::new("odometer", 1);
        let metres = DoubleBuffered::<u64>::place(&mut layout, "metres");
        let describe = || Description::new("odometer", 1, layout.clone()).part("metres", metres);
        let nvm = SimNvm::<4>::new(128);
        let _ = Region::open_or_format(&nvm, &layout, || {
            Ok::<_, RegionError>(metres.format(&nvm, &0)?)
        })
        .unwrap();
        metres.store(&nvm, &725).unwrap();

        let image = Image::from_bytes(&nvm.image()).unwrap();
        let told = inspect(&image, Some(&describe())).to_string();
        assert!(told.contains("double-buffered value"), "{told}");
        assert!(told.contains("value: 725"), "{told}");
        assert!(check(&image, Some(&describe())).sound);

        nvm.write_u8(Class::Data, metres.selector_at(), 7).unwrap();
        let image = Image::from_bytes(&nvm.image()).unwrap();
        let checked = check(&image, Some(&describe()));
        let [finding] = &checked.findings[..] else {
            panic!("{checked}");
        };
        assert_eq!(
            (finding.invariant, &*finding.found, finding.offset),
            ("selector", "7", metres.selector_at())
        );
    }
}
