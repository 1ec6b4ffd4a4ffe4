use std::{error::Error, thread::sleep, time::Duration};

use nvm_core::{Class, FileNvm, Layout, Nvm, Offset, Region};
use replay::{Thread, ThreadLayout, nv_for_loop};

/// Counts to 100, and never counts a number twice.
fn count<N: Nvm + Copy>(thread: &mut Thread<N>, total: Offset<u32>) -> Result<(), replay::Error> {
    nv_for_loop!(thread, _i in 0..100u32 => {
        let now = thread.transaction(|tx| {
            let next = tx.get(total)? + 1;
            tx.set(total, next)?;
            Ok(next)
        })?;
        println!("{now}");
        sleep(Duration::from_millis(100));
    });
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    // Where everything lies: the same at each start.
    let mut layout = Layout::new("counter", 1);
    let total = layout.object::<u32>("total");
    let tables = ThreadLayout::DEFAULT.place(&mut layout, "thread");

    // The memory: a file that stands for an FRAM.
    let path = std::path::Path::new("counter.nvm");
    let nvm = if path.exists() {
        FileNvm::open(path)?
    } else {
        FileNvm::create(path, layout.size())?
    };

    // The first start formats. Every other one finds what the last one left.
    let region = Region::open_or_format(&nvm, &layout, || -> Result<(), Box<dyn Error>> {
        nvm.store(Class::Data, total, &0)?;
        Ok(Thread::format(&nvm, &tables)?)
    })?;
    if !region.is_first_boot() {
        println!("found a count of {}", nvm.load(total)?);
    }

    // Rolls back what was cut short, and runs the program.
    Thread::start(&nvm, &tables)?.run(|thread| count(thread, total))?;
    println!("done: {}", nvm.load(total)?);
    Ok(())
}
