//! The customer pane: what this conversation needs to know of its customer, masked; what else they
//! wrote about; and who looked at them.

use std::sync::Arc;

use app::access::action::{ListConversations, ReadCustomer};
use app::access::{CustomerCase, Permit};
use app::desk::{Filter, Order, PageRequest, Thread};
use app::identity::SignedIn;
use app::vault::{self, FieldId, ValueRef};
use app::{Actor, audit};
use askama::Template;
use kernel::{ConversationId, Id as _, Timestamp};

use super::colleagues::Colleagues;
use super::view::View;
use super::{fault, list, refusal, vault_refusal, words};
use crate::moments::Moments;
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session;
use crate::strings::Strings;

/// Other conversations that are listed.
const HISTORY: usize = 8;
/// Looks that are listed.
const LOOKS: usize = 8;
/// Entries among which looks are sought.
const ENTRIES: usize = 50;

/// A value in its lock.
pub(crate) struct Locked {
    pub(crate) label: String,
    pub(crate) mask: String,
    pub(crate) value: ValueRef,
    /// The key that reveals it.
    pub(crate) key: Option<usize>,
}

/// Another conversation of the customer.
pub(crate) struct Past {
    pub(crate) href: String,
    pub(crate) subject: String,
    pub(crate) at: Timestamp,
}

/// Somebody looked.
pub(crate) struct Look {
    pub(crate) what: String,
    pub(crate) at: Timestamp,
}

/// The whole pane.
#[derive(Template)]
#[template(path = "desk/customer.html")]
pub(crate) struct CustomerPane {
    pub(crate) l: Strings,
    pub(crate) moments: Moments,
    pub(crate) conversation: ConversationId,
    pub(crate) name: String,
    pub(crate) since: String,
    pub(crate) speaks: Option<String>,
    pub(crate) is_erased: bool,
    pub(crate) locked: Vec<Locked>,
    pub(crate) history: Vec<Past>,
    pub(crate) looks: Vec<Look>,
    /// Whether the pane comes beside another part of the page.
    pub(crate) is_beside: bool,
}

/// What an opened thread's customer is.
pub(crate) async fn read(
    shared: &Arc<Shared>,
    (me, may): (&SignedIn, &Permit<ListConversations>),
    (l, moments): (Strings, &Moments),
    view: &View,
    thread: &Thread,
) -> Result<CustomerPane, Problem> {
    let app = &shared.app;
    let (organisation, customer) = (me.organisation, thread.customer);
    let filter = Filter { customer: Some(customer), ..Filter::default() };
    let page = PageRequest { order: Order::NewestFirst, cursor: None, limit: HISTORY + 1 };
    let case = CustomerCase { customer, conversation: Some(thread.id) };
    let permit = session::permit::<ReadCustomer>(shared, me, case).await?;
    let (masked, history, entries) = tokio::join!(
        app.vault.masked(&permit),
        app.desk.list(may, filter, page),
        app.audit.latest_of(organisation, customer.into(), ENTRIES),
    );
    let (is_erased, masked) = match masked {
        Ok(masked) => (false, masked),
        Err(vault::Error::Erased) => (true, Vec::new()),
        Err(error) => return Err(vault_refusal(error)),
    };
    let entries = entries.map_err(|error| fault(&error))?;
    let history = history.map_err(refusal)?.rows.into_iter().filter(|row| row.id != thread.id).take(HISTORY);
    let history = history.map(|row| Past {
        href: format!("{}/{}", view.path(), row.id),
        subject: list::subject(l, row.subject),
        at: row.activity_at,
    });
    Ok(CustomerPane {
        l,
        conversation: thread.id,
        name: thread.customer_name.clone().unwrap_or_else(|| l.t("nameless")),
        since: moments.year(&customer.made_at()),
        speaks: thread.language.map(|language| words::speaks(l, language)),
        is_erased,
        history: history.collect(),
        looks: looks(shared, me, l, entries, &masked).await,
        locked: locked(l, masked),
        moments: moments.clone(),
        is_beside: false,
    })
}

/// The values with their keys. The name is case content and stands above.
fn locked(l: Strings, masked: Vec<vault::MaskedValue>) -> Vec<Locked> {
    let values = masked.into_iter().filter(|value| value.field != FieldId::NAME);
    values
        .enumerate()
        .map(|(place, value)| Locked {
            label: label(l, value.field, &value.label),
            mask: value.masked.to_string(),
            value: value.id,
            key: Some(place + 1).filter(|key| *key < 10),
        })
        .collect()
}

/// The product's own fields are named in the reader's language, an organisation's in its own.
fn label(l: Strings, field: FieldId, own: &str) -> String {
    match field {
        FieldId::NAME => l.t("field-name"),
        FieldId::EMAIL => l.t("field-email"),
        FieldId::PHONE => l.t("field-phone"),
        FieldId::POSTAL_ADDRESS => l.t("field-postal-address"),
        FieldId::BIRTH_DATE => l.t("field-birth-date"),
        FieldId::CUSTOMER_NUMBER => l.t("field-customer-number"),
        FieldId::COMPANY => l.t("field-company"),
        FieldId::LANGUAGE => l.t("field-language"),
        FieldId::IBAN => l.t("field-iban"),
        FieldId::NOTE => l.t("field-note"),
        _ => own.to_owned(),
    }
}

/// Who looked at what, the newest first: what was revealed and which threads were opened.
async fn looks(
    shared: &Arc<Shared>,
    me: &SignedIn,
    l: Strings,
    entries: Vec<audit::Written>,
    masked: &[vault::MaskedValue],
) -> Vec<Look> {
    let told = entries.into_iter().filter_map(|entry| entry.told);
    let seen = told.filter(|told| told.action == REVEALED || told.action == READ).take(LOOKS).collect::<Vec<_>>();
    let actor = |told: &audit::Told| told.actor.parse().unwrap_or(Actor::System);
    let agents = seen.iter().filter_map(|told| match actor(told) {
        Actor::Agent(agent) => Some(agent),
        _ => None,
    });
    let colleagues = Colleagues::of(shared, me, agents).await;
    let look = |told: audit::Told| {
        let who = words::actor(l, &colleagues, actor(&told));
        let field = told.field.as_deref().map(|name| {
            let known = masked.iter().find(|value| value.name == name);
            known.map_or_else(|| name.to_owned(), |value| label(l, value.field, &value.label))
        });
        let what = match field.filter(|_| told.action == REVEALED) {
            Some(field) => l.t2("look-value", "who", who, "field", field),
            None => l.t1("look-thread", "who", who),
        };
        Look { what, at: told.at }
    };
    seen.into_iter().map(look).collect()
}

const REVEALED: &str = audit::Action::ValueRevealed.word();
const READ: &str = audit::Action::ConversationRead.word();
