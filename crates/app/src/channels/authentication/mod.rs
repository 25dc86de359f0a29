//! Who really sent a mail, as far as DNS can tell: SPF, DKIM and DMARC, kept with the message.
//!
//! It asks DNS only when there is something to ask about, within one time limit per mail, and never
//! fails: what could not be found out is a verdict too. It never refuses, moves or marks a mail.

mod examine;
mod failures;
mod header;
mod verdict;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use kernel::limits;
use mail_auth::MessageAuthenticator;
use mail_auth::hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig as Servers, ResolverOpts,
};
use mail_auth::hickory_resolver::system_conf::read_system_conf;

use examine::{Envelope, Examiner};
use failures::Failures;
use header::HeaderBlock;
pub use verdict::{Policy, Verdict, Verdicts};

/// DNS answers remembered by their TTL.
const ANSWERS: u64 = 8_192;
/// The longest time an answer is remembered, whatever its TTL says.
const ANSWER_BELIEVED_FOR: Duration = Duration::from_hours(24);
/// The shortest time "there is no such record" is remembered, also when the server gives none.
const ABSENCE_BELIEVED_FOR: Duration = Duration::from_secs(30);
/// Questions under way at one time on one connection to a name server.
const QUESTIONS_UNDER_WAY: usize = 1_024;

/// What the receiving mail server told about the delivery. All of it may be personal.
#[derive(Clone, Default)]
pub struct Client {
    /// The address the mail came from.
    pub ip: Option<IpAddr>,
    /// What that side called itself in HELO or EHLO.
    pub helo: Option<String>,
    /// The envelope sender, with or without angle brackets; empty for a bounce.
    pub mail_from: Option<String>,
}

/// Which name servers are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolverConfig {
    /// Those of the operating system.
    System,
    /// These, by UDP and where needed by TCP.
    Servers(Vec<SocketAddr>),
    /// None: every verdict is [`Verdict::NotChecked`].
    Off,
}

/// Why no [`Authenticator`] could be made.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    /// The operating system's settings for DNS cannot be read or name no server.
    #[error(
        "cannot read this system's name servers: {0}; name the servers in the configuration or switch sender authentication off"
    )]
    System(String),
    /// The list of servers is empty.
    #[error("the list of name servers is empty; name at least one or switch sender authentication off")]
    NoServers,
}

/// Checks senders. Cheap to clone; the clones share caches and sockets.
#[derive(Clone)]
pub struct Authenticator(Option<Arc<Examiner>>);

impl Authenticator {
    /// An authenticator that spends at most [`limits::SENDER_AUTHENTICATION`] on one mail.
    pub fn new(config: &ResolverConfig) -> Result<Self, ResolverError> {
        Self::bounded(config, limits::SENDER_AUTHENTICATION, failures::BELIEVED_FOR)
    }

    /// As [`Authenticator::new`], with the time for one mail and the time a failed lookup is
    /// believed given by the caller.
    pub fn bounded(
        config: &ResolverConfig,
        time_for_all: Duration,
        failure_believed_for: Duration,
    ) -> Result<Self, ResolverError> {
        let (servers, options) = match config {
            ResolverConfig::Off => return Ok(Self(None)),
            ResolverConfig::System => read_system_conf().map_err(|error| ResolverError::System(error.to_string()))?,
            ResolverConfig::Servers(addresses) if addresses.is_empty() => return Err(ResolverError::NoServers),
            ResolverConfig::Servers(addresses) => (name_servers(addresses), ResolverOpts::default()),
        };
        let dns = MessageAuthenticator::new(servers, resolver_options(options, time_for_all))
            .map_err(|error| ResolverError::System(error.to_string()))?;
        Ok(Self(Some(Arc::new(Examiner { dns, time_for_all, failures: Failures::new(failure_believed_for) }))))
    }

    /// Finds out about the sender of `raw`, a whole mail as it came in. SPF is asked about only with
    /// a client address, DKIM only with a signature, DMARC only after one of them.
    ///
    /// A mail above [`limits::MAIL_BYTES`] is not looked at. Dropping the future ends the questions.
    pub async fn check(&self, raw: &[u8], client: &Client) -> Verdicts {
        let Some(examiner) = self.0.as_ref().filter(|_| raw.len() <= limits::MAIL_BYTES) else {
            return Verdicts::default();
        };
        let raw = header::without_mailbox_line(raw);
        let block = HeaderBlock::measure(raw);
        let envelope = Envelope::of(client);
        if block.signatures == 0 && envelope.is_none() {
            return Verdicts { dkim: Verdict::None, ..Verdicts::default() };
        }
        if block.signatures == 0 || raw.len() <= limits::LARGE_BODY_BYTES {
            return examiner.examine(raw, block, envelope.as_ref()).await;
        }
        // Hashing a large body takes tens of milliseconds, in which other tasks would stand still.
        let (examiner, raw, client) = (Arc::clone(examiner), raw.to_vec(), client.clone());
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            runtime.block_on(examiner.examine(&raw, block, Envelope::of(&client).as_ref()))
        })
        .await
        .unwrap_or_default()
    }
}

fn name_servers(addresses: &[SocketAddr]) -> Servers {
    let server = |address: &SocketAddr| {
        let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
        udp.port = address.port();
        tcp.port = address.port();
        NameServerConfig::new(address.ip(), true, vec![udp, tcp])
    };
    Servers::from_parts(None, Vec::new(), addresses.iter().map(server).collect())
}

fn resolver_options(mut options: ResolverOpts, time_for_all: Duration) -> ResolverOpts {
    // Asked twice, a question has used two thirds of the time when it is given up.
    options.timeout = time_for_all / 3;
    options.attempts = 1;
    options.cache_size = ANSWERS;
    options.positive_max_ttl = Some(ANSWER_BELIEVED_FOR);
    options.negative_max_ttl = Some(ANSWER_BELIEVED_FOR);
    options.negative_min_ttl = Some(ABSENCE_BELIEVED_FOR);
    options.max_active_requests = QUESTIONS_UNDER_WAY;
    // Mail is about public names; this machine's hosts file is not to vouch for a sender.
    options.use_hosts_file = ResolveHosts::Never;
    options
}
