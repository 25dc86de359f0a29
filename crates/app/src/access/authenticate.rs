//! Who a bearer of a token is, and whether the token permits what is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::{OrganisationId, TokenId};

use super::recent::Refusal;
use super::{Access, Denied, Error, Principal, Scope, scope, store};
use crate::Actor;
use crate::audit::{Action, Entry};
use crate::secret_text::{SecretText, same};

/// Somebody whose token was found good for one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The only organisation that the token reaches.
    pub organisation: OrganisationId,
    /// The token.
    pub token: TokenId,
}

impl Access {
    /// Looks whether a text is a token in force that permits the scope; [`Error::Denied`] when not.
    ///
    /// A refused use of a token whose id is known leaves an entry, once per token, reason and 15
    /// minutes, so that nobody can fill the log by asking again.
    pub async fn authenticate(&self, text: &str, needed: Scope) -> Result<Bearer, Error> {
        let (bearer, scopes) = self.known(text, |scopes| scopes.contains(&needed)).await?;
        if !scopes.contains(&needed) {
            return Err(self.refuse(bearer, Refusal::Scope(needed), Denied::Scope { needed }).await);
        }
        Ok(bearer)
    }

    /// Who a bearer is for the policies, whatever the scopes of the token; [`Error::Denied`] when it
    /// is no token in force.
    pub async fn identify(&self, text: &str) -> Result<Principal, Error> {
        let (bearer, scopes) = self.known(text, |_| true).await?;
        Ok(Principal::token(bearer.organisation, bearer.token, scopes))
    }

    /// A token in force and its scopes: as they were a moment ago, when those are enough.
    async fn known(
        &self,
        text: &str,
        are_enough: impl Fn(&BTreeSet<Scope>) -> bool,
    ) -> Result<(Bearer, Arc<BTreeSet<Scope>>), Error> {
        let secret = SecretText::<TokenId>::parse(text).ok_or(Denied::Unknown)?;
        let bearer = Bearer { organisation: secret.organisation(), token: secret.id() };
        let (hash, now) = (secret.hash(), self.context.clock.now());
        let (believed, asked) = {
            let mut recent = self.recent();
            (recent.good(bearer.token, now), recent.generation())
        };
        if let Some((known, scopes)) = believed
            && same(&known, &hash)
            && are_enough(&scopes)
        {
            return Ok((bearer, scopes));
        }
        let row = self
            .context
            .db
            .read("access.authenticate", move |tx| Ok::<_, Error>(store::token(tx, bearer.organisation, bearer.token)?))
            .await?
            .ok_or(Denied::Unknown)?;
        if !same(&row.hash, &hash) {
            return Err(self.refuse(bearer, Refusal::Secret, Denied::Unknown).await);
        }
        if row.revoked_at.is_some() {
            return Err(self.refuse(bearer, Refusal::Revoked, Denied::Revoked).await);
        }
        let scopes = Arc::new(scope::split(&row.scopes));
        self.recent().remember(bearer.token, hash, Arc::clone(&scopes), (asked, now));
        Ok((bearer, scopes))
    }

    /// Puts a refusal on record. Whether that works or not, it stays a refusal.
    async fn refuse(&self, bearer: Bearer, refusal: Refusal, denied: Denied) -> Error {
        let now = self.context.clock.now();
        if self.recent().is_news(bearer.token, refusal, now) {
            let (actor, reason) = match refusal {
                // Somebody who knows an id, and not the bearer.
                Refusal::Secret => (Actor::System, "wrong secret".to_owned()),
                Refusal::Revoked => (Actor::Token(bearer.token), "revoked".to_owned()),
                Refusal::Scope(needed) => (Actor::Token(bearer.token), format!("lacks {needed}")),
            };
            let entry = Entry::new(Action::TokenRefused, actor, now).object(bearer.token).detail(reason);
            if let Err(error) = self.write_entry(bearer.organisation, &entry).await {
                tracing::error!(%error, token = %bearer.token, "a refused token could not be put on record");
            }
        }
        denied.into()
    }
}
