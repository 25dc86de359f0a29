//! Where somebody comes from who is not signed in yet, or was signed in from there.

use std::net::IpAddr;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Characters of a browser's own name that are kept.
const USER_AGENT_CHARS: usize = 300;

/// What a request says about its sender. No `Debug`: it is a person's.
#[derive(Clone, Default)]
pub struct Visitor {
    /// The address of the network that it came from; none from a local program.
    pub source: Option<IpAddr>,
    /// How the browser names itself.
    pub user_agent: String,
    /// The cookie of a device on which somebody signed in before.
    pub device: Option<String>,
}

/// What is kept of it beside a session.
#[derive(Default, Zeroize, ZeroizeOnDrop, serde::Serialize, serde::Deserialize)]
pub(super) struct Place {
    pub(super) source: String,
    pub(super) user_agent: String,
}

impl Visitor {
    pub(super) fn place(&self) -> Place {
        let source = self.source.map(|source| source.to_string()).unwrap_or_default();
        let readable = self.user_agent.chars().filter(|sign| !sign.is_control());
        Place { source, user_agent: readable.take(USER_AGENT_CHARS).collect() }
    }
}

impl Place {
    /// As it is sealed.
    pub(super) fn bytes(&self) -> zeroize::Zeroizing<Vec<u8>> {
        // Only maps with keys that are no strings fail, and there are none.
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// Back again; a form that a later version wrote shows nothing.
    pub(super) fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }
}
