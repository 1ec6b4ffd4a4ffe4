//! What is kept in NVM.

use intos::persist;

/// Days of a year.
pub const DAYS: usize = 366;
/// Weeks of a year, the last one short.
pub const WEEKS: usize = 53;
/// Bins of the histogram: 5 °C each, from -40 °C on; the first and the last hold what lies beyond.
pub const BINS: usize = 20;

persist! {
    /// What the thermometer said: 4 bytes.
    pub struct Reading {
        /// Day since the first reading; [`Reading::END`] after the last.
        pub day: u16,
        /// Tenths of a degree Celsius.
        pub tenths: i16,
    }

    /// What is known of a day: 12 bytes.
    pub struct Day {
        /// Sum of the readings, in tenths of a degree Celsius: for the mean.
        pub sum: i32,
        /// How many readings there were.
        pub count: u16,
        /// The lowest.
        pub minimum: i16,
        /// The highest.
        pub maximum: i16,
        /// Always 0.
        pub unused: u16,
    }

    /// What `alarm` knows of the frosts: 8 bytes.
    pub struct Frosts {
        /// How often a frost began.
        pub count: u16,
        /// On which day last.
        pub last_day: u16,
        /// The coldest reading with which a frost began.
        pub coldest: i16,
        /// Always 0.
        pub unused: u16,
    }

    /// A line of the weekly report: 8 bytes.
    pub struct Week {
        /// Mean of the week, in tenths of a degree Celsius.
        pub mean: i16,
        /// The lowest reading.
        pub minimum: i16,
        /// The highest reading.
        pub maximum: i16,
        /// How many readings there were.
        pub count: u16,
    }
}

impl Reading {
    /// In place of the day: there are no more readings.
    pub const END: u16 = u16::MAX;

    /// Whether the ground may freeze: below 4.0 °C at the height of the thermometer.
    pub fn is_frosty(self) -> bool {
        self.tenths < 40
    }

    /// The bin of the histogram.
    pub fn bin(self) -> usize {
        let bin = (i32::from(self.tenths) + 400).div_euclid(50);
        usize::try_from(bin).unwrap_or(0).min(BINS - 1)
    }
}

impl Day {
    /// No reading yet.
    pub const NONE: Self = Self {
        sum: 0,
        count: 0,
        minimum: i16::MAX,
        maximum: i16::MIN,
        unused: 0,
    };

    /// With one reading more.
    #[must_use]
    pub fn with(mut self, tenths: i16) -> Self {
        self.sum += i32::from(tenths);
        self.count += 1;
        self.minimum = self.minimum.min(tenths);
        self.maximum = self.maximum.max(tenths);
        self
    }

    /// The mean, in tenths of a degree Celsius.
    pub fn mean(self) -> i16 {
        let mean = self.sum / i32::from(self.count.max(1));
        i16::try_from(mean).unwrap_or(0)
    }
}

impl Week {
    /// The week of these days.
    pub fn of(days: impl Iterator<Item = Day>) -> Self {
        let (mut sum, mut week) = (
            0,
            Self {
                mean: 0,
                minimum: i16::MAX,
                maximum: i16::MIN,
                count: 0,
            },
        );
        for day in days {
            sum += day.sum;
            week.count += day.count;
            week.minimum = week.minimum.min(day.minimum);
            week.maximum = week.maximum.max(day.maximum);
        }
        let mean = sum / i32::from(week.count.max(1));
        week.mean = i16::try_from(mean).unwrap_or(0);
        week
    }
}
