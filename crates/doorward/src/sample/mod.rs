//! Made-up customers and what they write, in the five languages: for the demonstration and the
//! benchmark. The same seed gives the same people and words.
//!
//! Addresses are of domains that can never exist (RFC 2606); numbers are of ranges without owners.

mod english;
mod finnish;
mod german;
mod language;
mod mail;
mod polish;
mod russian;

use std::fmt::Write as _;
use std::time::Duration;

use kernel::{Entropy, SeededEntropy, Timestamp};
use language::{Language, MATTERS, Matter, NAMES};
use mail::Letter;

static LANGUAGES: [Language; 5] =
    [english::ENGLISH, german::GERMAN, finnish::FINNISH, polish::POLISH, russian::RUSSIAN];

const DAY: Duration = Duration::from_hours(24);
/// The address that customers write to.
pub(crate) const SERVICE_ADDRESS: &str = "service@example.com";
/// Times between a letter and its answer, in minutes.
const ANSWER_MINUTES: u64 = 95;

/// What is made up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Customers.
    pub(crate) customers: usize,
    /// Conversations, spread over the customers.
    pub(crate) conversations: usize,
    /// Which people and words.
    pub(crate) seed: u64,
}

/// Somebody who writes. Made up, and so may be printed.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
    language: usize,
    first: String,
    phone: String,
    address: String,
    number: String,
    account: String,
}

/// A conversation to be: who writes, and everything that is said.
pub(crate) struct Case {
    /// What the customer's mails say, ready to be taken in, and what is answered between them.
    pub(crate) turns: Vec<Turn>,
    /// Whether the matter is done with.
    pub(crate) settled: bool,
    /// A number that says who works on it, where somebody does.
    pub(crate) worker: Option<usize>,
}

/// One turn of a conversation.
pub(crate) struct Turn {
    /// When.
    pub(crate) at: Timestamp,
    /// What is said.
    pub(crate) said: Said,
}

/// What is said in a turn.
pub(crate) enum Said {
    /// By the customer, in a mail.
    Mail(Vec<u8>),
    /// By us.
    Answer(String),
}

/// Made-up customers.
pub(crate) fn people(shape: Shape) -> Vec<Person> {
    let mut dice = Dice::new(shape.seed);
    (0..shape.customers).map(|number| person(number, &mut dice)).collect()
}

/// What `doorward import customers` takes.
pub(crate) fn csv(people: &[Person]) -> String {
    let mut csv = String::from("name,email,phone,postal_address,customer_number,iban,language\n");
    for person in people {
        let language = LANGUAGES.get(person.language).map_or("", |language| language.code);
        let Person { name, email, phone, address, number, account, .. } = person;
        let _ = writeln!(csv, "{name},{email},{phone},\"{address}\",{number},{account},{language}");
    }
    csv
}

/// The conversations of these people, the oldest first, all begun before `now`.
pub(crate) fn cases(shape: Shape, people: &[Person], now: Timestamp) -> Vec<Case> {
    let mut dice = Dice::new(shape.seed.wrapping_add(1));
    let number = |number| case((number, shape.conversations), people, now, &mut dice);
    (0..shape.conversations).filter_map(number).collect()
}

/// Mail `number` of an endless sample. Three in a row are one conversation, each from another
/// person; they were written in the days before `now`.
pub(crate) fn mail(sample: &str, number: u64, now: Timestamp) -> Vec<u8> {
    let (matter, step) = (number / 3, number % 3);
    let mut dice = Dice::new(matter);
    let mut person = person(usize::try_from(matter).unwrap_or(0), &mut dice);
    person.email = format!("customer{matter}.{sample}@example.org");
    let Some(language) = LANGUAGES.get(person.language) else { return Vec::new() };
    let Some(told) = language.matters.get(dice.below(MATTERS)) else { return Vec::new() };
    let filling = Filling::new(language, &mut dice);
    let at = now.minus(Duration::from_mins(90 - 30 * step) + Duration::from_secs(matter % 3_600));
    let ids: Vec<String> = (0..=step).map(|step| format!("{sample}.{matter}.{step}@example.org")).collect();
    let words = [told.opening, told.follow_up, told.thanks];
    let words = words.get(usize::try_from(step).unwrap_or(0)).copied().unwrap_or_default();
    write(&person, language, (told, words), &filling, (&ids, at))
}

fn write(
    person: &Person,
    language: &Language,
    (told, words): (&Matter, &str),
    filling: &Filling,
    (ids, at): (&[String], Timestamp),
) -> Vec<u8> {
    let Some((id, answers)) = ids.split_last() else { return Vec::new() };
    let reply = if answers.is_empty() { "" } else { "Re: " };
    let text = format!("{}\n\n{}\n\n{}\n{}", language.greeting, filling.fill(words), language.closing, person.name);
    Letter {
        from: (&person.name, &person.email),
        to: SERVICE_ADDRESS,
        subject: &format!("{reply}{}", filling.fill(told.subject)),
        text: &text,
        at,
        id,
        answers,
    }
    .write()
}

fn person(number: usize, dice: &mut Dice) -> Person {
    let index = number % LANGUAGES.len();
    let language = LANGUAGES.get(index).unwrap_or(&english::ENGLISH);
    // Counted, not rolled: eight by eight names of two kinds are 128 people of each language.
    let turn = number / LANGUAGES.len();
    let (firsts, surnames) = if turn.is_multiple_of(2) {
        (&language.women, &language.womens_surnames)
    } else {
        (&language.men, &language.mens_surnames)
    };
    let pick = |from: &[&'static str; NAMES], at: usize| from.get(at % NAMES).copied().unwrap_or_default();
    let (first, surname) = (pick(firsts, turn / 2), pick(surnames, turn / 2 / NAMES + turn / 2));
    let (street, city) = (dice.pick(&language.streets), dice.pick(&language.cities));
    Person {
        name: format!("{first} {surname}"),
        email: format!("customer{number}.{}@example.org", language.code),
        language: index,
        first: first.to_owned(),
        phone: format!("{}{:03}", language.phone, number % 1_000),
        address: format!("{street} {}, {city}", 1 + dice.below(80)),
        number: format!("EC-{}", 100_000 + number),
        account: account(language.account, number),
    }
}

/// An account number with right check digits (ISO 13616, ISO 7064 MOD 97-10).
fn account((country, bank, digits): (&str, &str, usize), number: usize) -> String {
    let own = format!("{bank}{number:0digits$}");
    let rest = format!("{own}{country}00").bytes().fold(0_u32, |rest, sign| match sign {
        b'0'..=b'9' => (rest * 10 + u32::from(sign - b'0')) % 97,
        _ => (rest * 100 + u32::from(sign - b'A') + 10) % 97,
    });
    format!("{country}{:02}{own}", 98 - rest)
}

fn case((number, of): (usize, usize), people: &[Person], now: Timestamp, dice: &mut Dice) -> Option<Case> {
    let person = people.get(dice.below(people.len()))?;
    let language = LANGUAGES.get(person.language)?;
    let told = language.matters.get(dice.below(MATTERS))?;
    let filling = Filling::new(language, dice);
    // The newest tenth is of these two days and still at work, the others are older and mostly done.
    let recent = number * 10 >= of * 9;
    let age = if recent {
        let left = u32::try_from(of - number).unwrap_or(1);
        2 * DAY / u32::try_from(of / 10 + 1).unwrap_or(1) * left
    } else {
        2 * DAY + DAY / 24 * u32::try_from((of - number) * 1_400 / of).unwrap_or(0)
    };
    let steps = if recent { 1 + dice.below(3) } else { 2 + dice.below(3) };
    let settled = !recent && dice.below(10) < 8;
    let begins = now.minus(age);
    let between = Duration::from_mins(ANSWER_MINUTES).min(age / 8);
    let mut ids = Vec::new();
    let mut turns = Vec::new();
    for step in 0..steps {
        let at = begins.plus(between * u32::try_from(step).unwrap_or(0));
        if step == 1 {
            let answer = filling.fill(told.answer);
            let text =
                format!("{} {},\n\n{answer}\n\n{}", language.answer_greeting, person.first, language.answer_closing);
            turns.push(Turn { at, said: Said::Answer(text) });
            continue;
        }
        let words = [told.opening, "", told.follow_up, told.thanks].get(step).copied().unwrap_or_default();
        ids.push(format!("demo.{number}.{step}@example.org"));
        let mail = write(person, language, (told, words), &filling, (&ids, at));
        turns.push(Turn { at, said: Said::Mail(mail) });
    }
    let is_answered = steps > 1;
    let worker = Some(dice.below(9)).filter(|roll| is_answered || *roll < 3);
    Some(Case { turns, settled, worker })
}

/// What is filled into the words of one matter.
struct Filling([(&'static str, String); 5]);

impl Filling {
    fn new(language: &Language, dice: &mut Dice) -> Self {
        let day = format!("{}.{}.", 1 + dice.below(28), 1 + dice.below(12));
        let number = format!("A-{}", 1_000 + dice.below(9_000));
        let (street, city) = (dice.pick(&language.streets), dice.pick(&language.cities));
        Self([
            ("{day}", day),
            ("{number}", number),
            ("{street}", street.to_owned()),
            ("{house}", (1 + dice.below(80)).to_string()),
            ("{city}", city.to_owned()),
        ])
    }

    fn fill(&self, words: &str) -> String {
        self.0.iter().fold(words.to_owned(), |words, (slot, value)| words.replace(slot, value))
    }
}

/// Chance that falls the same way each time.
struct Dice(SeededEntropy);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// A number below `end`, of which there is at least one.
    fn below(&mut self, end: usize) -> usize {
        let entropy: &dyn Entropy = &self.0;
        let rolled = u32::from_be_bytes(entropy.array());
        usize::try_from(rolled).unwrap_or(0) % end.max(1)
    }

    fn pick(&mut self, from: &[&'static str; 4]) -> &'static str {
        from.get(self.below(4)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const SHAPE: Shape = Shape { customers: 500, conversations: 2_000, seed: 7 };
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn the_headers_are_plain_ascii_in_short_lines_and_replies_name_their_parents() {
        for number in 0..60 {
            let mail = mail("s", number, NOW);
            let text = String::from_utf8(mail).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.is_ascii() && head.lines().all(|line| line.len() < 200) && !body.is_empty(), "{head}");
            assert_eq!(head.contains("In-Reply-To:"), number % 3 != 0);
            assert!(head.contains("Date: Fri, 15 Jan 2027"), "{head}");
            assert!(!text.contains('{'), "{text}");
        }
    }

    #[test]
    fn no_two_people_bear_one_name_and_address_and_all_five_languages_are_there() {
        let people = people(SHAPE);
        assert_eq!(people.iter().map(|person| &person.email).collect::<HashSet<_>>().len(), 500);
        assert_eq!(people.iter().map(|person| &person.account).collect::<HashSet<_>>().len(), 500);
        let names = people.iter().map(|person| &person.name).collect::<HashSet<_>>().len();
        assert!(names > 450, "{names} names");
        assert_eq!(people.iter().map(|person| person.language).collect::<HashSet<_>>().len(), 5);
        assert_eq!(csv(&people).lines().count(), 501);
    }

    #[test]
    fn the_conversations_begin_in_order_and_no_letter_is_of_tomorrow() {
        let people = people(SHAPE);
        let cases = cases(SHAPE, &people, NOW);
        assert_eq!(cases.len(), 2_000);
        let settled = cases.iter().filter(|case| case.settled).count();
        assert!((1_200..1_700).contains(&settled), "{settled} are settled");
        for case in &cases {
            assert!(matches!(case.turns.first(), Some(Turn { said: Said::Mail(_), .. })));
            assert!(case.turns.is_sorted_by_key(|turn| turn.at) && case.turns.iter().all(|turn| turn.at < NOW));
        }
    }

    #[test]
    fn an_account_number_has_right_check_digits() {
        // The example of the standard, and its German one.
        assert_eq!(account(("GB", "NWBK601613", 8), 31_926_819), "GB29NWBK60161331926819");
        assert_eq!(account(("DE", "37040044", 10), 532_013_000), "DE89370400440532013000");
    }
}
