//! What may be stored.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Plain data that NVM may hold: no pointers, no padding, no invalid values, no interior mutability.
///
/// Implemented for every type that has zerocopy's `FromBytes`, `IntoBytes` and `Immutable`; a
/// reference to volatile memory can therefore never be stored, and whatever a corrupt image holds is
/// a value of the type. Define your own with [`persist!`](crate::persist!).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in NVM",
    label = "not plain data",
    note = "persistent objects hold no reference, no padding and no type with invalid values, such as `bool`"
)]
pub trait Persist: FromBytes + IntoBytes + Immutable + 'static {}

impl<T: FromBytes + IntoBytes + Immutable + 'static> Persist for T {}

/// Defines structs that NVM may hold: `#[repr(C)]`, `Copy`, [`Persist`] and [`Record`](crate::Record).
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
///
/// A struct with padding does not compile; give the padding a name:
///
/// ```compile_fail
/// nvm_core::persist! {
///     struct Padded { time: u32, celsius: i16 } // two bytes at the end
/// }
/// ```
/// ```
/// nvm_core::persist! {
///     struct Whole { time: u32, celsius: i16, unused: u16 }
/// }
/// ```
///
/// Nor does one with a type that has invalid values (`bool`, `char`, an enum): a damaged image might
/// hold one. Store a number, and convert it where it is read.
///
/// ```compile_fail
/// nvm_core::persist! {
///     struct Door { open: bool }
/// }
/// ```
/// ```
/// nvm_core::persist! {
///     struct Door { open: u8 }
/// }
/// ```
///
/// Nor one that refers to memory that is lost with the power. What refers to another object in the
/// region is an [`Offset`](crate::Offset):
///
/// ```compile_fail
/// nvm_core::persist! {
///     struct Node { next: &'static Node, value: u32 }
/// }
/// ```
/// ```compile_fail
/// nvm_core::persist! {
///     struct Node { next: *const u8 }
/// }
/// ```
/// ```compile_fail
/// nvm_core::persist! {
///     struct Shared { value: core::cell::Cell<u32> } // would be changed behind the transaction's back
/// }
/// ```
/// ```
/// nvm_core::persist! {
///     struct Node { next: nvm_core::Offset<Node>, value: u32 }
/// }
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

            // Says for each field in our own words what the derived traits say in theirs.
            const _: fn() = || {
                fn is_kept_in_nvm<T: $crate::Persist>() {}
                $( is_kept_in_nvm::<$ty>(); )*
            };
        )+
    };
}
