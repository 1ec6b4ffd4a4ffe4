//! What is missing is taken from what came before.

use intos::prelude::*;

use super::filter::{OUT_OF_RANGE, UNKNOWN};

persist! {
    /// A value that was not missing; one of 0, which is missing, where there has been none yet.
    pub(super) struct Good {
        value: i16,
        /// The time stamp of its reading.
        time: u16,
    }
}

/// The last good values of a sensor, in any order: a new one takes the place of the oldest, which is all that is
/// stored.
pub(super) type Window = [Good; 4];

pub(super) const EMPTY: Window = [Good { value: 0, time: 0 }; 4];

/// The value itself, which joins the window, or where it is missing the window's mean.
pub(super) fn interpolated<B: Board>(
    tx: &mut Tx<B>,
    window: Offset<Window>,
    value: i16,
    time: u16,
) -> Result<i16, Error> {
    let values = tx.get(window)?;
    if matches!(value, OUT_OF_RANGE | UNKNOWN) {
        return Ok(mean(&values));
    }
    let oldest = values
        .iter()
        .enumerate()
        .max_by_key(|(_, good)| time.wrapping_sub(good.time));
    if let Some(place) = oldest.and_then(|(index, _)| window.element(index)) {
        tx.set(place, Good { value, time })?;
    }
    Ok(value)
}

/// 0 where there are no values.
fn mean(window: &Window) -> i16 {
    let (mut sum, mut count) = (0i16, 0i16);
    for good in window.iter().filter(|good| good.value != 0) {
        sum = sum.wrapping_add(good.value);
        count += 1;
    }
    sum.checked_div(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_that_of_the_values_that_there_are() {
        let mut window = EMPTY;
        assert_eq!(mean(&window), 0);
        for (good, value) in window.iter_mut().zip([10, 21]) {
            good.value = value;
        }
        assert_eq!(mean(&window), 15);
    }
}
