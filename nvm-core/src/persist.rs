//! What may be stored.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Plain data that NVM may hold: no pointers, no padding, no invalid values, no interior mutability.
///
/// Implemented for every type that has zerocopy's `FromBytes`, `IntoBytes` and `Immutable`; a
/// reference to volatile memory can therefore never be stored, and whatever a corrupt image holds is
/// a value of the type. Define your own with [`persist!`](crate::persist!).
pub trait Persist: FromBytes + IntoBytes + Immutable + 'static {}

impl<T: FromBytes + IntoBytes + Immutable + 'static> Persist for T {}

/// Defines structs that NVM may hold: `#[repr(C)]`, `Copy`, [`Persist`] and [`Record`](crate::Record).
///
/// A struct with padding, a reference or a type with invalid values (`bool`, `char`, an enum)
/// does not compile.
///
/// ```
/// nvm_core::persist! {
///     /// One day's extremes.
///     pub struct Day {
///         pub minimum: i16,
///         pub maximum: i16,
///     }
/// }
/// assert_eq!(size_of::<Day>(), 4);
/// ```
#[macro_export]
macro_rules! persist {
    ($($body:tt)+) => {
        $crate::__persist! { ("::nvm_core::zerocopy") $($body)+ }
    };
}

/// [`persist!`], for a crate that reaches `nvm_core` by another path: the path of zerocopy first.
#[doc(hidden)]
#[macro_export]
macro_rules! __persist {
    (($zerocopy:tt) $( $(#[$meta:meta])* $vis:vis struct $name:ident { $( $(#[$field_meta:meta])* $field_vis:vis $field:ident : $ty:ty ),* $(,)? } )+) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq,
                $crate::zerocopy::FromBytes,
                $crate::zerocopy::IntoBytes,
                $crate::zerocopy::Immutable,
                $crate::zerocopy::KnownLayout)]
            #[zerocopy(crate = $zerocopy)]
            #[repr(C)]
            $vis struct $name { $( $(#[$field_meta])* $field_vis $field : $ty ),* }

            $crate::record_as_bytes!($name);
        )+
    };
}
