//! What the errors of the crates above this one are made of: two words.
//!
//! A `Result<(), E>` of such an error is answered in two registers, where an `enum` with fields would go through memory:
//! to answer more than one word in registers, the compiler asks for two scalars at fixed places. The code is unique among
//! all crates, so that an error is passed on as what it is, and only looked into where somebody asks what it says.

use core::fmt;
use core::num::NonZeroU32;
use core::panic::Location;
use core::ptr;

/// A code from 1, a number of 22 bits, and a detail: 32 bits, a call site, or a name.
#[derive(Clone, Copy)]
pub struct Cause {
    /// Bits 0 to 7 the code, 8 and 9 what the detail is, 10 to 31 the number.
    head: NonZeroU32,
    /// An address without provenance that is the detail's 32 bits, or a pointer from what `head` says.
    detail: *const (),
}

/// The largest number.
const MAX_NUMBER: u32 = (1 << 22) - 1;

const BITS: u32 = 0;
const LOCATION: u32 = 1 << 8;
const NAME: u32 = 2 << 8;
const DETAILS: u32 = 3 << 8;

impl Cause {
    /// A cause with a detail of 32 bits. A number that is too large is the largest.
    #[inline]
    pub const fn new(code: u8, number: u32, detail: u32) -> Self {
        Self {
            head: head(code, BITS, number),
            detail: ptr::without_provenance(detail as usize),
        }
    }

    /// A cause at a call site.
    #[inline]
    pub const fn at(code: u8, number: u32, location: &'static Location<'static>) -> Self {
        Self {
            head: head(code, LOCATION, number),
            detail: ptr::from_ref(location).cast(),
        }
    }

    /// A cause with a name.
    #[inline]
    pub const fn named(code: u8, number: u32, name: &'static &'static str) -> Self {
        Self {
            head: head(code, NAME, number),
            detail: ptr::from_ref(name).cast(),
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
        self.head.get() >> 10
    }

    /// The detail's 32 bits; of a pointer, some of its bits.
    #[inline]
    pub fn detail(self) -> u32 {
        self.detail.addr() as u32
    }

    /// The call site, if it has one.
    pub fn location(self) -> Option<&'static Location<'static>> {
        // SAFETY: only `at` sets these bits, and with them the pointer from a reference that is valid forever.
        #[allow(unsafe_code)]
        let location = || unsafe { &*self.detail.cast::<Location<'static>>() };
        (self.head.get() & DETAILS == LOCATION).then(location)
    }

    /// The name, if it has one.
    pub fn name(self) -> Option<&'static &'static str> {
        // SAFETY: only `named` sets these bits, and with them the pointer from a reference that is valid forever.
        #[allow(unsafe_code)]
        let name = || unsafe { &*self.detail.cast::<&'static str>() };
        (self.head.get() & DETAILS == NAME).then(name)
    }
}

const fn head(code: u8, detail: u32, number: u32) -> NonZeroU32 {
    let number = if number > MAX_NUMBER {
        MAX_NUMBER
    } else {
        number
    };
    match NonZeroU32::new(code as u32 | detail | number << 10) {
        Some(head) => head,
        None => NonZeroU32::MIN,
    }
}

// SAFETY: what the pointer leads to is `Sync`, lives forever and is only read.
#[allow(unsafe_code)]
unsafe impl Send for Cause {}
// SAFETY: the same.
#[allow(unsafe_code)]
unsafe impl Sync for Cause {}

/// Call sites and names are compared by what they say.
impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.head == other.head
            && match (self.location(), self.name()) {
                (Some(location), _) => other.location() == Some(location),
                (_, Some(name)) => other.name() == Some(name),
                _ => self.detail.addr() == other.detail.addr(),
            }
    }
}

impl Eq for Cause {}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cause")
            .field("code", &self.code())
            .field("number", &self.number())
            .field("detail", &self.detail())
            .finish()
    }
}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Cause>() == 8 && size_of::<Result<(), Cause>>() == 8);

/// A number of 16 bits in an error, where 65,535 stands for that or more.
#[derive(Debug, Clone, Copy)]
pub struct UpTo16Bits(pub u16);

impl UpTo16Bits {
    /// The number, or 65,535 where it is more.
    #[inline]
    pub const fn of(number: u32) -> u16 {
        if number > u16::MAX as u32 {
            u16::MAX
        } else {
            number as u16
        }
    }
}

impl fmt::Display for UpTo16Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        match self.0 {
            u16::MAX => f.write_str(" or more"),
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
        let bits = Cause::new(7, 5_000_000, u32::MAX);
        assert_eq!(
            (bits.code(), bits.number(), bits.detail()),
            (7, MAX_NUMBER, u32::MAX)
        );
        assert_eq!((bits.location(), bits.name()), (None, None));
        let location = Location::caller();
        let at = Cause::at(255, 9, location);
        assert_eq!((at.code(), at.number()), (255, 9));
        assert_eq!((at.location(), at.name()), (Some(location), None));
        let named = Cause::named(1, 0, &"call");
        assert_eq!((named.location(), named.name()), (None, Some(&"call")));
        assert_ne!(named, Cause::named(1, 0, &"another"));
        assert_ne!(named, Cause::new(1, 0, named.detail()));
    }

    #[test]
    fn a_number_says_where_it_may_be_more() {
        assert_eq!(UpTo16Bits(UpTo16Bits::of(65_534)).to_string(), "65534");
        assert_eq!(
            UpTo16Bits(UpTo16Bits::of(65_536)).to_string(),
            "65535 or more"
        );
    }
}
