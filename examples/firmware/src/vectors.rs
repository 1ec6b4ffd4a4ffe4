//! The vectors of the interrupts that the boards' processors have: without them `cortex-m-rt` makes a table of 240.

/// How many interrupts the processors of both boards have.
const INTERRUPTS: usize = 32;

unsafe extern "C" {
    fn DefaultHandler();
}

#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [unsafe extern "C" fn(); INTERRUPTS] = [DefaultHandler; INTERRUPTS];
