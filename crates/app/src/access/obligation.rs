//! What comes with a permit: how long it lasts, how much of a value it shows, and what it asks of
//! the one who uses it. Read from the annotations of policies at start, unknown ones refused.

use std::time::Duration;

use crate::vault::Mask;

/// How long a permit lasts when no policy says so: long enough to be used, too short to be kept.
pub const PERMIT_LASTS: Duration = Duration::from_mins(5);
/// The longest life that a policy can give.
pub const LONGEST_PERMIT: Duration = Duration::from_hours(12);
/// Bytes of a reason that somebody gives.
pub const REASON_BYTES: usize = 1_000;

/// What the policies that permit something ask for, all of them together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Obligations {
    /// How long the permit lasts.
    pub expires: Option<Duration>,
    /// What of a value is shown; all of it when none.
    pub mask: Option<Mask>,
    /// A reason must be given, and is put on record.
    pub reason: bool,
    /// A second person must approve.
    pub approver: bool,
}

impl Obligations {
    /// Reads one annotation; an error says what is wrong with it.
    pub(super) fn read(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "expires" => self.expires = Some(duration(value)?),
            "mask" => {
                let mask: Mask = value.parse().map_err(|error| format!("{error}"))?;
                self.mask = Some(mask).filter(|mask| *mask != Mask::None);
            }
            "obligation" => {
                for word in value.split(' ') {
                    match word {
                        "reason" => self.reason = true,
                        "second-approver" => self.approver = true,
                        _ => return Err("an obligation is reason or second-approver, with a blank between".to_owned()),
                    }
                }
            }
            _ => return Err(format!("there is no annotation @{key}: use id, obligation, expires, mask or refusal")),
        }
        Ok(())
    }

    /// Both: who is permitted twice owes what either asks, and the shorter time counts.
    pub(super) fn and(self, other: Self) -> Self {
        let shorter = match (self.expires, other.expires) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        // Two different masks leave nothing that both would show.
        let mask = match (self.mask, other.mask) {
            (Some(one), Some(two)) if one != two => Some(Mask::Hidden),
            (one, two) => one.or(two),
        };
        Self { expires: shorter, mask, reason: self.reason || other.reason, approver: self.approver || other.approver }
    }

    /// How long the permit lasts.
    pub(super) fn lasts(&self) -> Duration {
        self.expires.unwrap_or(PERMIT_LASTS)
    }
}

/// `90s`, `15m` or `8h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a permit expires after a time from 1s to 12h: write 90s, 15m or 8h".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let number: u64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    let seconds = match unit {
        's' => Some(number),
        'm' => number.checked_mul(60),
        'h' => number.checked_mul(60 * 60),
        _ => None,
    };
    let duration = Duration::from_secs(seconds.ok_or_else(wrong)?);
    if duration.is_zero() || duration > LONGEST_PERMIT { Err(wrong()) } else { Ok(duration) }
}

/// What somebody offers along with a question, so that obligations can be met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Why it is asked for, in the words of the one who asks. It goes into the sealed log.
    pub reason: Option<String>,
}

impl Offer {
    /// The reason without blanks around it; none when nothing was said or far too much.
    pub(super) fn reason(&self) -> Option<&str> {
        self.reason.as_deref().map(str::trim).filter(|reason| (1..=REASON_BYTES).contains(&reason.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(annotations: &[(&str, &str)]) -> Result<Obligations, String> {
        let mut obligations = Obligations::default();
        annotations.iter().try_for_each(|(key, value)| obligations.read(key, value)).map(|()| obligations)
    }

    #[test]
    fn what_policies_ask_for_adds_up() {
        let one = read(&[("expires", "15m"), ("obligation", "reason")]).unwrap();
        let two = read(&[("expires", "90s"), ("mask", "last-four"), ("obligation", "second-approver reason")]).unwrap();
        let both = one.and(two);
        assert_eq!(both, two.and(one));
        assert_eq!(both.expires, Some(Duration::from_secs(90)));
        assert!(both.reason && both.approver);
        assert_eq!(both.mask, Some(Mask::LastFour));
        let three = read(&[("mask", "initials")]).unwrap();
        assert_eq!(both.and(three).mask, Some(Mask::Hidden), "no two masks show the same");
        assert_eq!(read(&[("mask", "none")]).unwrap(), Obligations::default());
        assert_eq!(Obligations::default().lasts(), PERMIT_LASTS);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (key, value) in [
            ("expire", "15m"),
            ("obligation", "reasons"),
            ("obligation", ""),
            ("mask", "half"),
            ("expires", ""),
            ("expires", "0m"),
            ("expires", "13h"),
            ("expires", "15"),
            ("expires", "15min"),
            ("expires", "-1m"),
            ("expires", "99999999999999999999h"),
            ("expires", "307445734561825861h"),
        ] {
            assert!(read(&[(key, value)]).is_err(), "@{key}(\"{value}\")");
        }
    }

    #[test]
    fn a_reason_of_blanks_or_without_end_is_none() {
        let offer = |reason: &str| Offer { reason: Some(reason.to_owned()) };
        assert_eq!(offer(" refund ").reason(), Some("refund"));
        assert_eq!(offer("  ").reason(), None);
        assert_eq!(offer(&"x".repeat(REASON_BYTES + 1)).reason(), None);
        assert_eq!(Offer::default().reason(), None);
    }
}
