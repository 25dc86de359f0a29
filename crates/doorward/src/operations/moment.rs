//! A moment as people and machines read it: RFC 3339 in UTC.

use std::fmt;

use kernel::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment that is written as `2026-11-22T21:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

impl Moment {
    /// To the minute, for tables.
    pub fn short(self) -> String {
        let text = self.to_string();
        let minute = text.get(..16).unwrap_or(&text);
        minute.replacen('T', " ", 1)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0.micros()) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => f.write_str("beyond the calendar"),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let at: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Self(Timestamp::from_micros(at.as_microsecond())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_moment_tell_the_same_time(micros in 0i64..4_000_000_000_000_000) {
            let moment = Moment(Timestamp::from_micros(micros));
            let json = serde_json::to_string(&moment).unwrap();
            prop_assert_eq!(serde_json::from_str::<Moment>(&json).unwrap(), moment);
        }
    }

    #[test]
    fn a_table_shows_it_to_the_minute() {
        let moment = Moment(Timestamp::from_seconds(1_800_000_000));
        assert_eq!(moment.to_string(), "2027-01-15T08:00:00Z");
        assert_eq!(moment.short(), "2027-01-15 08:00");
    }
}
