//! What the errors of the crates above this one are made of: two words.
//!
//! A `Result<(), E>` of such an error is answered in two registers, where an `enum` with fields would go through memory:
//! to answer more than one word in registers, the compiler asks for two scalars at fixed places. The code is unique among
//! all crates, so that an error is passed on as what it is, and only looked into where somebody asks what it says.
//!
//! Where a `usize` has 16 bits an error is one word of 16 bits, so that it leaves a register for an answer. It tells numbers
//! of 8 bits alone ([`Cause::small`]), and no call site: an offset would not fit, and an error without one is a constant,
//! where each place that makes one with it would have to shift and to compare.

use core::fmt;
use core::num::NonZero;
use core::panic::Location;

use crate::RawOffset;

/// A code from 1, a number of 24 bits or two of 12, and perhaps a call site. Where a `usize` has 16 bits a number has 8
/// bits, two have 4 each, and there is no call site.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// Bits 0 to 7 the code, the upper ones the number.
    head: NonZero<Head>,
    #[cfg(not(target_pointer_width = "16"))]
    site: Option<&'static Location<'static>>,
}

/// What it tells is mostly an offset or a length.
type Head = RawOffset;

/// Bits of a number.
const NUMBER_BITS: u32 = Head::BITS - u8::BITS;
/// The largest number.
const MAX_NUMBER: RawOffset = (1 << NUMBER_BITS) - 1;
/// Bits of each of two numbers.
const HALF_BITS: u32 = NUMBER_BITS / 2;

impl Cause {
    /// A cause with an offset, say. A number that is too large is the largest, `0xFF_FFFF`; and any is `0xFF` where a
    /// `usize` has 16 bits.
    #[inline]
    pub const fn new(code: u8, number: RawOffset) -> Self {
        Self::told(code, in_head(number))
    }

    /// A cause with a number of 8 bits.
    #[inline]
    pub const fn small(code: u8, number: u8) -> Self {
        Self::told(code, number as RawOffset)
    }

    #[inline]
    const fn told(code: u8, number: RawOffset) -> Self {
        Self {
            head: head(code, number),
            #[cfg(not(target_pointer_width = "16"))]
            site: None,
        }
    }

    /// A cause with two numbers. One that is too large is the largest, 4,095; and any is 15 where a `usize` has 16 bits.
    #[inline]
    pub const fn pair(code: u8, first: u16, second: u16) -> Self {
        let (first, second) = (
            UpTo12Bits::of(first as RawOffset),
            UpTo12Bits::of(second as RawOffset),
        );
        Self::new(
            code,
            (first as RawOffset) << HALF_BITS | second as RawOffset,
        )
    }

    /// A cause with a number, and at a call site where it is known.
    #[inline]
    pub const fn at(code: u8, number: RawOffset, site: Option<&'static Location<'static>>) -> Self {
        #[cfg(target_pointer_width = "16")]
        let _ = site;
        Self {
            head: head(code, in_head(number)),
            #[cfg(not(target_pointer_width = "16"))]
            site,
        }
    }

    /// What happened.
    #[inline]
    pub const fn code(self) -> u8 {
        self.head.get() as u8
    }

    /// The number.
    #[inline]
    pub const fn number(self) -> RawOffset {
        self.head.get() >> u8::BITS
    }

    /// The two numbers of a cause that has two.
    #[inline]
    pub const fn numbers(self) -> (u16, u16) {
        let number = self.number();
        (
            (number >> HALF_BITS) as u16,
            (number & ((1 << HALF_BITS) - 1)) as u16,
        )
    }

    /// The call site, if it has one: never where a `usize` has 16 bits.
    #[inline]
    pub const fn location(self) -> Option<&'static Location<'static>> {
        #[cfg(target_pointer_width = "16")]
        let site = None;
        #[cfg(not(target_pointer_width = "16"))]
        let site = self.site;
        site
    }
}

/// A number as it is told: "so many or more".
#[inline]
const fn in_head(number: RawOffset) -> RawOffset {
    if cfg!(target_pointer_width = "16") || number > MAX_NUMBER {
        MAX_NUMBER
    } else {
        number
    }
}

/// With a number of at most [`NUMBER_BITS`].
#[inline]
const fn head(code: u8, number: RawOffset) -> NonZero<Head> {
    match NonZero::new(code as Head | number << u8::BITS) {
        Some(head) => head,
        None => NonZero::<Head>::MIN,
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cause")
            .field(&self.code())
            .field(&self.number())
            .field(&self.location())
            .finish()
    }
}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Cause>() == 8 && size_of::<Result<(), Cause>>() == 8);
#[cfg(target_pointer_width = "16")]
const _: () = assert!(size_of::<Result<(), Cause>>() == 2 && size_of::<Result<u16, Cause>>() == 4);

/// A number of 12 bits in an error, where 4,095 stands for that or more; or of 4 bits, where a `usize` has 16.
#[derive(Debug, Clone, Copy)]
pub struct UpTo12Bits(pub u16);

impl UpTo12Bits {
    const MAX: u16 = (1 << HALF_BITS) - 1;

    /// The number, or the largest where it is more.
    #[inline]
    pub const fn of(number: RawOffset) -> u16 {
        if number > Self::MAX as RawOffset {
            Self::MAX
        } else {
            number as u16
        }
    }
}

impl fmt::Display for UpTo12Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        match self.0 {
            Self::MAX => f.write_str(" or more"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_cause_gives_back_what_it_was_made_of() {
        let cause = Cause::new(7, 0xFF_FFFE);
        assert_eq!((cause.code(), cause.number()), (7, 0xFF_FFFE));
        assert_eq!(cause.location(), None);
        assert_eq!(Cause::new(7, 1 << 24), Cause::new(7, MAX_NUMBER));
        let pair = Cause::pair(255, 4094, 5000);
        assert_eq!((pair.code(), pair.numbers()), (255, (4094, 4095)));
        let (here, there) = (Location::caller(), other_place());
        let small = Cause::small(255, 200);
        assert_eq!((small.code(), small.number()), (255, 200));
        let at = Cause::at(255, 9, Some(here));
        assert_eq!((at.code(), at.number()), (255, 9));
        assert_eq!(at.location(), Some(here));
        assert_eq!(at, Cause::at(255, 9, Some(here)));
        assert_ne!(at, Cause::at(255, 9, Some(there)));
        assert_ne!(at, Cause::new(255, 9));
    }

    fn other_place() -> &'static Location<'static> {
        Location::caller()
    }

    #[test]
    fn a_number_says_where_it_may_be_more() {
        assert_eq!(UpTo12Bits(UpTo12Bits::of(4094)).to_string(), "4094");
        assert_eq!(
            UpTo12Bits(UpTo12Bits::of(65_536)).to_string(),
            "4095 or more"
        );
    }
}
