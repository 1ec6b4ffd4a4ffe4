//! The region, with or without counters.

/// What is measured on: instructions without the counters, which would take some themselves.
#[cfg(not(feature = "counting"))]
pub(crate) type BenchNvm = intos_msp430::Fram;
/// The same with counters.
#[cfg(feature = "counting")]
pub(crate) type BenchNvm = counting::Counted;

/// The region.
#[cfg(not(feature = "counting"))]
pub(crate) fn open() -> BenchNvm {
    intos_msp430::open()
}

/// The region.
#[cfg(feature = "counting")]
pub(crate) fn open() -> BenchNvm {
    counting::Counted(intos_msp430::open())
}

#[cfg(feature = "counting")]
mod counting {
    use core::ptr;

    use intos_msp430::Fram;
    use nvm_core::{Class, Error, Nvm, RawOffset};

    const CLASSES: usize = Class::ALL.len();

    /// Of each class bytes and stores. Not `nvm_core::CountedNvm`: there are no atomic variables here.
    #[unsafe(no_mangle)]
    static mut __bench_stored: [[u32; 2]; CLASSES] = [[0; 2]; CLASSES];

    /// The region with its stores counted.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Counted(pub(super) Fram);

    /// How many stores so many bytes at an offset are: of two bytes where they are aligned, of one elsewhere.
    fn stores(offset: RawOffset, len: usize) -> u32 {
        let first = offset as usize & 1 & len;
        (first + (len - first).div_ceil(2)) as u32
    }

    impl Nvm for Counted {
        const ATOM: usize = <Fram as Nvm>::ATOM;

        fn size(&self) -> RawOffset {
            self.0.size()
        }

        fn read(&self, offset: RawOffset, bytes: &mut [u8]) -> Result<(), Error> {
            self.0.read(offset, bytes)
        }

        fn write(&self, class: Class, offset: RawOffset, bytes: &[u8]) -> Result<(), Error> {
            let index = Class::ALL.iter().position(|other| *other == class);
            if let Some(index) = index.filter(|index| *index < CLASSES) {
                // SAFETY: the program has no interrupts and no second task; no reference is made.
                unsafe {
                    let counter = (&raw mut __bench_stored)
                        .cast::<[u32; 2]>()
                        .wrapping_add(index);
                    let [all, number] = ptr::read(counter);
                    let counted = [
                        all.wrapping_add(bytes.len() as u32),
                        number.wrapping_add(stores(offset, bytes.len())),
                    ];
                    ptr::write(counter, counted);
                }
            }
            self.0.write(class, offset, bytes)
        }
    }
}
