//! The vault on SQLite. What two engines may do differently stands in the integration tests.

mod inventory;
mod merging;
mod revealing;
mod sealing;

use std::sync::Arc;

use db::{Config, Db, Statement, blob, id, int, text, time};
use envelope::provider::FileProvider;
use envelope::{CryptoEntropy, Keyring, SubjectId};
use kernel::{
    AgentId, Clock as _, ConversationId, CustomerId, Id, ManualClock, OrganisationId, SystemEntropy, Timestamp,
};
use tempfile::TempDir;

use super::{Column, Error, MaskedValue, Normalised, SetValue, Stored, ValueRef, Vault};
use crate::Context;
use crate::access::{Access, Action, CustomerCase, Permit, Policies, Principal};
use crate::audit::Audit;
use crate::desk::{Desk, NewConversation};
use crate::identity::Role;

static INSERT_ORGANISATION: Statement = Statement::new(
    "tests.INSERT_ORGANISATION",
    "INSERT INTO organisation (org, name, epoch, created_at) VALUES ($1, $2, $3, $4)",
);
static INSERT_AGENT: Statement = Statement::new(
    "tests.INSERT_AGENT",
    "INSERT INTO agent (org, id, role, state, email_index, email_sealed, created_at)
        VALUES ($1, $2, 'agent', 'active', $3, $3, $4)",
);
static ENTRIES: Statement = Statement::new(
    "tests.ENTRIES",
    "SELECT id, sealed FROM audit_entry WHERE org = $1 AND subject = $2 ORDER BY sequence",
);

/// The agent who works there.
pub(super) fn agent() -> AgentId {
    AgentId::from_bytes([7; 16])
}

/// One organisation on a database of its own.
pub(super) struct Bench {
    pub(super) folder: TempDir,
    pub(super) context: Arc<Context>,
    pub(super) vault: Vault,
    pub(super) audit: Audit,
    pub(super) access: Access,
    pub(super) desk: Desk,
    pub(super) organisation: OrganisationId,
    pub(super) clock: Arc<ManualClock>,
}

impl Bench {
    pub(super) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let provider = Arc::new(FileProvider::create(&folder.path().join("keys/root"), &SystemEntropy).unwrap());
        let entropy = Arc::new(CryptoEntropy);
        let keyring = Keyring::create(&folder.path().join("keys/keyring"), provider, entropy.clone()).unwrap();
        let db = Db::open(Config::sqlite(folder.path()), clock.clone()).await.unwrap();
        let context = Arc::new(Context {
            db,
            keyring: Arc::new(keyring),
            blobs: folder.path().join("blobs"),
            clock: clock.clone(),
            entropy,
        });
        let vault = Vault::new(Arc::clone(&context));
        let audit = Audit::new(Arc::clone(&context), vault.clone());
        let access = Access::new(Arc::clone(&context), audit.clone(), vault.clone(), Policies::built_in());
        let desk = Desk::new(Arc::clone(&context), vault.clone(), audit.clone());
        let organisation = OrganisationId::new(clock.now(), &SystemEntropy);
        let bench = Self { folder, context, vault, audit, access, desk, organisation, clock };
        bench.set_up(organisation).await;
        bench
    }

    /// Sets an organisation up as far as the vault is concerned.
    async fn set_up(&self, organisation: OrganisationId) {
        self.context.keyring.add_organisation(organisation).unwrap();
        let now = self.clock.now();
        let keys = self.vault.new_keys(organisation, SubjectId::from(organisation)).unwrap();
        self.write(move |tx| {
            tx.execute_one(&INSERT_ORGANISATION, &[id(&organisation), text("Bench"), int(1), time(now)])?;
            tx.execute_one(&INSERT_AGENT, &[id(&organisation), id(&agent()), blob(agent().bytes()), time(now)])?;
            Vault::insert_keys(tx, &keys, now)?;
            Vault::default_inventory(tx, organisation, now)
        })
        .await;
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut db::Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> T {
        self.context.db.write("tests.write", work).await.unwrap()
    }

    pub(super) async fn customer(&self, address: &str, name: &str) -> CustomerId {
        let contact = Normalised::email(address).unwrap();
        let new = self.vault.prepare_customer(self.organisation, &contact, Some(name)).unwrap();
        let (id, organisation, now) = (new.id, self.organisation, self.clock.now());
        self.write(move |tx| Vault::insert_customer(tx, organisation, &new, now)).await;
        id
    }

    /// What the policies say when somebody with a role asks.
    pub(super) async fn ask<A: Action>(&self, role: Role, resource: A::Resource) -> Result<Permit<A>, Error> {
        let principal = Principal::agent(self.organisation, agent(), role.into());
        Ok(self.access.permit(&principal, resource).await?)
    }

    pub(super) async fn set(&self, customer: CustomerId, field: &str, value: &str) -> Result<Stored, Error> {
        self.clock.advance(std::time::Duration::from_secs(1));
        let permit = self.ask(Role::PrivacyOfficer, CustomerCase { customer, conversation: None }).await?;
        self.vault.set_value(&self.audit, &permit, SetValue { field, value }).await
    }

    /// A conversation of a customer, with other customers in it.
    pub(super) async fn conversation(&self, owner: CustomerId, others: &[CustomerId]) -> ConversationId {
        let conversation = ConversationId::new(self.clock.now(), &SystemEntropy);
        let (organisation, others, now) = (self.organisation, others.to_vec(), self.clock.now());
        self.write(move |tx| {
            let new = NewConversation {
                id: conversation,
                customer: owner,
                channel: "email",
                subject_sealed: Vec::new(),
                language: None,
                subject_index: None,
            };
            Desk::open(tx, organisation, &new, now)?;
            for other in &others {
                Desk::join(tx, organisation, conversation, *other, now)?;
            }
            Ok(())
        })
        .await;
        conversation
    }

    /// The same, with the one agent there is working on it.
    pub(super) async fn assigned(&self, owner: CustomerId, others: &[CustomerId]) -> ConversationId {
        let conversation = self.conversation(owner, others).await;
        let permit = self.ask(Role::Agent, conversation).await.unwrap();
        self.desk.assign(&permit, None, agent()).await.unwrap();
        conversation
    }

    /// Everything held of a customer, as a privacy officer sees it.
    pub(super) async fn held(&self, customer: CustomerId) -> Result<Vec<MaskedValue>, Error> {
        let permit = self.ask(Role::PrivacyOfficer, CustomerCase { customer, conversation: None }).await?;
        self.vault.masked(&permit).await
    }

    /// What is listed of a customer, as `field: mask`.
    pub(super) async fn masked(&self, customer: CustomerId) -> Vec<String> {
        let values = self.held(customer).await.unwrap();
        values.iter().map(|value| format!("{}: {}", value.name, value.masked)).collect()
    }

    /// The id of a customer's only value of a field.
    pub(super) async fn value(&self, customer: CustomerId, field: &str) -> ValueRef {
        let values = self.held(customer).await.unwrap();
        values.iter().find(|value| value.name == field).unwrap().id
    }

    /// What the log says about a subject, as JSON, oldest first.
    pub(super) async fn entries(&self, subject: impl Into<SubjectId>) -> Vec<serde_json::Value> {
        let (vault, organisation, subject) = (self.vault.clone(), self.organisation, subject.into());
        self.write(move |tx| {
            let keys = vault.keys(tx, organisation, subject)?.ok_or(Error::Erased)?;
            let rows = tx.query(&ENTRIES, &[id(&organisation), blob(subject.bytes())], |row| {
                Ok((row.array::<16>(0)?, row.blob(1)?))
            })?;
            rows.iter()
                .map(|(row, sealed)| {
                    let opened = keys.open(Column::AuditEntry, row, sealed)?;
                    Ok(serde_json::from_slice(&opened[tlog::chain::SALT_BYTES..]).unwrap())
                })
                .collect()
        })
        .await
    }

    pub(super) async fn actions(&self, subject: impl Into<SubjectId>) -> Vec<String> {
        self.entries(subject).await.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
    }
}
