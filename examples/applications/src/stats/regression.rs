//! Simple linear regression, pair by pair.

use intos::prelude::*;

persist! {
    /// The sums that a straight line with an intercept is made of. They wrap, as all that is computed from them does, so
    /// that a pair that is removed leaves no trace.
    pub(super) struct Regression {
        pairs: i32,
        x: i32,
        y: i32,
        xx: i32,
        xy: i32,
    }
}

impl Regression {
    /// Of no pairs.
    pub(super) const EMPTY: Self = Self {
        pairs: 0,
        x: 0,
        y: 0,
        xx: 0,
        xy: 0,
    };

    pub(super) const fn pairs(self) -> i32 {
        self.pairs
    }

    pub(super) fn add(&mut self, x: i16, y: i16) {
        let (x, y) = (i32::from(x), i32::from(y));
        self.pairs = self.pairs.wrapping_add(1);
        self.x = self.x.wrapping_add(x);
        self.y = self.y.wrapping_add(y);
        self.xx = self.xx.wrapping_add(x * x);
        self.xy = self.xy.wrapping_add(x * y);
    }

    /// Takes a pair back that was added.
    pub(super) fn remove(&mut self, x: i16, y: i16) {
        let (x, y) = (i32::from(x), i32::from(y));
        self.pairs = self.pairs.wrapping_sub(1);
        self.x = self.x.wrapping_sub(x);
        self.y = self.y.wrapping_sub(y);
        self.xx = self.xx.wrapping_sub(x * x);
        self.xy = self.xy.wrapping_sub(x * y);
    }

    /// Where the line is at `x`. Its slope and its intercept are in 256ths, rounded towards zero; what it is there is
    /// rounded down.
    ///
    /// Where all pairs have the same x it is level, at the average of y; without pairs it is 0 everywhere.
    pub(super) fn predict(self, x: i16) -> i16 {
        let covariance = self.times_pairs_minus(self.xy, self.y);
        let variance = self.times_pairs_minus(self.xx, self.x);
        let slope = quotient(covariance.wrapping_mul(256), variance);
        let rise = slope.wrapping_mul(self.x);
        let intercept = quotient(self.y.wrapping_mul(256).wrapping_sub(rise), self.pairs);
        let at_x = intercept.wrapping_add(slope.wrapping_mul(x.into()));
        (at_x >> 8) as i16
    }

    /// The sum of products with x as if the sums of x and of the other factor were 0, times the square of the pairs.
    const fn times_pairs_minus(self, products: i32, others: i32) -> i32 {
        self.pairs
            .wrapping_mul(products)
            .wrapping_sub(self.x.wrapping_mul(others))
    }
}

/// 0 where there is none.
const fn quotient(dividend: i32, divisor: i32) -> i32 {
    if divisor == 0 {
        return 0;
    }
    dividend.wrapping_div(divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(i16, i16)]) -> Regression {
        let mut regression = Regression::EMPTY;
        for (x, y) in pairs {
            regression.add(*x, *y);
        }
        regression
    }

    #[test]
    fn pairs_on_a_line_give_the_line() {
        let line = of(&[(1, 5), (3, 11), (4, 14)]);
        assert_eq!([0, 2, 10].map(|x| line.predict(x)), [2, 8, 32]);
    }

    #[test]
    fn a_line_that_has_no_slope_is_level() {
        assert_eq!(Regression::EMPTY.predict(7), 0);
        assert_eq!(of(&[(3, 8)]).predict(7), 8);
        assert_eq!(of(&[(3, 8), (3, 10)]).predict(-7), 9);
    }

    #[test]
    fn what_is_removed_leaves_no_trace() {
        let pairs = [(i16::MIN, i16::MAX), (i16::MIN, i16::MIN), (7, -9)];
        let mut regression = of(&pairs);
        regression.add(i16::MIN, 4);
        let _ = regression.predict(i16::MAX);
        regression.remove(i16::MIN, 4);
        assert_eq!(regression, of(&pairs));
    }
}
