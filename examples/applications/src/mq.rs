//! Message distribution: an agent sends messages to two workers, which look at a window of the last ten.
//!
//! It shows queues whose receivers are more urgent than the sender: a message goes straight to the worker, once. Receiving
//! it and putting it into the window is one transaction.

use core::ops::Range;

use example_programs::stack_bytes;
use intos::prelude::*;

use crate::{Application, Checked, Results, Scale};

/// An agent, and two workers with a queue each.
#[derive(Debug, Clone, Copy)]
pub struct Mq {
    scale: Scale,
    to_average: Queue<Message>,
    to_maximum: Queue<Message>,
    average: Offset<Work>,
    maximum: Offset<Work>,
}

persist! {
    struct Message {
        data: u32,
        time: u32,
    }

    /// What a worker knows.
    struct Work {
        received: u32,
        /// Of the last full window.
        result: u32,
        /// A ring: the data of message n is in place n mod its length.
        window: [u32; WINDOW],
    }
}

const MESSAGES: u32 = 150;
const WINDOW: usize = 10;
const QUEUED: u16 = 8;
const FIRST_DATA: u32 = 42;

/// On an MSP430 three stacks share 4 KiB of SRAM with all else.
const STACK_BYTES: usize = stack_bytes(832);

impl<B: Board> Program<B> for Mq {
    const NAME: &'static str = "mq";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let nothing = Work {
            received: 0,
            result: 0,
            window: [0; WINDOW],
        };
        Ok(Self {
            scale: Scale::place(objects)?,
            to_average: objects.queue("to average", QUEUED)?,
            to_maximum: objects.queue("to maximum", QUEUED)?,
            average: objects.object("average", nothing)?,
            maximum: objects.object("maximum", nothing)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        let entry = match index {
            0 => TaskEntry::new("agent", 1, send),
            1 => TaskEntry::new("average", 2, |task, app| {
                receive(task, app, app.to_average, app.average, |window| {
                    window.iter().sum::<u32>() / WINDOW as u32
                })
            }),
            2 => TaskEntry::new("maximum", 2, |task, app| {
                receive(task, app, app.to_maximum, app.maximum, |window| {
                    window.iter().copied().fold(0, u32::max)
                })
            }),
            _ => return None,
        };
        Some(entry.with_stack(STACK_BYTES))
    }
}

fn send<B: Board>(task: &mut Task<B>, app: &Mq) -> Result<(), Error> {
    let messages = app.scale.times(task, MESSAGES)?;
    nv_for_loop!(task, time in 1..messages + 1 => {
        task.transaction(|tx| {
            let message = Message { data: FIRST_DATA + time, time };
            app.to_average.send(tx, message, Timeout::Forever)?;
            app.to_maximum.send(tx, message, Timeout::Forever)
        })?;
    });
    Ok(())
}

fn receive<B: Board>(
    task: &mut Task<B>,
    app: &Mq,
    queue: Queue<Message>,
    work: Offset<Work>,
    result_of: fn(&[u32; WINDOW]) -> u32,
) -> Result<(), Error> {
    let messages = app.scale.times(task, MESSAGES)?;
    nv_for_loop!(task, _message in 0..messages => {
        task.transaction(|tx| {
            let message = queue.receive(tx, Timeout::Forever)?;
            let Work { received, mut window, .. } = tx.get(work)?;
            let index = (received % WINDOW as u32) as usize;
            window[index] = message.data;
            if let Some(place) = field!(work, Work.window).element(index) {
                tx.set(place, message.data)?;
            }
            tx.set(field!(work, Work.received), received + 1)?;
            if received + 1 >= WINDOW as u32 {
                tx.set(field!(work, Work.result), result_of(&window))?;
            }
            Ok(())
        })?;
    });
    Ok(())
}

impl Checked for Mq {
    const NAMES: [&'static str; 4] = [
        "messages averaged",
        "last average",
        "messages compared",
        "last maximum",
    ];
    const EXPECTED: Results = [MESSAGES, 187, MESSAGES, 192];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let (average, maximum) = (nvm.load(self.average)?, nvm.load(self.maximum)?);
        Ok([
            average.received,
            average.result,
            maximum.received,
            maximum.result,
        ])
    }
}

impl Application for Mq {
    const STEADY_ITERATION: Range<u32> = 33..36;

    fn scale(&self) -> Scale {
        self.scale
    }
}
