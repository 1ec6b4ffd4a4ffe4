//! Decision trees.

use crate::Reading;

/// A node, with what lies below it.
enum Node {
    /// Asks one of a reading's values.
    Question {
        value: usize,
        at_most: i16,
        yes: &'static Self,
        no: &'static Self,
    },
    /// Answers the class.
    Class(i16),
}

use Node::{Class, Question};

/// A tree for each sensor.
const OF_SENSORS: [&Node; Reading::SENSORS as usize] = [&OF_FIRST, &OF_SECOND];

const OF_FIRST: Node = Question {
    value: 0,
    at_most: 59,
    yes: &Question {
        value: 1,
        at_most: 20,
        yes: &Class(0),
        no: &Class(1),
    },
    no: &Question {
        value: 2,
        at_most: 89,
        yes: &Class(2),
        no: &Question {
            value: 3,
            at_most: 100,
            yes: &Class(3),
            no: &Class(4),
        },
    },
};

const OF_SECOND: Node = Question {
    value: 3,
    at_most: 40,
    yes: &Question {
        value: 0,
        at_most: 9,
        yes: &Class(5),
        no: &Question {
            value: 1,
            at_most: 24,
            yes: &Class(6),
            no: &Class(7),
        },
    },
    no: &Question {
        value: 2,
        at_most: 75,
        yes: &Class(8),
        no: &Class(9),
    },
};

/// The class of a reading; -1 for that of an unknown sensor.
pub(super) fn class(reading: &Reading) -> i16 {
    let tree = OF_SENSORS.get(usize::from(reading.sensor));
    tree.map_or(-1, |tree| tree.class(reading.values))
}

impl Node {
    const fn class(&self, values: [i16; 4]) -> i16 {
        let mut node = self;
        loop {
            match node {
                Question {
                    value,
                    at_most,
                    yes,
                    no,
                } => {
                    node = if values[*value] <= *at_most { yes } else { no };
                }
                Class(class) => return *class,
            }
        }
    }
}
