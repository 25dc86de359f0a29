//! HTTP to the key service: TLS by rustls on AWS-LC, no proxy, no redirect, one time limit for all.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use zeroize::Zeroizing;

use super::transit::{Answer, Transport, TransportError};
use crate::ProviderError;

/// How long the service has for a whole exchange.
const EXCHANGE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 64 * 1024;

/// Carries requests by HTTPS, or by HTTP to this machine alone.
pub struct UreqTransport {
    agent: Agent,
    address: String,
    namespace: Option<String>,
}

impl UreqTransport {
    /// For a service at `address` (`https://vault.example:8200`), which must show a certificate
    /// that this machine trusts, or that one of `authorities` (a PEM file) has signed.
    ///
    /// # Errors
    /// [`ProviderError::Malformed`] for an address in the clear beyond this machine or a file
    /// without certificates, [`ProviderError::Io`].
    pub fn new(address: &str, authorities: Option<&Path>) -> Result<Self, ProviderError> {
        Self::with_timeout(address, authorities, EXCHANGE)
    }

    /// As [`UreqTransport::new`], with another limit for a whole exchange.
    ///
    /// # Errors
    /// As [`UreqTransport::new`].
    pub fn with_timeout(address: &str, authorities: Option<&Path>, limit: Duration) -> Result<Self, ProviderError> {
        let address = address.trim_end_matches('/');
        if !is_guarded(address) {
            return Err(ProviderError::Malformed(
                "the key service's address begins with https://, or is on this machine",
            ));
        }
        let roots = authorities.map_or(Ok(RootCerts::PlatformVerifier), certificates)?;
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .root_certs(roots)
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(limit))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build()
            .new_agent();
        Ok(Self { agent, address: address.to_owned(), namespace: None })
    }

    /// Names the Vault namespace that every request goes to.
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }
}

impl Transport for UreqTransport {
    fn post(&self, path: &str, token: &str, json: &[u8]) -> Result<Answer, TransportError> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.address))
            .header("X-Vault-Token", token)
            .header("X-Vault-Request", "true")
            .header("Content-Type", "application/json");
        if let Some(namespace) = &self.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        let mut response = request.send(json).map_err(|error| no_answer(&error))?;
        // Room for the whole answer, so that growing leaves no copy of a key behind.
        let mut body = Zeroizing::new(Vec::with_capacity(ANSWER_BYTES));
        let limited = response.body_mut().as_reader().take(ANSWER_BYTES as u64).read_to_end(&mut body);
        limited.map_err(|error| broken_off(&error))?;
        Ok(Answer { status: response.status().as_u16(), body })
    }
}

fn is_guarded(address: &str) -> bool {
    if address.starts_with("https://") {
        return true;
    }
    let Some(rest) = address.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "127.0.0.1" | "[::1]" | "localhost")
}

fn certificates(path: &Path) -> Result<RootCerts, ProviderError> {
    let pem = fs::read(path).map_err(|source| ProviderError::Io { path: path.to_owned(), source })?;
    let found: Result<Vec<Certificate<'static>>, _> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(RootCerts::from(found)),
        _ => Err(ProviderError::Malformed("the file of certificate authorities holds no certificate in PEM form")),
    }
}

fn no_answer(error: &ureq::Error) -> TransportError {
    match error {
        ureq::Error::Timeout(_) => TransportError::TimedOut,
        ureq::Error::Io(error) => broken_off(error),
        other => TransportError::Unreachable(other.to_string()),
    }
}

fn broken_off(error: &io::Error) -> TransportError {
    // A limit that is hit while the body is read arrives wrapped.
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
    if error.kind() == io::ErrorKind::TimedOut || matches!(inner, Some(ureq::Error::Timeout(_))) {
        return TransportError::TimedOut;
    }
    TransportError::Unreachable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_travels_in_the_clear_beyond_this_machine() {
        for guarded in ["https://vault.example", "http://127.0.0.1:8200", "http://[::1]:8200", "http://localhost"] {
            assert!(UreqTransport::new(guarded, None).is_ok(), "{guarded}");
        }
        for open in [
            "http://vault.example:8200",
            "http://127.0.0.1.example",
            "http://127.0.0.1@vault.example",
            "http://localhost:8200@vault.example",
            "http://127.0.0.1:8200.example",
            "vault.example",
            "",
        ] {
            assert!(matches!(UreqTransport::new(open, None), Err(ProviderError::Malformed(_))), "{open}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let address = "https://vault.example";
        assert!(matches!(UreqTransport::new(address, Some(file.path())), Err(ProviderError::Malformed(_))));
        let missing = Path::new("/nowhere/authorities.pem");
        assert!(matches!(UreqTransport::new(address, Some(missing)), Err(ProviderError::Io { .. })));
    }
}
