//! A whole program for a board of one's own: it counts, and goes on where it was when the power went.
//!
//! To make it yours, copy the folder and change what the lines marked `BOARD` say: `grep -rn BOARD .`. The page
//! `docs/porting.md` of INTOS has more.
#![no_std]
#![no_main]

mod board;
mod output;

use intos::Kernel;
use intos::cortex_m;
use intos::prelude::*;

use crate::board::{Memory, MyBoard};
use crate::output::{print, stop};

/// What survives: the program's persistent objects.
struct Counter {
    count: Offset<u32>,
    news: Queue<u32>,
}

impl Program<MyBoard> for Counter {
    const NAME: &'static str = "counter";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<Memory>) -> Result<Self, Error> {
        Ok(Self {
            count: objects.object("count", 0)?,
            news: objects.queue("news", 4)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<MyBoard, Self>> {
        Some(match index {
            0 => TaskEntry::new("counter", 2, count),
            1 => TaskEntry::new("reporter", 1, report),
            _ => return None,
        })
    }
}

/// How far it counts. A program of a real device has `nv_loop!`, and no end.
const LAST: u32 = 20;

/// Counts on, and tells the other task: both or none.
fn count(task: &mut Task<MyBoard>, app: &Counter) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..LAST => {
        task.delay(50.millis())?;
        task.transaction(|tx| {
            let count = tx.get(app.count)? + 1;
            tx.set(app.count, count)?;
            app.news.send(tx, count, Timeout::Forever)
        })?;
    });
    Ok(())
}

/// Prints each count: once more, where the power goes between the two.
fn report(task: &mut Task<MyBoard>, app: &Counter) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..LAST => {
        let count = task.transaction(|tx| app.news.receive(tx, Timeout::Forever))?;
        print(format_args!("count {count}"));
    });
    Ok(())
}

/// All tasks have ended.
fn ended(kernel: &Kernel<MyBoard>, app: &Counter) -> ! {
    let count = kernel.scheduler().nvm().load(app.count);
    print(format_args!("end {count:?}"));
    stop(i32::from(count != Ok(LAST)))
}

#[cortex_m_rt::entry]
fn main() -> ! {
    board::set_up();
    cortex_m::start::<MyBoard, Counter>(ended)
}
