//! What was found out about the sender, in the words of RFC 8601, ready to be kept with the message.
//!
//! A verdict is a fact for an agent to see. It never decides by itself what happens to a mail.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of one check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nobody looked: what is needed for looking was not there, or the check is switched off.
    #[default]
    NotChecked,
    /// The sender's domain says nothing on this, or the mail carries no signature.
    None,
    /// Proven.
    Pass,
    /// Disproven: not one of the domain's servers, a changed mail, or not the domain it claims.
    Fail,
    /// The domain says: probably not ours.
    SoftFail,
    /// The domain says: perhaps ours, perhaps not.
    Neutral,
    /// DNS did not answer, or not in time.
    TempError,
    /// What the domain or the mail says on this cannot be understood.
    PermError,
}

impl Verdict {
    /// The word of RFC 8601, or `notchecked`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotChecked => "notchecked",
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }

    /// Smaller is better: the order in which one of several signatures speaks for the mail.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::TempError => 1,
            Self::Fail => 2,
            Self::SoftFail | Self::Neutral => 3,
            Self::PermError => 4,
            Self::None => 5,
            Self::NotChecked => 6,
        }
    }
}

/// What the author's domain wants done with a mail that fails DMARC. It is shown, not obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Nothing.
    None,
    /// Treat with suspicion.
    Quarantine,
    /// Do not accept.
    Reject,
}

impl Policy {
    /// The word of the DMARC record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// All that was found out about the sender of one mail.
///
/// Domains are lower-case A-labels and may name a person: they are kept sealed with the message and
/// stay out of `Debug`. The stored form leaves out what is empty: `{"s":"pass","d":"none","m":"pass"}`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdicts {
    /// SPF (RFC 7208) of the envelope sender, or of the greeting when the envelope sender is empty.
    #[serde(rename = "s", default)]
    pub spf: Verdict,
    /// The best DKIM signature (RFC 6376) of the author's domain; of any domain when it has none.
    #[serde(rename = "d", default)]
    pub dkim: Verdict,
    /// DMARC (RFC 9989). `Fail` is said only when both SPF and DKIM could be looked at.
    #[serde(rename = "m", default)]
    pub dmarc: Verdict,
    /// The domain that SPF was asked about.
    #[serde(rename = "sd", default, skip_serializing_if = "Option::is_none")]
    pub spf_domain: Option<String>,
    /// Domains whose signature holds, in the order of the mail.
    #[serde(rename = "dd", default, skip_serializing_if = "Vec::is_empty")]
    pub dkim_domains: Vec<String>,
    /// The domain of the From field.
    #[serde(rename = "md", default, skip_serializing_if = "Option::is_none")]
    pub author_domain: Option<String>,
    /// The author's domain's wish; `None` when it publishes none or was not asked.
    #[serde(rename = "mp", default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
}

impl Verdicts {
    /// One line for a person, in the manner of `Authentication-Results`:
    /// `spf=pass (example.org) dkim=pass (example.org) dmarc=fail (example.com, policy reject)`.
    pub fn summary(&self) -> String {
        let mut line = format!("spf={}", self.spf.word());
        add_note(&mut line, self.spf_domain.as_slice(), None);
        line.push_str(" dkim=");
        line.push_str(self.dkim.word());
        add_note(&mut line, &self.dkim_domains, None);
        line.push_str(" dmarc=");
        line.push_str(self.dmarc.word());
        if self.dmarc != Verdict::NotChecked {
            add_note(&mut line, self.author_domain.as_slice(), self.policy);
        }
        line
    }
}

fn add_note(line: &mut String, domains: &[String], policy: Option<Policy>) {
    let policy = policy.map(|policy| format!("policy {}", policy.word()));
    let notes: Vec<&str> = domains.iter().map(String::as_str).chain(policy.as_deref()).collect();
    if !notes.is_empty() {
        line.push_str(" (");
        line.push_str(&notes.join(", "));
        line.push(')');
    }
}

impl fmt::Debug for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verdicts")
            .field("spf", &self.spf)
            .field("dkim", &self.dkim)
            .field("dmarc", &self.dmarc)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A domain a stranger wrote, fit to be kept and shown: lower-case A-labels, at most 253 bytes.
pub(super) fn domain(written: &str) -> Option<String> {
    if written.len() > 1_024 {
        return None;
    }
    let ascii = idna::domain_to_ascii(written.trim_end_matches('.')).ok()?;
    let plain = ascii.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    (plain && !ascii.is_empty() && ascii.len() <= 253).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proven() -> Verdicts {
        Verdicts {
            spf: Verdict::SoftFail,
            dkim: Verdict::Pass,
            dmarc: Verdict::Pass,
            spf_domain: Some("bounce.example.org".into()),
            dkim_domains: vec!["example.org".into(), "example.net".into()],
            author_domain: Some("example.org".into()),
            policy: Some(Policy::Reject),
        }
    }

    #[test]
    fn the_summary_reads_as_one_line() {
        assert_eq!(
            proven().summary(),
            "spf=softfail (bounce.example.org) dkim=pass (example.org, example.net) \
             dmarc=pass (example.org, policy reject)"
        );
        assert_eq!(Verdicts::default().summary(), "spf=notchecked dkim=notchecked dmarc=notchecked");
    }

    #[test]
    fn the_stored_form_is_small_and_comes_back_whole() {
        let bare = Verdicts { spf: Verdict::Pass, dkim: Verdict::None, ..Verdicts::default() };
        let stored = serde_json::to_string(&bare).unwrap();
        assert_eq!(stored, r#"{"s":"pass","d":"none","m":"notchecked"}"#);
        let stored = serde_json::to_string(&proven()).unwrap();
        assert!(serde_json::from_str::<Verdicts>(&stored).unwrap() == proven());
    }

    #[test]
    fn debug_names_no_domain() {
        assert!(!format!("{:?}", proven()).contains("example"));
    }

    #[test]
    fn a_domain_is_kept_as_a_label_or_not_at_all() {
        assert_eq!(domain("Bücher.Example.").as_deref(), Some("xn--bcher-kva.example"));
        for hostile in ["", ".", "a b", "<script>", "a\u{202e}b.org", &"a.".repeat(600)] {
            assert_eq!(domain(hostile), None, "{hostile:?}");
        }
    }
}
