//! The connection under a session: found by name, encrypted with a certificate that was checked.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::super::mail_server::{MailServer, Tls};
use super::{ANSWER_TIME, CONNECT_TIME, Stage, Trouble};

/// Where Debian and most others keep the authorities that the machine trusts.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Addresses of one name that are tried.
const ADDRESSES: usize = 8;

/// Bytes in both directions, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects to the first address of the server that answers.
pub(super) async fn connect(server: &MailServer) -> Result<TcpStream, Trouble> {
    let place = (server.host.as_str(), server.port);
    let found = timeout(CONNECT_TIME, tokio::net::lookup_host(place)).await;
    let found = found.map_err(|_| Trouble::temporary(Stage::Name, "no name server answered in time"))?;
    let found: Vec<SocketAddr> =
        found.map_err(|error| Trouble::temporary(Stage::Name, error))?.take(ADDRESSES).collect();
    if found.is_empty() {
        return Err(Trouble::temporary(Stage::Name, "this name has no address"));
    }
    let mut last = Trouble::permanent(Stage::Connect, "without TLS only this machine is spoken to: choose TLS");
    for address in found {
        if server.tls == Tls::None && !address.ip().is_loopback() {
            continue;
        }
        match timeout(CONNECT_TIME, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Commands are small and each waits for its answer.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = Trouble::temporary(Stage::Connect, error),
            Err(_) => last = Trouble::temporary(Stage::Connect, "the server did not answer in time"),
        }
    }
    Err(last)
}

/// Encrypts a connection and checks that the server is the one that was named.
pub(super) async fn encrypt(server: &MailServer, plain: Box<dyn Stream>) -> Result<Box<dyn Stream>, Trouble> {
    let wrong = |words: &dyn std::fmt::Display| Trouble::permanent(Stage::Tls, words);
    let name = ServerName::try_from(server.host.clone()).map_err(|error| wrong(&error))?;
    let connector = TlsConnector::from(Arc::new(settings(server)?));
    let encrypted = timeout(ANSWER_TIME, connector.connect(name, plain)).await;
    let encrypted = encrypted.map_err(|_| Trouble::lost(Stage::Tls, "the server did not answer in time"))?;
    Ok(Box::new(encrypted.map_err(|error| Trouble::temporary(Stage::Tls, error))?))
}

fn settings(server: &MailServer) -> Result<rustls::ClientConfig, Trouble> {
    let mut roots = rustls::RootCertStore::empty();
    let take = |certificates: &mut dyn Iterator<Item = CertificateDer<'static>>, roots: &mut rustls::RootCertStore| {
        for certificate in certificates {
            // A system bundle may hold an authority that rustls does not take; the others serve.
            let _ = roots.add(certificate);
        }
    };
    if let Some(authority) = &server.authority {
        take(&mut CertificateDer::pem_slice_iter(authority.as_bytes()).filter_map(Result::ok), &mut roots);
    } else if let Ok(system) = CertificateDer::pem_file_iter(SYSTEM_AUTHORITIES) {
        take(&mut system.filter_map(Result::ok), &mut roots);
    }
    if roots.is_empty() {
        let words =
            format!("no certificate authority is trusted: install ca-certificates ({SYSTEM_AUTHORITIES}) or name one");
        return Err(Trouble::permanent(Stage::Tls, words));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| Trouble::permanent(Stage::Tls, error))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}
