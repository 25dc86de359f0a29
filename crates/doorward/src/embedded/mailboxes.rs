//! Operations on mailboxes, and what `doctor` says about them.

use std::time::Duration;

use app::Actor;
use app::channels::mailbox::{self, MailboxTest, PutAway, Server};
use app::channels::{self, NewMailbox};
use bytes::Bytes;
use kernel::{MailboxId, OrganisationId, Timestamp};
use zeroize::Zeroizing;

use super::opened::OpenFolder;
use crate::exit::{Failure, Kind};
use crate::operations::{
    Finding, LogIn, MailboxChanged, MailboxRow, MailboxSettings, MailboxStage, MailboxTested, Mailboxes, Moment,
    Security, Weight,
};

/// A mailbox that was not found empty for this long is not read as it should be.
const UNREAD: Duration = Duration::from_mins(15);

impl OpenFolder {
    pub(super) async fn add_mailbox(
        &self,
        organisation: OrganisationId,
        settings: MailboxSettings,
        secret: &Bytes,
    ) -> Result<MailboxChanged, Failure> {
        let new = NewMailbox {
            name: settings.name,
            server: Server {
                host: settings.host,
                port: settings.port,
                security: to_security(settings.security),
                authority: settings.authority,
            },
            log_in: mailbox::LogIn {
                user: settings.user,
                secret: secret_text(secret)?,
                method: match settings.log_in {
                    LogIn::Password => mailbox::Method::Password,
                    LogIn::Xoauth2 => mailbox::Method::Xoauth2,
                },
            },
            folder: settings.folder,
            put_away: settings.move_to.map_or(PutAway::Mark, PutAway::Move),
            since: settings.since.map(|Moment(since)| since),
        };
        let id = self.app.channels.add_mailbox(organisation, Actor::Operator, new).await?;
        Ok(MailboxChanged { id })
    }

    pub(super) async fn list_mailboxes(&self, organisation: OrganisationId) -> Result<Mailboxes, Failure> {
        let all = self.app.channels.mailboxes(organisation).await?;
        Ok(Mailboxes { mailboxes: all.into_iter().map(mailbox_row).collect() })
    }

    pub(super) async fn test_mailbox(
        &self,
        organisation: OrganisationId,
        id: MailboxId,
    ) -> Result<MailboxTested, Failure> {
        Ok(tested(id, self.app.channels.test_mailbox(organisation, id).await?))
    }

    pub(super) async fn pause_mailbox(
        &self,
        organisation: OrganisationId,
        id: MailboxId,
        paused: bool,
    ) -> Result<MailboxChanged, Failure> {
        self.app.channels.pause_mailbox(organisation, Actor::Operator, id, paused).await?;
        Ok(MailboxChanged { id })
    }

    pub(super) async fn set_mailbox_secret(
        &self,
        organisation: OrganisationId,
        id: MailboxId,
        secret: &Bytes,
    ) -> Result<MailboxChanged, Failure> {
        let secret = secret_text(secret)?;
        self.app.channels.set_mailbox_secret(organisation, Actor::Operator, id, &secret).await?;
        Ok(MailboxChanged { id })
    }

    pub(super) async fn remove_mailbox(
        &self,
        organisation: OrganisationId,
        id: MailboxId,
    ) -> Result<MailboxChanged, Failure> {
        self.app.channels.remove_mailbox(organisation, Actor::Operator, id).await?;
        Ok(MailboxChanged { id })
    }

    /// What is to be said about an organisation's mailboxes.
    pub(super) async fn examine_mailboxes(&self, organisation: OrganisationId) -> Result<Vec<Finding>, Failure> {
        let now = self.app.context.clock.now();
        let all = self.app.channels.mailboxes(organisation).await?;
        Ok(all.into_iter().map(|mailbox| finding(&mailbox, now)).collect())
    }
}

fn finding(mailbox: &channels::Mailbox, now: Timestamp) -> Finding {
    let (name, id, state) = (&mailbox.name, mailbox.id, &mailbox.state);
    let told =
        |weight, found: String, mend: Option<String>| Finding { weight, what: "mailbox".to_owned(), found, mend };
    let test = Some(format!("doorward mailbox test {id}"));
    if state.paused {
        let mend = Some(format!("doorward mailbox resume {id}, or remove it"));
        return told(Weight::Weak, format!("{name}: paused, so its mail waits on its server"), mend);
    }
    if now.since(state.succeeded_at.unwrap_or(mailbox.created_at)) > UNREAD {
        let reason = state.trouble.as_ref().map_or("nobody serves, or it does not answer", |(_, trouble)| trouble);
        return told(Weight::Bad, format!("{name}: not read for more than 15 minutes: {reason}"), test);
    }
    if let Some((_, trouble)) = &state.trouble {
        return told(Weight::Weak, format!("{name}: {trouble}"), test);
    }
    if state.left_alone > 0 {
        let found = format!("{name}: {} mails were left on its server, too large or not to be had", state.left_alone);
        return told(Weight::Weak, found, Some("look at them there; the log names each by its UID".to_owned()));
    }
    told(Weight::Ok, format!("{name}: read, {} mails taken in", state.taken), None)
}

fn mailbox_row(mailbox: channels::Mailbox) -> MailboxRow {
    let (failed_at, trouble) = mailbox.state.trouble.unzip();
    let move_to = match mailbox.put_away {
        PutAway::Move(folder) => Some(folder),
        PutAway::Mark => None,
    };
    MailboxRow {
        id: mailbox.id,
        settings: MailboxSettings {
            name: mailbox.name,
            host: mailbox.server.host,
            port: mailbox.server.port,
            security: from_security(mailbox.server.security),
            authority: mailbox.server.authority,
            user: mailbox.user,
            log_in: match mailbox.method {
                mailbox::Method::Password => LogIn::Password,
                mailbox::Method::Xoauth2 => LogIn::Xoauth2,
            },
            folder: mailbox.folder,
            move_to,
            since: mailbox.since.map(Moment),
        },
        paused: mailbox.state.paused,
        succeeded_at: mailbox.state.succeeded_at.map(Moment),
        failed_at: failed_at.map(Moment),
        trouble,
        taken: mailbox.state.taken,
        left_alone: mailbox.state.left_alone,
    }
}

fn tested(id: MailboxId, done: MailboxTest) -> MailboxTested {
    let passed = done.passed();
    let stages = done.stages.into_iter().map(|checked| MailboxStage {
        stage: checked.stage.word().to_owned(),
        ok: checked.found.is_ok(),
        found: checked.found.unwrap_or_else(|trouble| trouble),
    });
    MailboxTested { id, passed, stages: stages.collect(), server_said: done.server_said }
}

const fn to_security(security: Security) -> mailbox::Security {
    match security {
        Security::Tls => mailbox::Security::Tls,
        Security::StartTls => mailbox::Security::StartTls,
        Security::Plain => mailbox::Security::Plain,
    }
}

const fn from_security(security: mailbox::Security) -> Security {
    match security {
        mailbox::Security::Tls => Security::Tls,
        mailbox::Security::StartTls => Security::StartTls,
        mailbox::Security::Plain => Security::Plain,
    }
}

fn secret_text(secret: &Bytes) -> Result<Zeroizing<String>, Failure> {
    let text = std::str::from_utf8(secret).map_err(|_| Failure::new(Kind::Data, "the secret is no text in UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}
