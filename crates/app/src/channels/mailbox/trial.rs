//! Trying a mailbox out without changing anything on its server: stage by stage, in plain words, so
//! that an administrator sees how far it comes and what is in the way.

use kernel::{MailboxId, OrganisationId};

use super::imap::{Imap, Stage, Trouble, connect};
use super::pace::MailboxPace;
use super::settings::{LogIn, NewMailbox, PutAway, Server};
use super::take::condition;
use crate::channels::{Channels, Error};

/// One stage of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Which.
    pub stage: Stage,
    /// What was found, in plain words.
    pub found: Result<String, String>,
}

/// What a test came to. The last stage is the one that failed, if one did. No `Debug`: a server may
/// name an account in its own words.
pub struct MailboxTest {
    /// The stages, in order.
    pub stages: Vec<Checked>,
    /// What the server itself said about the failure.
    pub server_said: Option<String>,
}

impl MailboxTest {
    /// Whether all went well.
    pub fn passed(&self) -> bool {
        self.stages.iter().all(|checked| checked.found.is_ok())
    }
}

/// What is tried.
struct Trial<'a> {
    server: &'a Server,
    log_in: &'a LogIn,
    folder: &'a str,
    put_away: &'a PutAway,
    condition: String,
}

impl Channels {
    /// Tries a mailbox that was added.
    pub async fn test_mailbox(&self, organisation: OrganisationId, id: MailboxId) -> Result<MailboxTest, Error> {
        let (row, log_in) = self.open_mailbox(organisation, id).await?;
        let trial = Trial {
            server: &row.server,
            log_in: &log_in,
            folder: &row.folder,
            put_away: &row.put_away,
            condition: condition(&row.put_away, true, row.since),
        };
        Ok(trial.run().await)
    }

    /// Tries a mailbox before it is added.
    pub async fn try_mailbox(&self, new: &NewMailbox) -> Result<MailboxTest, Error> {
        let new = new.clone().checked()?;
        let trial = Trial {
            server: &new.server,
            log_in: &new.log_in,
            folder: &new.folder,
            put_away: &new.put_away,
            condition: condition(&new.put_away, true, new.since),
        };
        Ok(trial.run().await)
    }
}

impl Trial<'_> {
    async fn run(&self) -> MailboxTest {
        let mut stages = Vec::new();
        let mut told = |stage, words| stages.push(Checked { stage, found: Ok(words) });
        let failed = self.go(&mut told).await.err();
        let server_said = failed.as_ref().and_then(Trouble::server_said).map(str::to_owned);
        stages.extend(failed.map(|Trouble { stage, cause, .. }| Checked { stage, found: Err(cause.to_string()) }));
        MailboxTest { stages, server_said }
    }

    async fn go(&self, told: &mut (dyn FnMut(Stage, String) + Send)) -> Result<(), Trouble> {
        let mut imap = connect(self.server, MailboxPace::default().silence, told).await?;
        let way = imap.log_in(self.log_in).await?;
        told(Stage::LogIn, format!("accepted ({way})"));
        let folder = imap.open(self.folder, false).await?;
        let put_away = self.look_at_put_away(&mut imap).await?;
        told(Stage::Folder, format!("{} can be opened; {put_away}", self.folder));
        let waiting = imap.search(1, None, &self.condition).await?.len();
        let idle = if imap.offers("IDLE").await? { "new mail is told at once" } else { "new mail is asked for" };
        told(Stage::Count, format!("{} mails, {waiting} of them to be taken in; {idle}", folder.exists));
        imap.log_out().await;
        Ok(())
    }

    async fn look_at_put_away(&self, imap: &mut Imap) -> Result<String, Trouble> {
        Ok(match self.put_away {
            PutAway::Move(to) if imap.has_folder(to).await? => format!("mail is moved to {to}"),
            PutAway::Move(to) => format!("mail is moved to {to}, which will be made"),
            PutAway::Mark => "mail is marked and stays".to_owned(),
        })
    }
}
