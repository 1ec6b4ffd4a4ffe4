//! What keeps the rules.
use nvm_core::{Nvm, Offset, field};
use replay::{Error, Record, Thread, nv_for_loop, nv_loop};

nvm_core::persist! {
    struct Total {
        sum: u32,
        count: u32,
    }
}

fn run<N: Nvm + Copy>(
    thread: &mut Thread<N>,
    total: Offset<Total>,
    read: impl Fn() -> u16 + Sync,
) -> Result<Option<u32>, Error> {
    let limit = 100;
    nv_for_loop!(thread, i in 0..limit => {
        // The results of transactions and samples may be kept in variables, and captured.
        let reading = thread.sample(&read)?;
        let whole: Total = thread.transaction(|tx| {
            let own = tx.sample(&read)?;
            tx.update(field!(total, Total.sum), |sum| sum + u32::from(own.max(reading)) + i)?;
            tx.act_at_least_once(|| ())?;
            tx.act_at_most_once(|| ())?;
            Ok(tx.get(total)?)
        })?;
        if whole.sum > 1000 {
            return Ok(Some(whole.sum));
        }
    });
    nv_loop!('all: thread => {
        let aborted: Result<(), Error> = thread.try_transaction(|_| Ok(()));
        if aborted.is_ok() {
            break 'all;
        }
    });
    thread.transaction_write_first(16, |tx| {
        tx.set_unlogged(field!(total, Total.count), 0)?;
        Ok(tx.set(field!(total, Total.sum), 0)?)
    })?;
    Ok(None)
}

fn main() {
    fn is_recorded<R: Record>() {}
    is_recorded::<(Total, Option<u8>, Result<(), [u16; 3]>, Offset<Total>)>();
    let _ = |thread: &mut Thread<&nvm_core::sim::SimNvm<4>>| run(thread, Offset::new(64), || 5);
}
