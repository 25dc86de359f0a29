//! The customer pane: what this conversation needs to know of its customer, masked; what else they
//! wrote about; and who looked at them.

use std::sync::Arc;

use app::access::action::{ListConversations, ReadCustomer};
use app::access::{CustomerCase, Permit, Refusal};
use app::desk::{Filter, Order, PageRequest, Thread};
use app::identity::SignedIn;
use app::vault::{self, Field, FieldId, Purpose, ValueRef};
use app::{Actor, audit};
use askama::Template;
use kernel::{ConversationId, CustomerId, Id as _, Timestamp};

use super::colleagues::Colleagues;
use super::view::View;
use super::{fault, list, refusal, vault_refusal, words};
use crate::frame::Frame;
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
    /// What it may be revealed for, the likeliest first.
    pub(crate) purposes: Vec<(String, String)>,
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
    pub(crate) customer: CustomerId,
    /// What a form of this page carries.
    pub(crate) token: String,
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
    frame: &Frame,
    view: &View,
    thread: &Thread,
) -> Result<CustomerPane, Problem> {
    let app = &shared.app;
    let (l, moments) = (frame.strings, &frame.moments);
    let (organisation, customer) = (me.organisation, thread.customer);
    let filter = Filter { customer: Some(customer), ..Filter::default() };
    let page = PageRequest { order: Order::NewestFirst, cursor: None, limit: HISTORY + 1 };
    let case = CustomerCase { customer, conversation: Some(thread.id) };
    // Who may not see what is held sees whose matter it is, and no more.
    let (is_erased, permit) = match session::permit::<ReadCustomer>(shared, me, case).await {
        Ok(permit) => (false, Some(permit)),
        Err(Problem::Refused(why)) => (why == Refusal::Erased, None),
        Err(problem) => return Err(problem),
    };
    let masked = async {
        match &permit {
            Some(permit) => app.vault.masked(permit).await,
            None => Ok(Vec::new()),
        }
    };
    let (masked, fields, history, entries) = tokio::join!(
        masked,
        app.vault.fields(organisation),
        app.desk.list(may, filter, page),
        app.audit.latest_of(organisation, customer.into(), ENTRIES),
    );
    let masked = masked.map_err(vault_refusal)?;
    let fields = fields.map_err(vault_refusal)?;
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
        customer,
        token: frame.token().to_owned(),
        name: thread.customer_name.clone().unwrap_or_else(|| l.t("nameless")),
        since: moments.year(&customer.made_at()),
        speaks: thread.language.map(|language| words::speaks(l, language)),
        is_erased,
        history: history.collect(),
        looks: looks(shared, me, l, entries, &masked).await,
        locked: locked(l, masked, &fields),
        moments: moments.clone(),
        is_beside: false,
    })
}

/// The values with their keys. The name is case content and stands above.
fn locked(l: Strings, masked: Vec<vault::MaskedValue>, fields: &[Field]) -> Vec<Locked> {
    let values = masked.into_iter().filter(|value| value.field != FieldId::NAME);
    values
        .enumerate()
        .map(|(place, value)| Locked {
            label: label(l, value.field, &value.label),
            mask: value.masked.to_string(),
            value: value.id,
            purposes: purposes(l, fields, value.field),
            key: Some(place + 1).filter(|key| *key < 10),
        })
        .collect()
}

/// What a field is held for: answering comes first, as that is what a desk does.
fn purposes(l: Strings, fields: &[Field], field: FieldId) -> Vec<(String, String)> {
    let held = fields.iter().find(|known| known.id == field).map_or(&[][..], |known| &known.purposes);
    let mut words: Vec<&str> = held.iter().map(Purpose::as_str).collect();
    words.sort_by_key(|word| *word != "service");
    words.into_iter().map(|word| (word.to_owned(), words::purpose(l, word))).collect()
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
