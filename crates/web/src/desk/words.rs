//! The desk's words for states, channels, events and the people who did something.

use app::Actor;
use app::channels::{Delivery, DeliveryState};
use app::desk::{Direction, Event, EventKind, Message, Nature, State};
use kernel::{Locale, Timestamp};

use super::colleagues::Colleagues;
use super::thread::Journey;
use crate::moments::Moments;
use crate::presence::Other;
use crate::strings::Strings;

pub(crate) fn state(l: Strings, state: State) -> String {
    match state {
        State::New => l.t("state-new"),
        State::Open => l.t("state-open"),
        State::Waiting => l.t("state-waiting"),
        State::Snoozed => l.t("state-snoozed"),
        State::Resolved => l.t("state-resolved"),
    }
}

/// A channel of a later version shows as its own word.
pub(crate) fn channel(l: Strings, word: &str) -> String {
    match word {
        "email" => l.t("channel-email"),
        "phone" => l.t("channel-phone"),
        other => other.to_owned(),
    }
}

/// Who did something, for a sentence.
pub(crate) fn actor(l: Strings, colleagues: &Colleagues, actor: Actor) -> String {
    match actor {
        Actor::Agent(agent) => colleagues.name(agent).map_or_else(|| l.t("actor-agent"), str::to_owned),
        Actor::System => l.t("actor-system"),
        Actor::Operator => l.t("actor-operator"),
        Actor::Token(_) => l.t("actor-program"),
        Actor::Customer(_) => l.t("actor-customer"),
    }
}

/// What happened, in one sentence.
pub(crate) fn event(l: Strings, moments: &Moments, colleagues: &Colleagues, event: &Event) -> String {
    let who = actor(l, colleagues, event.actor);
    let detail = &event.detail;
    match event.kind {
        EventKind::Resolved => l.t1("event-resolved", "who", who),
        EventKind::Reopened if matches!(event.actor, Actor::Customer(_)) => l.t("event-reopened-by-customer"),
        EventKind::Reopened => l.t1("event-reopened", "who", who),
        EventKind::Snoozed => {
            let until = detail.parse().map(Timestamp::from_micros);
            let until = until.map(|until| moments.moment(&until)).unwrap_or_default();
            l.t2("event-snoozed", "who", who, "until", until)
        }
        EventKind::Woken => l.t("event-woken"),
        EventKind::Waiting => l.t("event-waiting"),
        EventKind::Assigned => {
            let to = detail.parse().ok().and_then(|to| colleagues.name(to));
            let to = to.map_or_else(|| l.t("actor-agent"), str::to_owned);
            if to == who { l.t1("event-taken", "who", who) } else { l.t2("event-assigned", "who", who, "to", to) }
        }
        EventKind::Unassigned => l.t1("event-unassigned", "who", who),
        EventKind::Labelled => l.t2("event-labelled", "who", who, "label", detail),
        EventKind::Unlabelled => l.t2("event-unlabelled", "who", who, "label", detail),
    }
}

/// What an agent should know of a message before answering it, each in a few words.
pub(crate) fn warnings(l: Strings, message: &Message) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    if message.bounced_at.is_some() {
        found.push((l.t("message-undelivered"), "late"));
    }
    if message.direction == Direction::In {
        // SPF, DKIM and DMARC, in this order.
        if message.authentication.split(',').nth(2) == Some("fail") {
            found.push((l.t("message-unproven"), "warn"));
        }
        match message.nature {
            Nature::Personal => {}
            Nature::AutoReply => found.push((l.t("message-automatic"), "")),
            Nature::Bulk => found.push((l.t("message-bulk"), "")),
            Nature::Bounce => found.push((l.t("message-bounce"), "")),
        }
    }
    found
}

/// In which language a customer writes, as a remark.
pub(crate) fn speaks(l: Strings, locale: Locale) -> String {
    match locale {
        Locale::En => l.t("speaks-en"),
        Locale::De => l.t("speaks-de"),
        Locale::Fi => l.t("speaks-fi"),
        Locale::Pl => l.t("speaks-pl"),
        Locale::Ru => l.t("speaks-ru"),
    }
}

/// The name of a language, in the reader's.
pub(crate) fn language_name(l: Strings, locale: Locale) -> String {
    match locale {
        Locale::En => l.t("language-en"),
        Locale::De => l.t("language-de"),
        Locale::Fi => l.t("language-fi"),
        Locale::Pl => l.t("language-pl"),
        Locale::Ru => l.t("language-ru"),
    }
}

/// How a mail of ours fares, in a few words.
pub(crate) fn journey(l: Strings, moments: &Moments, delivery: &Delivery) -> Journey {
    let undo = delivery.due_at.filter(|_| delivery.state == DeliveryState::Held);
    let undo = undo.map(|until| until.since(moments.now()).as_secs());
    let (words, kind) = match delivery.state {
        DeliveryState::Held => (l.t("mail-held"), ""),
        DeliveryState::Queued if delivery.tries > 0 => (l.t("mail-again"), "warn"),
        DeliveryState::Queued => (l.t("mail-queued"), ""),
        DeliveryState::Sending => (l.t("mail-sending"), ""),
        DeliveryState::Sent if delivery.perhaps_twice => (l.t("mail-twice"), "warn"),
        DeliveryState::Sent => (l.t("mail-sent"), ""),
        DeliveryState::Failed => (l.t("mail-failed"), "late"),
    };
    let is_troubled = matches!(delivery.state, DeliveryState::Queued | DeliveryState::Failed);
    let trouble = delivery.trouble.as_ref().filter(|_| is_troubled).map(|(_, said)| said.clone());
    Journey { words, kind, trouble, undo }
}

/// A purpose of the product's own in the reader's language, an organisation's as it wrote it.
pub(crate) fn purpose(l: Strings, word: &str) -> String {
    match word {
        "service" => l.t("purpose-service"),
        "billing" => l.t("purpose-billing"),
        "delivery" => l.t("purpose-delivery"),
        "verification" => l.t("purpose-verification"),
        other => other.to_owned(),
    }
}

/// Who else is at a conversation; nothing when nobody is.
pub(crate) fn others(l: Strings, others: &[Other]) -> String {
    match others {
        [] => String::new(),
        [one] if one.writes => l.t1("other-writes", "who", &one.name),
        [one] => l.t1("other-looks", "who", &one.name),
        [one, rest @ ..] if one.writes => l.t2("others-write", "who", &one.name, "count", rest.len()),
        [one, rest @ ..] => l.t2("others-look", "who", &one.name, "count", rest.len()),
    }
}
