//! The applications of the paper, to be measured: `cargo xtask ablation` says which one, in words behind the kernel's NVM,
//! and reads what is printed. From the first task's start to the end of the last one.
#![no_std]
#![no_main]

use example_applications::{Ar, Bc, Checked, Dnn, Em, Etl, Kv, Mq, Pred, Sense, Stats, Train};
use intos::{Kernel, Program, cortex_m};
use intos_firmware::bench::board::Bench;
use intos_firmware::bench::control;
use intos_firmware::bench::window::{bench_take, bench_window_ends, start_timer, tell};
use intos_firmware::fail;
use semihosting::process::exit;

type Board = Bench<true>;

#[cortex_m_rt::entry]
fn main() -> ! {
    let Some(name) = control::operation() else {
        fail(format_args!("`cargo xtask ablation` runs this program"));
    };
    match name {
        "ar" => run::<Ar>(),
        "bc" => run::<Bc>(),
        "dnn" => run::<Dnn>(),
        "em" => run::<Em>(),
        "etl" => run::<Etl>(),
        "kv" => run::<Kv>(),
        "mq" => run::<Mq>(),
        "pred" => run::<Pred>(),
        "sense" => run::<Sense>(),
        "stats" => run::<Stats>(),
        "train" => run::<Train>(),
        _ => fail(format_args!("there is no application `{name}`")),
    }
}

fn run<A: Program<Board> + Checked + Sync>() -> ! {
    start_timer();
    let _ = bench_take();
    cortex_m::start::<Board, A>(ended)
}

/// All tasks have ended.
fn ended<A: Program<Board> + Checked>(kernel: &Kernel<Board>, application: &A) -> ! {
    bench_window_ends();
    match application.results(kernel.scheduler().nvm()) {
        Ok(results) if results == A::EXPECTED => {
            tell(&bench_take());
            exit(0)
        }
        Ok(results) => fail(format_args!("{results:?}, not {:?}", A::EXPECTED)),
        Err(error) => fail(format_args!("no results: {error}")),
    }
}
