//! Where agents reach this installation, which decides what a passkey is good for, and what
//! passwords are compared with.

use std::path::PathBuf;
use std::sync::Arc;

use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};

use super::Error;
use super::breached::BreachedPasswords;

/// Where a product without settings is reached: from its own machine.
const OWN_MACHINE: &str = "http://localhost:8080";
/// Whose passkey it is, as a browser shows it.
const PRODUCT: &str = "Doorward";

/// What identity is told by the operator.
#[derive(Clone)]
pub struct Settings {
    public_url: Url,
    passkeys: Option<Arc<Webauthn>>,
    breached: Option<BreachedPasswords>,
}

impl Settings {
    /// `public_url` is what agents type into their browsers; `breached` a list of passwords that
    /// nobody shall use: upper-case SHA-1 in hex, one a line, sorted, with `:` and a count or without,
    /// as Have I Been Pwned gives it.
    pub fn new(public_url: &str, breached: Option<PathBuf>) -> Result<Self, Error> {
        let url = Url::parse(public_url).map_err(|_| Error::PublicUrl)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || url.path() != "/" {
            return Err(Error::PublicUrl);
        }
        let passkeys = passkeys(&url)?;
        let breached = breached.map(BreachedPasswords::open).transpose()?;
        Ok(Self { public_url: url, passkeys, breached })
    }

    /// The address of an invitation's page.
    pub fn link(&self, text: &str) -> String {
        format!("{}enrol/{text}", self.public_url)
    }

    /// Whether browsers let anybody use a passkey here: they ask for HTTPS and a name, or localhost.
    pub const fn has_passkeys(&self) -> bool {
        self.passkeys.is_some()
    }

    pub(super) fn passkeys(&self) -> Result<&Webauthn, Error> {
        self.passkeys.as_deref().ok_or(Error::NoPasskeysHere)
    }

    pub(super) const fn breached(&self) -> Option<&BreachedPasswords> {
        self.breached.as_ref()
    }
}

impl Default for Settings {
    #[allow(clippy::expect_used, reason = "the address is a constant, and a test makes these settings")]
    fn default() -> Self {
        Self::new(OWN_MACHINE, None).expect("the own machine has an address")
    }
}

fn passkeys(url: &Url) -> Result<Option<Arc<Webauthn>>, Error> {
    let Some(name) = url.domain() else { return Ok(None) };
    let is_own_machine = name == "localhost" || name.ends_with(".localhost");
    if url.scheme() != "https" && !is_own_machine {
        return Ok(None);
    }
    let builder = WebauthnBuilder::new(name, url).map_err(|_| Error::PublicUrl)?;
    let webauthn = builder.rp_name(PRODUCT).build().map_err(|_| Error::PublicUrl)?;
    Ok(Some(Arc::new(webauthn)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_offered_where_browsers_allow_them() {
        let has = |url: &str| Settings::new(url, None).unwrap().has_passkeys();
        assert!(Settings::default().has_passkeys());
        assert!(has("https://desk.elm.example") && has("http://localhost:8180"));
        assert!(!has("http://desk.elm.example") && !has("https://192.0.2.7") && !has("http://127.0.0.1:8080"));
        for wrong in ["desk.elm.example", "ftp://desk.elm.example", "https://desk.elm.example/path", ""] {
            assert!(matches!(Settings::new(wrong, None), Err(Error::PublicUrl)), "{wrong}");
        }
    }

    #[test]
    fn a_link_is_below_the_public_address() {
        let settings = Settings::new("https://desk.elm.example", None).unwrap();
        assert_eq!(settings.link("dwi_1"), "https://desk.elm.example/enrol/dwi_1");
    }
}
