//! Durations. Time on the host passes with accesses to the NVM: a microsecond is one of them.

/// How many accesses to the NVM a duration like `1ms` or `200us` is.
///
/// # Errors
///
/// What is wrong with it, in words.
pub fn accesses(text: &str) -> Result<u64, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    match u64::try_from(duration.as_micros()) {
        Ok(0) => {
            Err("the shortest is 1us: on the host a microsecond is one access to the NVM".into())
        }
        Ok(accesses) if accesses <= LONGEST => Ok(accesses),
        _ => Err("that is too long: a year will do".into()),
    }
}

/// A year, and some days more.
const LONGEST: u64 = 400 * 24 * 60 * 60 * 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_microsecond_is_an_access() {
        assert_eq!(accesses("200us"), Ok(200));
        assert_eq!(accesses("1ms"), Ok(1_000));
        assert_eq!(accesses("1ms 500us"), Ok(1_500));
        assert_eq!(accesses("2s"), Ok(2_000_000));
    }

    #[test]
    fn what_is_no_duration_is_told() {
        assert!(accesses("5").unwrap_err().contains("unit"));
        assert!(accesses("0ms").unwrap_err().contains("shortest"));
        assert!(accesses("999ns").unwrap_err().contains("shortest"));
        assert!(accesses("100000years").unwrap_err().contains("too long"));
        for text in ["", "often", "-1ms", "1 parsec", "99999999999999999999s"] {
            assert!(accesses(text).is_err(), "{text}");
        }
    }
}
