//! Times as people read them: a clock time, a day, an age, in a language and a time zone.
//!
//! Nothing here asks for the time: a page is given its moment, and all ages on it are of that one.

use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, Zoned};
use kernel::{Locale, Timestamp};

use crate::strings::Strings;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// From this age on a day stands instead of a number of days.
const DAYS: i64 = 7;

/// When and where a page is read.
#[derive(Clone)]
pub(crate) struct Moments {
    strings: Strings,
    zone: TimeZone,
    now: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand out references")]
impl Moments {
    /// `zone` is a name of the time-zone database (`Europe/Helsinki`); UTC when it is none.
    pub(crate) fn new(strings: Strings, zone: Option<&str>, now: Timestamp) -> Self {
        let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        Self { strings, zone, now }
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// For `datetime` of a `time` element (RFC 3339, UTC).
    #[expect(clippy::unused_self, reason = "templates ask one thing for every form of a time")]
    pub(crate) fn machine(&self, at: &Timestamp) -> String {
        Instant::from_second(at.seconds()).map_or_else(|_| String::new(), |at| at.to_string())
    }

    /// How long ago, for lists: `now`, `4 min`, `1 h`, `3 days`, then the day.
    pub(crate) fn age(&self, at: &Timestamp) -> String {
        let seconds = i64::try_from(self.now.since(*at).as_secs()).unwrap_or(i64::MAX);
        match seconds {
            ..MINUTE => self.strings.t("age-now"),
            MINUTE..HOUR => self.strings.t1("age-minutes", "count", seconds / MINUTE),
            HOUR..DAY => self.strings.t1("age-hours", "count", seconds / HOUR),
            _ if seconds < DAYS * DAY => self.strings.t1("age-days", "count", seconds / DAY),
            _ => self.day(at),
        }
    }

    /// The day without its year when that is this one: `12 Feb`, `12.2.`, `12 Feb 2025`.
    pub(crate) fn day(&self, at: &Timestamp) -> String {
        let (Some(there), Some(here)) = (self.local(*at), self.local(self.now)) else { return String::new() };
        let is_now = there.year() == here.year();
        let (day, month, year) = (there.day(), there.month(), there.year());
        match (self.strings.locale(), is_now) {
            (Locale::En, true) => format!("{day} {}", english_month(month)),
            (Locale::En, false) => format!("{day} {} {year}", english_month(month)),
            (Locale::De | Locale::Pl | Locale::Ru, true) => format!("{day:02}.{month:02}."),
            (Locale::De | Locale::Pl | Locale::Ru, false) => format!("{day:02}.{month:02}.{year}"),
            (Locale::Fi, true) => format!("{day}.{month}."),
            (Locale::Fi, false) => format!("{day}.{month}.{year}"),
        }
    }

    /// The year.
    pub(crate) fn year(&self, at: &Timestamp) -> String {
        self.local(*at).map_or_else(String::new, |at| at.year().to_string())
    }

    /// The clock: `10:05`, and `10.05` in Finnish.
    pub(crate) fn clock(&self, at: &Timestamp) -> String {
        let Some(at) = self.local(*at) else { return String::new() };
        let mark = if self.strings.locale() == Locale::Fi { '.' } else { ':' };
        format!("{:02}{mark}{:02}", at.hour(), at.minute())
    }

    /// The clock of a moment today, and day and clock of any other.
    pub(crate) fn moment(&self, at: &Timestamp) -> String {
        let days = (self.local(*at).map(|at| at.date()), self.local(self.now).map(|now| now.date()));
        if days.0 == days.1 { self.clock(at) } else { format!("{} {}", self.day(at), self.clock(at)) }
    }

    fn local(&self, at: Timestamp) -> Option<Zoned> {
        Some(Instant::from_second(at.seconds()).ok()?.to_zoned(self.zone.clone()))
    }
}

const fn english_month(month: i8) -> &'static str {
    match month {
        1 => "Jan",
        2 => "Feb",
        3 => "Mar",
        4 => "Apr",
        5 => "May",
        6 => "Jun",
        7 => "Jul",
        8 => "Aug",
        9 => "Sep",
        10 => "Oct",
        11 => "Nov",
        _ => "Dec",
    }
}

/// Bytes in words: `312 B`, `4 kB`, `2.5 MB` with the language's decimal mark.
pub(crate) fn size(strings: Strings, bytes: u64) -> String {
    const KILO: u64 = 1_000;
    const MEGA: u64 = 1_000_000;
    match bytes {
        ..KILO => format!("{bytes} B"),
        KILO..MEGA => format!("{} kB", bytes.div_ceil(KILO)),
        _ => {
            let tenths = bytes.div_ceil(MEGA / 10);
            let mark = if strings.locale() == Locale::En { '.' } else { ',' };
            format!("{}{mark}{} MB", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// 2026-03-02T09:00:00+02:00 in Helsinki.
    const NOW: Timestamp = Timestamp::from_seconds(1_772_434_800);

    fn at(locale: Locale) -> Moments {
        Moments::new(Strings::of(locale), Some("Europe/Helsinki"), NOW)
    }

    #[test]
    fn an_age_is_short_and_in_the_readers_language() {
        let ago = |seconds| NOW.minus(Duration::from_secs(seconds));
        let (en, ru, fi) = (at(Locale::En), at(Locale::Ru), at(Locale::Fi));
        assert_eq!(en.age(&ago(59)), "now");
        assert_eq!(en.age(&ago(240)), "4 min");
        assert_eq!(en.age(&ago(3 * 3600 + 59)), "3 h");
        assert_eq!(ru.age(&ago(2 * 86_400)), "2 дня");
        assert_eq!(en.age(&ago(18 * 86_400)), "12 Feb");
        assert_eq!(fi.age(&ago(18 * 86_400)), "12.2.");
        assert_eq!(fi.age(&ago(100 * 86_400)), "22.11.2025");
        assert_eq!(en.age(&NOW.plus(Duration::from_secs(90))), "now", "a clock that runs ahead");
    }

    #[test]
    fn the_clock_is_that_of_the_place() {
        assert_eq!((at(Locale::En).clock(&NOW), at(Locale::Fi).clock(&NOW)), ("09:00".to_owned(), "09.00".to_owned()));
        let nowhere = Moments::new(Strings::of(Locale::De), Some("../../etc/passwd"), NOW);
        assert_eq!(nowhere.moment(&NOW), "07:00");
        assert_eq!(at(Locale::De).moment(&NOW.minus(Duration::from_hours(24))), "01.03. 09:00");
    }

    #[test]
    fn a_time_beyond_the_calendar_is_no_fault() {
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!((at(Locale::En).clock(&end), at(Locale::En).machine(&end)), (String::new(), String::new()));
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(size(Strings::of(Locale::En), 999), "999 B");
        assert_eq!(size(Strings::of(Locale::En), 1_001), "2 kB");
        assert_eq!(size(Strings::of(Locale::De), 2_450_001), "2,5 MB");
    }
}
