//! What `doctor` finds: each thing with its weight and how to mend it. Holds no personal value.

use std::fmt::Display;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// How findings call the HTTP entry.
const ENTRY: &str = "entry";

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// As it should be.
    Ok,
    /// Works, and could be safer.
    Weak,
    /// To be mended.
    Bad,
}

/// One finding of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How grave.
    pub weight: Weight,
    /// What was looked at: `root key`, `clock` …
    pub what: String,
    /// What was found.
    pub found: String,
    /// How to mend it.
    pub mend: Option<String>,
}

impl Finding {
    /// As it should be.
    pub(crate) fn ok(what: &str, found: impl Display) -> Self {
        Self { weight: Weight::Ok, what: what.to_owned(), found: found.to_string(), mend: None }
    }

    /// It works, and could be safer.
    pub(crate) fn weak(what: &str, found: impl Display, mend: impl Display) -> Self {
        Self { weight: Weight::Weak, what: what.to_owned(), found: found.to_string(), mend: Some(mend.to_string()) }
    }

    /// To be mended.
    pub(crate) fn bad(what: &str, found: impl Display, mend: impl Display) -> Self {
        Self { weight: Weight::Bad, ..Self::weak(what, found, mend) }
    }

    /// Who can reach the HTTP entry at an address, and whether what travels there can be read.
    pub(crate) fn entry(address: SocketAddr, tls_proxy: bool) -> Self {
        if address.ip().to_canonical().is_loopback() {
            Self::ok(ENTRY, format_args!("{address} answers this machine only"))
        } else if tls_proxy {
            Self::ok(ENTRY, format_args!("{address} stands behind a proxy that speaks TLS"))
        } else {
            Self::bad(
                ENTRY,
                format_args!("{address} answers other machines, and what travels there can be read on the way"),
                "listen on 127.0.0.1 behind a proxy that speaks TLS; if one stands in front, set tls-proxy = true",
            )
        }
    }

    /// Whether it is about the HTTP entry.
    pub(crate) fn is_of_entry(&self) -> bool {
        self.what == ENTRY
    }
}

/// All findings of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// In the order of looking.
    pub findings: Vec<Finding>,
}
