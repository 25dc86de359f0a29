//! Making, listing and revoking tokens, each with its audit entry in the same transaction.

use std::collections::BTreeSet;

use kernel::{Id, OrganisationId, Timestamp, TokenId};
use zeroize::Zeroizing;

use super::{Access, Error, NAME_CHARS, Scope, TOKENS, scope, store};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};
use crate::secret_text::SecretText;

/// A token as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id, which is no secret.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked; none while it is in force.
    pub revoked_at: Option<Timestamp>,
}

/// A token that was just made. It cannot be printed as a whole.
pub struct NewToken {
    /// Its id.
    pub id: TokenId,
    /// What the bearer sends: `dwt_` and 103 letters and digits. It is nowhere else.
    pub text: Zeroizing<String>,
}

impl Access {
    /// Makes a token; its text is in the answer and never to be had again.
    pub async fn create_token(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        name: &str,
        scopes: &[Scope],
    ) -> Result<NewToken, Error> {
        let (name, now) = (checked_name(name)?, self.context.clock.now());
        let scopes: BTreeSet<Scope> = scopes.iter().copied().collect();
        if scopes.is_empty() {
            return Err(Error::NoScope);
        }
        let keys = self.organisation_keys(organisation).await?;
        let id = TokenId::new(now, &*self.context.entropy);
        let secret = SecretText::generate(organisation, id, &*self.context.entropy);
        let entry = Entry::new(Action::TokenCreated, actor, now).object(id).detail(scope::join(&scopes));
        let entries = [self.audit.prepare(&keys, &entry)?];
        let token = Token { id, name, scopes, created_at: now, revoked_at: None };
        let hash = secret.hash();
        self.context
            .db
            .write("access.create_token", move |tx| {
                if store::tokens_in_force(tx, organisation)? >= TOKENS as u64 {
                    return Err(Error::TooMany);
                }
                store::insert_token(tx, organisation, &token, &hash)?;
                Audit::append(tx, organisation, &entries)?;
                Ok(())
            })
            .await?;
        Ok(NewToken { id, text: secret.text() })
    }

    /// The tokens, the newest first: all that are in force, and of the revoked ones the newest, up to
    /// [`TOKENS`] together.
    pub async fn list_tokens(&self, organisation: OrganisationId) -> Result<Vec<Token>, Error> {
        let mut tokens: Vec<Token> = self
            .context
            .db
            .read("access.list_tokens", move |tx| Ok::<_, Error>(store::tokens(tx, organisation)?))
            .await?;
        tokens.sort_unstable_by_key(|token| std::cmp::Reverse(token.id));
        Ok(tokens)
    }

    /// Ends a token. From the return of this on, this process refuses it; other processes within a
    /// second. One that was revoked before stays so, without a further entry.
    pub async fn revoke_token(&self, organisation: OrganisationId, actor: Actor, token: TokenId) -> Result<(), Error> {
        let now = self.context.clock.now();
        let keys = self.organisation_keys(organisation).await?;
        let entry = Entry::new(Action::TokenRevoked, actor, now).object(token);
        let entries = [self.audit.prepare(&keys, &entry)?];
        let revoked = self
            .context
            .db
            .write("access.revoke_token", move |tx| {
                if store::revoke(tx, organisation, token, now)? {
                    Audit::append(tx, organisation, &entries)?;
                } else if store::token(tx, organisation, token)?.is_none() {
                    return Err(Error::NoToken);
                }
                Ok(())
            })
            .await;
        // Also after an error: the commit may have happened unheard.
        self.recent().forget(token);
        revoked
    }
}

fn checked_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    let chars = name.chars().count();
    let is_one_line = !name.chars().any(|sign| sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}'));
    if chars == 0 || chars > NAME_CHARS || !is_one_line {
        return Err(Error::Name);
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_named_in_one_short_line() {
        assert_eq!(checked_name(" mail server ").unwrap(), "mail server");
        for wrong in ["", " ", "a\nb", "a\u{2028}b", &"x".repeat(NAME_CHARS + 1)] {
            assert!(matches!(checked_name(wrong), Err(Error::Name)), "{wrong:?}");
        }
    }
}
