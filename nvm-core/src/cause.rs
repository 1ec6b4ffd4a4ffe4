//! What the errors of the crates above this one are made of: two words.
//!
//! A `Result<(), E>` of such an error is answered in two registers, where an `enum` with fields would go through memory:
//! to answer more than one word in registers, the compiler asks for two scalars at fixed places. The code is unique among
//! all crates, so that an error is passed on as what it is, and only looked into where somebody asks what it says.

use core::fmt;
use core::num::NonZeroU32;
use core::panic::Location;

/// A code from 1, a number of 24 bits or two of 12, and perhaps a call site.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// Bits 0 to 7 the code, 8 to 31 the number.
    head: NonZeroU32,
    site: Option<&'static Location<'static>>,
}

/// The largest number.
const MAX_NUMBER: u32 = (1 << 24) - 1;

impl Cause {
    /// A cause with a number. One that is too large is the largest, `0xFF_FFFF`.
    #[inline]
    pub const fn new(code: u8, number: u32) -> Self {
        Self {
            head: head(code, number),
            site: None,
        }
    }

    /// A cause with two numbers. One that is too large is the largest, 4,095.
    #[inline]
    pub const fn pair(code: u8, first: u16, second: u16) -> Self {
        let (first, second) = (UpTo12Bits::of(first as u32), UpTo12Bits::of(second as u32));
        Self::new(code, (first as u32) << 12 | second as u32)
    }

    /// A cause at a call site, with a number.
    #[inline]
    pub const fn at(code: u8, number: u32, site: &'static Location<'static>) -> Self {
        Self {
            head: head(code, number),
            site: Some(site),
        }
    }

    /// What happened.
    #[inline]
    pub const fn code(self) -> u8 {
        self.head.get() as u8
    }

    /// The number.
    #[inline]
    pub const fn number(self) -> u32 {
        self.head.get() >> 8
    }

    /// The two numbers of a cause that has two.
    #[inline]
    pub const fn numbers(self) -> (u16, u16) {
        let number = self.number();
        ((number >> 12) as u16, (number & 0xFFF) as u16)
    }

    /// The call site, if it has one.
    #[inline]
    pub const fn location(self) -> Option<&'static Location<'static>> {
        self.site
    }
}

const fn head(code: u8, number: u32) -> NonZeroU32 {
    let number = if number > MAX_NUMBER {
        MAX_NUMBER
    } else {
        number
    };
    match NonZeroU32::new(code as u32 | number << 8) {
        Some(head) => head,
        None => NonZeroU32::MIN,
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cause")
            .field(&self.code())
            .field(&self.number())
            .field(&self.site)
            .finish()
    }
}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Cause>() == 8 && size_of::<Result<(), Cause>>() == 8);

/// A number of 12 bits in an error, where 4,095 stands for that or more.
#[derive(Debug, Clone, Copy)]
pub struct UpTo12Bits(pub u16);

impl UpTo12Bits {
    const MAX: u16 = (1 << 12) - 1;

    /// The number, or 4,095 where it is more.
    #[inline]
    pub const fn of(number: u32) -> u16 {
        if number > Self::MAX as u32 {
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
        let at = Cause::at(255, 9, here);
        assert_eq!((at.code(), at.number()), (255, 9));
        assert_eq!(at.location(), Some(here));
        assert_eq!(at, Cause::at(255, 9, here));
        assert_ne!(at, Cause::at(255, 9, there));
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
