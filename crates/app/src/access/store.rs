//! Tokens as rows. The text of a token is not among the columns.

use db::{Error, Tx, blob, id, int, opt_time, text, time};
use kernel::{OrganisationId, Timestamp, TokenId};

use super::{TOKENS, Token, scope};
use crate::secret_text::HASH_BYTES;

db::statements! { "access";
    /// A new token.
    INSERT_TOKEN = "INSERT INTO token (org, id, name, scopes, secret_hash, created_at, revoked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// How many are in force.
    TOKENS_IN_FORCE = "SELECT COUNT(*) FROM token WHERE org = $1 AND revoked_at IS NULL";
    /// Those in force and the newest of the revoked ones.
    TOKEN_LIST = "SELECT id, name, scopes, created_at, revoked_at FROM token WHERE org = $1
        ORDER BY CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, id DESC LIMIT $2";
    /// What a bearer's text is compared with.
    TOKEN = "SELECT secret_hash, scopes, revoked_at FROM token WHERE org = $1 AND id = $2";
    /// The end of a token; a revoked one stays as it was.
    REVOKE_TOKEN = "UPDATE token SET revoked_at = $3 WHERE org = $1 AND id = $2 AND revoked_at IS NULL";
}

/// What a bearer's text is compared with.
pub(super) struct TokenRow {
    pub(super) hash: [u8; HASH_BYTES],
    pub(super) scopes: String,
    pub(super) revoked_at: Option<Timestamp>,
}

pub(super) fn insert_token(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    token: &Token,
    hash: &[u8; HASH_BYTES],
) -> Result<(), Error> {
    let scopes = scope::join(&token.scopes);
    let values = [
        id(&organisation),
        id(&token.id),
        text(&token.name),
        text(&scopes),
        blob(hash),
        time(token.created_at),
        opt_time(token.revoked_at),
    ];
    tx.execute_one(&INSERT_TOKEN, &values)
}

pub(super) fn tokens_in_force(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<u64, Error> {
    tx.query_opt(&TOKENS_IN_FORCE, &[id(&organisation)], |row| row.count(0))?.ok_or(Error::Missing)
}

pub(super) fn tokens(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Vec<Token>, Error> {
    tx.query(&TOKEN_LIST, &[id(&organisation), int(TOKENS)], |row| {
        Ok(Token {
            id: row.id(0)?,
            name: row.text(1)?,
            scopes: scope::split(&row.text(2)?),
            created_at: row.time(3)?,
            revoked_at: row.opt_time(4)?,
        })
    })
}

pub(super) fn token(tx: &mut Tx<'_>, organisation: OrganisationId, token: TokenId) -> Result<Option<TokenRow>, Error> {
    tx.query_opt(&TOKEN, &[id(&organisation), id(&token)], |row| {
        Ok(TokenRow { hash: row.array(0)?, scopes: row.text(1)?, revoked_at: row.opt_time(2)? })
    })
}

/// Whether it was in force until now.
pub(super) fn revoke(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    token: TokenId,
    now: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&REVOKE_TOKEN, &[id(&organisation), id(&token), time(now)])? == 1)
}
