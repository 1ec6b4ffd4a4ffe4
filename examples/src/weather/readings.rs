//! The readings of a year, from a CSV file.

use std::fmt;
use std::io::Read;
use std::path::Path;

use super::data::{DAYS, Reading};

/// Seattle, 2010: see `data/README.md`.
const SEATTLE: &str = include_str!("../../data/seattle-2010.csv");

/// A year of readings: the world outside of the weather logger.
#[derive(Debug, Clone, PartialEq)]
pub struct Readings {
    source: String,
    all: Vec<Reading>,
    digest: u32,
}

/// Why an input cannot be used: with its file and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    source: String,
    line: Option<u64>,
    reason: String,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for InputError {}

impl Readings {
    /// The readings that come with the program.
    pub fn of_seattle() -> Result<Self, InputError> {
        Self::parse("Seattle 2010", SEATTLE.as_bytes())
    }

    /// The readings in a file.
    pub fn load(path: &Path) -> Result<Self, InputError> {
        let source = path.display().to_string();
        match std::fs::File::open(path) {
            Ok(file) => Self::parse(&source, file),
            Err(error) => Err(InputError {
                source,
                line: None,
                reason: format!("cannot be opened: {error}"),
            }),
        }
    }

    /// Reads a CSV file with a heading and the columns `date` (YYYY/MM/DD or YYYY-MM-DD, anything after
    /// it is the time of day) and `temp` (degrees Fahrenheit) or `temp_c` (degrees Celsius), in the order
    /// of time, at most 366 days.
    pub fn parse(source: &str, input: impl Read) -> Result<Self, InputError> {
        let fail = |line, reason: String| InputError {
            source: source.to_owned(),
            line,
            reason,
        };
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(input);
        let heading = reader
            .headers()
            .map_err(|error| fail(line_of(&error), error.to_string()))?
            .clone();
        let column = |name: &str| heading.iter().position(|heading| heading == name);
        let date =
            column("date").ok_or_else(|| fail(Some(1), "there is no column `date`".into()))?;
        let (temp, is_celsius) = column("temp")
            .map(|column| (column, false))
            .or_else(|| column("temp_c").map(|column| (column, true)))
            .ok_or_else(|| {
                fail(
                    Some(1),
                    "there is no column `temp` (°F) or `temp_c` (°C)".into(),
                )
            })?;
        let mut readings = Vec::new();
        let mut first_day = None;
        let mut last = 0;
        for row in reader.records() {
            let row = row.map_err(|error| fail(line_of(&error), error.to_string()))?;
            let line = row.position().map(csv::Position::line);
            let text = row.get(date).unwrap_or_default();
            let day = day_number(text)
                .ok_or_else(|| fail(line, format!("`{text}` is no date like 2010/12/31 23:00")))?;
            let text = row.get(temp).unwrap_or_default();
            let tenths = tenths(text, is_celsius).ok_or_else(|| {
                fail(
                    line,
                    format!("`{text}` is no temperature between -100 and 150"),
                )
            })?;
            if day < last {
                return Err(fail(
                    line,
                    "the readings are not in the order of time".into(),
                ));
            }
            last = day;
            let day = day - *first_day.get_or_insert(day);
            let day = u16::try_from(day)
                .ok()
                .filter(|day| usize::from(*day) < DAYS)
                .ok_or_else(|| {
                    fail(
                        line,
                        format!("more than {DAYS} days after the first reading"),
                    )
                })?;
            readings.push(Reading { day, tenths });
        }
        if readings.is_empty() {
            return Err(fail(None, "there are no readings".into()));
        }
        // FNV-1a.
        let digest = readings
            .iter()
            .flat_map(|reading| [reading.day, reading.tenths.cast_unsigned()])
            .flat_map(u16::to_le_bytes)
            .fold(0x811C_9DC5_u32, |hash, byte| {
                (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
            });
        Ok(Self {
            source: source.to_owned(),
            all: readings,
            digest: digest.max(1),
        })
    }

    /// The reading number `index`.
    pub fn get(&self, index: u32) -> Option<Reading> {
        self.all.get(index as usize).copied()
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.all.len() as u32
    }

    /// Whether there are none: never.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Where they are from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Condensed from all of them; not 0.
    pub fn digest(&self) -> u32 {
        self.digest
    }
}

fn line_of(error: &csv::Error) -> Option<u64> {
    error.position().map(csv::Position::line)
}

/// Days since 1 March of the year 0, by the calendar of today
/// (<https://howardhinnant.github.io/date_algorithms.html>).
fn day_number(text: &str) -> Option<u32> {
    let date = text.get(..10)?;
    let mut parts = date.split(['/', '-']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || [year.len(), month.len(), day.len()] != [4, 2, 2] {
        return None;
    }
    let (year, month, day): (u32, u32, u32) =
        (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year == 0 || !(1..=days).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1)
}

fn tenths(text: &str, is_celsius: bool) -> Option<i16> {
    let degrees: f64 = text.parse().ok()?;
    if !(-100.0..=150.0).contains(&degrees) {
        return None;
    }
    let celsius = if is_celsius {
        degrees
    } else {
        (degrees - 32.0) * 5.0 / 9.0
    };
    // At most 1,500 in size.
    Some((celsius * 10.0).round() as i16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_that_comes_with_the_program_is_whole() {
        let year = Readings::of_seattle().unwrap();
        assert_eq!(year.len(), 8_759);
        assert_eq!(year.get(0), Some(Reading { day: 0, tenths: 41 }));
        assert_eq!(year.get(8_758).map(|reading| reading.day), Some(364));
    }

    #[test]
    fn an_error_names_the_line() {
        let error = |text: &str| {
            Readings::parse("x.csv", text.as_bytes())
                .unwrap_err()
                .to_string()
        };
        let good = "date,temp\n2010/01/01 00:00,39.4\n";
        assert_eq!(
            error("day,temp\n"),
            "x.csv, line 1: there is no column `date`"
        );
        assert!(error("date,t\n").starts_with("x.csv, line 1: there is no column `temp`"));
        assert_eq!(error("date,temp\n"), "x.csv: there are no readings");
        assert!(
            error(&format!("{good}2010/02/30 00:00,1\n")).starts_with("x.csv, line 3: `2010/02/30")
        );
        assert!(
            error(&format!("{good}2010/02/03 00:00,warm\n")).starts_with("x.csv, line 3: `warm`")
        );
        assert!(
            error(&format!("{good}2010/02/03 00:00,nan\n")).starts_with("x.csv, line 3: `nan`")
        );
        assert!(error(&format!("{good}2010/02/03 00:00\n")).starts_with("x.csv, line 3: "));
        assert!(error(&format!("{good}2009/02/03 00:00,1\n")).contains("order of time"));
        assert!(error(&format!("{good}2012/02/03 00:00,1\n")).contains("more than 366 days"));
    }

    #[test]
    fn days_are_counted_over_leap_years() {
        let day = |text| day_number(text).unwrap();
        assert_eq!(day("2012/03/01") - day("2012/02/28"), 2);
        assert_eq!(day("2011/01/01") - day("2010/01/01"), 365);
        assert_eq!(day("2013-01-01") - day("2012-01-01"), 366);
    }
}
