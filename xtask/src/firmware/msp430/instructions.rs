//! What a sweep has to know of a program's instructions: no disassembler, but their lengths, and where they store.

/// The registers that give addressing modes another meaning: the program counter, the stack pointer, the status register, and
/// the generator of constants.
const PC: u16 = 0;
const SP: u16 = 1;
const SR: u16 = 2;
const CONSTANTS: u16 = 3;

/// What the processor's registers hold before an instruction, the program counter first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Registers(pub(super) [u16; 16]);

impl Registers {
    /// Before which instruction the processor stands.
    pub(super) const fn program_counter(&self) -> u64 {
        self.0[PC as usize] as u64
    }
}

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

/// Where in memory an instruction stores that the processor stands before, and that consists of these words; `None` where its
/// result goes to a register, or there is none.
pub(super) fn stores_to(words: &[u16], registers: &Registers) -> Option<u16> {
    let (&first, &last) = (words.first()?, words.last()?);
    let register = |number: u16| registers.0.get(usize::from(number)).copied();
    let (source_mode, low) = ((first >> 4) & 3, first & 15);
    let indexed = |number: u16, base: u16| match number {
        // By the place of the index itself.
        PC => Some(
            base.wrapping_add(2 * (words.len() as u16 - 1))
                .wrapping_add(last),
        ),
        SR => Some(last),
        _ => Some(base.wrapping_add(last)),
    };
    let address = match first >> 12 {
        // Of one operand: rotated, its bytes swapped or its sign extended where it lies; or pushed, or called.
        0 | 1 => match ((first >> 7) & 7, source_mode) {
            (0..4, 0) => None,
            (0..4, 1) => indexed(low, register(low)?),
            (0..4, _) => register(low),
            (4 | 5, _) => Some(register(SP)?.wrapping_sub(2)),
            _ => None,
        },
        // Jumps, comparisons, tests of bits.
        2 | 3 | 9 | 11 => None,
        _ if (first >> 7) & 1 == 0 => None,
        _ => {
            let source = (first >> 8) & 15;
            let is_byte = (first >> 6) & 1 == 1;
            let mut base = register(low)?;
            if source_mode == 3 && source == low && !matches!(low, PC | SR | CONSTANTS) {
                // The source has moved it on before.
                base = base.wrapping_add(if is_byte && low != SP { 1 } else { 2 });
            }
            indexed(low, base)
        }
    };
    // The lowest bit of a word's address is left out; a byte's makes no difference to whether it lies in a memory.
    address.map(|address| address & !1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_stores_where_its_result_lies() {
        // Register n holds n * 0x100, but the program counter.
        let mut registers = Registers([0; 16]);
        for (number, register) in (0..).zip(&mut registers.0) {
            *register = number * 0x100;
        }
        registers.0[0] = 0x4400;
        for (words, expected, text) in [
            (&[0x4130][..], None, "ret"),
            (&[0x12B0, 0x5000], Some(0xFE), "call #0x5000"),
            (&[0x120A], Some(0xFE), "push r10"),
            (&[0x1300], None, "reti"),
            (&[0x100C], None, "rrc r12"),
            (&[0x1011, 0x0004], Some(0x104), "rrc 4(r1)"),
            (&[0x109C, 0x0006], Some(0xC06), "swpb 6(r12)"),
            (&[0x112C], Some(0xC00), "rra @r12"),
            (&[0x113C], Some(0xC00), "rra @r12+"),
            (&[0x2801], None, "jlo"),
            (&[0x4C0F], None, "mov r12, r15"),
            (&[0x4C2F], None, "mov @r12, r15"),
            (
                &[0x40B2, 0x5A80, 0x015C],
                Some(0x15C),
                "mov #0x5a80, &0x015c",
            ),
            (&[0x4080, 0x0010], Some(0x4412), "mov pc, 0x10(pc)"),
            (&[0x4DBF, 0x0002], Some(0xF02), "mov @r13+, 2(r15)"),
            (&[0x4DBD, 0x0002], Some(0xD04), "mov @r13+, 2(r13)"),
            (&[0x4DFD, 0x0003], Some(0xD04), "mov.b @r13+, 3(r13)"),
            (&[0x4DCF, 0x0001], Some(0xF00), "mov.b r13, 1(r15)"),
            (&[0x4DCF, 0xFFFE], Some(0xEFE), "mov.b r13, -2(r15)"),
            (&[0x8391, 0x0000], Some(0x100), "dec 0(r1)"),
            (&[0x90B1, 0x0010, 0x0000], None, "cmp #16, 0(r1)"),
            (&[0xB0B1, 0x0010, 0x0000], None, "bit #16, 0(r1)"),
            (&[0xD0B1, 0x0010, 0x0008], Some(0x108), "bis #16, 8(r1)"),
        ] {
            assert_eq!(super::words(words[0]), words.len() as u64, "{text}");
            assert_eq!(stores_to(words, &registers), expected, "{text}");
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
