//! To whom a mail goes, under which subject, and how it hangs in its thread. Nothing here reads or
//! stores anything.

use kernel::{Locale, Timestamp};

use super::compose::{NewForward, NewMail, NewReply, Writing};
use super::letter::{self, REFERENCES};
use super::look::{Look, Said, Ways};
use super::own_address::OwnAddress;
use super::{RECIPIENTS, Refused, TEXT_BYTES, quotation};
use crate::channels::mail::base_subject;
use crate::desk::{Direction, Nature, Party};

/// How long one automatic answer stands for all of a conversation.
const ONCE_AUTOMATIC: std::time::Duration = std::time::Duration::from_hours(24);

/// What a mail will be.
pub(super) struct Plan {
    pub(super) own: OwnAddress,
    pub(super) to: Vec<Party>,
    pub(super) cc: Vec<Party>,
    pub(super) subject: String,
    /// What stands below the text.
    pub(super) below: Option<String>,
    pub(super) in_reply_to: Option<String>,
    pub(super) references: Vec<String>,
    pub(super) automatic: bool,
}

/// An answer to a message, by default to the last one that a person wrote.
pub(super) fn reply(new: &NewReply, look: &Look, (automatic, now): (bool, Timestamp)) -> Result<Plan, Refused> {
    let answered = look.named.as_ref().or_else(|| last_of_customer(look)).or_else(|| look.said.first());
    if automatic && !may_answer_by_itself(look, answered, now) {
        return Err(Refused::Automatic);
    }
    let own = look.ways.choose(new.writing.from, answered.map(|said| &said.content))?.clone();
    let to = match &new.to {
        Some(given) => parties(given)?,
        None => answered.map(usual_recipients).unwrap_or_default(),
    };
    let subject = answered.map_or_else(String::new, |said| base_subject(&said.content.subject).text);
    let quote = answered
        .filter(|_| new.quotes)
        .map(|said| quotation::quote(&said.content, said.received_at, new.writing.language));
    let plan = Plan {
        cc: parties(&new.writing.cc)?,
        subject: format!("Re: {subject}").trim().to_owned(),
        below: below(&own, new.writing.language, quote),
        in_reply_to: answered.and_then(|said| said.content.message_id.clone()),
        references: references(look, answered),
        own,
        to,
        automatic,
    };
    checked(plan, &new.writing, &look.ways)
}

/// A message passed on to somebody else. Its thread's Message-IDs stay with those who have them.
pub(super) fn forward(new: &NewForward, look: &Look) -> Result<Plan, Refused> {
    let passed = look.named.as_ref().ok_or(Refused::NoMessage)?;
    let own = look.ways.choose(new.writing.from, Some(&passed.content))?.clone();
    let block = quotation::forwarded(&passed.content, passed.received_at, new.writing.language);
    let plan = Plan {
        to: parties(&new.to)?,
        cc: parties(&new.writing.cc)?,
        subject: format!("Fwd: {}", base_subject(&passed.content.subject).text).trim().to_owned(),
        below: below(&own, new.writing.language, Some(block)),
        in_reply_to: None,
        references: Vec::new(),
        own,
        automatic: false,
    };
    checked(plan, &new.writing, &look.ways)
}

/// The first mail of a conversation.
pub(super) fn first(new: &NewMail, ways: &Ways) -> Result<Plan, Refused> {
    let own = ways.choose(new.writing.from, None)?.clone();
    let subject = letter::one_line(&new.subject);
    if subject.is_empty() || new.subject.chars().count() > kernel::limits::SUBJECT_CHARS {
        return Err(Refused::Subject);
    }
    let plan = Plan {
        to: vec![Party { name: new.name.clone(), address: new.to.trim().to_owned() }],
        cc: parties(&new.writing.cc)?,
        subject,
        below: below(&own, new.writing.language, None),
        in_reply_to: None,
        references: Vec::new(),
        own,
        automatic: false,
    };
    checked(plan, &new.writing, ways)
}

fn last_of_customer(look: &Look) -> Option<&Said> {
    let by_person = |said: &&Said| said.direction == Direction::In && said.nature == Nature::Personal;
    let of_customer = |said: &&Said| by_person(said) && said.customer == look.standing.customer;
    // A customer who was merged writes under another id than the conversation's.
    look.said.iter().find(of_customer).or_else(|| look.said.iter().find(by_person))
}

/// Nothing answers by itself what no person wrote, nor one matter again and again (RFC 3834, 2).
fn may_answer_by_itself(look: &Look, answered: Option<&Said>, now: Timestamp) -> bool {
    let is_personal = answered.is_some_and(|said| said.direction == Direction::In && said.nature == Nature::Personal);
    let lately = now.minus(ONCE_AUTOMATIC);
    let has_answered = look
        .said
        .iter()
        .any(|said| said.direction == Direction::Out && said.nature == Nature::AutoReply && said.received_at >= lately);
    is_personal && !has_answered
}

/// Where an answer goes by itself: to where it was asked for, else to the sender; after a mail of
/// ours, to whom that went.
fn usual_recipients(answered: &Said) -> Vec<Party> {
    let content = &answered.content;
    let usual = match answered.direction {
        Direction::Out => content.to.clone(),
        Direction::In if content.reply_to.is_empty() => content.from.iter().cloned().collect(),
        Direction::In => content.reply_to.clone(),
    };
    usual.into_iter().filter(|party| letter::wire_address(&party.address).is_some()).collect()
}

fn parties(addresses: &[String]) -> Result<Vec<Party>, Refused> {
    if addresses.len() > RECIPIENTS {
        return Err(Refused::TooManyRecipients);
    }
    let party = |address: &String| {
        letter::wire_address(address).ok_or(Refused::Address)?;
        Ok(Party { name: None, address: address.trim().to_owned() })
    };
    addresses.iter().map(party).collect()
}

fn below(own: &OwnAddress, language: Locale, quote: Option<String>) -> Option<String> {
    let signature = own.details.signatures.get(&language).or_else(|| own.details.signatures.values().next());
    let signature = signature.filter(|text| !text.trim().is_empty()).map(|text| quotation::signature(text));
    let parts: Vec<String> = signature.into_iter().chain(quote).collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

/// The thread up to the answered message, the oldest first (RFC 5322, 3.6.4).
fn references(look: &Look, answered: Option<&Said>) -> Vec<String> {
    let Some(answered) = answered else { return Vec::new() };
    let last = answered.content.message_id.clone();
    let before =
        look.said.iter().rev().filter(|said| (said.received_at, said.id) < (answered.received_at, answered.id));
    let mut ids: Vec<String> = before.filter_map(|said| said.content.message_id.clone()).collect();
    ids.extend(last);
    let surplus = ids.len().saturating_sub(REFERENCES);
    ids.split_off(surplus)
}

fn checked(plan: Plan, writing: &Writing, ways: &Ways) -> Result<Plan, Refused> {
    if writing.text.trim().is_empty() {
        return Err(Refused::NoText);
    }
    if writing.text.len() > TEXT_BYTES {
        return Err(Refused::Text);
    }
    if plan.to.is_empty() {
        return Err(Refused::NoRecipient);
    }
    if plan.to.len() + plan.cc.len() > RECIPIENTS {
        return Err(Refused::TooManyRecipients);
    }
    for party in plan.to.iter().chain(&plan.cc) {
        letter::wire_address(&party.address).ok_or(Refused::Address)?;
        if ways.own.iter().any(|own| own.is(&party.address)) {
            return Err(Refused::OwnRecipient);
        }
    }
    Ok(plan)
}
