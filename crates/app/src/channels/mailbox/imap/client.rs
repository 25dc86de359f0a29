//! The commands, each to its end. A command that was refused leaves the connection usable; after any
//! other trouble it is of no further use.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use super::command::Command;
use super::folder::Folder;
use super::response::{Body, Fetched, Said, Status, StatusKind, Untagged, capabilities, read};
use super::wire::{Stream, Wire};
use super::{Cause, Stage, Trouble};

/// How long one command may take in all.
const COMMAND: Duration = Duration::from_mins(5);
/// How long the mail of the largest size may take.
const BODY: Duration = Duration::from_mins(15);
/// Words of capabilities that are remembered.
const CAPABILITIES: usize = 200;

/// A connection to a server.
pub(in crate::channels::mailbox) struct Imap {
    wire: Wire,
    tags: u32,
    capabilities: BTreeSet<String>,
    news: bool,
}

impl Imap {
    /// Takes the greeting of a server.
    pub(super) async fn greeted(stream: Box<dyn Stream>, patience: Duration) -> Result<Self, Trouble> {
        let mut imap = Self::resumed(stream, patience);
        let greeting = imap.hear(Stage::Connect, patience, 0).await?;
        match greeting {
            Said::Untagged(Untagged::Status(status)) if status.kind == StatusKind::Ok => {
                imap.learn(&status);
                Ok(imap)
            }
            // Who is let in unasked cannot have TLS any more (RFC 3501, 6.2.1), nor a log-in to check.
            Said::Untagged(Untagged::Status(status)) if status.kind == StatusKind::Bye => {
                Err(Trouble::new(Stage::Connect, Cause::Refused(status.code_word())).said(&status.text))
            }
            _ => Err(Trouble::new(Stage::Connect, Cause::Unexpected)),
        }
    }

    /// Goes on over a connection that TLS was put on, where no second greeting comes.
    pub(super) fn resumed(stream: Box<dyn Stream>, patience: Duration) -> Self {
        Self { wire: Wire::new(stream, patience), tags: 0, capabilities: BTreeSet::new(), news: false }
    }

    /// Whether the server offers something, by its name in capitals; it is asked when it has not told.
    pub(in crate::channels::mailbox) async fn offers(&mut self, name: &str) -> Result<bool, Trouble> {
        if self.capabilities.is_empty() {
            self.run(Stage::LogIn, Command::new("CAPABILITY"), &mut |_| {}).await?;
        }
        Ok(self.capabilities.contains(name))
    }

    /// After a log-in the server may offer other things.
    pub(super) fn forget_capabilities(&mut self) {
        self.capabilities.clear();
    }

    /// STARTTLS: the bare connection, on which TLS is due now.
    pub(super) async fn start_tls(mut self) -> Result<Box<dyn Stream>, Trouble> {
        if !self.offers("STARTTLS").await? {
            return Err(Trouble::new(Stage::Tls, Cause::NoStartTls));
        }
        self.run(Stage::Tls, Command::new("STARTTLS"), &mut |_| {}).await?;
        self.wire.into_stream()
    }

    /// Opens a folder, to change it or only to look.
    pub(in crate::channels::mailbox) async fn open(&mut self, name: &str, change: bool) -> Result<Folder, Trouble> {
        let mut folder = Folder::default();
        let command = Command::new(if change { "SELECT" } else { "EXAMINE" }).folder(name);
        let status = self
            .run(Stage::Folder, command, &mut |said| match said {
                Untagged::Exists(exists) => folder.exists = exists,
                Untagged::Status(status) => folder.learn(&status),
                _ => {}
            })
            .await?;
        folder.learn(&status);
        if change && folder.is_read_only() {
            return Err(Trouble::new(Stage::Folder, Cause::ReadOnly));
        }
        Ok(folder)
    }

    /// Whether there is such a folder.
    pub(in crate::channels::mailbox) async fn has_folder(&mut self, name: &str) -> Result<bool, Trouble> {
        let mut found = false;
        let command = Command::new("LIST \"\"").folder(name);
        self.run(Stage::Folder, command, &mut |said| found |= matches!(said, Untagged::List)).await?;
        Ok(found)
    }

    /// Makes a folder.
    pub(in crate::channels::mailbox) async fn make_folder(&mut self, name: &str) -> Result<(), Trouble> {
        self.run(Stage::PutAway, Command::new("CREATE").folder(name), &mut |_| {}).await?;
        // So that people's mail programs show it; a server that does not know this is no worse.
        refused_is_fine(self.run(Stage::PutAway, Command::new("SUBSCRIBE").folder(name), &mut |_| {}).await)
    }

    /// The UIDs of a range that bear out a condition, in order.
    pub(in crate::channels::mailbox) async fn search(
        &mut self,
        first: u32,
        last: Option<u32>,
        condition: &str,
    ) -> Result<BTreeSet<u32>, Trouble> {
        // Mail that comes from here on is news, also if this answer holds it already.
        self.news = false;
        let end = last.map_or_else(|| "*".to_owned(), |last| last.to_string());
        let mut found = BTreeSet::new();
        let command = Command::new(&format!("UID SEARCH UID {first}:{end} {condition}"));
        self.run(Stage::Count, command, &mut |said| {
            if let Untagged::Search(uids) = said {
                // `n:*` always names the last mail as well (RFC 3501, 6.4.8).
                found.extend(uids.into_iter().filter(|uid| *uid >= first && last.is_none_or(|last| *uid <= last)));
            }
        })
        .await?;
        Ok(found)
    }

    /// The sizes of mails, in bytes; one that is gone has none.
    pub(in crate::channels::mailbox) async fn sizes(&mut self, uids: &[u32]) -> Result<BTreeMap<u32, u64>, Trouble> {
        let set: Vec<String> = uids.iter().map(u32::to_string).collect();
        let mut sizes = BTreeMap::new();
        let command = Command::new("UID FETCH").words(&set.join(",")).words("(UID RFC822.SIZE)");
        self.run(Stage::Fetch, command, &mut |said| {
            if let Untagged::Fetch(Fetched { uid: Some(uid), size: Some(size), .. }) = said
                && uids.contains(&uid)
            {
                sizes.insert(uid, size);
            }
        })
        .await?;
        Ok(sizes)
    }

    /// A whole mail, its flags left as they are; none when it is gone.
    pub(in crate::channels::mailbox) async fn body(
        &mut self,
        uid: u32,
        largest: usize,
    ) -> Result<Option<Body>, Trouble> {
        let mut body = None;
        let command = Command::new("UID FETCH").words(&uid.to_string()).words("(UID BODY.PEEK[])");
        let mut keep = |said: Untagged| {
            if let Untagged::Fetch(Fetched { uid: Some(found), body: Some(bytes), .. }) = said
                && found == uid
            {
                body = Some(bytes);
            }
        };
        within(BODY, Stage::Fetch, self.exchange(Stage::Fetch, command, largest, &mut keep)).await?;
        Ok(body)
    }

    /// Adds flags to a mail.
    pub(in crate::channels::mailbox) async fn mark(&mut self, uid: u32, flags: &str) -> Result<(), Trouble> {
        let command = Command::new(&format!("UID STORE {uid} +FLAGS.SILENT ({flags})"));
        self.run(Stage::PutAway, command, &mut |_| {}).await.map(drop)
    }

    /// Moves a mail (RFC 6851), or copies it, marks it as deleted and, where that can be done to it
    /// alone (RFC 4315), removes it.
    pub(in crate::channels::mailbox) async fn move_to(&mut self, uid: u32, folder: &str) -> Result<(), Trouble> {
        if self.offers("MOVE").await? {
            let command = Command::new(&format!("UID MOVE {uid}")).folder(folder);
            return self.run(Stage::PutAway, command, &mut |_| {}).await.map(drop);
        }
        let copy = Command::new(&format!("UID COPY {uid}")).folder(folder);
        self.run(Stage::PutAway, copy, &mut |_| {}).await?;
        self.mark(uid, "\\Deleted").await?;
        if self.offers("UIDPLUS").await? {
            self.run(Stage::PutAway, Command::new(&format!("UID EXPUNGE {uid}")), &mut |_| {}).await?;
        }
        Ok(())
    }

    /// Whether the server told of mail since the last search began.
    pub(in crate::channels::mailbox) const fn has_news(&self) -> bool {
        self.news
    }

    /// Gives the server the chance to tell of new mail.
    pub(in crate::channels::mailbox) async fn noop(&mut self) -> Result<(), Trouble> {
        self.run(Stage::Wait, Command::new("NOOP"), &mut |_| {}).await.map(drop)
    }

    /// Waits until the server tells of new mail, or `until` is ready (RFC 2177).
    pub(in crate::channels::mailbox) async fn idle(&mut self, until: impl Future<Output = ()>) -> Result<(), Trouble> {
        let patience = self.wire.patience();
        let tag = self.send(Stage::Wait, Command::new("IDLE")).await?;
        loop {
            match self.hear(Stage::Wait, patience, 0).await? {
                Said::Continue(_) => break,
                Said::Untagged(said) => self.note(&said, Stage::Wait)?,
                Said::Done { status, .. } => return refusal(Stage::Wait, &status),
            }
        }
        let mut until = std::pin::pin!(until);
        while !self.news {
            tokio::select! {
                () = &mut until => break,
                // Silence is what is hoped for; whoever waits says for how long.
                said = self.hear(Stage::Wait, Duration::MAX, 0) => match said? {
                    Said::Untagged(said) => self.note(&said, Stage::Wait)?,
                    Said::Done { status, .. } => return refusal(Stage::Wait, &status),
                    Said::Continue(_) => {}
                },
            }
        }
        self.wire.write(b"DONE\r\n").await.map_err(|cause| Trouble::new(Stage::Wait, cause))?;
        let news = self.news;
        within(COMMAND, Stage::Wait, self.finish(Stage::Wait, &tag, 0, &mut |_| {})).await?;
        self.news |= news;
        Ok(())
    }

    /// Says good-bye; it does not matter whether anybody hears it.
    pub(in crate::channels::mailbox) async fn log_out(mut self) {
        let _ = self.send(Stage::Wait, Command::new("LOGOUT")).await;
    }

    /// Runs a command without large answers.
    pub(super) async fn run(
        &mut self,
        stage: Stage,
        command: Command,
        each: &mut (dyn FnMut(Untagged) + Send),
    ) -> Result<Status, Trouble> {
        within(COMMAND, stage, self.exchange(stage, command, 0, each)).await
    }

    async fn exchange(
        &mut self,
        stage: Stage,
        command: Command,
        largest: usize,
        each: &mut (dyn FnMut(Untagged) + Send),
    ) -> Result<Status, Trouble> {
        let tag = self.send(stage, command).await?;
        self.finish(stage, &tag, largest, each).await
    }

    /// Sends a command, waiting before each literal until the server wants it.
    pub(super) async fn send(&mut self, stage: Stage, command: Command) -> Result<String, Trouble> {
        self.tags = self.tags.wrapping_add(1);
        let tag = format!("a{}", self.tags);
        for (place, piece) in command.into_pieces(&tag).iter().enumerate() {
            if place > 0 {
                self.wait_for_more(stage, &tag).await?;
            }
            self.wire.write(piece).await.map_err(|cause| Trouble::new(stage, cause))?;
        }
        Ok(tag)
    }

    /// Waits until the server asks for the rest of a command; what it says with it.
    pub(super) async fn wait_for_more(&mut self, stage: Stage, tag: &str) -> Result<String, Trouble> {
        loop {
            match self.hear(stage, self.wire.patience(), 0).await? {
                Said::Continue(text) => return Ok(text),
                Said::Untagged(said) => self.note(&said, stage)?,
                Said::Done { tag: done, status } if done == tag => refusal(stage, &status)?,
                Said::Done { .. } => return Err(Trouble::new(stage, Cause::Unexpected)),
            }
        }
    }

    /// Whether the server asks for more before it finishes the command.
    pub(super) async fn asks_again(&mut self, tag: &str) -> Result<bool, Trouble> {
        loop {
            match self.hear(Stage::LogIn, self.wire.patience(), 0).await? {
                Said::Continue(_) => return Ok(true),
                Said::Untagged(said) => self.note(&said, Stage::LogIn)?,
                Said::Done { tag: done, status } if done == tag => {
                    refusal(Stage::LogIn, &status)?;
                    self.learn(&status);
                    return Ok(false);
                }
                Said::Done { .. } => return Err(Trouble::new(Stage::LogIn, Cause::Unexpected)),
            }
        }
    }

    /// Sends a line that a command was waiting for.
    pub(super) async fn answer(&mut self, stage: Stage, line: &[u8]) -> Result<(), Trouble> {
        self.wire.write(line).await.map_err(|cause| Trouble::new(stage, cause))
    }

    /// Hears the server out until the command with this tag is finished.
    pub(super) async fn finish(
        &mut self,
        stage: Stage,
        tag: &str,
        largest: usize,
        each: &mut (dyn FnMut(Untagged) + Send),
    ) -> Result<Status, Trouble> {
        loop {
            match self.hear(stage, self.wire.patience(), largest).await? {
                Said::Untagged(said) => {
                    self.note(&said, stage)?;
                    each(said);
                }
                Said::Done { tag: done, status } if done == tag => {
                    refusal(stage, &status)?;
                    self.learn(&status);
                    return Ok(status);
                }
                Said::Done { .. } | Said::Continue(_) => return Err(Trouble::new(stage, Cause::Unexpected)),
            }
        }
    }

    async fn hear(&mut self, stage: Stage, patience: Duration, largest: usize) -> Result<Said, Trouble> {
        let pieces = self.wire.read(patience, largest).await.map_err(|cause| Trouble::new(stage, cause))?;
        read(&pieces).map_err(|cause| Trouble::new(stage, cause))
    }

    /// Keeps what matters whenever it is told.
    fn note(&mut self, said: &Untagged, stage: Stage) -> Result<(), Trouble> {
        match said {
            Untagged::Exists(_) => self.news = true,
            Untagged::Capability(names) => self.set_capabilities(names.clone()),
            Untagged::Status(status) if status.kind == StatusKind::Bye => {
                return Err(Trouble::new(stage, Cause::Closed).said(&status.text));
            }
            _ => {}
        }
        Ok(())
    }

    fn learn(&mut self, status: &Status) {
        if let Some(("CAPABILITY", names)) = status.code.as_deref().and_then(|code| code.split_once(' ')) {
            self.set_capabilities(capabilities(names));
        }
    }

    fn set_capabilities(&mut self, names: Vec<String>) {
        self.capabilities = names.into_iter().take(CAPABILITIES).collect();
    }
}

/// A command that the server would not carry out.
fn refusal(stage: Stage, status: &Status) -> Result<(), Trouble> {
    match status.kind {
        StatusKind::Ok => Ok(()),
        _ => Err(Trouble::new(stage, Cause::Refused(status.code_word())).said(&status.text)),
    }
}

fn refused_is_fine(done: Result<Status, Trouble>) -> Result<(), Trouble> {
    match done {
        Ok(_) | Err(Trouble { cause: Cause::Refused(_), .. }) => Ok(()),
        Err(trouble) => Err(trouble),
    }
}

async fn within<T>(
    limit: Duration,
    stage: Stage,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(Trouble::new(stage, Cause::Slow)))
}
