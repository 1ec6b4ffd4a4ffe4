//! What a sweep has to know of a program's instructions: no disassembler, but their lengths, and which of them store.

/// The registers that give addressing modes another meaning: the program counter, the status register, and the generator of
/// constants.
const PC: u16 = 0;
const SR: u16 = 2;
const CONSTANTS: u16 = 3;

/// How many words of 2 bytes an instruction has that begins with this one.
pub(super) const fn words(first: u16) -> u64 {
    let source = (first >> 4) & 3;
    match first >> 12 {
        // Of one operand, which the lowest bits name.
        0 | 1 => 1 + extension(source, first & 15),
        // Jumps.
        2 | 3 => 1,
        // Of two: the destination is a register, or memory by an index.
        _ => 1 + extension(source, (first >> 8) & 15) + ((first >> 7) & 1) as u64,
    }
}

/// How many words more an operand has.
const fn extension(mode: u16, register: u16) -> u64 {
    match (mode, register) {
        (1, CONSTANTS) | (3, SR | CONSTANTS) => 0,
        // An index, or a constant.
        (1, _) | (3, PC) => 1,
        _ => 0,
    }
}

/// Whether an instruction that begins with this word may store to memory other than the stack.
pub(super) const fn may_store(first: u16) -> bool {
    match first >> 12 {
        // Of one operand: rotated, its bytes swapped or its sign extended where it lies; not pushed, called or returned to.
        0 | 1 => (first >> 7) & 7 < 4 && (first >> 4) & 3 != 0,
        // Jumps, comparisons, tests of bits.
        2 | 3 | 9 | 11 => false,
        _ => (first >> 7) & 1 == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_stores_whose_result_lies_in_memory() {
        for (first, expected, text) in [
            (0x4130, false, "ret"),
            (0x12B0, false, "call #x"),
            (0x120A, false, "push r10"),
            (0x1300, false, "reti"),
            (0x100C, false, "rrc r12"),
            (0x1011, true, "rrc 0(r1)"),
            (0x109C, true, "swpb 0(r12)"),
            (0x112C, true, "rra @r12"),
            (0x2801, false, "jlo"),
            (0x4C0F, false, "mov r12, r15"),
            (0x4C2F, false, "mov @r12, r15"),
            (0x40B2, true, "mov #x, &y"),
            (0x4DBF, true, "mov @r13+, 0(r15)"),
            (0x4DCF, true, "mov.b r13, 0(r15)"),
            (0x8391, true, "dec 0(r1)"),
            (0x90B1, false, "cmp #16, 0(r1)"),
            (0xB0B1, false, "bit #16, 0(r1)"),
            (0xD0B1, true, "bis #16, 0(r1)"),
        ] {
            assert_eq!(may_store(first), expected, "{text}");
        }
    }

    #[test]
    fn an_instruction_has_one_to_three_words() {
        for (first, expected, text) in [
            (0x4130, 1, "ret"),
            (0x12B0, 2, "call #x"),
            (0x120A, 1, "push r10"),
            (0x1230, 2, "push #64"),
            (0x2801, 1, "jlo"),
            (0x4C0F, 1, "mov r12, r15"),
            (0x4031, 2, "mov #x, r1"),
            (0x40B2, 3, "mov #x, &y"),
            (0x4DBF, 2, "mov @r13+, 0(r15)"),
            (0x8391, 2, "dec 0(r1)"),
            (0x90B1, 3, "cmp #16, 0(r1)"),
            (0x533E, 1, "add #-1, r14"),
            (0x523F, 1, "add #8, r15"),
            (0xF03E, 2, "and #15, r14"),
        ] {
            assert_eq!(words(first), expected, "{text}");
        }
    }
}
