//! Where the server is and how its certificate is checked.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Error;

/// How long one host may take to answer a connection.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long the server's machine may leave a packet unanswered.
const SILENCE: Duration = Duration::from_secs(30);
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A parsed URL: what to connect to, and the TLS settings if any are needed.
pub(crate) struct Target {
    pub(crate) config: tokio_postgres::Config,
    pub(crate) tls: Option<MakeRustlsConnect>,
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let (url, root_certificate, mode) = split_tls_parameters(url);
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|_| Error::Settings("the PostgreSQL URL cannot be read".to_owned()))?;
        let near = config.get_hosts().iter().all(is_near) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let wants_tls = match mode.as_deref() {
            Some("disable") if near => false,
            Some("disable") => {
                return Err(Error::Settings(
                    "sslmode=disable would send everything in the clear to another machine: remove it".to_owned(),
                ));
            }
            None | Some("prefer" | "allow") => !near || root_certificate.is_some(),
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(other) => return Err(Error::Settings(format!("unknown sslmode {other:?}: use verify-full"))),
        };
        config.ssl_mode(if wants_tls { SslMode::Require } else { SslMode::Disable });
        config.application_name("doorward").connect_timeout(CONNECT_TIME);
        // A server that vanished without a word is noticed, instead of waited for.
        config
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE / 2)
            .keepalives_interval(SILENCE / 6)
            .keepalives_retries(3);
        let tls = if wants_tls { Some(connector(root_certificate.as_deref())?) } else { None };
        Ok(Self { config, tls })
    }
}

/// The client library knows neither `sslrootcert` nor the verifying modes, so they are taken out.
fn split_tls_parameters(url: &str) -> (String, Option<String>, Option<String>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None, None) };
    let (mut root, mut mode, mut rest) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslrootcert", value)) => root = Some(percent_decoded(value)),
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            _ => rest.push(pair),
        }
    }
    let url = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
    (url, root, mode)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_near(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

fn connector(root_certificate: Option<&str>) -> Result<MakeRustlsConnect, Error> {
    let path = root_certificate.unwrap_or(SYSTEM_AUTHORITIES);
    let unreadable = |error: &dyn std::fmt::Display| {
        Error::Settings(format!("cannot read the certificate authorities in {path}: {error}"))
    };
    let mut roots = rustls::RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
    for certificate in certificates {
        // A system bundle may hold an authority that rustls does not take; the others serve.
        let _ = roots.add(certificate.map_err(|error| unreadable(&error))?);
    }
    if roots.is_empty() {
        return Err(Error::Settings(format!("{path} holds no usable certificate authority")));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Settings(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_never_spoken_to_in_the_clear() {
        let refused = Target::parse("postgresql://u@db.example/doorward?sslmode=disable");
        assert!(matches!(refused, Err(Error::Settings(_))));
    }

    #[test]
    fn an_address_behind_a_near_name_counts() {
        let refused = Target::parse("postgresql://u@localhost/doorward?hostaddr=192.0.2.7&sslmode=disable");
        assert!(matches!(refused, Err(Error::Settings(_))));
    }

    #[test]
    fn an_authority_file_may_lie_anywhere() {
        assert_eq!(percent_decoded("%2Fetc%2fmy%20ca%C3%A4.pem"), "/etc/my caä.pem");
        assert_eq!(percent_decoded("/100%/%zz%2"), "/100%/%zz%2");
    }

    #[test]
    fn loopback_may_go_without() {
        let target = Target::parse("postgresql://u@127.0.0.1:5432/doorward").unwrap();
        assert!(target.tls.is_none());
    }

    #[test]
    fn a_missing_authority_file_is_named() {
        let refused = Target::parse("postgresql://u@127.0.0.1/d?sslmode=verify-full&sslrootcert=/nowhere.pem");
        let Err(Error::Settings(text)) = refused else { panic!("accepted") };
        assert!(text.contains("/nowhere.pem"));
    }
}
