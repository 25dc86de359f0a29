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

/// Finds the thread of a mail. `author` is its sender, if that is a known customer already; the
/// one customer of all unknown senders is nobody's same sender and is not given here.
pub(super) fn find(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    facts: &Facts,
    author: Option<CustomerId>,
    now: Timestamp,
) -> Result<Thread, Error> {
    let own_ids = match author {
        Some(author) => Vault::with_merged(tx, organisation, author)?,
        None => Vec::new(),
    };
    let mut waiting = waiting_for(tx, organisation, facts, &own_ids)?;
    let known = match by_reference(tx, organisation, facts, &own_ids)? {
        Some(found) => Some(found),
        None => by_subject(tx, organisation, facts, &own_ids, now)?,
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

/// The sender's own conversations that named this mail before it came. Another customer's is left
/// where it is: whoever knows a Message-ID could otherwise take the matters of all who answered it.
/// One that we have answered stays as it is too.
fn waiting_for(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    facts: &Facts,
    own_ids: &[CustomerId],
) -> Result<Vec<Candidate>, Error> {
    let Some(own) = &facts.own else { return Ok(Vec::new()) };
    // A Message-ID that somebody bears already was guessed or repeated: it moves nothing.
    if own_ids.is_empty() || store::bearer(tx, organisation, own)?.is_some() {
        return Ok(Vec::new());
    }
    let mut waiting = Vec::new();
    for id in own_ids {
        for conversation in store::mentioned_by(tx, organisation, own, *id, ABSORBED)? {
            waiting.extend(candidate(tx, organisation, conversation)?.filter(|found| !found.answered));
        }
    }
    Ok(waiting)
}

fn by_reference(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    facts: &Facts,
    own_ids: &[CustomerId],
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
    for mention in &facts.mentions {
        for id in own_ids {
            if let Some(conversation) = store::mentioned_by(tx, organisation, mention, *id, 1)?.first()
                && let Some(found) = candidate(tx, organisation, *conversation)?
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
            return candidate(tx, organisation, conversation);
        }
    }
    Ok(None)
}
