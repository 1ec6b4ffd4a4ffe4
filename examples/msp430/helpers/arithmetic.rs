//! Products, quotients, remainders and shifts.

use core::hint::black_box;

use crate::Compared;

/// Operands: small ones, large ones, those at the borders of words and signs.
const WORDS: [u16; 14] = [
    0, 1, 2, 3, 7, 10, 0xFF, 0x100, 0x1234, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF,
];
const LONGS: [u32; 14] = [
    0,
    1,
    3,
    10,
    0xFFFF,
    0x1_0000,
    0x1_0001,
    0x0100_0193,
    0x1234_5678,
    0x7FFF_FFFF,
    0x8000_0000,
    0x8000_0001,
    0xFFFF_0000,
    0xFFFF_FFFF,
];
const DOUBLES: [u64; 14] = [
    0,
    1,
    7,
    1_000_000,
    0xFFFF,
    0x1_0000_0000,
    0x1_0000_0001,
    0xFFFF_FFFF_0000,
    0x0123_4567_89AB_CDEF,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0xFFFF_0000_0000_FFFF,
    0xFFFF_FFFF_FFFF_FFFF,
];

/// An operation for each pair of operands: by the constant evaluator, and by the processor.
macro_rules! pairs {
    ($compared:ident, $name:expr, $operands:ident, $type:ty, |$left:ident, $right:ident| $operation:expr) => {{
        const fn operation($left: $type, $right: $type) -> $type {
            $operation
        }
        static EXPECTED: [[$type; $operands.len()]; $operands.len()] = {
            let mut expected = [[0; $operands.len()]; $operands.len()];
            let mut row = 0;
            while row < $operands.len() {
                let mut column = 0;
                while column < $operands.len() {
                    expected[row][column] =
                        operation($operands[row] as $type, $operands[column] as $type);
                    column += 1;
                }
                row += 1;
            }
            expected
        };
        let mut number = 0;
        for (left, row) in $operands.iter().zip(&EXPECTED) {
            for (right, expected) in $operands.iter().zip(row) {
                let ($left, $right) = (black_box(*left as $type), black_box(*right as $type));
                $compared.add($name, number, $operation == *expected);
                number += 1;
            }
        }
    }};
}

/// The operations of one width. A divisor 0 is left out, as the compiler never divides by it.
macro_rules! width {
    ($compared:ident, $operands:ident, $unsigned:ty, $signed:ty) => {
        pairs!($compared, stringify!($unsigned *), $operands, $unsigned, |l, r| l.wrapping_mul(r));
        pairs!($compared, stringify!($unsigned /), $operands, $unsigned, |l, r| if r == 0 { 0 } else { l / r });
        pairs!($compared, stringify!($unsigned %), $operands, $unsigned, |l, r| if r == 0 { 0 } else { l % r });
        pairs!($compared, stringify!($signed *), $operands, $signed, |l, r| l.wrapping_mul(r));
        pairs!($compared, stringify!($signed /), $operands, $signed, |l, r| if r == 0 { 0 } else { l.wrapping_div(r) });
        pairs!($compared, stringify!($signed %), $operands, $signed, |l, r| if r == 0 { 0 } else { l.wrapping_rem(r) });
        pairs!($compared, stringify!($unsigned <<), $operands, $unsigned, |l, r| l.wrapping_shl(r as u32));
        pairs!($compared, stringify!($unsigned >>), $operands, $unsigned, |l, r| l.wrapping_shr(r as u32));
        pairs!($compared, stringify!($signed >>), $operands, $signed, |l, r| l.wrapping_shr(r as u32));
    };
}

/// Shifts by each count.
fn compare_shifts(compared: &mut Compared) {
    const VALUE: u32 = 0x9234_5678;
    static EXPECTED: [[u32; 3]; 32] = {
        let mut expected = [[0; 3]; 32];
        let mut count = 0;
        while count < 32 {
            let signed = VALUE.cast_signed() >> count;
            expected[count] = [VALUE << count, VALUE >> count, signed.cast_unsigned()];
            count += 1;
        }
        expected
    };
    for (number, expected) in EXPECTED.iter().enumerate() {
        let (value, count) = (black_box(VALUE), black_box(number as u32));
        let signed = value.cast_signed().wrapping_shr(count);
        let shifted = [
            value.wrapping_shl(count),
            value.wrapping_shr(count),
            signed.cast_unsigned(),
        ];
        compared.add("shift", number, shifted == *expected);
    }
}

/// Makes all of them.
#[allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_lossless
)]
pub(crate) fn compare(compared: &mut Compared) {
    width!(compared, WORDS, u16, i16);
    width!(compared, LONGS, u32, i32);
    width!(compared, DOUBLES, u64, i64);
    compare_shifts(compared);
}
