//! The mail servers that take our mail: one for the whole organisation, and one of its own for an
//! address that needs another. Their passwords lie sealed with the rest and are never shown again.

use db::Tx;
use kernel::{Id, OrganisationId, OwnAddressId, Timestamp};
use zeroize::Zeroizing;

use super::store::{self, MailServerRow};
use super::{Refused, letter};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};
use crate::channels::{Channels, Error};
use crate::vault::{Column, SubjectKeys};

/// Bytes of a user name, and of a password.
const SECRET_BYTES: usize = 1024;
/// Bytes of a certificate authority in PEM.
const AUTHORITY_BYTES: usize = 64 * 1024;
/// Bytes of a host's name (RFC 1035).
const HOST_BYTES: usize = 253;

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte (RFC 8314), usually port 465.
    Implicit,
    /// After `STARTTLS`, or not at all: a server that does not offer it gets no mail. Usually port 587.
    StartTls,
    /// Not at all; only for a server on this machine.
    None,
}

/// How to reach a mail server. No `Debug`: it holds a password.
#[derive(Clone)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// Whom to log in as; none when the server asks for nobody.
    pub user: Option<String>,
    /// With which password.
    pub password: Option<Zeroizing<String>>,
    /// The certificate authority of the server, in PEM, when it is not one that the machine trusts.
    pub authority: Option<String>,
}

/// A mail server as it may be shown: without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownServer {
    /// The address whose mail it takes; none when it takes that of all others.
    pub of: Option<OwnAddressId>,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// Whom we log in as.
    pub user: Option<String>,
    /// Whether an authority of its own is named.
    pub has_authority: bool,
    /// How often in a row it could not be used.
    pub failures: u64,
    /// When it is tried again, while it cannot be used.
    pub retry_at: Option<Timestamp>,
}

/// The sealed document of `mail_server.sealed`.
#[derive(serde::Serialize, serde::Deserialize)]
struct Document {
    host: String,
    port: u16,
    tls: Tls,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    authority: Option<String>,
}

impl Drop for Document {
    fn drop(&mut self) {
        drop(self.password.take().map(Zeroizing::new));
    }
}

impl MailServer {
    fn check(&self) -> Result<(), Refused> {
        let wrong = |words| Err(Refused::Server(words));
        let plain =
            |text: &str| !text.is_empty() && !text.chars().any(|sign| sign.is_control() || sign.is_whitespace());
        if !plain(&self.host) || self.host.len() > HOST_BYTES {
            return wrong("its host is a name like mail.example.org");
        }
        if self.port == 0 {
            return wrong("its port is a number from 1 on, usually 587 or 465");
        }
        let fits = |text: &str| text.len() <= SECRET_BYTES && !text.contains(['\0', '\r', '\n']);
        if !self.user.as_deref().is_none_or(|user| !user.is_empty() && fits(user)) {
            return wrong("a user name stands on one line");
        }
        if !self.password.as_deref().is_none_or(|password| fits(password)) {
            return wrong("a password stands on one line");
        }
        if self.user.is_some() != self.password.is_some() {
            return wrong("a user name and a password go together");
        }
        if self
            .authority
            .as_deref()
            .is_some_and(|pem| pem.len() > AUTHORITY_BYTES || !pem.contains("BEGIN CERTIFICATE"))
        {
            return wrong("the certificate authority is a file in PEM");
        }
        if self.tls == Tls::None && !is_near(&self.host) {
            return wrong("only a server on this machine is spoken to without TLS: choose starttls or implicit");
        }
        Ok(())
    }

    pub(super) fn open(keys: &SubjectKeys, row: &MailServerRow) -> Result<Self, Error> {
        let document = keys.open(Column::MailServer, &row.scope, &row.sealed)?;
        let mut document: Document = serde_json::from_slice(&document)?;
        Ok(Self {
            host: std::mem::take(&mut document.host),
            port: document.port,
            tls: document.tls,
            user: document.user.take(),
            password: document.password.take().map(Zeroizing::new),
            authority: document.authority.take(),
        })
    }

    fn seal(&self, channels: &Channels, keys: &SubjectKeys, scope: &[u8; 16]) -> Result<Vec<u8>, Error> {
        let document = Document {
            host: self.host.clone(),
            port: self.port,
            tls: self.tls,
            user: self.user.clone(),
            password: self.password.as_deref().cloned(),
            authority: self.authority.clone(),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&document)?);
        Ok(keys.seal(Column::MailServer, scope, &plain, &*channels.context.entropy)?)
    }
}

/// Whether a name is this machine's without asking anybody; the connection looks at the address too.
fn is_near(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The row of an address, or of the organisation.
pub(super) fn scope(organisation: OrganisationId, of: Option<OwnAddressId>) -> [u8; 16] {
    of.map_or(*organisation.bytes(), |own| *own.bytes())
}

impl Channels {
    /// Sets the mail server of one address, or of all that have none of their own. With a user and
    /// no password the one that was set before stays.
    pub async fn set_mail_server(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        of: Option<OwnAddressId>,
        server: &MailServer,
    ) -> Result<(), Error> {
        let now = self.context.clock.now();
        let scope = scope(organisation, of);
        let mut server = server.clone();
        if server.user.is_some() && server.password.is_none() {
            server.password = self.stored_server(organisation, scope).await?.and_then(|before| before.password);
        }
        server.check()?;
        let keys = self.read_own_keys(organisation).await?;
        let sealed = server.seal(self, &keys, &scope)?;
        let entry = self.server_entry(&keys, (actor, now), of, "mail server set")?;
        let write = move |tx: &mut Tx<'_>| {
            if let Some(own) = of
                && !store::own_addresses(tx, organisation)?.iter().any(|row| row.id == own)
            {
                return Err(Error::Out(Refused::UnknownOwnAddress));
            }
            store::put_mail_server(tx, organisation, (&scope, &sealed), now)?;
            store::announce(tx, organisation, scope);
            Ok(Audit::append(tx, organisation, &entry)?)
        };
        self.context.db.write("channels.set_mail_server", write).await
    }

    /// Forgets a mail server; false when there was none.
    pub async fn remove_mail_server(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        of: Option<OwnAddressId>,
    ) -> Result<bool, Error> {
        let now = self.context.clock.now();
        let keys = self.read_own_keys(organisation).await?;
        let entry = self.server_entry(&keys, (actor, now), of, "mail server removed")?;
        let write = move |tx: &mut Tx<'_>| {
            if !store::remove_mail_server(tx, organisation, &scope(organisation, of))? {
                return Ok(false);
            }
            Audit::append(tx, organisation, &entry)?;
            Ok::<_, Error>(true)
        };
        self.context.db.write("channels.remove_mail_server", write).await
    }

    fn server_entry(
        &self,
        keys: &SubjectKeys,
        (actor, now): (Actor, Timestamp),
        of: Option<OwnAddressId>,
        told: &str,
    ) -> Result<[crate::audit::Prepared; 1], Error> {
        let entry = Entry::new(Action::ChannelChanged, actor, now).detail(told);
        let entry = if let Some(own) = of { entry.object(own) } else { entry };
        Ok([self.audit.prepare(keys, &entry)?])
    }

    /// Every mail server, that of all addresses first.
    pub async fn mail_servers(&self, organisation: OrganisationId) -> Result<Vec<ShownServer>, Error> {
        let channels = self.clone();
        let read = move |tx: &mut Tx<'_>| {
            let keys = channels.own_keys(tx, organisation)?;
            let show = |row: MailServerRow| {
                let server = MailServer::open(&keys, &row)?;
                let of = Some(OwnAddressId::from_bytes(row.scope)).filter(|_| row.scope != *organisation.bytes());
                Ok::<_, Error>(ShownServer {
                    of,
                    host: server.host.clone(),
                    port: server.port,
                    tls: server.tls,
                    user: server.user.clone(),
                    has_authority: server.authority.is_some(),
                    failures: row.failures,
                    retry_at: row.retry_at,
                })
            };
            let mut shown =
                store::mail_servers(tx, organisation)?.into_iter().map(show).collect::<Result<Vec<_>, _>>()?;
            shown.sort_by_key(|server| server.of);
            Ok(shown)
        };
        self.context.db.read("channels.mail_servers", read).await
    }

    /// The server that takes the mail of an address.
    pub(super) async fn server_of(&self, organisation: OrganisationId, own: OwnAddressId) -> Result<MailServer, Error> {
        for scope in [scope(organisation, Some(own)), scope(organisation, None)] {
            if let Some(server) = self.stored_server(organisation, scope).await? {
                return Ok(server);
            }
        }
        Err(Refused::NoServer.into())
    }

    async fn stored_server(&self, organisation: OrganisationId, scope: [u8; 16]) -> Result<Option<MailServer>, Error> {
        let channels = self.clone();
        let read = move |tx: &mut Tx<'_>| {
            let keys = channels.own_keys(tx, organisation)?;
            let row = store::mail_servers(tx, organisation)?.into_iter().find(|row| row.scope == scope);
            row.map(|row| MailServer::open(&keys, &row)).transpose()
        };
        self.context.db.read("channels.mail_server", read).await
    }
}

/// What we call ourselves to a server: the domain of the address that we write from.
pub(super) fn own_name(address: &str) -> String {
    let domain =
        letter::wire_address(address).and_then(|wire| wire.rsplit_once('@').map(|(_, domain)| domain.to_owned()));
    domain.unwrap_or_else(|| "localhost".to_owned())
}
