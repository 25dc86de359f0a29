//! The marks by which mail programs set older mail apart, in the desk's languages and a few more.
//! Words and shapes only; what is folded because of them is decided elsewhere.

/// Lines over which the sentence "On … wrote:" may be broken.
const ATTRIBUTION_LINES: usize = 3;
/// Bytes of such a sentence.
const ATTRIBUTION_BYTES: usize = 400;
/// Lines of a copied header that are looked at.
const HEADER_LINES: usize = 8;

/// How the sentence before a quote ends, lower case.
const WROTE: &[&str] = &[
    "wrote",
    "writes",
    "schrieb",
    "kirjoitti",
    "kirjoittaa",
    "napisał",
    "napisała",
    "napisał(a)",
    "napisała(a)",
    "pisze",
    "пишет",
    "написал",
    "написала",
    "написал(а)",
    "пише",
    "a écrit",
    "escribió",
    "ha scritto",
    "skrev",
    "schreef",
    "escreveu",
    "kirjutas",
];
/// How a sentence that is broken over lines begins, lower case.
const OPENERS: &[&str] = &[
    "on ", "am ", "w dniu ", "dnia ", "le ", "el ", "den ", "op ", "il ", "em ", "ma ", "ti ", "ke ", "to ", "pe ",
    "la ", "su ", "pon.", "wt.", "śr.", "czw.", "pt.", "sob.", "niedz.", "пн,", "вт,", "ср,", "чт,", "пт,", "сб,",
    "вс,",
];

const ORIGINAL: &[&str] = &[
    "original message",
    "ursprüngliche nachricht",
    "original-nachricht",
    "originalnachricht",
    "alkuperäinen viesti",
    "wiadomość oryginalna",
    "oryginalna wiadomość",
    "original nachricht",
    "исходное сообщение",
    "оригинальное сообщение",
    "message d'origine",
    "mensaje original",
    "originalmeddelande",
    "messaggio originale",
    "oorspronkelijk bericht",
];
const FORWARDED: &[&str] = &[
    "forwarded message",
    "weitergeleitete nachricht",
    "edelleenlähetetty viesti",
    "välitetty viesti",
    "wiadomość przekazana dalej",
    "przekazana wiadomość",
    "treść przekazanej wiadomości",
    "пересылаемое сообщение",
    "пересланное сообщение",
    "перенаправленное сообщение",
    "message transféré",
    "mensaje reenviado",
    "vidarebefordrat meddelande",
];
const FORWARD_SENTENCES: &[&str] = &[
    "begin forwarded message",
    "anfang der weitergeleiteten nachricht",
    "anfang der weitergeleiteten e-mail",
    "välitetty viesti alkaa",
    "początek przekazywanej wiadomości",
    "начало переадресованного сообщения",
    "начало пересылаемого сообщения",
];

const FROM: &[&str] = &["from", "von", "lähettäjä", "od", "от", "от кого", "de", "van", "från", "fra", "da", "saatja"];
const SENT: &[&str] = &[
    "sent",
    "date",
    "gesendet",
    "datum",
    "lähetetty",
    "päivämäärä",
    "päiväys",
    "wysłano",
    "data",
    "дата",
    "отправлено",
    "envoyé",
    "enviado",
    "skickat",
    "sendt",
    "verzonden",
    "inviato",
];
const TO: &[&str] = &[
    "to",
    "an",
    "vastaanottaja",
    "do",
    "кому",
    "à",
    "para",
    "till",
    "til",
    "aan",
    "a",
    "cc",
    "kopie",
    "kopio",
    "dw",
    "копия",
];
const SUBJECT: &[&str] =
    &["subject", "betreff", "aihe", "temat", "тема", "objet", "asunto", "ämne", "emne", "onderwerp", "oggetto"];

/// What programs for phones sign with, lower case.
const PHONE_SIGNATURES: &[&str] = &[
    "sent from my ",
    "get outlook for ",
    "von meinem ",
    "gesendet von ",
    "gesendet mit ",
    "lähetetty iphonesta",
    "lähetetty ipadista",
    "hanki outlook for ",
    "wysłane z ",
    "wysłano z ",
    "pobierz program outlook",
    "отправлено с ",
    "отправлено из ",
];

/// The sentence that introduces a quote.
pub(super) struct Attribution {
    /// Lines it takes.
    pub(super) lines: usize,
    /// It names both the writing and a date or an address: a program wrote it, not a person.
    pub(super) certain: bool,
}

/// Whether a line is marked as quoted.
pub(super) fn is_quoted(line: &str) -> bool {
    let start = line.trim_start_matches(' ');
    line.len() - start.len() <= 3 && start.starts_with('>') && !start.starts_with(">From ")
}

/// "On Monday X wrote:" at the start of `rest`, in one to three lines.
pub(super) fn attribution(rest: &[&str]) -> Option<Attribution> {
    let mut sentence = String::new();
    for (at, line) in rest.iter().take(ATTRIBUTION_LINES).enumerate() {
        let line = line.trim();
        if line.is_empty() || is_quoted(line) || sentence.len() + line.len() > ATTRIBUTION_BYTES {
            return None;
        }
        let starts_sentence = at == 0 || opens(&sentence);
        if !starts_sentence {
            return None;
        }
        sentence.push_str(line);
        sentence.push(' ');
        if let Some(certain) = introduces(&sentence) {
            return Some(Attribution { lines: at + 1, certain });
        }
    }
    None
}

/// Whether a line may be the start of such a sentence: "On 2 March", "pon., 2 mar", "2.3.2026 7:00".
pub(super) fn opens(sentence: &str) -> bool {
    let sentence = sentence.trim_start_matches([' ', '*']);
    let start: String = sentence.chars().take(8).collect::<String>().to_lowercase();
    let timed = sentence.split(':').zip(sentence.split(':').skip(1)).any(|(hour, minute)| {
        hour.ends_with(|c: char| c.is_ascii_digit()) && minute.starts_with(|c: char| c.is_ascii_digit())
    });
    OPENERS.iter().any(|opener| start.starts_with(opener)) && digits(sentence) > 0
        || start.starts_with(|c: char| c.is_ascii_digit()) && timed
}

fn introduces(sentence: &str) -> Option<bool> {
    let sentence = sentence.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_'));
    let body = sentence.strip_suffix([':', '：'])?.trim_end();
    let lower = body.to_lowercase();
    let wrote = WROTE.iter().any(|verb| {
        lower.ends_with(verb)
            || lower.split([' ', '\u{a0}']).any(|word| word == *verb)
            || verb.contains(' ') && lower.contains(verb)
    });
    let dated = digits(&lower) >= 6 || lower.contains('@');
    let enough = dated || wrote && digits(&lower) >= 1;
    enough.then_some(wrote && dated)
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// "-----Original Message-----" in its languages.
pub(super) fn divider(rest: &[&str]) -> bool {
    rest.first().is_some_and(|line| dashed(line, ORIGINAL))
}

/// "---------- Forwarded message ----------" or the sentence that stands for it.
pub(super) fn forward_marker(rest: &[&str]) -> bool {
    rest.first().is_some_and(|line| {
        dashed(line, FORWARDED) || {
            let line = line.trim();
            line.len() <= 120
                && line.ends_with(':')
                && FORWARD_SENTENCES.contains(&line.trim_end_matches(':').trim_end().to_lowercase().as_str())
        }
    })
}

fn dashed(line: &str, phrases: &[&str]) -> bool {
    let line = line.trim();
    if line.len() > 200 || !line.starts_with("--") {
        return false;
    }
    let inner = line.trim_matches(|c: char| matches!(c, '-' | ' ')).to_lowercase();
    phrases.iter().any(|phrase| inner == *phrase)
}

/// A copied header (`From:`, `Sent:`, `To:`, `Subject:`), with the rule above it if there is one.
pub(super) fn header_block(rest: &[&str]) -> bool {
    let Some(first) = rest.first() else { return false };
    let skip = if is_rule(first) {
        1 + rest.iter().skip(1).take_while(|line| line.trim().is_empty()).take(2).count()
    } else {
        0
    };
    let mut lines = rest.iter().skip(skip).take(HEADER_LINES);
    if !lines.next().and_then(|line| label(line)).is_some_and(|label| FROM.contains(&label.as_str())) {
        return false;
    }
    let labels: Vec<String> = lines.take_while(|line| !line.trim().is_empty()).filter_map(|line| label(line)).collect();
    let has = |known: &[&str]| usize::from(labels.iter().any(|label| known.contains(&label.as_str())));
    has(SENT) + has(TO) + has(SUBJECT) >= 2
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 8 && (line.bytes().all(|byte| byte == b'_') || line.bytes().all(|byte| byte == b'-'))
}

/// The label before a line's colon, lower case, without the stars that bold text leaves.
fn label(line: &str) -> Option<String> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || c == '*');
    let (at, _) = line.char_indices().take(24).find(|(_, c)| matches!(c, ':' | '：'))?;
    Some(line.split_at_checked(at)?.0.trim_matches(|c: char| c.is_whitespace() || c == '*').to_lowercase())
}

/// The line that starts a signature: two dashes, or what a phone signs with.
pub(super) fn signature_start(line: &str) -> bool {
    let line = line.trim_end();
    if line == "--" {
        return true;
    }
    line.len() <= 100 && {
        let lower = line.to_lowercase();
        PHONE_SIGNATURES.iter().any(|start| lower.starts_with(start)) && lower.chars().count() <= 60
    }
}
