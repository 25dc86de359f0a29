//! `POST /api/v1/inbound/mail`: one raw mail in, one durable outcome out.

use std::net::IpAddr;
use std::sync::Arc;

use app::Actor;
use app::channels::{self, Arrival, Client, Outcome, Refusal};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use kernel::{ConversationId, MessageId, QuarantineId};
use serde::{Deserialize, Serialize};

use crate::body;
use crate::limits::ENVELOPE_CHARS;
use crate::permission::{MailWrite, Permitted};
use crate::problem::Problem;
use crate::serve::Shared;

/// What the mail server knows of the sender. All of it may be personal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delivery {
    client_ip: Option<IpAddr>,
    helo: Option<String>,
    mail_from: Option<String>,
}

/// What became of the mail.
#[derive(Serialize)]
pub(crate) struct Answer {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantine: Option<QuarantineId>,
}

/// Takes a mail in. An `Idempotency-Key` is accepted and changes nothing: the same mail sent again
/// is answered as a duplicate whatever its key.
pub(crate) async fn receive(
    State(shared): State<Arc<Shared>>,
    permitted: Permitted<MailWrite>,
    delivery: Result<Query<Delivery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Answer>), Problem> {
    let client = client(delivery)?;
    check_media_type(&headers)?;
    let whole = body::take(body, &shared.limits, &shared.large_bodies).await.inspect_err(count_refusal)?;
    let actor = Actor::Token(permitted.token());
    let arrival = Arrival { raw: whole.bytes, client, actor, authenticate: true };
    let (channels, organisation, room) = (shared.app.channels.clone(), permitted.organisation(), whole.room);
    // In a task of its own, which is finished also when the sender goes away.
    let work = shared.begun.spawn(async move {
        let _room = room;
        channels.receive(organisation, arrival).await
    });
    let received = work.await.map_err(|_| Problem::Fault)?;
    received.map(answer).map_err(|error| refusal(&error))
}

fn client(delivery: Result<Query<Delivery>, QueryRejection>) -> Result<Client, Problem> {
    let Ok(Query(Delivery { client_ip, helo, mail_from })) = delivery else { return Err(Problem::Query) };
    let is_long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > ENVELOPE_CHARS);
    if is_long(&helo) || is_long(&mail_from) {
        return Err(Problem::Query);
    }
    Ok(Client { ip: client_ip, helo, mail_from })
}

/// Counts a mail that was refused before it was whole.
fn count_refusal(problem: &Problem) {
    match problem {
        Problem::TooLarge => Refusal::TooLarge.count(),
        Problem::Busy => Refusal::Busy.count(),
        _ => {}
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(field) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = field.to_str().map_err(|_| Problem::MediaType)?;
    let kind = text.split(';').next().unwrap_or_default().trim();
    let known = ["message/rfc822", "message/global", "application/octet-stream"];
    if known.iter().any(|known| kind.eq_ignore_ascii_case(known)) { Ok(()) } else { Err(Problem::MediaType) }
}

const fn answer(outcome: Outcome) -> (StatusCode, Json<Answer>) {
    let (status, outcome, ids, quarantine) = match outcome {
        Outcome::Received { conversation, message } => {
            (StatusCode::CREATED, "received", Some((conversation, message)), None)
        }
        Outcome::Appended { conversation, message } => {
            (StatusCode::CREATED, "appended", Some((conversation, message)), None)
        }
        Outcome::Quarantined(quarantine) => (StatusCode::CREATED, "quarantined", None, Some(quarantine)),
        Outcome::Duplicate => (StatusCode::OK, "duplicate", None, None),
    };
    let (conversation, message) = match ids {
        Some((conversation, message)) => (Some(conversation), Some(message)),
        None => (None, None),
    };
    (status, Json(Answer { outcome, conversation, message, quarantine }))
}

fn refusal(error: &channels::Error) -> Problem {
    match error {
        channels::Error::TooLarge { .. } => Problem::TooLarge,
        channels::Error::Busy => Problem::Busy,
        error if error.is_temporary() => {
            tracing::warn!(%error, "a mail was sent back for a while");
            Problem::Unavailable
        }
        error => {
            tracing::error!(%error, "a mail could not be stored");
            Problem::Fault
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn checked(text: &'static str) -> Result<(), Problem> {
        check_media_type(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(text))]))
    }

    #[test]
    fn a_mail_is_declared_as_one_or_not_at_all() {
        assert_eq!(check_media_type(&HeaderMap::new()), Ok(()));
        assert_eq!(checked("Message/RFC822; charset=utf-8"), Ok(()));
        assert_eq!(checked("application/octet-stream"), Ok(()));
        assert_eq!(checked("application/x-www-form-urlencoded"), Err(Problem::MediaType));
        assert_eq!(checked("text/plain"), Err(Problem::MediaType));
    }

    #[test]
    fn a_full_disk_sends_the_mail_back_and_does_not_bounce_it() {
        for error in [db::Error::Full, db::Error::ReadOnly, db::Error::Conflict, db::Error::Closed] {
            assert_eq!(refusal(&channels::Error::Database(error)), Problem::Unavailable);
        }
        assert_eq!(refusal(&channels::Error::Database(db::Error::Missing)), Problem::Fault);
        assert_eq!(refusal(&channels::Error::TooLarge { bytes: 1 }), Problem::TooLarge);
    }
}
