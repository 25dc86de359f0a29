//! What every domain stands on, and who acts.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use db::Db;
use envelope::Keyring;
use kernel::{AgentId, Clock, CustomerId, Entropy, TokenId};

/// How often a use case is prepared again when its preparation was outdated at commit.
pub const STALE_TRIES: usize = 16;

/// The database, the keys, the time and the randomness of one running product.
pub struct Context {
    /// Where rows live.
    pub db: Db,
    /// The wrapped keys that never lie beside the rows.
    pub keyring: Arc<Keyring>,
    /// The folder of large sealed blobs.
    pub blobs: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for keys, nonces and ids.
    pub entropy: Arc<dyn Entropy>,
}

/// Who does something, as the audit log names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The product itself: a mail came in, a time ran out.
    System,
    /// Somebody with the command line and the root key.
    Operator,
    /// An agent.
    Agent(AgentId),
    /// A program with a bearer token.
    Token(TokenId),
    /// A customer.
    Customer(CustomerId),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::Operator => f.write_str("operator"),
            Self::Agent(id) => id.fmt(f),
            Self::Token(id) => id.fmt(f),
            Self::Customer(id) => id.fmt(f),
        }
    }
}

/// A text that names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an actor is system, operator, or the id of an agent, a token or a customer")]
pub struct UnknownActor;

impl FromStr for Actor {
    type Err = UnknownActor;

    fn from_str(text: &str) -> Result<Self, UnknownActor> {
        match text {
            "system" => Ok(Self::System),
            "operator" => Ok(Self::Operator),
            _ => text
                .parse()
                .map(Self::Agent)
                .or_else(|_| text.parse().map(Self::Token))
                .or_else(|_| text.parse().map(Self::Customer))
                .map_err(|_| UnknownActor),
        }
    }
}
