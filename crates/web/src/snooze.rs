//! Times to put something off to, in the reader's own day: what is offered, and what a date field
//! says.

use jiff::civil::{DateTime, Time, Weekday};
use jiff::{Timestamp as Instant, ToSpan as _, Zoned};
use kernel::Timestamp;

use crate::moments::Moments;
use crate::strings::Strings;

/// When a working day begins.
const MORNING: Time = Time::constant(9, 0, 0, 0);
/// Hours to later today.
const LATER: i64 = 3;

/// One time on offer.
pub(crate) struct Preset {
    pub(crate) name: String,
    pub(crate) when: String,
    /// Seconds since the epoch.
    pub(crate) seconds: i64,
}

/// What is offered now.
pub(crate) fn presets(l: Strings, moments: &Moments) -> Vec<Preset> {
    let Some(now) = local(moments) else { return Vec::new() };
    let morning = |day: &Zoned| day.datetime().date().to_datetime(MORNING).to_zoned(moments.zone().clone()).ok();
    let later = now.checked_add(LATER.hours()).ok();
    let tomorrow = now.tomorrow().ok().as_ref().and_then(morning);
    let monday = now.nth_weekday(1, Weekday::Monday).ok().as_ref().and_then(morning);
    let month = now.checked_add(1.month()).ok().as_ref().and_then(morning);
    let offers = [
        (l.t("snooze-later"), later),
        (l.t("snooze-tomorrow"), tomorrow),
        (l.t("snooze-monday"), monday),
        (l.t("snooze-month"), month),
    ];
    let presets = offers.into_iter().filter_map(|(name, at)| {
        let seconds = at?.timestamp().as_second();
        Some(Preset { name, when: moments.moment(&Timestamp::from_seconds(seconds)), seconds })
    });
    presets.collect()
}

/// What a date field says (`2026-06-01T09:00`), in the reader's zone.
pub(crate) fn chosen(text: &str, moments: &Moments) -> Option<Timestamp> {
    let at: DateTime = text.parse().ok()?;
    let at = at.to_zoned(moments.zone().clone()).ok()?;
    Some(Timestamp::from_seconds(at.timestamp().as_second()))
}

fn local(moments: &Moments) -> Option<Zoned> {
    let now = Instant::from_second(moments.now().seconds()).ok()?;
    Some(now.to_zoned(moments.zone().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Locale;

    #[test]
    fn mornings_are_those_of_the_place() {
        // Thursday, 2026-03-26, 23:30 in Helsinki; on Sunday the clocks change.
        let now = Timestamp::from_seconds(1_774_560_600);
        let l = Strings::of(Locale::En);
        let moments = Moments::new(l, Some("Europe/Helsinki"), now);
        let times: Vec<i64> = presets(l, &moments).into_iter().map(|preset| preset.seconds).collect();
        let at = |text: &str| text.parse::<Instant>().unwrap().as_second();
        assert_eq!(
            times,
            [
                at("2026-03-27T00:30:00Z"),
                at("2026-03-27T07:00:00Z"),
                at("2026-03-30T06:00:00Z"),
                at("2026-04-26T06:00:00Z"),
            ]
        );
        let chosen = chosen("2026-03-30T09:00", &moments).unwrap();
        assert_eq!(chosen.seconds(), at("2026-03-30T06:00:00Z"));
    }

    #[test]
    fn what_is_no_date_is_none() {
        let moments = Moments::new(Strings::of(Locale::En), None, Timestamp::EPOCH);
        for text in ["", "tomorrow", "2026-02-30T09:00", "99999-01-01T00:00"] {
            assert_eq!(chosen(text, &moments), None, "{text}");
        }
    }
}
