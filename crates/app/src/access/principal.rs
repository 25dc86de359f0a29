//! Who asks: an agent with roles, a program with scopes, somebody at the command line, or the
//! product itself. A principal belongs to one organisation and reaches no other.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::{AgentId, OrganisationId, Timestamp, TokenId};

use super::Scope;
use crate::Actor;
use crate::identity::{Roles, SignedIn, Strength};

/// How an agent proved who they are, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// By a passkey, and not by a password with a second factor.
    pub passkey: bool,
    /// When.
    pub at: Timestamp,
}

/// Somebody about whom policies decide. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    organisation: OrganisationId,
    actor: Actor,
    roles: Roles,
    scopes: Arc<BTreeSet<Scope>>,
    sign_in: Option<SignIn>,
}

impl Principal {
    fn new(organisation: OrganisationId, actor: Actor) -> Self {
        Self { organisation, actor, roles: Roles::NONE, scopes: Arc::default(), sign_in: None }
    }

    /// An agent with the roles they have now.
    pub fn agent(organisation: OrganisationId, agent: AgentId, roles: Roles) -> Self {
        Self { roles, ..Self::new(organisation, Actor::Agent(agent)) }
    }

    /// The same after a sign-in, which policies may ask about.
    pub fn signed_in(self, sign_in: SignIn) -> Self {
        Self { sign_in: Some(sign_in), ..self }
    }

    /// A program with a token in force.
    pub fn token(organisation: OrganisationId, token: TokenId, scopes: Arc<BTreeSet<Scope>>) -> Self {
        Self { scopes, ..Self::new(organisation, Actor::Token(token)) }
    }

    /// Somebody with the command line and the root key.
    pub fn operator(organisation: OrganisationId) -> Self {
        Self::new(organisation, Actor::Operator)
    }

    /// The product itself.
    pub fn system(organisation: OrganisationId) -> Self {
        Self::new(organisation, Actor::System)
    }

    /// The only organisation that they reach.
    pub const fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    /// Who they are in the audit log.
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// Their roles; none for those who are no agents.
    pub const fn roles(&self) -> Roles {
        self.roles
    }

    /// Their scopes; none for those who are no programs.
    pub fn scopes(&self) -> &BTreeSet<Scope> {
        &self.scopes
    }

    /// Their sign-in, if they are an agent with a session.
    pub const fn sign_in(&self) -> Option<SignIn> {
        self.sign_in
    }
}

impl From<&SignedIn> for Principal {
    fn from(session: &SignedIn) -> Self {
        let sign_in = SignIn { passkey: session.strength == Strength::Passkey, at: session.signed_in_at };
        Self::agent(session.organisation, session.agent, session.roles).signed_in(sign_in)
    }
}
