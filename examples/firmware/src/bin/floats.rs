//! Tasks that are preempted in the midst of calculations with floating-point numbers: the unit's registers are each
//! task's own.
//!
//! Two tasks of the same priority calculate the same again and again, each from numbers of its own; the third uses no such
//! numbers. A result that is not what the compiler has calculated is counted, and so is whether the task was preempted. The calculation has more numbers on the way than the unit has registers that a function need
//! not save (s0 to s15), so that it uses the others too.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};

use example_programs::{Checked, Results};
use intos::prelude::*;

/// So often each task calculates.
const CALCULATIONS: u32 = 60;
/// So often at least it is preempted on the way.
const PREEMPTED: u32 = 10;
/// Steps of a calculation: it takes longer than a time slice.
const STEPS: u32 = 2_000;

/// More than 16.
const NUMBERS: usize = 20;
type Numbers = [f32; NUMBERS];

const FIRST: Numbers = begin(0.25);
const SECOND: Numbers = begin(0.75);
const FIRST_RESULT: Numbers = calculate(FIRST);
const SECOND_RESULT: Numbers = calculate(SECOND);

const fn begin(first: f32) -> Numbers {
    let mut numbers = [0.0; NUMBERS];
    let mut next = first;
    let mut index = 0;
    while index < NUMBERS {
        numbers[index] = next;
        next = next * 0.5 + 0.125;
        index += 1;
    }
    numbers
}

/// Each number draws near its neighbour, and away from it again. All have names, so that they stay in registers.
#[inline(always)]
#[allow(clippy::inline_always, clippy::many_single_char_names)] // the registers are what is tested
const fn calculate(numbers: Numbers) -> Numbers {
    let [
        mut a,
        mut b,
        mut c,
        mut d,
        mut e,
        mut f,
        mut g,
        mut h,
        mut i,
        mut j,
        mut k,
        mut l,
        mut m,
        mut n,
        mut o,
        mut p,
        mut q,
        mut r,
        mut s,
        mut t,
    ] = numbers;
    let mut step = 0;
    while step < STEPS {
        let first = a;
        a = mix(a, b);
        b = mix(b, c);
        c = mix(c, d);
        d = mix(d, e);
        e = mix(e, f);
        f = mix(f, g);
        g = mix(g, h);
        h = mix(h, i);
        i = mix(i, j);
        j = mix(j, k);
        k = mix(k, l);
        l = mix(l, m);
        m = mix(m, n);
        n = mix(n, o);
        o = mix(o, p);
        p = mix(p, q);
        q = mix(q, r);
        r = mix(r, s);
        s = mix(s, t);
        t = mix(t, first);
        step += 1;
    }
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t]
}

const fn mix(own: f32, neighbour: f32) -> f32 {
    0.75 * own - 0.5 * neighbour + 0.25
}

/// Who of the three is at work.
static AT_WORK: AtomicU32 = AtomicU32::new(0);

/// Calculates again and again, and counts what went wrong, and how often another task was at work meanwhile.
fn calculations<B: Board>(
    task: &mut Task<B>,
    app: &Floats,
    own: usize,
    is_right: impl Fn() -> bool,
) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..CALCULATIONS => {
        AT_WORK.store(own as u32, Ordering::Relaxed);
        let is_wrong = !is_right();
        let was_preempted = AT_WORK.load(Ordering::Relaxed) != own as u32;
        task.transaction(|tx| {
            tx.update(app.wrong[own], |wrong| wrong + u32::from(is_wrong))?;
            Ok(tx.update(app.preempted[own], |times| times + u32::from(was_preempted))?)
        })?;
    });
    Ok(())
}

struct Floats {
    /// How many results were wrong, of each task.
    wrong: [Offset<u32>; 3],
    /// How many calculations were preempted.
    preempted: [Offset<u32>; 3],
}

impl<B: Board> Program<B> for Floats {
    const NAME: &'static str = "floats";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            wrong: [
                objects.object("first's", 0)?,
                objects.object("second's", 0)?,
                objects.object("third's", 0)?,
            ],
            preempted: [
                objects.object("first preempted", 0)?,
                objects.object("second preempted", 0)?,
                objects.object("third preempted", 0)?,
            ],
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("first", 1, first),
            1 => TaskEntry::new("second", 1, second),
            2 => TaskEntry::new("third", 1, third),
            _ => return None,
        })
    }
}

fn first<B: Board>(task: &mut Task<B>, app: &Floats) -> Result<(), Error> {
    calculations(task, app, 0, || {
        same(calculate(black_box(FIRST)), black_box(FIRST_RESULT))
    })
}

fn second<B: Board>(task: &mut Task<B>, app: &Floats) -> Result<(), Error> {
    calculations(task, app, 1, || {
        same(calculate(black_box(SECOND)), black_box(SECOND_RESULT))
    })
}

fn third<B: Board>(task: &mut Task<B>, app: &Floats) -> Result<(), Error> {
    calculations(task, app, 2, || {
        let steps = 20 * black_box(STEPS);
        let sum = (0..steps).fold(0u32, |sum, step| black_box(sum.wrapping_add(step)));
        sum == 20 * STEPS * (20 * STEPS - 1) / 2
    })
}

fn same(left: Numbers, right: Numbers) -> bool {
    left.map(f32::to_bits) == right.map(f32::to_bits)
}

impl Checked for Floats {
    const NAMES: [&'static str; 4] = [
        "first's wrong",
        "second's wrong",
        "third's wrong",
        "often preempted",
    ];
    const EXPECTED: Results = [0, 0, 0, 2];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let is_often = |task: usize| {
            let times = nvm.load(self.preempted[task])?;
            Ok::<_, Error>(u32::from(times >= PREEMPTED))
        };
        Ok([
            nvm.load(self.wrong[0])?,
            nvm.load(self.wrong[1])?,
            nvm.load(self.wrong[2])?,
            is_often(0)? + is_often(1)?,
        ])
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    intos_firmware::run::<Floats>()
}
