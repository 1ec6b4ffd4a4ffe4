//! The average of each block of values, as a task of a flow computes it.

use intos::prelude::*;

/// Of how many values an average is.
const LEN: u16 = 5;

persist! {
    /// Where a block stands.
    pub(crate) struct BlockAverage {
        /// All values of a block but the last one, which is not stored.
        values: [i16; LEN as usize - 1],
        /// Of the last full block.
        average: i16,
    }
}

impl BlockAverage {
    /// No value yet. The average of no block is 0.
    pub(crate) const EMPTY: Self = Self {
        values: [0; LEN as usize - 1],
        average: 0,
    };

    /// Adds the value with this number, from 0 on, and answers the average of the last block that is full by now, rounded
    /// towards zero.
    ///
    /// Stores 2 bytes, and logs none: a transaction writes the value that it does not read, or the average.
    pub(crate) fn add<B: Board>(
        tx: &mut WriteFirstTx<B>,
        block: Offset<Self>,
        number: u32,
        value: i16,
    ) -> Result<i16, Error> {
        let average = field!(block, Self.average);
        let index = (number % u32::from(LEN)) as usize;
        if let Some(place) = field!(block, Self.values).element(index) {
            tx.set_unlogged(place, value)?;
            return Ok(tx.get(average)?);
        }
        let values = tx.get(field!(block, Self.values))?;
        let sum: i32 = values.iter().chain([&value]).copied().map(i32::from).sum();
        let of_block = (sum / i32::from(LEN)) as i16;
        tx.set_unlogged(average, of_block)?;
        Ok(of_block)
    }
}
