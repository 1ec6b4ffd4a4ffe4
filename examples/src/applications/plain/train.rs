//! What [`Train`](example_applications::Train) computes.

use std::collections::VecDeque;

use example_applications::Results;

use super::{checksum, jenkins};

const SEED: u32 = 0x1207_05AA;
const SAMPLES: u32 = 16;
const NODES: usize = 10;
const DEPTH: usize = 10;

type Sample = ([i32; 4], u32);

#[derive(Debug, Clone, Copy)]
enum Node {
    Leaf(u32),
    /// Which value decides between two nodes.
    Split(usize, [usize; 2]),
}

/// The results at a scale: the models of the last round.
#[must_use]
pub fn results(scale: u16) -> Results {
    let last = u32::from(scale.max(1)) - 1;
    let data = samples(2 * last);
    let tree = tree(&data);
    let right = data
        .iter()
        .filter(|(values, label)| label_of(&tree, values) == *label);
    [
        tree.len() as u32,
        checksum(tree.iter().flat_map(|node| match node {
            Node::Leaf(label) => [255, *label],
            Node::Split(value, [one, _]) => [*value as u32, *one as u32],
        })),
        checksum(regression(&samples(2 * last + 1)).map(i32::cast_unsigned)),
        right.count() as u32,
    ]
}

fn samples(set: u32) -> Vec<Sample> {
    let numbers = set * SAMPLES..(set + 1) * SAMPLES;
    numbers
        .map(|number| {
            let bits = jenkins(number.wrapping_add(SEED)) >> 24;
            let values = [1, 2, 4, 8].map(|bit| if bits & bit == 0 { 1 } else { 2 });
            (values, bits >> 4 & 1)
        })
        .collect()
}

/// Breadth first; a node that waits is known by its index, its depth and its samples.
fn tree(data: &[Sample]) -> Vec<Node> {
    let mut nodes = vec![Node::Leaf(0)];
    let mut waiting = VecDeque::from([(0, 0, data.to_vec())]);
    while let Some((index, depth, samples)) = waiting.pop_front() {
        let (zeros, ones) = counts(&samples);
        let is_full = nodes.len() + 2 > NODES || depth == DEPTH;
        let split = (zeros > 0 && ones > 0 && !is_full)
            .then(|| best_split(&samples))
            .flatten();
        let Some(value) = split else {
            nodes[index] = Node::Leaf((ones > zeros).into());
            continue;
        };
        let children = [nodes.len(), nodes.len() + 1];
        nodes[index] = Node::Split(value, children);
        for (child, part) in children.into_iter().zip(parts(&samples, value)) {
            nodes.push(Node::Leaf(0));
            waiting.push_back((child, depth + 1, part));
        }
    }
    nodes
}

/// The value with the least weighted Gini impurity, the sum over both parts of n (1 - p² - q²): a common multiple of all n
/// up to 16 makes it whole.
fn best_split(samples: &[Sample]) -> Option<usize> {
    const MULTIPLE: usize = 720_720;
    let impurity = |part: &Vec<Sample>| {
        let (zeros, ones) = counts(part);
        let n = part.len();
        (n * n - zeros * zeros - ones * ones) * (MULTIPLE / n)
    };
    (0..4)
        .filter_map(|value| {
            let parts = parts(samples, value);
            let divides = parts.iter().all(|part| !part.is_empty());
            divides.then(|| (parts.iter().map(impurity).sum::<usize>(), value))
        })
        .min()
        .map(|(_, value)| value)
}

fn parts(samples: &[Sample], value: usize) -> [Vec<Sample>; 2] {
    let (ones, twos) = samples.iter().partition(|(values, _)| values[value] == 1);
    [ones, twos]
}

fn counts(samples: &[Sample]) -> (usize, usize) {
    let ones = samples.iter().filter(|(_, label)| *label == 1).count();
    (samples.len() - ones, ones)
}

fn label_of(tree: &[Node], values: &[i32; 4]) -> u32 {
    let mut index = 0;
    loop {
        match tree[index] {
            Node::Leaf(label) => return label,
            Node::Split(value, [one, two]) => index = if values[value] == 1 { one } else { two },
        }
    }
}

/// Four coefficients and the constant, which is that of a fifth value that is always 1.
fn regression(data: &[Sample]) -> [i32; 5] {
    let mut weights = [0i16; 5];
    for _step in 0..15 {
        let mut gradient = [0; 5];
        for ([a, b, c, d], label) in data {
            let values = [*a, *b, *c, *d, 1];
            let predicted: i32 = (0..5).map(|i| i32::from(weights[i]) * values[i]).sum();
            for i in 0..5 {
                gradient[i] += (predicted - 256 * label.cast_signed()) * values[i];
            }
        }
        for i in 0..5 {
            weights[i] = weights[i].wrapping_sub((gradient[i] / 128) as i16);
        }
    }
    weights.map(i32::from)
}

#[cfg(test)]
mod tests {
    use example_applications::{Checked, Train};

    use super::*;

    #[test]
    fn the_application_expects_the_same() {
        assert_eq!(results(1), Train::EXPECTED);
    }

    #[test]
    fn each_round_trains_anew() {
        assert_eq!(results(5), [9, 4_122_666_893, 20_811_057, 12]);
    }
}
