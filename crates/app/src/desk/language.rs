//! In which of our languages somebody writes. A guess that shows in lists and is never a reason to
//! refuse or to hold back; when the words do not tell, there is none.

use kernel::Locale;
use whatlang::{Detector, Lang};

/// Characters that are looked at: a page of text tells its language.
const LOOKED_AT: usize = 4_000;
/// Letters below which words tell nothing.
const LETTERS: usize = 12;

/// The language of a text, when it tells.
pub fn language_of(text: &str) -> Option<Locale> {
    let text: String = text.chars().take(LOOKED_AT).collect();
    if text.chars().filter(|sign| sign.is_alphabetic()).count() < LETTERS {
        return None;
    }
    let known = vec![Lang::Eng, Lang::Deu, Lang::Fin, Lang::Pol, Lang::Rus];
    let found = Detector::with_allowlist(known).detect(&text).filter(whatlang::Info::is_reliable)?;
    match found.lang() {
        Lang::Eng => Some(Locale::En),
        Lang::Deu => Some(Locale::De),
        Lang::Fin => Some(Locale::Fi),
        Lang::Pol => Some(Locale::Pl),
        Lang::Rus => Some(Locale::Ru),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_tell_their_language() {
        for (text, locale) in [
            ("Good morning, my order has not arrived yet. Could you tell me where it is?", Locale::En),
            ("Guten Tag, bitte ändern Sie meine Bankverbindung auf die folgende Nummer.", Locale::De),
            ("Hei, korttiani veloitettiin kahdesti samasta laskusta. Voitteko palauttaa rahat?", Locale::Fi),
            ("Dzień dobry, muszę przełożyć wizytę z dnia czternastego marca na inny termin.", Locale::Pl),
            ("Пишу уже третий раз. Заказ не пришёл, и никто не отвечает на мои письма.", Locale::Ru),
        ] {
            assert_eq!(language_of(text), Some(locale), "{text}");
        }
    }

    #[test]
    fn numbers_and_a_few_letters_tell_nothing() {
        for text in ["", "OK", "4417 8841 0007", "A-4417", "👍👍👍👍👍👍👍👍👍👍👍👍👍"] {
            assert_eq!(language_of(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at_without_harm(text: String) {
            let _ = language_of(&text);
        }
    }
}
