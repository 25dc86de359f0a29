//! Subjects without what mail programs put before them, in the languages they do it in.
//! Only marks a mail program makes are taken off; a word of the customer's own stays.

/// Marks of a reply, lower case. Sources: RFC 5322, 3.6.5, and what programs of each language write.
const REPLY: &[&str] = &[
    "re",
    "r",
    "aw",
    "antw",
    "antwort",
    "vs",
    "sv",
    "odp",
    "отв",
    "ответ",
    "на",
    "ре",
    "rép",
    "rif",
    "ref",
    "res",
    "bls",
    "ats",
    "atb",
    "odg",
    "vá",
    "ynt",
    "回复",
    "答复",
    "回覆",
];
/// Marks of a forward, lower case.
const FORWARD: &[&str] =
    &["fwd", "fw", "wg", "vl", "vb", "pd", "tr", "rv", "enc", "doorst", "пересл", "переслано", "转发", "轉寄"];
/// Marks in front of a subject that are taken off; a longer row is nobody's mail program.
const MARKS: usize = 100;

/// A subject and what stood before it. Personal: neither printed nor serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Base {
    /// The subject without any marks.
    pub text: String,
    /// The outermost mark says that this mail answers one.
    pub reply: bool,
    /// The outermost mark says that this mail passes one on.
    pub forward: bool,
}

/// Takes the marks of replies and forwards off a subject.
pub fn base_subject(subject: &str) -> Base {
    let mut rest = subject.trim();
    let mut outermost = None;
    for _ in 0..MARKS {
        let Some((mark, after)) = leading_mark(rest) else { break };
        outermost.get_or_insert(mark);
        rest = after;
    }
    if let Some(before) = strip_suffix_ignoring_case(rest, "(fwd)") {
        outermost.get_or_insert(Mark::Forward);
        rest = before;
    }
    Base { text: rest.to_owned(), reply: outermost == Some(Mark::Reply), forward: outermost == Some(Mark::Forward) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Reply,
    Forward,
}

/// `Re:`, `RE :`, `AW[2]:`, `Re(3):`, `Re^2:`, `Ответ：` at the start of `subject`.
fn leading_mark(subject: &str) -> Option<(Mark, &str)> {
    let colon = subject.char_indices().take(24).find(|(_, c)| matches!(c, ':' | '：'))?;
    let (before, after) = subject.split_at_checked(colon.0)?;
    let word_end = before.find(|c: char| !c.is_alphabetic()).unwrap_or(before.len());
    let (word, count) = before.split_at_checked(word_end)?;
    if !count.chars().all(|c| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^' | '*' | ' ' | '.')) {
        return None;
    }
    // `R 2:` could be anything; a bare letter counts only right before its colon.
    let word = word.to_lowercase();
    if word.chars().count() == 1 && word.is_ascii() && !count.is_empty() {
        return None;
    }
    let mark = if REPLY.contains(&word.as_str()) {
        Mark::Reply
    } else if FORWARD.contains(&word.as_str()) {
        Mark::Forward
    } else {
        return None;
    };
    Some((mark, after.get(colon.1.len_utf8()..)?.trim_start()))
}

fn strip_suffix_ignoring_case<'x>(text: &'x str, suffix: &str) -> Option<&'x str> {
    let (head, tail) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    tail.eq_ignore_ascii_case(suffix).then(|| head.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reply_marks_of_many_languages_are_taken_off() {
        for subject in [
            "Re: Lasku",
            "RE:Lasku",
            "AW: Lasku",
            "Antw: Lasku",
            "VS: Lasku",
            "SV: Lasku",
            "Odp: Lasku",
            "Ответ: Lasku",
            "Отв: Lasku",
            "RE[2]: Lasku",
            "Re(3): Lasku",
            "RE : Lasku",
            "Re^2: Lasku",
            "Re: AW: VS: Odp: Lasku",
            "Re: Fwd: Lasku",
            "回复：Lasku",
            "  re :  Lasku ",
        ] {
            let base = base_subject(subject);
            assert_eq!((base.text.as_str(), base.reply, base.forward), ("Lasku", true, false), "{subject}");
        }
    }

    #[test]
    fn a_forward_is_not_a_reply() {
        for subject in [
            "Fwd: Lasku",
            "FW: Lasku",
            "WG: Lasku",
            "VL: Lasku",
            "PD: Lasku",
            "TR: Lasku",
            "Fwd: Re: Lasku",
            "Lasku (fwd)",
        ] {
            let base = base_subject(subject);
            assert_eq!((base.text.as_str(), base.reply, base.forward), ("Lasku", false, true), "{subject}");
        }
    }

    #[test]
    fn words_of_the_customers_own_stay() {
        for subject in
            ["Order: A-12345", "Rechnung 12: falsch", "Problem", "", "Receipt: missing", "Re invoice", "12:30 works"]
        {
            let base = base_subject(subject);
            assert_eq!((base.text.as_str(), base.reply, base.forward), (subject, false, false));
        }
    }

    proptest! {
        #[test]
        fn the_base_of_a_base_is_itself(subject in "((re|AW|Fwd|x)(\\[2\\])?: ?){0,5}\\PC{0,30}") {
            let base = base_subject(&subject).text;
            prop_assert_eq!(base_subject(&base).text, base);
        }
    }
}
