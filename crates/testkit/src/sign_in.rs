//! An agent who is signed in, made without the ceremony: tests of pages begin behind the door.

use app::identity::Roles;
use app::vault::{Column, Index, Normalised};
use aws_lc_rs::digest::{SHA256, digest};
use envelope::CryptoEntropy;
use kernel::{AgentId, Clock as _, Entropy, Id, Locale, OrganisationId, SessionId};

use crate::TestApp;

static INSERT_AGENT: db::Statement = db::Statement::new(
    "testkit.insert_agent",
    "INSERT INTO agent (org, id, role, state, email_index, email_sealed, created_at, name_sealed, language)
        VALUES ($1, $2, $3, 'active', $4, $5, $6, $7, $8)",
);
static INSERT_SESSION: db::Statement = db::Statement::new(
    "testkit.insert_session",
    "INSERT INTO session (org, id, agent, secret_hash, strength, place_sealed, signed_in_at, seen_at)
        VALUES ($1, $2, $3, $4, 'passkey', $5, $6, $6)",
);

/// An agent with a session.
pub struct Signed {
    /// Who.
    pub agent: AgentId,
    /// The session.
    pub session: SessionId,
    /// The header field `Cookie`.
    pub cookie: String,
}

impl TestApp {
    /// A new agent of the test's organisation, signed in now.
    pub async fn sign_in(&self, name: &str, roles: Roles, locale: Locale) -> Signed {
        self.sign_in_to(self.organisation, name, roles, locale).await
    }

    /// The same in any organisation.
    pub async fn sign_in_to(&self, organisation: OrganisationId, name: &str, roles: Roles, locale: Locale) -> Signed {
        let now = self.clock.now();
        let (agent, session) = (AgentId::new(now, &CryptoEntropy), SessionId::new(now, &CryptoEntropy));
        let address = format!("{agent}@elm.example");
        let normalised = Normalised::email(&address).expect("an address");
        let vault = self.app.vault.clone();
        let index = vault.blind(organisation, Index::AgentEmail, normalised.normalised().as_bytes()).expect("a hash");
        let entropy: &dyn Entropy = &CryptoEntropy;
        let secret: [u8; 32] = entropy.array();
        let bytes = [&organisation.bytes()[..], &session.bytes()[..], &secret[..]].concat();
        let hash = digest(&SHA256, &bytes).as_ref().to_vec();
        let (name, role) = (name.to_owned(), roles.to_string());
        let write = move |tx: &mut db::Tx<'_>| {
            let keys = vault.keys(tx, organisation, organisation.into()).expect("keys").expect("keys");
            let seal = |column, row: &[u8; 16], text: &str| {
                keys.seal(column, row, text.as_bytes(), &CryptoEntropy).expect("sealed")
            };
            let email = seal(Column::AgentEmail, agent.bytes(), &address);
            let sealed_name = seal(Column::AgentName, agent.bytes(), &name);
            let place = seal(Column::SessionPlace, session.bytes(), "{\"source\":\"\",\"user_agent\":\"\"}");
            let (org, id) = (db::id(&organisation), db::id(&agent));
            let (role, code) = (db::text(&role), db::text(locale.code()));
            let row = [org, id, role, db::blob(&index), db::blob(&email), db::time(now), db::blob(&sealed_name), code];
            tx.execute_one(&INSERT_AGENT, &row)?;
            let row = [org, db::id(&session), id, db::blob(&hash), db::blob(&place), db::time(now)];
            tx.execute_one(&INSERT_SESSION, &row)
        };
        self.app.context.db.write("testkit.sign_in", write).await.expect("an agent is stored");
        Signed { agent, session, cookie: format!("__Host-doorward=dws_{}", base32(&bytes)) }
    }
}

/// Lower-case Crockford base 32, most significant bit first, filled up with zeros.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1)).collect();
    let digit = |five: &[u8]| (0..5).fold(0, |sum, place| (sum << 1) | five.get(place).copied().unwrap_or(0));
    bits.chunks(5).map(|five| ALPHABET.get(usize::from(digit(five))).copied().map_or('0', char::from)).collect()
}
