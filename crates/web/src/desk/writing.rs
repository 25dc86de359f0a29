//! Writing at the desk: a note, an answer that can be taken back, and the draft of either, which is
//! kept while it is typed.

use std::sync::Arc;

use app::access::action::{AddNote, ReadConversation, Reply};
use app::channels::{self, NewReply, Refused, Writing};
use app::desk::{self, Draft, DraftKind};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::MessageId;
use serde::Deserialize;

use super::answer::{Told, after};
use super::{fault, refusal};
use crate::form::Form;
use crate::frame::Frame;
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session::{self, Allowed};

/// What was typed.
#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    text: String,
    /// Addresses in copy, with commas between.
    #[serde(default)]
    cc: String,
    /// What becomes of the conversation: `wait`, `resolve` or `stay`.
    #[serde(default)]
    then: String,
    #[serde(default)]
    back: String,
}

impl Typed {
    fn draft(&self, kind: DraftKind) -> Draft {
        Draft { kind, text: self.text.clone(), cc: self.cc.clone() }
    }
}

/// Keeps what is typed so far.
pub(crate) async fn keep(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<ReadConversation>,
    Form(typed): Form<Typed>,
) -> Result<StatusCode, Problem> {
    shared.presence.write(&me, *permit.resource(), shared.app.context.clock.now());
    let kind = if typed.kind == "note" { DraftKind::Note } else { DraftKind::Reply };
    shared.app.desk.save_draft(&permit, &typed.draft(kind)).await.map_err(refusal)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a note.
pub(crate) async fn note(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<AddNote>,
    frame: Frame,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let conversation = *permit.resource();
    let reading = session::permit::<ReadConversation>(&shared, &me, conversation).await?;
    // Whatever comes between, it is not lost.
    shared.app.desk.save_draft(&reading, &typed.draft(DraftKind::Note)).await.map_err(refusal)?;
    let added = shared.app.desk.add_note(&permit, &typed.text).await;
    if added.is_ok() {
        shared.app.desk.save_draft(&reading, &Draft::default()).await.map_err(refusal)?;
    }
    after(&shared, (&me, &frame, &headers), conversation, added.map(|_| Told::Written), &typed.back).await
}

/// Answers the customer.
pub(crate) async fn reply(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<Reply>,
    frame: Frame,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let conversation = *permit.resource();
    let reading = session::permit::<ReadConversation>(&shared, &me, conversation).await?;
    shared.app.desk.save_draft(&reading, &typed.draft(DraftKind::Reply)).await.map_err(refusal)?;
    let writing = Writing {
        text: typed.text.clone(),
        cc: typed.cc.split([',', ';']).map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect(),
        language: me.locale,
        after: match typed.then.as_str() {
            "resolve" => desk::After::Resolve,
            "stay" => desk::After::Stay,
            _ => desk::After::Wait,
        },
        ..Writing::default()
    };
    let new = NewReply { conversation, answers: None, to: None, quotes: true, writing };
    let written = shared.app.channels.reply(permit.organisation(), permit.actor(), new).await.map_err(refused)?;
    shared.app.desk.save_draft(&reading, &Draft::default()).await.map_err(refusal)?;
    let seconds = written.undo_until.since(frame.moments.now()).as_secs();
    let told = Told::CanBeTakenBack(written.message, seconds);
    after(&shared, (&me, &frame, &headers), conversation, Ok(told), &typed.back).await
}

/// Takes an answer back before it leaves; what it said is a draft again.
pub(crate) async fn take_back(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<Reply>,
    frame: Frame,
    headers: HeaderMap,
    Path((_, message)): Path<(String, String)>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let message: MessageId = message.parse().map_err(|_| Problem::NoRoute)?;
    let conversation = *permit.resource();
    let taken = shared.app.channels.take_back(permit.organisation(), permit.actor(), message).await.map_err(refused)?;
    let reading = session::permit::<ReadConversation>(&shared, &me, conversation).await?;
    let draft = Draft { kind: DraftKind::Reply, text: taken.text, cc: taken.cc.join(", ") };
    shared.app.desk.save_draft(&reading, &draft).await.map_err(refusal)?;
    after(&shared, (&me, &frame, &headers), conversation, Ok(Told::TakenBack), &typed.back).await
}

/// What a writer is told to do about it.
fn refused(error: channels::Error) -> Problem {
    match error {
        channels::Error::Out(refused) => Problem::Wrong(match refused {
            Refused::NoOwnAddress | Refused::UnknownOwnAddress | Refused::NoServer => "wrong-no-address",
            Refused::Address | Refused::NoRecipient => "wrong-address",
            Refused::TooManyRecipients => "wrong-recipients",
            Refused::OwnRecipient => "wrong-own-address",
            Refused::NoText => "wrong-no-text",
            Refused::Text => "wrong-long-text",
            Refused::Files => "wrong-files",
            Refused::Erased => "wrong-erased",
            Refused::OnItsWay | Refused::NoMail => "wrong-on-its-way",
            _ => "wrong-mail",
        }),
        channels::Error::Desk(error) => refusal(error),
        error => fault(&error),
    }
}
