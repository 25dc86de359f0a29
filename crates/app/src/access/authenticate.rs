//! Who a bearer of a token is, and whether the token permits what is asked.

use std::sync::Arc;

use kernel::{OrganisationId, TokenId};

use super::recent::Refusal;
use super::{Access, Denied, Error, Scope, scope, store};
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
        let secret = SecretText::<TokenId>::parse(text).ok_or(Denied::Unknown)?;
        let bearer = Bearer { organisation: secret.organisation(), token: secret.id() };
        let (hash, now) = (secret.hash(), self.context.clock.now());
        let (believed, asked) = {
            let mut recent = self.recent();
            (recent.good(bearer.token, now), recent.generation())
        };
        if let Some((known, scopes)) = believed
            && same(&known, &hash)
            && scopes.contains(&needed)
        {
            return Ok(bearer);
        }
        let row = self
            .context
            .db
            .read("access.authenticate", move |tx| Ok::<_, Error>(store::token(tx, bearer.organisation, bearer.token)?))
            .await?
            .ok_or(Denied::Unknown)?;
        if !same(&row.hash, &hash) {
            return self.refuse(bearer, Refusal::Secret, Denied::Unknown).await;
        }
        if row.revoked_at.is_some() {
            return self.refuse(bearer, Refusal::Revoked, Denied::Revoked).await;
        }
        let scopes = Arc::new(scope::split(&row.scopes));
        self.recent().remember(bearer.token, hash, Arc::clone(&scopes), (asked, now));
        if !scopes.contains(&needed) {
            return self.refuse(bearer, Refusal::Scope(needed), Denied::Scope { needed }).await;
        }
        Ok(bearer)
    }

    /// Puts a refusal on record. Whether that works or not, it stays a refusal.
    async fn refuse(&self, bearer: Bearer, refusal: Refusal, denied: Denied) -> Result<Bearer, Error> {
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
        Err(denied.into())
    }
}
