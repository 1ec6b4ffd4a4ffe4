//! Deep neural network: a perceptron of two layers, with its weights in NVM.
//!
//! A computation in one task. It shows transactions that write first: an output is computed from what the transaction
//! does not change, so a repetition computes it again, and the old value is not logged. Such a transaction costs the
//! output's 4 bytes of NVM and the commit's 4.

use core::ops::Range;

use intos::prelude::*;

use crate::{Application, Checked, Results, Scale, checksum};

/// Infers again and again.
#[derive(Debug, Clone, Copy)]
pub struct Dnn {
    scale: Scale,
    inputs: Offset<[i32; INPUTS]>,
    hidden_weights: Offset<[[i32; INPUTS]; HIDDEN]>,
    hidden: Offset<[i32; HIDDEN]>,
    output_weights: Offset<[[i32; HIDDEN]; OUTPUTS]>,
    outputs: Offset<[i32; OUTPUTS]>,
}

const INFERENCES: u32 = 100;
const INPUTS: usize = 50;
const HIDDEN: usize = 10;
const OUTPUTS: usize = 2;

impl<B: Board> Program<B> for Dnn {
    const NAME: &'static str = "dnn";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            scale: Scale::place(objects)?,
            inputs: objects.object("inputs", [1; INPUTS])?,
            hidden_weights: objects.object("hidden weights", WEIGHTS.hidden)?,
            hidden: objects.object("hidden", [0; HIDDEN])?,
            output_weights: objects.object("output weights", WEIGHTS.outputs)?,
            outputs: objects.object("outputs", [0; OUTPUTS])?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        (index == 0).then_some(TaskEntry::new("inference", 1, infer))
    }
}

fn infer<B: Board>(task: &mut Task<B>, app: &Dnn) -> Result<(), Error> {
    let inferences = app.scale.times(task, INFERENCES)?;
    nv_for_loop!(task, _inference in 0..inferences => {
        layer(task, app.inputs, app.hidden_weights, app.hidden)?;
        layer(task, app.hidden, app.output_weights, app.outputs)?;
    });
    Ok(())
}

/// One transaction for each output.
fn layer<B: Board, const FROM: usize, const TO: usize>(
    task: &mut Task<B>,
    inputs: Offset<[i32; FROM]>,
    weights: Offset<[[i32; FROM]; TO]>,
    outputs: Offset<[i32; TO]>,
) -> Result<(), Error> {
    for index in 0..TO {
        let (Some(weights), Some(output)) = (weights.element(index), outputs.element(index)) else {
            break;
        };
        task.transaction_write_first(0, |tx| {
            let mut sum = 0;
            for (input, weight) in inputs.elements().zip(weights.elements()) {
                sum += tx.get(input)? * tx.get(weight)?;
            }
            Ok(tx.set_unlogged(output, sum.max(0))?)
        })?;
    }
    Ok(())
}

struct Weights {
    hidden: [[i32; INPUTS]; HIDDEN],
    outputs: [[i32; HIDDEN]; OUTPUTS],
}

const WEIGHTS: Weights = weights();

/// Numbers from 0 to 9, from a linear congruential generator.
const fn weights() -> Weights {
    let mut state = 1;
    let hidden = matrix(&mut state);
    let outputs = matrix(&mut state);
    Weights { hidden, outputs }
}

const fn matrix<const COLUMNS: usize, const ROWS: usize>(
    state: &mut u32,
) -> [[i32; COLUMNS]; ROWS] {
    let mut matrix = [[0; COLUMNS]; ROWS];
    let mut index = 0;
    while index < COLUMNS * ROWS {
        *state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        matrix[index / COLUMNS][index % COLUMNS] = (*state >> 16).cast_signed() % 10;
        index += 1;
    }
    matrix
}

impl Checked for Dnn {
    const NAMES: [&'static str; 4] = [
        "first output",
        "second output",
        "checksum of the hidden layer",
        "checksum of the weights",
    ];
    const EXPECTED: Results = [
        11_520,
        12_661,
        checksum(&[229, 219, 200, 231, 210, 245, 228, 218, 247, 243]),
        checksum(WEIGHTS.hidden.as_flattened()) ^ checksum(WEIGHTS.outputs.as_flattened()),
    ];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let [first, second] = nvm.load(self.outputs)?;
        let (hidden, outputs) = (
            nvm.load(self.hidden_weights)?,
            nvm.load(self.output_weights)?,
        );
        Ok([
            first.cast_unsigned(),
            second.cast_unsigned(),
            checksum(&nvm.load(self.hidden)?),
            checksum(hidden.as_flattened()) ^ checksum(outputs.as_flattened()),
        ])
    }
}

impl Application for Dnn {
    const STEADY_ITERATION: Range<u32> = 13..25;

    fn scale(&self) -> Scale {
        self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_those_of_the_specification() {
        assert_eq!(WEIGHTS.hidden[0][..8], [8, 6, 3, 3, 9, 5, 8, 7]);
        assert_eq!(WEIGHTS.outputs[0], [3, 9, 4, 9, 8, 9, 2, 3, 4, 0]);
    }
}
