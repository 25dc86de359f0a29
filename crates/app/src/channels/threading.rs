//! Which conversation a mail belongs to: by our own token, by the Message-IDs it names, by those
//! that named it before it came, and last, for the same sender only, by its subject.
//!
//! The same look is taken before the mail is sealed and again inside the transaction that stores
//! it; when they differ, another mail of the thread came between.

use db::Tx;
use kernel::{ConversationId, CustomerId, OrganisationId, Timestamp, limits};

use super::store::Known;
use super::{Error, store};
use crate::desk::Desk;
use crate::vault::{CustomerState, Vault};

/// Conversations that one late parent may bring together.
const ABSORBED: usize = 50;

/// What a mail says about its thread, in keyed hashes.
#[derive(Clone, Default)]
pub(super) struct Facts {
    /// The conversation named by our own token.
    pub(super) token: Option<ConversationId>,
    /// Its own Message-ID.
    pub(super) own: Option<[u8; 32]>,
    /// The Message-IDs it answers or continues, the closest first.
    pub(super) mentions: Vec<[u8; 32]>,
    /// The subject without its marks, when there was a mark of a reply.
    pub(super) replied_subject: Option<[u8; 32]>,
}

/// Where a mail belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Thread {
    /// A matter of its own.
    New,
    /// An existing conversation.
    Join {
        /// Which one.
        conversation: ConversationId,
        /// Whose matter it is at this moment, and so whose key seals its subject.
        owner: CustomerId,
        /// Under whose id that customer lives now, merges followed.
        lives_as: CustomerId,
        /// The mail is what the conversation's messages answered before it came, so that its
        /// subject is the conversation's.
        is_root: bool,
        /// Other conversations that turn out to be parts of it.
        absorbed: Vec<ConversationId>,
    },
}

/// A conversation that a mail could join.
#[derive(Clone, Copy)]
struct Candidate {
    conversation: ConversationId,
    owner: CustomerId,
    lives_as: CustomerId,
    answered: bool,
}

/// What is asked about a mail's thread whoever sent it, all of it at once.
pub(super) struct Asked {
    token: Option<db::Asked<Known>>,
    awaited: Option<db::Asked<()>>,
    bearers: Vec<db::Asked<Known>>,
}

/// Asks for what the mail itself names.
pub(super) fn ask(tx: &mut Tx<'_>, organisation: OrganisationId, facts: &Facts) -> Result<Asked, Error> {
    Ok(Asked {
        token: facts.token.map(|conversation| store::ask_known(tx, organisation, conversation)).transpose()?,
        awaited: facts.own.as_ref().map(|own| store::ask_awaited(tx, organisation, own)).transpose()?,
        bearers: facts
            .mentions
            .iter()
            .map(|mention| store::ask_bearer(tx, organisation, mention))
            .collect::<Result<_, _>>()?,
    })
}

/// Finds the thread of a mail. `author` is its sender, if that is a known customer already; the
/// one customer of all unknown senders is nobody's same sender and is not given here.
pub(super) fn find(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    facts: &Facts,
    asked: Asked,
    author: Option<CustomerId>,
    now: Timestamp,
) -> Result<Thread, Error> {
    let is_awaited = match asked.awaited {
        Some(awaited) => tx.answer_opt(awaited)?.is_some(),
        None => false,
    };
    let named = by_reference(tx, organisation, asked.token, asked.bearers)?;
    // Most mails need no more: they name a thread that is there, or name none.
    let is_open = named.is_none() && !(facts.mentions.is_empty() && facts.replied_subject.is_none());
    let own_ids = match author {
        Some(author) if is_awaited || is_open => Vault::with_merged(tx, organisation, author)?,
        _ => Vec::new(),
    };
    let mut waiting = if is_awaited { waiting_for(tx, organisation, facts, &own_ids)? } else { Vec::new() };
    let known = match named {
        Some(found) => Some(found),
        None => match by_mention(tx, organisation, facts, &own_ids)? {
            Some(found) => Some(found),
            None => by_subject(tx, organisation, facts, &own_ids, now)?,
        },
    };
    if let Some(known) = known {
        waiting.retain(|other| other.conversation != known.conversation);
        return Ok(join(known, false, &waiting));
    }
    match waiting.split_first() {
        None => Ok(Thread::New),
        Some((first, rest)) => Ok(join(*first, true, rest)),
    }
}

fn join(found: Candidate, is_root: bool, absorbed: &[Candidate]) -> Thread {
    Thread::Join {
        conversation: found.conversation,
        owner: found.owner,
        lives_as: found.lives_as,
        is_root,
        absorbed: absorbed.iter().map(|other| other.conversation).collect(),
    }
}

/// A conversation as a candidate; none when it is gone or its customer has been erased.
fn candidate(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    asked: db::Asked<Known>,
) -> Result<Option<Candidate>, Error> {
    let Some(Known { conversation, owner, owner_is, answered }) = tx.answer_opt(asked)? else { return Ok(None) };
    let lives_as = match owner_is {
        CustomerState::Live => owner,
        CustomerState::Merged(into) => Vault::survivor(tx, organisation, into)?,
        CustomerState::Erased => return Ok(None),
    };
    Ok(Some(Candidate { conversation, owner, lives_as, answered }))
}

fn candidate_of(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<Option<Candidate>, Error> {
    let asked = store::ask_known(tx, organisation, conversation)?;
    candidate(tx, organisation, asked)
}

/// The sender's own conversations that named this mail before it came. Another customer's is left
/// where it is: whoever knows a Message-ID could otherwise take the matters of all who answered it.
/// One that we have answered stays as it is too. A Message-ID that somebody bears already was guessed
/// or repeated: it is not awaited, and moves nothing.
fn waiting_for(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    facts: &Facts,
    own_ids: &[CustomerId],
) -> Result<Vec<Candidate>, Error> {
    let Some(own) = &facts.own else { return Ok(Vec::new()) };
    let mut waiting = Vec::new();
    for id in own_ids {
        for conversation in store::mentioned_by(tx, organisation, own, *id, ABSORBED)? {
            waiting.extend(candidate_of(tx, organisation, conversation)?.filter(|found| !found.answered));
        }
    }
    Ok(waiting)
}

/// The thread of our own token, or of the closest mail that is there.
fn by_reference(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    token: Option<db::Asked<Known>>,
    bearers: Vec<db::Asked<Known>>,
) -> Result<Option<Candidate>, Error> {
    for asked in token.into_iter().chain(bearers) {
        if let Some(found) = candidate(tx, organisation, asked)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// A mail that has not come yet vouches for nothing: only the same sender's mails meet by it.
fn by_mention(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    facts: &Facts,
    own_ids: &[CustomerId],
) -> Result<Option<Candidate>, Error> {
    for mention in &facts.mentions {
        for id in own_ids {
            if let Some(conversation) = store::mentioned_by(tx, organisation, mention, *id, 1)?.first()
                && let Some(found) = candidate_of(tx, organisation, *conversation)?
            {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

fn by_subject(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    facts: &Facts,
    own_ids: &[CustomerId],
    now: Timestamp,
) -> Result<Option<Candidate>, Error> {
    // A mail that names its thread is believed, even when that thread has not come yet.
    let (Some(subject), []) = (&facts.replied_subject, facts.mentions.as_slice()) else { return Ok(None) };
    let since = now.minus(limits::SUBJECT_THREADING);
    for id in own_ids {
        if let Some(conversation) = Desk::find_by_subject(tx, organisation, *id, subject, since)? {
            return candidate_of(tx, organisation, conversation);
        }
    }
    Ok(None)
}
