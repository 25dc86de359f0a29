//! Lists of conversations: one page at a time, read along one index, opened and named.
//!
//! A page costs the same in an archive of any length. State, assignee, label and customer are
//! answered by indexes; what a further condition leaves out is passed over, [`SCAN_ROWS`] at most.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use db::Tx;
use kernel::{AgentId, ConversationId, CustomerId, Id, Locale, OrganisationId, Timestamp, limits};

use super::cursor::{Cursor, Order};
use super::label::label_name;
use super::state::State;
use super::store::{self, Key, Path, SealedRow};
use super::{Desk, Error};
use crate::access::Permit;
use crate::access::action::ListConversations;
use crate::vault::{Column, SubjectKeys, Vault};

/// Rows that one page looks at when a condition has no index of its own. Such a page may hold
/// fewer rows than asked for, and still say where the next begins.
pub const SCAN_ROWS: usize = 1_000;

/// Who works on a conversation, as a condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Assignee {
    /// Anybody or nobody.
    #[default]
    Any,
    /// Nobody.
    Nobody,
    /// This agent.
    Agent(AgentId),
}

/// Which conversations a list shows. The default shows all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In one of these states; in any when there are none.
    pub states: Vec<State>,
    /// Who works on it.
    pub assignee: Assignee,
    /// Carrying the label of this name.
    pub label: Option<String>,
    /// Of this customer, and of those who turned out to be this customer.
    pub customer: Option<CustomerId>,
    /// Come by this channel.
    pub channel: Option<String>,
    /// Begun in this language.
    pub language: Option<Locale>,
}

/// Which stretch of a list.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageRequest {
    /// What comes first.
    pub order: Order,
    /// Where the page begins: [`Page::next`] of the page before.
    pub cursor: Option<Cursor>,
    /// Rows, from 1 to [`limits::PAGE_ROWS`]; more or fewer are taken as the nearest of these.
    pub limit: usize,
}

/// A conversation in a list. No `Debug`: it holds a customer's words.
#[derive(Clone, PartialEq, Eq)]
pub struct ListRow {
    /// Its id.
    pub id: ConversationId,
    /// Whose matter it is.
    pub customer: CustomerId,
    /// That customer's name, if one is known.
    pub customer_name: Option<String>,
    /// The subject; none when its key is destroyed.
    pub subject: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Who works on it.
    pub assignee: Option<AgentId>,
    /// The channel it came by.
    pub channel: String,
    /// Messages in it.
    pub messages: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When the last message joined.
    pub activity_at: Timestamp,
    /// When it wakes, if it sleeps.
    pub snoozed_until: Option<Timestamp>,
    /// Names of its labels, in their order.
    pub labels: Vec<String>,
    /// The language that it was begun in, when its words told.
    pub language: Option<Locale>,
}

/// One page of a list.
#[derive(Clone)]
pub struct Page {
    /// The rows.
    pub rows: Vec<ListRow>,
    /// Where the next page begins; none at the end of the list.
    pub next: Option<Cursor>,
}

impl Desk {
    /// One page of a list. Subjects and names are case content and shown; bodies are not.
    pub async fn list(
        &self,
        permit: &Permit<ListConversations>,
        filter: Filter,
        page: PageRequest,
    ) -> Result<Page, Error> {
        let organisation = permit.organisation();
        permit.in_force(self.context.clock.now())?;
        let label = filter.label.as_deref().map(label_name).transpose()?;
        let filter = Arc::new(Filter { label, ..filter });
        let start = Cursor::within(page.cursor, page.order)?;
        let limit = page.limit.clamp(1, limits::PAGE_ROWS);
        let vault = self.vault.clone();
        let read = move |tx: &mut Tx<'_>| {
            let Some(paths) = paths(tx, organisation, &filter)? else {
                return Ok(Page { rows: Vec::new(), next: None });
            };
            let (found, next) = Search { organisation, filter: &filter, paths, limit }.run(tx, start)?;
            let opener = Opener::new(&vault, tx, organisation, found.iter().map(|row| row.sealed.customer))?;
            Ok(Page { rows: found.into_iter().map(|row| opener.row(row)).collect(), next })
        };
        self.context.db.read("desk.list", read).await
    }
}

/// The narrowest indexes that a filter allows; none when it can find nothing.
fn paths(tx: &mut Tx<'_>, organisation: OrganisationId, filter: &Filter) -> Result<Option<Vec<Path>>, Error> {
    if let Some(customer) = filter.customer {
        let customers = Vault::with_merged(tx, organisation, customer)?;
        return Ok(Some(customers.into_iter().map(Path::Customer).collect()));
    }
    Ok(match (filter.assignee, &filter.label) {
        (Assignee::Agent(agent), _) => Some(vec![Path::Agent(agent)]),
        (_, Some(name)) => store::find_label(tx, organisation, name)?.map(|label| vec![Path::Label(label)]),
        (Assignee::Nobody, None) => Some(vec![Path::Unassigned]),
        (Assignee::Any, None) => Some(vec![Path::Anybody]),
    })
}

/// A row with its labels, before it is opened.
struct Found {
    sealed: SealedRow,
    labels: Vec<String>,
}

struct Search<'f> {
    organisation: OrganisationId,
    filter: &'f Filter,
    paths: Vec<Path>,
    limit: usize,
}

impl Search<'_> {
    /// Reads keys and rows until the page is full, the list ends, or enough was looked at.
    fn run(&self, tx: &mut Tx<'_>, start: Cursor) -> Result<(Vec<Found>, Option<Cursor>), Error> {
        let mut rows: Vec<Found> = Vec::with_capacity(self.limit);
        let mut place = start;
        let mut looked_at = 0;
        // Where every key fits, one more than the page tells whether there is another.
        let stretch = if self.is_exact() { self.limit + 1 } else { limits::PAGE_ROWS };
        loop {
            let keys = self.keys(tx, &place, stretch)?;
            let ends = keys.len() < stretch;
            looked_at += keys.len();
            let mut found = self.rows(tx, &keys)?;
            for (at, id) in keys {
                let Some(row) = found.remove(&id).filter(|row| self.shows(row)) else {
                    place = Cursor { at, id: *id.bytes(), ..start };
                    continue;
                };
                if rows.len() == self.limit {
                    return Ok((rows, Some(place)));
                }
                place = Cursor { at, id: *id.bytes(), ..start };
                rows.push(row);
            }
            if ends {
                return Ok((rows, None));
            }
            if looked_at >= SCAN_ROWS {
                return Ok((rows, Some(place)));
            }
        }
    }

    /// Whether the index along which the list is read answers the whole filter.
    fn is_exact(&self) -> bool {
        let Filter { states, assignee, label, customer, channel, language } = self.filter;
        let narrower = [!states.is_empty() && customer.is_some(), channel.is_some(), language.is_some()];
        let conditions = [*assignee != Assignee::Any, label.is_some(), customer.is_some()];
        !narrower.contains(&true) && conditions.into_iter().filter(|given| *given).count() <= 1
    }

    fn shows(&self, row: &Found) -> bool {
        let Filter { states, assignee, label, customer: _, channel, language } = self.filter;
        let is_theirs = match assignee {
            Assignee::Any => true,
            Assignee::Nobody => row.sealed.assignee.is_none(),
            Assignee::Agent(agent) => row.sealed.assignee == Some(*agent),
        };
        is_theirs
            && (states.is_empty() || states.contains(&row.sealed.state))
            && label.as_ref().is_none_or(|name| row.labels.contains(name))
            && channel.as_ref().is_none_or(|channel| row.sealed.channel == *channel)
            && (language.is_none() || row.sealed.language == *language)
    }

    fn keys(&self, tx: &mut Tx<'_>, after: &Cursor, limit: usize) -> Result<Vec<Key>, Error> {
        let states = if self.filter.states.is_empty() { &State::ALL[..] } else { &self.filter.states };
        let mut keys = Vec::new();
        for path in &self.paths {
            keys.extend(store::keys(tx, self.organisation, path, states, after, limit)?);
        }
        match after.order {
            Order::NewestFirst => keys.sort_unstable_by_key(|key| Reverse(*key)),
            Order::OldestFirst => keys.sort_unstable(),
        }
        keys.truncate(limit);
        Ok(keys)
    }

    fn rows(&self, tx: &mut Tx<'_>, keys: &[Key]) -> Result<HashMap<ConversationId, Found>, Error> {
        let ids: Vec<ConversationId> = keys.iter().map(|(_, id)| *id).collect();
        let mut labels: HashMap<ConversationId, Vec<String>> = HashMap::new();
        for (id, name) in store::row_labels(tx, self.organisation, &ids)? {
            labels.entry(id).or_default().push(name);
        }
        let rows = store::rows(tx, self.organisation, &ids)?.into_iter();
        Ok(rows
            .map(|sealed| {
                let labels = labels.remove(&sealed.id).unwrap_or_default();
                (sealed.id, Found { sealed, labels })
            })
            .collect())
    }
}

/// Opens what a page shows with the keys of all its customers, fetched at once.
pub(super) struct Opener {
    keys: HashMap<CustomerId, Arc<SubjectKeys>>,
    names: HashMap<CustomerId, String>,
}

impl Opener {
    pub(super) fn new(
        vault: &Vault,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customers: impl Iterator<Item = CustomerId>,
    ) -> Result<Self, Error> {
        let customers: Vec<CustomerId> = customers.collect::<HashSet<_>>().into_iter().collect();
        let keys = vault.keys_of_page(tx, organisation, &customers)?;
        let names = Vault::names_of_page(tx, organisation, &keys)?;
        Ok(Self { keys, names })
    }

    pub(super) fn name(&self, customer: CustomerId) -> Option<String> {
        self.names.get(&customer).cloned()
    }

    /// The plain bytes; none when the customer's key is destroyed or the value was tampered with.
    pub(super) fn open(
        &self,
        customer: CustomerId,
        column: Column,
        row: &impl Id,
        sealed: &[u8],
    ) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        match self.keys.get(&customer)?.open(column, row.bytes(), sealed) {
            Ok(opened) => Some(opened),
            Err(crate::vault::Error::Erased) => None,
            Err(error) => {
                tracing::warn!(?column, %customer, %error, "a sealed value does not open");
                None
            }
        }
    }

    pub(super) fn subject(&self, row: &SealedRow) -> Option<String> {
        let opened = self.open(row.customer, Column::Subject, &row.id, &row.subject)?;
        Some(String::from_utf8_lossy(&opened).into_owned())
    }

    fn row(&self, found: Found) -> ListRow {
        let Found { sealed: row, labels } = found;
        ListRow {
            customer_name: self.name(row.customer),
            subject: self.subject(&row),
            id: row.id,
            customer: row.customer,
            state: row.state,
            assignee: row.assignee,
            channel: row.channel,
            messages: row.messages,
            created_at: row.created_at,
            activity_at: row.activity_at,
            snoozed_until: row.snoozed_until,
            language: row.language,
            labels,
        }
    }
}
