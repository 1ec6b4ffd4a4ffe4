//! The station as firmware.
#![no_std]
#![no_main]

mod board;
mod output;
mod program;

use core::fmt;

use intos::Kernel;
use intos::cortex_m;
use intos::prelude::*;

use crate::board::MyBoard;
use crate::output::{print, stop};
use crate::program::{Screen, Station};

impl Screen for MyBoard {
    fn show(line: fmt::Arguments<'_>) {
        print(line);
    }
}

/// All tasks have ended.
fn ended(kernel: &Kernel<MyBoard>, station: &Station) -> ! {
    let sum = kernel.scheduler().nvm().load(station.sum);
    print(format_args!("end {sum:?}"));
    stop(0)
}

#[cortex_m_rt::entry]
fn main() -> ! {
    board::set_up();
    cortex_m::start::<MyBoard, Station>(ended)
}
