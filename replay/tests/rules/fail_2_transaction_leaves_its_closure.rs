//! Rule 2: nothing that borrows a transaction leaves it, nor does the transaction itself.
use nvm_core::Nvm;
use replay::{Alone, Error, Site, Thread, Tx};

fn keep<N: Nvm + Copy + 'static>(thread: &mut Thread<N>) -> Result<(), Error> {
    let mut escaped: Option<&mut Tx<'_, N>> = None;
    let is_outcome = |_: &Error| true;
    thread.transaction_at(Site::here(), &Alone, is_outcome, |tx| {
        escaped = Some(tx);
        Ok(())
    })
}

fn give_back<N: Nvm + Copy>(thread: &mut Thread<N>) -> Result<(), Error> {
    thread.transaction(|tx| Ok(tx)).map(|_| ())
}

fn main() {}
