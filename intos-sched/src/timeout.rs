//! How long a task sleeps or waits.

use fugit::{Duration, MicrosDurationU64};

const MICROS_PER_SECOND: u64 = 1_000_000;

/// A length of time: ticks, or a duration with a unit (`50.millis()` of the crate `fugit`), which is rounded
/// up to whole ticks of the port's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// So many ticks; at most [`MAX_TICKS`](crate::MAX_TICKS).
    Ticks(u32),
    /// So many microseconds.
    Micros(u64),
}

impl Span {
    /// The span in ticks of a clock: rounded up.
    #[must_use]
    pub const fn in_ticks(self, ticks_per_second: u32) -> u32 {
        match self {
            Self::Ticks(ticks) => ticks,
            Self::Micros(micros) if cfg!(target_pointer_width = "16") => {
                ticks_bit_by_bit(micros, ticks_per_second)
            }
            Self::Micros(micros) => {
                let ticks = div_ceil_million(micros.saturating_mul(ticks_per_second as u64));
                if ticks > u32::MAX as u64 {
                    u32::MAX
                } else {
                    ticks as u32
                }
            }
        }
    }
}

/// Microseconds in ticks, where 64 bits are four registers, and a product and a quotient of them many instructions.
const fn ticks_bit_by_bit(micros: u64, ticks_per_second: u32) -> u32 {
    const DIVISOR: u32 = MICROS_PER_SECOND as u32;
    let (in_second, in_rest) = (ticks_per_second / DIVISOR, ticks_per_second % DIVISOR);
    let bytes = micros.to_be_bytes();
    let (mut ticks, mut rest, mut i) = (0u32, 0, 0);
    while i < 64 {
        if ticks >> 31 != 0 {
            return u32::MAX;
        }
        ticks *= 2;
        rest *= 2;
        if bytes[i / 8] << (i % 8) & 0x80 != 0 {
            ticks = ticks.saturating_add(in_second);
            rest += in_rest;
        }
        // Less than three of them: before it was doubled it was less than one, and what was added is less than one.
        while rest >= DIVISOR {
            rest -= DIVISOR;
            ticks = ticks.saturating_add(1);
        }
        i += 1;
    }
    if rest == 0 {
        ticks
    } else {
        ticks.saturating_add(1)
    }
}

/// Divides by a million, and rounds up: byte by byte, since a 32-bit processor divides no more than 32 bits at once, and the
/// compiler's function that divides 64 is large.
const fn div_ceil_million(number: u64) -> u64 {
    const DIVISOR: u32 = MICROS_PER_SECOND as u32;
    let bytes = number.to_be_bytes();
    let (mut quotient, mut rest, mut i) = (0, 0, 0);
    while i < bytes.len() {
        let part = rest << 8 | bytes[i] as u32;
        quotient = quotient << 8 | (part / DIVISOR) as u64;
        rest = part % DIVISOR;
        i += 1;
    }
    if rest == 0 { quotient } else { quotient + 1 }
}

impl From<u32> for Span {
    fn from(ticks: u32) -> Self {
        Self::Ticks(ticks)
    }
}

impl From<MicrosDurationU64> for Span {
    fn from(duration: MicrosDurationU64) -> Self {
        Self::Micros(duration.as_ticks())
    }
}

impl<const NOM: u64, const DENOM: u64> From<Duration<u32, NOM, DENOM>> for Span {
    fn from(duration: Duration<u32, NOM, DENOM>) -> Self {
        let micros = u64::from(duration.as_ticks())
            .saturating_mul(NOM.saturating_mul(MICROS_PER_SECOND))
            .div_ceil(DENOM);
        Self::Micros(micros)
    }
}

// One type of 64 bits alone, so that `50.millis()` needs no type annotation.
impl From<MicrosDurationU64> for Timeout {
    fn from(duration: MicrosDurationU64) -> Self {
        Self::Micros(duration.as_ticks())
    }
}

impl<const NOM: u64, const DENOM: u64> From<Duration<u32, NOM, DENOM>> for Timeout {
    fn from(duration: Duration<u32, NOM, DENOM>) -> Self {
        match Span::from(duration) {
            Span::Ticks(ticks) => Self::Ticks(ticks),
            Span::Micros(micros) => Self::Micros(micros),
        }
    }
}

/// How long a blocking call waits: one of these, or a duration with a unit (`50.millis()`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeout {
    /// Not at all: the call fails at once where it would block.
    None,
    /// So many ticks, counted by the persistent tick: a power loss does not stop the clock for longer
    /// than it lasts, nor begin the count anew. 0 is one tick; at most [`MAX_TICKS`](crate::MAX_TICKS).
    Ticks(u32),
    /// So many microseconds, rounded up to ticks.
    Micros(u64),
    /// As long as it takes.
    Forever,
}

impl Timeout {
    /// In ticks of a clock, at least one; `None` where it has no limit or does not wait.
    pub(crate) const fn in_ticks(self, ticks_per_second: u32) -> Option<u32> {
        let span = match self {
            Self::Ticks(ticks) => Span::Ticks(ticks),
            Self::Micros(micros) => Span::Micros(micros),
            Self::None | Self::Forever => return None,
        };
        let ticks = span.in_ticks(ticks_per_second);
        Some(if ticks == 0 { 1 } else { ticks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fugit::{ExtU64, MillisDurationU32};

    fn ticks(span: impl Into<Span>, hertz: u32) -> u32 {
        span.into().in_ticks(hertz)
    }

    #[test]
    fn the_division_is_exact() {
        for number in [
            0,
            1,
            999_999,
            1_000_000,
            1_000_001,
            u64::from(u32::MAX),
            u64::MAX,
        ]
        .into_iter()
        .chain((0..2_000).map(|i| i * 0x9E37_79B9_7F4A_u64))
        {
            assert_eq!(
                div_ceil_million(number),
                number.div_ceil(MICROS_PER_SECOND),
                "{number}"
            );
        }
    }

    #[test]
    fn bit_by_bit_is_the_same() {
        let micros = [
            0,
            1,
            999_999,
            1_000_000,
            1_000_001,
            u64::MAX / 1_000,
            u64::MAX,
        ];
        let some = (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, 0x9E37_79B9_7F4A_7C15 >> bit]);
        for micros in micros.into_iter().chain(some) {
            for hertz in [
                1,
                7,
                100,
                1_000,
                32_768,
                999_999,
                1_000_000,
                3_000_001,
                u32::MAX,
            ] {
                let exact = (u128::from(micros) * u128::from(hertz)).div_ceil(1_000_000);
                assert_eq!(
                    u128::from(ticks_bit_by_bit(micros, hertz)),
                    exact.min(u32::MAX.into()),
                    "{micros} at {hertz}"
                );
            }
        }
    }

    #[test]
    fn durations_are_rounded_up_to_ticks() {
        assert_eq!(ticks(50.millis(), 1_000), 50);
        assert_eq!(ticks(1.micros(), 1_000), 1);
        assert_eq!(ticks(1_500.micros(), 1_000), 2);
        assert_eq!(ticks(2.secs(), 32_768), 65_536);
        assert_eq!(ticks(MillisDurationU32::from_ticks(70), 100), 7);
        assert_eq!(ticks(7, 1), 7);
        assert_eq!(ticks(Span::Micros(u64::MAX), 1_000_000), u32::MAX);
        let none: Timeout = 0.millis().into();
        assert_eq!(none.in_ticks(1_000), Some(1));
        assert_eq!(Timeout::Forever.in_ticks(1_000), None);
    }
}
