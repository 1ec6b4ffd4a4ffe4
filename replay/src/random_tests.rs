//! Random durable programs over random chained power losses, against a plain model that never loses power.
//!
//! A seed that fails prints the command that repeats it. `REPLAY_PROGRAMS=n` sets how many programs are
//! run at each `ATOM`.

use core::cell::Cell;
use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::vec::Vec;
use std::{env, format, println, vec};

use nvm_core::for_each_atom;
use nvm_core::sim::{SimNvm, until_power_loss};
use nvm_core::{Area, Class, Nvm, Offset, Record, RecordReader, RecordWriter};

use crate::broken::{self, Variant};
use crate::{Error, ErrorKind, LoopFrame, Site, Thread, ThreadAreas, ThreadLayout, nv_for_loop};

const ROOMY: ThreadLayout = ThreadLayout {
    undo_log: 96,
    kernel_undo_log: 32,
    transactions: 1200,
    system_calls: 64,
    kernel_transactions: 16,
};
/// Tables that a program often fills.
const NARROW: ThreadLayout = ThreadLayout {
    undo_log: 20,
    kernel_undo_log: 32,
    transactions: 44,
    system_calls: 12,
    kernel_transactions: 16,
};

const WORDS: usize = 16;
/// The program's words; then two of which only the sum is known, since samples decide between them; then
/// the kernel's; then the number of the last run that ended.
const PLAIN: u32 = 8;
const EITHER: u32 = 8;
const KERNEL: u32 = 10;
const ENDED: u32 = 12;

const fn word(index: u32) -> Offset<u32> {
    Offset::new(4 * index)
}

fn areas(layout: &ThreadLayout) -> ThreadAreas {
    ThreadAreas::split(Area::new(4 * WORDS as u32, layout.bytes()), layout)
}

/// `SplitMix64`.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % u64::from(limit)) as u32
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// A transaction that changes a word, and whose result is of one of the types.
    Change { word: u32, result: u32 },
    /// Writes one word first and changes another.
    WriteFirst { first: u32, word: u32 },
    /// Aborts where the word's value is divisible, after a system call if so told.
    TryChange {
        word: u32,
        divisor: u32,
        call: bool,
        unit: bool,
    },
    /// An input that decides which of two words is changed, with a transaction or within one.
    Sample { within: bool },
    /// System calls: with a step or two, completed by itself or in place.
    Calls { steps: Vec<u32> },
    /// A loop over a range.
    For {
        from: u32,
        count: u32,
        body: Vec<Step>,
    },
    /// A loop without end that is left after so many iterations and one.
    Until {
        word: u32,
        growth: u32,
        body: Vec<Step>,
    },
    /// Leaves loops, or the function, at some iteration.
    Leave { iteration: u32, flow: Flow },
    /// A function, out of which a body may return.
    Function { body: Vec<Step> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Continue,
    Break,
    /// `break` out of the loop around the loop.
    BreakOuter,
    Return,
}

fn random_body(random: &mut Random, depth: u32) -> Vec<Step> {
    let steps = random.below(4) + u32::from(depth == 0) * 3;
    (0..steps).map(|_| random_step(random, depth)).collect()
}

fn random_step(random: &mut Random, depth: u32) -> Step {
    let plain = random.below(PLAIN);
    match random.below(if depth < 4 { 16 } else { 11 }) {
        0..3 => Step::Change {
            word: plain,
            result: random.below(RESULTS),
        },
        3 => Step::WriteFirst {
            first: plain,
            word: (plain + 1 + random.below(PLAIN - 1)) % PLAIN,
        },
        4..6 => Step::TryChange {
            word: plain,
            divisor: 2 + random.below(3),
            call: random.below(3) == 0,
            unit: random.below(2) == 0,
        },
        6..8 => Step::Sample {
            within: random.below(2) == 0,
        },
        8 => Step::Calls {
            steps: (0..=random.below(3)).map(|_| random.below(4)).collect(),
        },
        9..11 => Step::Leave {
            iteration: random.below(3),
            flow: [Flow::Continue, Flow::Break, Flow::BreakOuter, Flow::Return]
                [random.below(4) as usize],
        },
        11..14 => Step::For {
            from: random.below(300),
            count: random.below(5),
            body: random_body(random, depth + 1),
        },
        14 => Step::Until {
            word: plain,
            growth: random.below(4),
            body: random_body(random, depth + 1),
        },
        _ => Step::Function {
            body: random_body(random, depth + 1),
        },
    }
}

// ---------------------------------------------------------------------------------------------- model

/// What a change makes of a word, given what the steps before it in the same body resulted in.
fn changed(value: u32, carry: u32) -> u32 {
    value
        .wrapping_mul(3)
        .wrapping_add(carry % 1000)
        .wrapping_add(1)
}

fn write_first_value(carry: u32) -> u32 {
    carry.wrapping_mul(7).wrapping_add(5)
}

/// Runs a body as an ordinary program would. `carry` is what local variables hold: lost by the end of an
/// iteration.
fn model(words: &mut [u32; WORDS], body: &[Step], iteration: u32) -> Flow {
    let mut carry = iteration;
    for step in body {
        let flow = match step {
            Step::Change { word, .. } => {
                let value = &mut words[*word as usize];
                *value = changed(*value, carry);
                carry = *value;
                Flow::On
            }
            Step::WriteFirst { first, word } => {
                words[*first as usize] = write_first_value(carry);
                words[*word as usize] = changed(words[*word as usize], carry);
                carry = 2;
                Flow::On
            }
            Step::TryChange {
                word,
                divisor,
                call,
                ..
            } => {
                words[KERNEL as usize] += u32::from(*call);
                let value = &mut words[*word as usize];
                if value.is_multiple_of(*divisor) {
                    carry = 77;
                } else {
                    *value = changed(*value, carry);
                    carry = 3;
                }
                Flow::On
            }
            Step::Sample { .. } => {
                words[EITHER as usize] += 1;
                Flow::On
            }
            Step::Calls { steps } => {
                for steps in steps {
                    words[KERNEL as usize] += 1;
                    words[KERNEL as usize + 1] += steps;
                }
                carry = 9;
                Flow::On
            }
            Step::For { count, body, .. } => {
                let flow = (0..*count)
                    .map(|iteration| model(words, body, iteration))
                    .find(|flow| !matches!(flow, Flow::On | Flow::Continue));
                carry = 4;
                after_loop(flow)
            }
            Step::Until { word, growth, body } => {
                let mut flow = None;
                for iteration in 0..=*growth {
                    words[*word as usize] = words[*word as usize].wrapping_add(1);
                    let end = model(words, body, iteration);
                    if !matches!(end, Flow::On | Flow::Continue) {
                        flow = Some(end);
                        break;
                    }
                }
                carry = 5;
                after_loop(flow)
            }
            Step::Leave {
                iteration: at,
                flow,
            } => {
                if *at == iteration {
                    *flow
                } else {
                    Flow::On
                }
            }
            Step::Function { body } => {
                carry = match model(words, body, iteration) {
                    Flow::Return => 6,
                    _ => 7,
                };
                Flow::On
            }
        };
        if flow != Flow::On {
            return flow;
        }
    }
    Flow::On
}

/// What becomes of a body's flow at the end of the loop around it.
fn after_loop(flow: Option<Flow>) -> Flow {
    match flow {
        Some(Flow::BreakOuter) => Flow::Break,
        Some(Flow::Return) => Flow::Return,
        _ => Flow::On,
    }
}

// -------------------------------------------------------------------------------------------- program

nvm_core::persist! {
    struct Pair {
        a: u16,
        b: u16,
    }
}

#[derive(Debug)]
struct Refused(u8);

/// An error that says nothing.
#[derive(Debug)]
struct Unit;

macro_rules! outcome {
    ($ty:ident, $bytes:literal, $encode:expr, $decode:expr) => {
        impl Record for $ty {
            const MAX_BYTES: u32 = $bytes;
            fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
                $encode(self).encode(to)
            }
            fn decode<N: Nvm>(
                from: &mut RecordReader<'_, N>,
            ) -> Result<Option<Self>, nvm_core::Error> {
                Ok(Record::decode(from)?.map($decode))
            }
        }
    };
}

outcome!(Refused, 1, |refused: &Refused| refused.0, Refused);
outcome!(Unit, 0, |_: &Unit| (), |()| Unit);

/// The engine's errors are outcomes here, too: 0 stands for them.
impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        not_diverged(error);
        Self(0)
    }
}

impl From<Error> for Unit {
    fn from(error: Error) -> Self {
        not_diverged(error);
        Self
    }
}

fn not_diverged(error: Error) {
    assert!(
        !matches!(error.kind(), ErrorKind::ReplayDiverged { .. }),
        "{error}"
    );
}

/// What a full log or table means to the program: the same after a power loss as before.
fn or_full(result: Result<u32, Error>) -> u32 {
    result.unwrap_or_else(|error| {
        not_diverged(error);
        assert!(error.is_outcome(), "{error}");
        555
    })
}

std::thread_local! {
    static READING: Cell<u32> = const { Cell::new(0) };
}

/// Never the same twice.
fn read_sensor() -> u32 {
    READING.set(READING.get().wrapping_add(1));
    READING.get().wrapping_mul(0x9E37_79B9) >> 7
}

type T<'n, const ATOM: usize> = Thread<&'n SimNvm<ATOM>>;

const RESULTS: u32 = 12;

/// A transaction whose result is of a type, and what the program makes of the result: the word's value.
fn change<const ATOM: usize>(
    t: &mut T<'_, ATOM>,
    at: u32,
    result: u32,
    carry: u32,
) -> Result<u32, Error> {
    let update = move |tx: &mut crate::Tx<'_, &SimNvm<ATOM>>| -> Result<u32, Error> {
        tx.update(word(at), |value| changed(value, carry))?;
        Ok(tx.get(word(at))?)
    };
    Ok(match result {
        0 => {
            t.transaction(|tx| update(tx).map(|_| ()))?;
            t.transaction(|tx| Ok(tx.get(word(at))?))?
        }
        1 => t.transaction(update)?,
        2 => t.transaction(|tx| update(tx).map(u64::from))? as u32,
        3 => t.transaction(|tx| update(tx).map(Some))?.unwrap_or(0),
        4 => t
            .transaction(|tx| {
                update(tx).map(|v| if v % 2 == 0 { Ok(v) } else { Err((v, v as u8)) })
            })?
            .unwrap_or_else(|(v, _)| v),
        5 => {
            let [low, high] =
                t.transaction(|tx| update(tx).map(|v| [v as u16, (v >> 16) as u16]))?;
            u32::from(low) | u32::from(high) << 16
        }
        6 => {
            let pair = t.transaction(|tx| {
                update(tx).map(|v| Pair {
                    a: v as u16,
                    b: (v >> 16) as u16,
                })
            })?;
            u32::from(pair.a) | u32::from(pair.b) << 16
        }
        7 => {
            let (a, even, c) =
                t.transaction(|tx| update(tx).map(|v| (v as u8, v % 2 == 0, v >> 8)))?;
            assert_eq!(a % 2 == 0, even);
            u32::from(a) | c << 8
        }
        8 => t
            .transaction(|tx| update(tx).map(f32::from_bits))?
            .to_bits(),
        9 => {
            let (letter, rest) = t.transaction(|tx| {
                update(tx).map(|v| (char::from(b'a' + (v % 26) as u8), i64::from(v / 26)))
            })?;
            u32::try_from(rest).unwrap() * 26 + (letter as u32 - 'a' as u32)
        }
        10 => t.transaction(|tx| update(tx).map(Offset::<u8>::new))?.get(),
        _ => {
            let (none, value) =
                t.transaction(|tx| update(tx).map(|v| (None::<u64>, i128::from(v))))?;
            assert_eq!(none, None);
            u32::try_from(value).unwrap()
        }
    })
}

/// System calls as a kernel makes them.
fn call<const ATOM: usize>(
    tx: &mut crate::Tx<'_, &SimNvm<ATOM>>,
    site: Site,
    steps: u32,
) -> Result<u32, Error> {
    let nvm = *tx.nvm();
    let system = tx.system();
    if let Some(result) = system.bypass(site)? {
        return Ok(result);
    }
    let one_more = |at: u32| {
        move |kernel: &mut crate::SystemTx<'_, _>| Ok(kernel.update(word(at), |v| v + 1)?)
    };
    if steps == 1 {
        // As a call that blocks: its result lies in its place before the step.
        if !system.has_steps() {
            system.reserve(4)?;
            nvm.write_u32(Class::Kernel, system.result_at(), 1)?;
            system.step(site, |kernel| {
                kernel.update(word(KERNEL), |v| v + 1)?;
                one_more(KERNEL + 1)(kernel)
            })?;
        }
        return system.complete_in_place(site);
    }
    system.reserve(4)?;
    let mut sum = 0;
    for step in 0..steps {
        let number: u16 = system.step(site, |kernel| {
            one_more(KERNEL + 1)(kernel)?;
            Ok(step as u16)
        })?;
        sum += u32::from(number);
    }
    assert_eq!(sum, steps * steps.saturating_sub(1) / 2);
    system.complete(site, |kernel| {
        one_more(KERNEL)(kernel)?;
        Ok(steps)
    })
}

fn transact<const ATOM: usize>(t: &mut T<'_, ATOM>, step: &Step, carry: u32) -> Result<u32, Error> {
    Ok(match step {
        Step::Change { word, result } => change(t, *word, *result, carry)?,
        Step::WriteFirst { first, word: at } => {
            t.transaction_write_first(8, |tx| {
                tx.set_unlogged(word(*first), write_first_value(carry))?;
                Ok(tx.update(word(*at), |value| changed(value, carry))?)
            })?;
            2
        }
        Step::TryChange {
            word: at,
            divisor,
            call: calls,
            unit,
        } => {
            let change = |tx: &mut crate::Tx<'_, &SimNvm<ATOM>>| -> Result<bool, Error> {
                let value = tx.get(word(*at))?;
                tx.set(word(*at), changed(value, carry))?;
                if *calls {
                    call(tx, Site::here(), 0)?;
                }
                Ok(value.is_multiple_of(*divisor))
            };
            let refused = if *unit {
                let outcome: Result<(), Unit> =
                    t.try_transaction(|tx| if change(tx)? { Err(Unit) } else { Ok(()) });
                outcome.is_err()
            } else {
                let outcome: Result<u16, Refused> =
                    t.try_transaction(|tx| if change(tx)? { Err(Refused(7)) } else { Ok(1) });
                !matches!(outcome, Ok(1))
            };
            if refused { 77 } else { 3 }
        }
        Step::Sample { within: false } => {
            let reading = t.sample(read_sensor)?;
            t.transaction(|tx| Ok(tx.update(word(EITHER + reading % 2), |v| v + 1)?))?;
            carry
        }
        Step::Sample { within: true } => {
            t.transaction(|tx| {
                let reading = tx.sample(read_sensor)?;
                tx.update(word(EITHER + reading % 2), |v| v + 1)?;
                if reading % 2 == 0 {
                    let _: u8 = tx.act_at_least_once(|| 5)?;
                }
                tx.act_at_most_once(|| ())?;
                Ok(())
            })?;
            carry
        }
        Step::Calls { steps } => {
            t.transaction(|tx| {
                for steps in steps {
                    assert_eq!(call(tx, Site::here(), *steps)?, *steps);
                }
                Ok(())
            })?;
            9
        }
        _ => carry,
    })
}

fn run<const ATOM: usize>(
    t: &mut T<'_, ATOM>,
    body: &[Step],
    iteration: u32,
) -> Result<Flow, Error> {
    let mut carry = iteration;
    for step in body {
        let flow = match step {
            Step::For { from, count, body } => {
                let flow = run_for(t, *from, *count, body);
                carry = 4;
                flow.unwrap_or_else(skip)
            }
            Step::Until { word, growth, body } => {
                let flow = run_until(t, *word, *growth, body);
                carry = 5;
                flow.unwrap_or_else(skip)
            }
            Step::Leave {
                iteration: at,
                flow,
            } if *at == iteration => *flow,
            Step::Leave { .. } => Flow::On,
            Step::Function { body } => {
                carry = match run(t, body, iteration)? {
                    Flow::Return => 6,
                    _ => 7,
                };
                Flow::On
            }
            transaction => {
                carry = or_full(transact(t, transaction, carry));
                Flow::On
            }
        };
        if flow != Flow::On {
            return Ok(flow);
        }
    }
    Ok(Flow::On)
}

/// A loop that has no room is left out.
fn skip(error: Error) -> Flow {
    let _ = or_full(Err(error));
    Flow::On
}

fn run_for<const ATOM: usize>(
    t: &mut T<'_, ATOM>,
    from: u32,
    count: u32,
    body: &[Step],
) -> Result<Flow, Error> {
    let mut flow = Flow::On;
    nv_for_loop!(t, i in from..from + count => {
        flow = run(t, body, i - from)?;
        match flow {
            Flow::On => {}
            Flow::Continue => continue,
            Flow::Break => break,
            // The frame is dropped without an end, as by `break 'outer` and `return`.
            Flow::BreakOuter | Flow::Return => return Ok(after_loop(Some(flow))),
        }
    });
    Ok(after_loop(Some(flow)))
}

fn run_until<const ATOM: usize>(
    t: &mut T<'_, ATOM>,
    at: u32,
    growth: u32,
    body: &[Step],
) -> Result<Flow, Error> {
    let mut frame = LoopFrame::enter_endless(t, 0u32)?;
    while let Some(iteration) = frame.next(t)? {
        or_full(t.transaction(|tx| {
            tx.update(word(at), |value| value.wrapping_add(1))?;
            Ok(0)
        }));
        match run(t, body, iteration)? {
            Flow::On | Flow::Continue => {}
            Flow::Break => break,
            flow => return Ok(after_loop(Some(flow))),
        }
        if iteration >= growth {
            break;
        }
    }
    frame.leave(t)?;
    Ok(Flow::On)
}

/// One run of the program; nothing where it had ended already.
fn program<const ATOM: usize>(
    t: &mut T<'_, ATOM>,
    body: &[Step],
    number: u32,
) -> Result<(), Error> {
    t.run(|t| {
        if t.transaction(|tx| Ok(tx.get(word(ENDED))? == number))? {
            return Ok(());
        }
        let _ = run(t, body, 0)?;
        // Where the tables are full, the end has its room all the same: in its own place.
        nvm_end(t, number)
    })
}

fn nvm_end<const ATOM: usize>(t: &mut T<'_, ATOM>, number: u32) -> Result<(), Error> {
    match t.transaction(|tx| Ok(tx.set(word(ENDED), number)?)) {
        Err(error) if error.is_outcome() => t
            .nvm()
            .store(Class::Data, word(ENDED), &number)
            .map_err(Error::from),
        other => other,
    }
}

fn words<const ATOM: usize>(nvm: &SimNvm<ATOM>) -> [u32; WORDS] {
    let mut words: [u32; WORDS] = nvm.load(Offset::new(0)).unwrap();
    words[EITHER as usize] += words[EITHER as usize + 1];
    words[EITHER as usize + 1] = 0;
    words
}

fn formatted<const ATOM: usize>(layout: &ThreadLayout) -> SimNvm<ATOM> {
    let size = 4 * WORDS as u32 + layout.bytes();
    let nvm = SimNvm::new(size);
    nvm.set_image(&vec![0xA5; size as usize]);
    nvm.store(Class::Data, Offset::new(0), &[0u32; WORDS])
        .unwrap();
    Thread::format(&nvm, &areas(layout)).unwrap();
    nvm
}

/// Two runs of a random program; answers how often the power went, or what is wrong.
fn try_seed<const ATOM: usize>(seed: u64, layout: &ThreadLayout) -> Result<u64, String> {
    let mut random = Random(seed);
    let body = random_body(&mut random, 0);
    let areas = areas(layout);
    let (nvm, uncut) = (formatted::<ATOM>(layout), formatted::<ATOM>(layout));
    let mut expected = [0; WORDS];
    for number in 1..=2 {
        let stores = uncut.counters().stores();
        let mut t = Thread::start(&uncut, &areas).map_err(|error| format!("{error}"))?;
        program(&mut t, &body, number).map_err(|error| format!("uncut: {error}"))?;
        let stores = (uncut.counters().stores() - stores) as u32;
        if layout.transactions == ROOMY.transactions {
            let _ = model(&mut expected, &body, 0);
            expected[ENDED as usize] = number;
            if words(&uncut) != expected {
                return Err(format!("uncut: {:?} for {expected:?}", words(&uncut)));
            }
        }
        // Cuts that are far apart and cuts that are near, also in the restart.
        let rhythm = 1 + random.below(2 * stores);
        let mut boots = 0;
        loop {
            boots += 1;
            if boots > 20_000 {
                return Err("it does not get on".into());
            }
            let patience = rhythm + boots / 16;
            nvm.cut_after(u64::from(random.below(patience)));
            let ended = until_power_loss(|| {
                let mut t = Thread::start(&nvm, &areas)?;
                program(&mut t, &body, number)
            });
            nvm.power_on();
            nvm.cut_never();
            match ended {
                Ok(Ok(())) => break,
                Ok(Err(error)) => return Err(format!("run {number}, start {boots}: {error}")),
                Err(_) => {}
            }
        }
        if words(&nvm) != words(&uncut) {
            return Err(format!(
                "run {number}, {boots} starts: {:?} for {:?}",
                words(&nvm),
                words(&uncut)
            ));
        }
    }
    Ok(nvm.power_losses())
}

fn explore<const ATOM: usize>(seed: u64, layout: &ThreadLayout) -> Result<u64, String> {
    READING.set(seed as u32);
    match catch_unwind(AssertUnwindSafe(|| try_seed::<ATOM>(seed, layout))) {
        Ok(found) => found,
        Err(panic) => Err(message(&panic)),
    }
}

fn message(panic: &Box<dyn core::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).into()))
        .unwrap_or_default()
}

#[test]
fn random_programs_end_as_if_nothing_had_happened() {
    let number = |name: &str| {
        env::var(name)
            .ok()
            .and_then(|value| value.parse::<u64>().ok())
    };
    let only = number("REPLAY_SEED");
    let programs = number("REPLAY_PROGRAMS").unwrap_or(400);
    let seeds = only.map_or(0..programs, |seed| seed..seed + 1);
    for (name, layout) in [("roomy", &ROOMY), ("narrow", &NARROW)] {
        for_each_atom!(ATOM => {
            let mut losses = 0;
            for seed in seeds.clone() {
                match explore::<ATOM>(seed, layout) {
                    Ok(more) => losses += more,
                    Err(what) => panic!(
                        "{name} tables, ATOM {ATOM}: {what}\nrepeat it with REPLAY_SEED={seed} cargo test -p \
                         intos-replay --lib random_programs"
                    ),
                }
            }
            println!("{name} tables, ATOM {ATOM}: {seeds:?}, {losses} power losses");
        });
    }
}

#[test]
fn random_programs_catch_broken_variants() {
    for (variant, layout) in [
        (Variant::CountsBeforeCommit, &ROOMY),
        (Variant::RecordsAfterCommit, &ROOMY),
        (Variant::KeepsCheck, &ROOMY),
        (Variant::ForgetsSystemCalls, &ROOMY),
        (Variant::LetsSmallerRecordsIn, &NARROW),
    ] {
        let caught = (0..4000).find_map(|seed| {
            let found = broken::with(variant, || explore::<1>(seed, layout));
            found.err().map(|what| (seed, what))
        });
        let (seed, what) = caught.unwrap_or_else(|| panic!("{variant:?} is not caught"));
        println!("{variant:?} is caught by seed {seed}: {what}");
    }
}
