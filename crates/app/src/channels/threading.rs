//! Which conversation a mail belongs to: by our own token, by the Message-IDs it names, by those
//! that named it before it came, and last, for the same sender only, by its subject.
//!
//! The same look is taken before the mail is sealed and again inside the transaction that stores
//! it; when they differ, another mail of the thread came between.

use db::Tx;
use kernel::{ConversationId, CustomerId, OrganisationId, Timestamp, limits};

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
        /// The mail is what the conversation's messages answered before it came: its sender is
        /// whose matter it really is, and its subject is the conversation's.
        takes_over: bool,
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

/// Finds the thread of a mail whose sender is `author`, if that is a customer already.
pub(super) fn find(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    facts: &Facts,
    author: Option<CustomerId>,
    now: Timestamp,
) -> Result<Thread, Error> {
    let mut waiting = waiting_for(tx, organisation, facts)?;
    let known = match by_reference(tx, organisation, facts, author)? {
        Some(found) => Some(found),
        None => by_subject(tx, organisation, facts, author, now)?,
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

fn join(found: Candidate, takes_over: bool, absorbed: &[Candidate]) -> Thread {
    Thread::Join {
        conversation: found.conversation,
        owner: found.owner,
        lives_as: found.lives_as,
        takes_over,
        absorbed: absorbed.iter().map(|other| other.conversation).collect(),
    }
}

/// A conversation as a candidate; none when it is gone or its customer has been erased.
fn candidate(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<Option<Candidate>, Error> {
    let Some(standing) = Desk::standing(tx, organisation, conversation)? else { return Ok(None) };
    let (owner, answered) = (standing.customer, standing.answered);
    let lives_as = match Vault::state(tx, organisation, owner, false)? {
        CustomerState::Live => owner,
        CustomerState::Merged(_) => Vault::survivor(tx, organisation, owner)?,
        CustomerState::Erased => return Ok(None),
    };
    Ok(Some(Candidate { conversation, owner, lives_as, answered }))
}

/// Conversations that named this mail before it came. One that we have answered stays as it is:
/// its customer has been told things that the new owner must not inherit, nor the other way round.
fn waiting_for(tx: &mut Tx<'_>, organisation: OrganisationId, facts: &Facts) -> Result<Vec<Candidate>, Error> {
    let Some(own) = &facts.own else { return Ok(Vec::new()) };
    // A Message-ID that somebody bears already was guessed or repeated: it moves nothing.
    if store::bearer(tx, organisation, own)?.is_some() {
        return Ok(Vec::new());
    }
    let mut waiting = Vec::new();
    for conversation in store::mentioned_by(tx, organisation, own, ABSORBED)? {
        waiting.extend(candidate(tx, organisation, conversation)?.filter(|found| !found.answered));
    }
    Ok(waiting)
}

fn by_reference(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    facts: &Facts,
    author: Option<CustomerId>,
) -> Result<Option<Candidate>, Error> {
    if let Some(conversation) = facts.token
        && let Some(found) = candidate(tx, organisation, conversation)?
    {
        return Ok(Some(found));
    }
    for mention in &facts.mentions {
        if let Some(conversation) = store::bearer(tx, organisation, mention)?
            && let Some(found) = candidate(tx, organisation, conversation)?
        {
            return Ok(Some(found));
        }
    }
    // A mail that has not come yet vouches for nothing: only the same sender's mails meet by it.
    let Some(author) = author else { return Ok(None) };
    for mention in &facts.mentions {
        for conversation in store::mentioned_by(tx, organisation, mention, ABSORBED)? {
            if let Some(found) = candidate(tx, organisation, conversation)?
                && found.lives_as == author
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
    author: Option<CustomerId>,
    now: Timestamp,
) -> Result<Option<Candidate>, Error> {
    // A mail that names its thread is believed, even when that thread has not come yet.
    let (Some(author), Some(subject), []) = (author, &facts.replied_subject, facts.mentions.as_slice()) else {
        return Ok(None);
    };
    let since = now.minus(limits::SUBJECT_THREADING);
    match Desk::find_by_subject(tx, organisation, author, subject, since)? {
        Some(conversation) => candidate(tx, organisation, conversation),
        None => Ok(None),
    }
}
