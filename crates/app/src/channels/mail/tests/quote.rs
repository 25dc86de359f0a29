use super::*;
use proptest::prelude::*;

fn reply(text: &str) -> String {
    split(text, false).reply
}

/// Asserts that only `new` is the reply and that the rest is folded, not lost.
fn folds(text: &str, new: &str) {
    let halves = split(text, false);
    assert_eq!(halves.reply, new, "in {text:?}");
    let folded = halves.quoted.unwrap_or_default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        assert!(new.contains(line.trim()) || folded.contains(line.trim()), "{line:?} is lost");
    }
}

#[test]
fn the_sentence_before_a_quote_is_known_in_many_languages() {
    for sentence in [
        "On Mon, Mar 2, 2026 at 7:00 AM Service <service@desk.example> wrote:",
        "On 2 Mar 2026, at 07:00, Service wrote:",
        "On Mon, Mar 2, 2026 at 7:00 AM Service Desk of the Example Company\n<service@desk.example> wrote:",
        "On Monday, 2 March 2026,\nService Desk\n<service@desk.example> wrote:",
        "Am 02.03.2026 um 07:00 schrieb Service <service@desk.example>:",
        "Am Mo., 2. März 2026 um 07:00 Uhr schrieb Service\n<service@desk.example>:",
        "ma 2. maalisk. 2026 klo 7.00 Palvelu (service@desk.example) kirjoitti:",
        "Palvelu kirjoitti 2.3.2026 klo 7.00:",
        "W dniu 02.03.2026 o 07:00, Serwis pisze:",
        "pon., 2 mar 2026 o 07:00 Serwis <service@desk.example> napisał(a):",
        "пн, 2 мар. 2026 г. в 07:00, Сервис <service@desk.example>:",
        "02.03.2026 07:00, Сервис пишет:",
        "2 марта 2026 г., 07:00 Сервис написал(а):",
        "Le lun. 2 mars 2026 à 07:00, Service <service@desk.example> a écrit :",
    ] {
        folds(
            &format!("Thanks, that works.\n\n{sentence}\n\n> Dear customer,\n>\n> we did it.\n"),
            "Thanks, that works.",
        );
        folds(&format!("Thanks, that works.\n\n{sentence}\n> we did it.\n\n-- \nGrace"), "Thanks, that works.");
    }
}

#[test]
fn dividers_and_copied_headers_end_the_reply() {
    for divider in [
        "-----Original Message-----",
        "-------- Original Message --------",
        "-----Ursprüngliche Nachricht-----",
        "-----Alkuperäinen viesti-----",
        "-----Wiadomość oryginalna-----",
        "-----Исходное сообщение-----",
        "From: Service <service@desk.example>\nSent: Monday, March 2, 2026 7:00 AM\nTo: Grace\nSubject: RE: Invoice",
        "Von: Service <service@desk.example>\nGesendet: Montag, 2. März 2026 07:00\nAn: Käthe\nBetreff: AW: Rechnung",
        "Lähettäjä: Palvelu <service@desk.example>\nLähetetty: maanantai 2. maaliskuuta 2026 7.00\nVastaanottaja: Säde\nAihe: VS: Lasku",
        "Od: Serwis <service@desk.example>\nWysłano: poniedziałek, 2 marca 2026 07:00\nDo: Zofia\nTemat: Odp: Faktura",
        "От: Сервис <service@desk.example>\nОтправлено: 2 марта 2026 г. 7:00\nКому: Анна\nТема: RE: Счёт",
        "________________________________\nFrom: Service\nSent: Monday\nTo: Grace\nSubject: RE: Invoice",
        "*From:* Service\n*Sent:* Monday\n*To:* Grace\n*Subject:* RE: Invoice",
    ] {
        folds(
            &format!("It is still wrong.\n\nGrace\n\n{divider}\n\nDear customer,\n\nwe did it."),
            "It is still wrong.\n\nGrace",
        );
    }
}

#[test]
fn a_copy_without_marks_under_its_sentence_is_folded() {
    folds(
        "Yes please\n\nOn Mon, 2 Mar 2026 at 07:00, Service <service@desk.example> wrote:\n\nDear customer,\n\nshall we?",
        "Yes please",
    );
}

#[test]
fn a_reply_below_the_quote_is_found() {
    folds("On 2 Mar 2026 07:00, Service wrote:\n> Where are you?\n> Regards\n\nAt home.\n\n-- \nGrace", "At home.");
}

#[test]
fn answers_between_quotes_stay_with_what_they_answer() {
    let text = "Hello,\n\nOn 2 Mar 2026 07:00, Service wrote:\n> When?\n\nTomorrow.\n\n> Where?\n\nAt home.\n\n> Regards\n> Service";
    let halves = split(text, false);
    for line in ["Hello,", "> When?", "Tomorrow.", "> Where?", "At home."] {
        assert!(halves.reply.contains(line), "{line} is missing");
    }
    assert!(!halves.reply.contains("Regards"));
}

#[test]
fn a_forward_is_not_folded() {
    for text in [
        "Please look at this.\n\n---------- Forwarded message ---------\nFrom: A <a@example.org>\nDate: Mon, 2 Mar 2026\nSubject: Bill\nTo: B\n\nPay up.",
        "Bitte prüfen.\n\nAnfang der weitergeleiteten Nachricht:\n\nVon: A\nBetreff: Rechnung\nDatum: 2. März 2026\nAn: B\n\nZahlen.",
    ] {
        let halves = split(text, false);
        assert_eq!(halves.reply, text);
        assert!(halves.quoted.is_none());
    }
    let outlook = "See below.\n\nFrom: A\nSent: Monday\nTo: B\nSubject: Bill\n\nPay up.";
    assert_eq!(split(outlook, true).reply, outlook);
    assert_eq!(reply(outlook), "See below.");
}

#[test]
fn a_mail_of_nothing_but_quotes_is_shown_whole() {
    for text in [
        "> old\n> older",
        "-- \nGrace",
        "From: A\nSent: Monday\nTo: B\nSubject: Bill\n\nPay up.",
        "On 2 Mar 2026 07:00, Service wrote:\n> Where?",
    ] {
        assert_eq!(reply(text), text);
        assert!(split(text, false).quoted.is_none());
    }
}

#[test]
fn signatures_are_folded() {
    folds("Call me.\n\n-- \nGrace Whitfield\n+44 20 7946 0000", "Call me.");
    folds("Soittakaa.\n\nLähetetty iPhonesta", "Soittakaa.");
    folds("Call me.\n\nSent from my iPhone\n\nOn 2 Mar 2026 07:00, Service wrote:\n> When?", "Call me.");
}

#[test]
fn ordinary_sentences_are_not_taken_for_marks() {
    for text in [
        "My address is:\nMill Lane 14",
        "I bought two things on 3 March 2026:\n- a lamp\n- a chair",
        "From: me\nI only wanted to say hello",
        "a > b\nc < d",
        "You wrote:\nno",
        "Von: mir\nAn: euch alle\nGuten Tag",
    ] {
        assert_eq!(reply(text), text);
    }
}

#[test]
fn a_hostile_text_is_split_quickly() {
    for line in
        ["On 2026-03-02 07:00 a@b wrote:\n", "> a\nb\n", "From: a\n", "--\n", "> a\nOn 2026-03-02 07:00 a@b wrote:\n"]
    {
        let text = line.repeat(1_000_000 / line.len());
        assert!(!reply(&text).is_empty());
    }
}

proptest! {
    #[test]
    fn no_line_is_lost_and_no_reply_is_empty(text in "(> |On 2 Mar 2026 07:00, A wrote:|From: a|Sent: b|To: c|-- |-----Original Message-----|word|ä| |\n){0,60}") {
        let halves = split(&text, false);
        prop_assert_eq!(halves.reply.trim().is_empty(), text.trim().is_empty());
        let both = format!("{}\n{}", halves.reply, halves.quoted.unwrap_or_default());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            prop_assert!(both.contains(line));
        }
    }
}
