//! Copying bytes within an NVM.

use nvm_core::{Class, Error, Nvm, RawOffset};

/// Copies a range.
#[inline(never)] // One copy.
pub(crate) fn copy<N: Nvm>(
    nvm: &N,
    class: Class,
    from: RawOffset,
    to: RawOffset,
    len: RawOffset,
) -> Result<(), Error> {
    if N::ATOM > 1 {
        copy_atoms(nvm, class, from, to, len)
    } else {
        copy_pieces(nvm, class, from, to, len)
    }
}

/// The same in the atoms that one long store would have.
fn copy_atoms<N: Nvm>(
    nvm: &N,
    class: Class,
    mut from: RawOffset,
    mut to: RawOffset,
    len: RawOffset,
) -> Result<(), Error> {
    let end = to.wrapping_add(len);
    while to != end {
        let left = end.wrapping_sub(to);
        let step = if N::ATOM >= 4 && left >= 4 && to.is_multiple_of(4) {
            nvm.write_u32(class, to, nvm.read_u32(from)?)?;
            4
        } else if left >= 2 && to.is_multiple_of(2) {
            nvm.write_u16(class, to, nvm.read_u16(from)?)?;
            2
        } else {
            nvm.write_u8(class, to, nvm.read_u8(from)?)?;
            1
        };
        (from, to) = (from.wrapping_add(step), to.wrapping_add(step));
    }
    Ok(())
}

/// The same in pieces that fit on a small stack, each of which may be a transfer on a bus, and begin at multiples of an atom
/// if `to` does.
fn copy_pieces<N: Nvm>(
    nvm: &N,
    class: Class,
    from: RawOffset,
    to: RawOffset,
    len: RawOffset,
) -> Result<(), Error> {
    let mut buffer = [0; 32];
    let mut done = 0;
    while done < len {
        let piece = (len - done).min(buffer.len() as RawOffset);
        let Some(bytes) = buffer.get_mut(..piece as usize) else {
            break;
        };
        nvm.read(from + done, bytes)?;
        nvm.write(class, to + done, bytes)?;
        done += piece;
    }
    Ok(())
}
