//! Operations carried out on the domains: one arm per operation, one domain call in each.

use std::path::Path;

use app::access::{Merge, OrganisationWide, Principal};
use app::backup::Places;
use app::channels::{Arrival, Client, Outcome as Arrived};
use app::desk::{Assignee, Filter, PageRequest, ThreadRequest};
use app::{Actor, access, audit, vault};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use kernel::{ConversationId, CustomerId, OrganisationId, QuarantineId, TokenId, limits};
use serde::Serialize;
use serde_json::Value;

use super::answers;
use super::opened::OpenFolder;
use crate::exit::{Failure, Kind};
use crate::operations::{
    BackedUp, Call, ConversationShown, Conversations, CustomersImported, Erased, Finding, Findings, MailOutcome,
    Merged, Operation, Operator, Outcome, Quarantine, QuarantineShown, ReceivedVia, Rejection, Released, Rotated,
    TokenCreated, TokenRevoked, Tokens,
};
use crate::progress::ProgressSink;

impl Operator for OpenFolder {
    fn run<'a>(&'a self, call: Call, body: Bytes, progress: &'a ProgressSink) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(async move {
            let organisation = self.organisation(call.organisation.as_deref()).await?;
            match call.operation {
                operation @ Operation::Mail { .. } => answer(self.mail(organisation, operation, body).await),
                Operation::ImportCustomers { columns, dry_run } => {
                    answer(self.import_customers(organisation, columns, dry_run, body).await)
                }
                operation @ Operation::ConversationsList { .. } => {
                    answer(self.list_conversations(organisation, operation).await)
                }
                Operation::ConversationShow { conversation } => {
                    answer(self.show_conversation(organisation, conversation).await)
                }
                Operation::QuarantineList { limit, cursor } => {
                    answer(self.list_quarantine(organisation, limit, cursor).await)
                }
                Operation::QuarantineShow { quarantine } => {
                    answer(self.show_quarantined(organisation, quarantine).await)
                }
                Operation::QuarantineRelease { quarantine } => answer(self.release(organisation, quarantine).await),
                Operation::MergeCustomers { from, into } => answer(self.merge(organisation, from, into).await),
                Operation::EraseCustomer { customer, reason } => {
                    answer(self.erase(organisation, customer, &reason).await)
                }
                Operation::Verify { since } => answer(self.verify(organisation, since, progress).await),
                Operation::Rotate => answer(self.rotate(organisation, progress).await),
                Operation::Backup { to, keys_to } => answer(self.backup(&to, &keys_to, progress).await),
                Operation::TokenCreate { name, scopes } => {
                    answer(self.create_token(organisation, &name, &scopes).await)
                }
                Operation::TokenList => answer(self.list_tokens(organisation).await),
                Operation::TokenRevoke { token } => answer(self.revoke_token(organisation, token).await),
                Operation::Channel { wish } => self.channel(organisation, wish, body).await,
                Operation::AgentInvite { address, roles, language } => {
                    answer(self.invite_agent(organisation, address, &roles, language.as_deref()).await)
                }
                Operation::AgentList => answer(self.list_agents(organisation).await),
                Operation::AgentDisable { agent } => answer(self.disable_agent(organisation, &agent).await),
                Operation::AgentReset { agent } => answer(self.reset_agent(organisation, &agent).await),
                Operation::MailboxAdd { settings } => answer(self.add_mailbox(organisation, settings, &body).await),
                Operation::MailboxList => answer(self.list_mailboxes(organisation).await),
                Operation::MailboxTest { mailbox } => answer(self.test_mailbox(organisation, mailbox).await),
                Operation::MailboxPause { mailbox, paused } => {
                    answer(self.pause_mailbox(organisation, mailbox, paused).await)
                }
                Operation::MailboxSecret { mailbox } => {
                    answer(self.set_mailbox_secret(organisation, mailbox, &body).await)
                }
                Operation::MailboxRemove { mailbox } => answer(self.remove_mailbox(organisation, mailbox).await),
                Operation::Doctor => answer(self.examine().await),
            }
        })
    }
}

pub(super) fn answer<T: Serialize>(done: Result<T, Failure>) -> Result<Value, Failure> {
    serde_json::to_value(done?).map_err(|error| Failure::new(Kind::Software, error))
}

impl OpenFolder {
    /// The permission of whoever holds the root key and the command line, from the policies.
    async fn may<A: access::Action>(
        &self,
        organisation: OrganisationId,
        resource: A::Resource,
    ) -> Result<access::Permit<A>, Failure> {
        Ok(self.app.access.permit(&Principal::operator(organisation), resource).await?)
    }

    /// The organisation that was named, or the only one.
    async fn organisation(&self, named: Option<&str>) -> Result<OrganisationId, Failure> {
        if let Some(name) = named {
            let found = self.app.identity.find_organisation(name).await?;
            return found
                .map(|organisation| organisation.id)
                .ok_or_else(|| Failure::new(Kind::NotFound, format_args!("there is no organisation {name:?}")));
        }
        let all = self.app.identity.organisations().await?;
        match all.as_slice() {
            [only] => Ok(only.id),
            [] => Err(Failure::new(Kind::Configuration, "there is no organisation yet: run doorward init")),
            _ => Err(Failure::new(Kind::Usage, "there are several organisations: name one with --organisation")),
        }
    }

    async fn mail(
        &self,
        organisation: OrganisationId,
        operation: Operation,
        raw: Bytes,
    ) -> Result<MailOutcome, Failure> {
        let Operation::Mail { client_ip, helo, mail_from, received_via } = operation else {
            return Err(Failure::new(Kind::Software, "this is no mail"));
        };
        let arrival = Arrival {
            raw,
            client: Client { ip: client_ip, helo, mail_from },
            actor: if received_via == ReceivedVia::Import { Actor::Operator } else { Actor::System },
            // Old mail says nothing about the name servers of today.
            authenticate: received_via != ReceivedVia::Import,
        };
        Ok(outcome(self.app.channels.receive(organisation, arrival).await?))
    }

    async fn list_conversations(
        &self,
        organisation: OrganisationId,
        operation: Operation,
    ) -> Result<Conversations, Failure> {
        let Operation::ConversationsList { state, label, assignee, limit, cursor } = operation else {
            return Err(Failure::new(Kind::Software, "this is no list"));
        };
        let assignee = match assignee {
            Some(named) => Assignee::Agent(self.agent(organisation, &named).await?),
            None => Assignee::Any,
        };
        let filter =
            Filter { states: state.map(answers::to_state).into_iter().collect(), assignee, label, ..Filter::default() };
        let cursor = cursor
            .map(|text| text.parse())
            .transpose()
            .map_err(|_| Failure::new(Kind::Data, "the cursor is none that a list has given: begin without one"))?;
        let permit = self.may(organisation, OrganisationWide).await?;
        let page = self.app.desk.list(&permit, filter, PageRequest { cursor, limit, ..PageRequest::default() }).await?;
        Ok(answers::conversations(page))
    }

    /// The agent of an id or an address.
    pub(super) async fn agent(&self, organisation: OrganisationId, named: &str) -> Result<kernel::AgentId, Failure> {
        if let Ok(id) = named.parse() {
            return Ok(id);
        }
        let found = self.app.identity.find_agent(organisation, named).await?;
        found.ok_or_else(|| Failure::new(Kind::NotFound, "there is no such agent"))
    }

    async fn show_conversation(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
    ) -> Result<ConversationShown, Failure> {
        let page = ThreadRequest { before: None, limit: answers::THREAD_ITEMS };
        let thread = self.app.desk.show(&self.may(organisation, conversation).await?, page).await?;
        Ok(answers::conversation_shown(thread))
    }

    async fn import_customers(
        &self,
        organisation: OrganisationId,
        columns: Vec<(String, String)>,
        dry_run: bool,
        body: Bytes,
    ) -> Result<CustomersImported, Failure> {
        let to_target = |(column, field): (String, String)| {
            let target = if field == "-" { vault::Target::Ignore } else { vault::Target::Field(field) };
            (column, target)
        };
        let columns = columns.into_iter().map(to_target).collect();
        let import = vault::Import { columns, dry_run };
        let (vault, audit) = (&self.app.vault, &self.app.audit);
        let imported = vault
            .import(audit, &self.may(organisation, OrganisationWide).await?, &import, body.as_ref(), |_| {})
            .await?;
        let rejected = imported.rejected.into_iter().map(|rejected| Rejection {
            row: rejected.row,
            reason: match rejected.field {
                Some(field) => format!("{field}: {}", rejected.reason),
                None => rejected.reason,
            },
        });
        Ok(CustomersImported {
            created: imported.created,
            updated: imported.updated,
            unchanged: imported.unchanged,
            rejected: rejected.collect(),
        })
    }

    async fn list_quarantine(
        &self,
        organisation: OrganisationId,
        limit: usize,
        cursor: Option<String>,
    ) -> Result<Quarantine, Failure> {
        let before = cursor.map(|text| text.parse::<QuarantineId>()).transpose();
        let before = before.map_err(|error| Failure::new(Kind::Data, error))?;
        let limit = limit.clamp(1, limits::PAGE_ROWS);
        let rows =
            self.app.channels.quarantined(&self.may(organisation, OrganisationWide).await?, before, limit).await?;
        let next = if rows.len() == limit { rows.last().map(|row| row.id.to_string()) } else { None };
        Ok(Quarantine { quarantine: rows.into_iter().map(answers::quarantine_row).collect(), next })
    }

    async fn show_quarantined(
        &self,
        organisation: OrganisationId,
        quarantine: QuarantineId,
    ) -> Result<QuarantineShown, Failure> {
        let mail = self.app.channels.open_quarantined(&self.may(organisation, quarantine).await?).await?;
        Ok(answers::quarantine_shown(mail))
    }

    async fn release(&self, organisation: OrganisationId, quarantine: QuarantineId) -> Result<Released, Failure> {
        match self.app.channels.release(&self.may(organisation, quarantine).await?).await? {
            Arrived::Received { conversation, message } | Arrived::Appended { conversation, message } => {
                Ok(Released { conversation, message })
            }
            Arrived::Duplicate | Arrived::Quarantined(_) => {
                Err(Failure::new(Kind::Data, "this mail had arrived before and is in its conversation already"))
            }
        }
    }

    async fn merge(&self, organisation: OrganisationId, from: CustomerId, into: CustomerId) -> Result<Merged, Failure> {
        let permit = self.may(organisation, Merge { from, into }).await?;
        self.app.vault.merge(&self.app.audit, &permit).await?;
        Ok(Merged { from, into })
    }

    async fn verify(
        &self,
        organisation: OrganisationId,
        since: Option<u64>,
        progress: &ProgressSink,
    ) -> Result<crate::operations::Verified, Failure> {
        // What is committed by now is to be covered by a checkpoint; a log that cannot be folded is
        // checked all the same, so that the fault is named.
        if let Err(error) = self.app.audit.fold(organisation).await {
            tracing::warn!(%error, "the log could not be folded before the check");
        }
        let options =
            audit::VerifyOptions { checked: since.unwrap_or(0), bodies: true, ..audit::VerifyOptions::default() };
        let told = |done, total| progress.report("entries", done, Some(total));
        Ok(answers::verified(self.app.audit.verify(organisation, options, &told).await?))
    }

    async fn erase(&self, organisation: OrganisationId, customer: CustomerId, reason: &str) -> Result<Erased, Failure> {
        let permit = self.may(organisation, customer).await?;
        let gone = self.app.vault.erase(&self.app.audit, &permit, reason).await?;
        self.app.channels.remove_due_blobs(organisation).await?;
        Ok(Erased {
            customers: gone.customers,
            keys: gone.keys,
            values: gone.values + gone.contact_points,
            messages: gone.messages,
            blobs: gone.attachments,
        })
    }

    async fn rotate(&self, organisation: OrganisationId, progress: &ProgressSink) -> Result<Rotated, Failure> {
        let told = |done, total| progress.report("keys", done, Some(total));
        let rotated = self.app.vault.rotate(&self.app.audit, organisation, Actor::Operator, &told).await?;
        Ok(Rotated { epoch: rotated.epoch, rewrapped: rotated.rewrapped, destroyed: rotated.destroyed })
    }

    async fn backup(&self, to: &Path, keys_to: &Path, progress: &ProgressSink) -> Result<BackedUp, Failure> {
        let places = Places { data: to.to_owned(), keys: keys_to.to_owned() };
        let written = self.app.backup.write(&places, Actor::Operator, super::restore::told(progress)).await?;
        Ok(BackedUp { data: places.data, keys: places.keys, files: written.files, bytes: written.bytes })
    }

    /// What only the open folder can tell.
    async fn examine(&self) -> Result<Findings, Failure> {
        let mut findings = vec![match self.app.context.db.engine() {
            db::Engine::Sqlite => Finding::ok("database", "SQLite, write-ahead log, synchronous=FULL, secure_delete"),
            db::Engine::Postgres => Finding::ok("database", "PostgreSQL, synchronous_commit=on for every change"),
        }];
        findings.extend(self.entry());
        for organisation in self.app.identity.organisations().await? {
            let folded = self.app.audit.fold(organisation.id).await;
            findings.push(match folded {
                Ok(folded) => {
                    Finding::ok("audit log", format_args!("{}: {} entries, signed", organisation.name, folded.size))
                }
                Err(error) => Finding::bad(
                    "audit log",
                    format_args!("{}: {error}", organisation.name),
                    "run doorward verify, and find out who changed the data",
                ),
            });
            findings.extend(self.examine_mailboxes(organisation.id).await?);
        }
        Ok(Findings { findings })
    }

    async fn create_token(
        &self,
        organisation: OrganisationId,
        name: &str,
        scopes: &[String],
    ) -> Result<TokenCreated, Failure> {
        let scopes = scopes.iter().map(|scope| scope.parse::<access::Scope>()).collect::<Result<Vec<_>, _>>();
        let scopes = scopes.map_err(|error| Failure::new(Kind::Usage, error))?;
        let new = self.app.access.create_token(organisation, Actor::Operator, name, &scopes).await?;
        Ok(answers::token_created(&new))
    }

    async fn list_tokens(&self, organisation: OrganisationId) -> Result<Tokens, Failure> {
        let tokens = self.app.access.list_tokens(organisation).await?;
        Ok(Tokens { tokens: tokens.into_iter().map(answers::token_row).collect() })
    }

    async fn revoke_token(&self, organisation: OrganisationId, token: TokenId) -> Result<TokenRevoked, Failure> {
        self.app.access.revoke_token(organisation, Actor::Operator, token).await?;
        Ok(TokenRevoked { id: token })
    }
}

fn outcome(arrived: Arrived) -> MailOutcome {
    let mut outcome = MailOutcome { outcome: Outcome::Duplicate, conversation: None, message: None, quarantine: None };
    match arrived {
        Arrived::Received { conversation, message } => {
            (outcome.outcome, outcome.conversation, outcome.message) =
                (Outcome::Received, Some(conversation), Some(message));
        }
        Arrived::Appended { conversation, message } => {
            (outcome.outcome, outcome.conversation, outcome.message) =
                (Outcome::Appended, Some(conversation), Some(message));
        }
        Arrived::Quarantined(id) => (outcome.outcome, outcome.quarantine) = (Outcome::Quarantined, Some(id)),
        Arrived::Duplicate => {}
    }
    outcome
}
