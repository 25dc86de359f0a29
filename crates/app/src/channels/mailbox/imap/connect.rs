//! The way to a server: its address, the connection, and TLS with a certificate that is checked.
//! Without TLS it speaks to this machine only, whatever a name resolves to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::client::Imap;
use super::wire::Stream;
use super::{Cause, Stage, Trouble};
use crate::channels::mailbox::settings::{Security, Server};

/// How long a name may take to resolve, a connection to be made, a handshake to be finished: each.
const STEP: Duration = Duration::from_secs(15);
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A greeted connection. `told` hears of each stage that was passed.
pub(in crate::channels::mailbox) async fn connect(
    server: &Server,
    patience: Duration,
    told: &mut (dyn FnMut(Stage, String) + Send),
) -> Result<Imap, Trouble> {
    let addresses = resolve(server).await?;
    let list: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    told(Stage::Name, list.join(", "));
    let stream = reach(&addresses).await?;
    match server.security {
        Security::Tls => {
            told(Stage::Connect, format!("port {} answers", server.port));
            let stream = secure(server, Box::new(stream), told).await?;
            Imap::greeted(stream, patience).await
        }
        Security::StartTls => {
            let plain = Imap::greeted(Box::new(stream), patience).await?;
            told(Stage::Connect, format!("port {} answers", server.port));
            let stream = secure(server, plain.start_tls().await?, told).await?;
            // What was offered in the clear may be made up: it is asked again.
            Ok(Imap::resumed(stream, patience))
        }
        Security::Plain => {
            let imap = Imap::greeted(Box::new(stream), patience).await?;
            told(Stage::Connect, format!("port {} answers, without TLS on this machine", server.port));
            Ok(imap)
        }
    }
}

async fn resolve(server: &Server) -> Result<Vec<SocketAddr>, Trouble> {
    let trouble = |cause| Trouble::new(Stage::Name, cause);
    let looking = tokio::net::lookup_host((server.host.as_str(), server.port));
    let found = timeout(STEP, looking).await.map_err(|_| trouble(Cause::Slow))?;
    let found: Vec<_> = found.map_err(|_| trouble(Cause::NoAddress))?.take(ADDRESSES).collect();
    if found.is_empty() {
        return Err(trouble(Cause::NoAddress));
    }
    if server.security == Security::Plain && !found.iter().all(|address| address.ip().is_loopback()) {
        return Err(trouble(Cause::NotLoopback));
    }
    Ok(found)
}

async fn reach(addresses: &[SocketAddr]) -> Result<TcpStream, Trouble> {
    for address in addresses {
        if let Ok(Ok(stream)) = timeout(STEP, TcpStream::connect(address)).await {
            // Commands are small and each waits for its answer.
            let _ = stream.set_nodelay(true);
            return Ok(stream);
        }
    }
    Err(Trouble::new(Stage::Connect, Cause::Unreachable))
}

async fn secure(
    server: &Server,
    stream: Box<dyn Stream>,
    told: &mut (dyn FnMut(Stage, String) + Send),
) -> Result<Box<dyn Stream>, Trouble> {
    let trouble = |cause| Trouble::new(Stage::Tls, cause);
    let config = client_config(server.authority.as_deref()).map_err(trouble)?;
    let name = ServerName::try_from(server.host.clone()).map_err(|_| trouble(Cause::NoAddress))?;
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let done = timeout(STEP, handshake).await.map_err(|_| trouble(Cause::Slow))?;
    let stream = done.map_err(|error| trouble(Cause::Tls(error.to_string())))?;
    let version = stream.get_ref().1.protocol_version().and_then(|version| version.as_str().map(str::to_owned));
    told(Stage::Tls, format!("{}, the certificate is good", version.unwrap_or_else(|| "TLS".to_owned())));
    Ok(Box::new(stream))
}

fn client_config(authority: Option<&str>) -> Result<rustls::ClientConfig, Cause> {
    let roots = match authority {
        Some(pem) => roots_in(CertificateDer::pem_slice_iter(pem.as_bytes())),
        None => match CertificateDer::pem_file_iter(SYSTEM_AUTHORITIES) {
            Ok(certificates) => roots_in(certificates),
            Err(_) => rustls::RootCertStore::empty(),
        },
    };
    if roots.is_empty() {
        let from = if authority.is_some() { "the authority that was given" } else { SYSTEM_AUTHORITIES };
        return Err(Cause::Tls(format!("{from} holds no usable certificate authority")));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| Cause::Tls(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// A system's bundle may hold an authority that rustls does not take; the others serve.
fn roots_in<E>(certificates: impl Iterator<Item = Result<CertificateDer<'static>, E>>) -> rustls::RootCertStore {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in certificates.flatten() {
        let _ = roots.add(certificate);
    }
    roots
}

/// Whether a text in PEM holds a certificate authority that can be used.
pub(in crate::channels::mailbox) fn check_authority(pem: &str) -> bool {
    !roots_in(CertificateDer::pem_slice_iter(pem.as_bytes())).is_empty()
}
