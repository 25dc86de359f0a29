//! The data inventory: a field exists only because this says what it is, what it is for and on
//! which legal ground it is held. Values for anything else are refused.

use std::fmt;
use std::str::FromStr;

use db::Tx;
use envelope::SubjectId;
use kernel::{OrganisationId, Timestamp};

use super::mask::Mask;
use super::place::Retention;
use super::store::inventory as store;
use super::{ContactKind, Error, Vault};
use crate::STALE_TRIES;
use crate::access::Permit;
use crate::access::action::ManageInventory;
use crate::audit::{Action, Audit, Entry};

/// Fields of one organisation.
pub const FIELDS: usize = 200;
/// Purposes of one field.
const PURPOSES: usize = 16;
/// Bytes of a field's or a purpose's name.
const NAME_BYTES: usize = 48;
/// Characters of a label.
const LABEL_CHARS: usize = 120;

/// The number of a field in its organisation's inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(u16);

impl FieldId {
    /// The customer's name: case content, shown to those who may see the queue.
    pub const NAME: Self = Self(1);
    /// E-mail addresses, kept as contact points.
    pub const EMAIL: Self = Self(2);
    /// Phone numbers, kept as contact points.
    pub const PHONE: Self = Self(3);
    /// Where post goes.
    pub const POSTAL_ADDRESS: Self = Self(4);
    /// The date of birth.
    pub const BIRTH_DATE: Self = Self(5);
    /// The customer's number in the organisation's books.
    pub const CUSTOMER_NUMBER: Self = Self(6);
    /// The company that the customer belongs to.
    pub const COMPANY: Self = Self(7);
    /// The language in which the customer is spoken to.
    pub const LANGUAGE: Self = Self(8);
    /// A bank account (ISO 13616).
    pub const IBAN: Self = Self(9);
    /// What agents keep in mind about the customer.
    pub const NOTE: Self = Self(10);
    /// Fields that an organisation adds are numbered from here; below are the product's own.
    const FIRST_OWN: u16 = 100;

    pub(super) const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// What kind of personal data a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataClass {
    /// Who somebody is.
    Identity,
    /// How somebody is reached.
    Contact,
    /// Money and accounts.
    Financial,
    /// What somebody wants and how they want it.
    Preference,
    /// What was written freely.
    FreeText,
    /// Health (GDPR Art. 9).
    Health,
    /// The other special categories of GDPR Art. 9.
    Special,
}

impl DataClass {
    /// Every class.
    pub const ALL: [Self; 7] =
        [Self::Identity, Self::Contact, Self::Financial, Self::Preference, Self::FreeText, Self::Health, Self::Special];

    /// The registered number.
    pub const fn number(self) -> u16 {
        match self {
            Self::Identity => 1,
            Self::Contact => 2,
            Self::Financial => 3,
            Self::Preference => 4,
            Self::FreeText => 5,
            Self::Health => 6,
            Self::Special => 7,
        }
    }

    /// The class of a number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.number() == number)
    }
}

/// The ground on which a field may be held: the letters of GDPR Art. 6(1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LegalBasis {
    /// (a) The customer agreed.
    Consent,
    /// (b) A contract with the customer needs it.
    Contract,
    /// (c) A law demands it.
    LegalObligation,
    /// (d) It protects somebody's life.
    VitalInterests,
    /// (e) A public task needs it.
    PublicTask,
    /// (f) A legitimate interest outweighs the customer's.
    LegitimateInterests,
}

impl LegalBasis {
    /// Every ground.
    pub const ALL: [Self; 6] = [
        Self::Consent,
        Self::Contract,
        Self::LegalObligation,
        Self::VitalInterests,
        Self::PublicTask,
        Self::LegitimateInterests,
    ];

    /// The letter, as it is stored.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Consent => "a",
            Self::Contract => "b",
            Self::LegalObligation => "c",
            Self::VitalInterests => "d",
            Self::PublicTask => "e",
            Self::LegitimateInterests => "f",
        }
    }
}

/// A text that is no letter of Art. 6(1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a legal basis is a letter from a to f, as in GDPR Art. 6(1)")]
pub struct UnknownBasis;

impl FromStr for LegalBasis {
    type Err = UnknownBasis;

    fn from_str(letter: &str) -> Result<Self, UnknownBasis> {
        Self::ALL.into_iter().find(|basis| basis.letter() == letter).ok_or(UnknownBasis)
    }
}

/// What a value is needed for, in one short word: `service`, `billing`, `delivery`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Purpose(String);

impl Purpose {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a purpose is one word of lower-case letters, digits and hyphens, {NAME_BYTES} characters at most")]
pub struct MalformedPurpose;

impl FromStr for Purpose {
    type Err = MalformedPurpose;

    fn from_str(word: &str) -> Result<Self, MalformedPurpose> {
        if is_name(word, b'-') { Ok(Self(word.to_owned())) } else { Err(MalformedPurpose) }
    }
}

fn is_name(word: &str, joint: u8) -> bool {
    word.len() <= NAME_BYTES
        && word.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == joint)
}

/// One field of the inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its number.
    pub id: FieldId,
    /// Its name for programs: `postal_address`.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// What kind of data it holds.
    pub class: DataClass,
    /// What its values may be used for.
    pub purposes: Vec<Purpose>,
    /// The ground on which they are held.
    pub legal_basis: LegalBasis,
    /// What they are erased with.
    pub retention: Retention,
    /// What is seen of them.
    pub mask: Mask,
    /// Its values are contact points of this kind; none for values that find nobody.
    pub contact: Option<ContactKind>,
}

impl Field {
    /// Whether its values may be used for this.
    pub fn is_for(&self, purpose: &Purpose) -> bool {
        self.purposes.contains(purpose)
    }
}

/// How an organisation wants a field to be.
#[derive(Clone, Debug)]
pub struct FieldDefinition {
    /// Its name: lower-case letters, digits and underscores. An existing name changes that field.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// What kind of data it holds.
    pub class: DataClass,
    /// What its values may be used for, at least one.
    pub purposes: Vec<Purpose>,
    /// The ground on which they are held.
    pub legal_basis: LegalBasis,
    /// What is seen of them; [`Mask::None`] only for the customer's name.
    pub mask: Mask,
}

impl FieldDefinition {
    fn check(&self) -> Result<(), Error> {
        let wrong = |reason| Err(Error::Definition(reason));
        if !is_name(&self.name, b'_') {
            return wrong("its name is lower-case letters, digits and underscores, 48 at most");
        }
        if self.label.trim().is_empty() || self.label.chars().count() > LABEL_CHARS {
            return wrong("its label has 1 to 120 characters");
        }
        if self.purposes.is_empty() || self.purposes.len() > PURPOSES {
            return wrong("it needs 1 to 16 purposes");
        }
        Ok(())
    }
}

type Row = (FieldId, &'static str, &'static str, DataClass, &'static str, LegalBasis, Mask, Option<ContactKind>);

/// What a new organisation begins with.
const DEFAULT: [Row; 10] = {
    use DataClass::{Contact, Financial, FreeText, Identity, Preference};
    use LegalBasis::{Contract, LegitimateInterests};
    const PERSON: &str = "service,billing,delivery,verification";
    [
        (FieldId::NAME, "name", "Name", Identity, PERSON, Contract, Mask::None, None),
        (FieldId::EMAIL, "email", "E-mail", Contact, PERSON, Contract, Mask::Email, Some(ContactKind::Email)),
        (FieldId::PHONE, "phone", "Phone", Contact, PERSON, Contract, Mask::Phone, Some(ContactKind::Phone)),
        (FieldId::POSTAL_ADDRESS, "postal_address", "Postal address", Contact, PERSON, Contract, Mask::Hidden, None),
        (
            FieldId::BIRTH_DATE,
            "birth_date",
            "Date of birth",
            Identity,
            "verification",
            LegitimateInterests,
            Mask::Year,
            None,
        ),
        (
            FieldId::CUSTOMER_NUMBER,
            "customer_number",
            "Customer number",
            Identity,
            PERSON,
            Contract,
            Mask::LastFour,
            None,
        ),
        (FieldId::COMPANY, "company", "Company", Identity, "service,billing,delivery", Contract, Mask::Initials, None),
        (FieldId::LANGUAGE, "language", "Language", Preference, "service", LegitimateInterests, Mask::Hidden, None),
        (FieldId::IBAN, "iban", "Bank account", Financial, "billing,verification", Contract, Mask::LastFour, None),
        (FieldId::NOTE, "note", "Note", FreeText, "service", LegitimateInterests, Mask::Hidden, None),
    ]
};

impl Vault {
    /// Stores the inventory that a new organisation begins with.
    pub fn default_inventory(tx: &mut Tx<'_>, organisation: OrganisationId, now: Timestamp) -> Result<(), Error> {
        for (id, name, label, class, purposes, legal_basis, mask, contact) in DEFAULT {
            let field = Field {
                id,
                name: name.to_owned(),
                label: label.to_owned(),
                class,
                purposes: purposes.split(',').map(|word| Purpose(word.to_owned())).collect(),
                legal_basis,
                retention: Retention::Profile,
                mask,
                contact,
            };
            store::insert_field(tx, organisation, &field, now)?;
        }
        Ok(())
    }

    /// The whole inventory, by number.
    pub async fn fields(&self, organisation: OrganisationId) -> Result<Vec<Field>, Error> {
        self.context.db.read("vault.fields", move |tx| Ok(store::fields(tx, organisation, FIELDS)?)).await
    }

    /// Adds a field, or changes the one of that name, and leaves an entry in the organisation's chain.
    pub async fn define_field(
        &self,
        audit: &Audit,
        permit: &Permit<ManageInventory>,
        definition: &FieldDefinition,
    ) -> Result<FieldId, Error> {
        permit.in_force(self.context.clock.now())?;
        definition.check()?;
        for _ in 0..STALE_TRIES {
            match self.try_define(audit, permit, definition).await {
                // Two new fields took one number.
                Err(Error::Stale | Error::Database(db::Error::Unique)) => {}
                done => return done,
            }
        }
        Err(db::Error::Conflict.into())
    }

    async fn try_define(
        &self,
        audit: &Audit,
        permit: &Permit<ManageInventory>,
        wanted: &FieldDefinition,
    ) -> Result<FieldId, Error> {
        let (organisation, actor) = (permit.organisation(), permit.actor());
        let vault = self.clone();
        let look = move |tx: &mut Tx<'_>| {
            let keys = vault.keys(tx, organisation, SubjectId::from(organisation))?.ok_or(Error::Erased)?;
            Ok::<_, Error>((keys, store::fields(tx, organisation, FIELDS)?))
        };
        let (keys, fields) = self.context.db.read("vault.define_field", look).await?;
        let known = fields.iter().find(|field| field.name == wanted.name);
        let id = match (known, fields.last()) {
            (Some(known), _) => known.id,
            (None, Some(_)) if fields.len() >= FIELDS => {
                return Err(Error::Definition("the inventory is full: change a field that is no longer used"));
            }
            (None, last) => FieldId(last.map_or(0, |last| last.id.0.saturating_add(1)).max(FieldId::FIRST_OWN)),
        };
        if wanted.mask == Mask::None && id != FieldId::NAME {
            return Err(Error::Definition("only the customer's name is shown without a mask"));
        }
        let now = self.context.clock.now();
        let field = Field {
            id,
            name: wanted.name.clone(),
            label: wanted.label.trim().to_owned(),
            class: wanted.class,
            purposes: wanted.purposes.clone(),
            legal_basis: wanted.legal_basis,
            retention: Retention::Profile,
            mask: wanted.mask,
            contact: known.and_then(|known| known.contact),
        };
        let purposes: Vec<&str> = field.purposes.iter().map(Purpose::as_str).collect();
        let detail = format!(
            "purposes {}; basis {}; mask {}",
            purposes.join(", "),
            field.legal_basis.letter(),
            field.mask.word()
        );
        let entry = Entry::new(Action::FieldChanged, actor, now).field(&*field.name).detail(detail);
        let entries = [audit.prepare(&keys, &entry)?];
        let is_new = known.is_none();
        self.context
            .db
            .write("vault.define_field", move |tx| {
                if is_new {
                    store::insert_field(tx, organisation, &field, now)?;
                } else if !store::update_field(tx, organisation, &field)? {
                    return Err(Error::Stale);
                }
                Audit::append(tx, organisation, &entries)?;
                Ok(field.id)
            })
            .await
    }
}
