//! A linear regression, and how it is trained, step by step.

use intos::prelude::*;

use super::data::{DataSet, SAMPLES, VALUES};

persist! {
    /// A model, in 256ths: of a label of 1 it makes 256.
    pub(super) struct Regression {
        coefficients: [i16; VALUES],
        constant: i16,
    }
}

const ONE: i32 = 256;

/// A step follows the gradient by a 128th, an eighth of the mean over the samples: by a quarter it would go astray.
const SHARE: i32 = 8 * 16;
const _: () = assert!(SAMPLES == 16);

impl Regression {
    pub(super) const ZERO: Self = Self {
        coefficients: [0; VALUES],
        constant: 0,
    };

    /// The model after a step down the gradient of the squared errors. Sums have 32 bits, quotients are rounded towards 0,
    /// and coefficients wrap.
    pub(super) fn improved(self, data: &DataSet) -> Self {
        let mut gradients = [0; VALUES];
        let mut errors = 0;
        for sample in data {
            let error = self.value_of(sample.values) - ONE * i32::from(sample.label);
            for (gradient, value) in gradients.iter_mut().zip(sample.values) {
                *gradient += error * i32::from(value);
            }
            errors += error;
        }
        let improved =
            |coefficient: i16, gradient: i32| coefficient.wrapping_sub((gradient / SHARE) as i16);
        Self {
            coefficients: core::array::from_fn(|index| {
                improved(self.coefficients[index], gradients[index])
            }),
            constant: improved(self.constant, errors),
        }
    }

    fn value_of(self, values: [i16; VALUES]) -> i32 {
        let products = self
            .coefficients
            .iter()
            .zip(values)
            .map(|(coefficient, value)| i32::from(*coefficient) * i32::from(value));
        products.sum::<i32>() + i32::from(self.constant)
    }

    /// Numbers that tell the model from others.
    pub(super) fn numbers(self) -> impl Iterator<Item = i32> {
        let all = self.coefficients.into_iter().chain([self.constant]);
        all.map(i32::from)
    }
}
