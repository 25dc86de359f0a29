//! Setting up an organisation: its keys first, then in one transaction everything that needs
//! them. What was interrupted between the two is taken up by the next set-up.

use std::fmt;
use std::sync::Arc;

use db::Tx;
use kernel::{AgentId, Id, Locale, OrganisationId, Timestamp};
use zeroize::Zeroizing;

use super::invite::{InvitationKind, Invited, NewInvitation};
use super::store::{self, InvitationRow, NewAgentRow};
use super::{Error, Identity, NAME_CHARS, ORGANISATIONS, Organisation, Role};
use crate::Actor;
use crate::audit::{Action, Audit, Entry, Prepared};
use crate::vault::{self, Column, Index, NewKeys, Normalised, Vault};

/// How often a set-up that met another one is begun again.
const TRIES: usize = 8;

/// What a new organisation begins with. No `Debug`: the address is a person's.
pub struct New {
    /// Its name: 1 to [`NAME_CHARS`] characters on one line, not a personal value.
    pub name: String,
    /// Address of the first administrator.
    pub admin_email: String,
}

/// An organisation that was set up.
pub struct Created {
    /// The organisation.
    pub organisation: OrganisationId,
    /// Its first administrator.
    pub admin: AgentId,
    /// The administrator's way in. It is nowhere else.
    pub invited: Invited,
}

impl fmt::Debug for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Created")
            .field("organisation", &self.organisation)
            .field("admin", &self.admin)
            .finish_non_exhaustive()
    }
}

/// Everything that is made outside the transaction.
struct Preparation {
    organisation: Organisation,
    epoch: u32,
    keys: NewKeys,
    admin: NewAgentRow,
    invitation: InvitationRow,
    entries: Vec<Prepared>,
}

impl Identity {
    /// Sets up an organisation: keys, data inventory and its first administrator. Its keys are made
    /// before its row; a set-up that ended between the two is finished by calling this again.
    pub async fn create_organisation(&self, new: New) -> Result<Created, Error> {
        let name = checked_name(&new.name)?;
        let address = Normalised::email(&new.admin_email).ok_or(Error::Address)?;
        for _ in 0..TRIES {
            let known = self.organisations().await?;
            if known.iter().any(|organisation| organisation.name == name) {
                return Err(Error::NameTaken);
            }
            if known.len() >= ORGANISATIONS {
                return Err(Error::TooMany);
            }
            let now = self.context.clock.now();
            let id = self.make_keys(known.iter().map(|organisation| organisation.id).collect(), now).await?;
            let organisation = Organisation { id, name: name.clone(), created_at: now };
            let (prepared, text) = self.prepare(organisation, &address)?;
            let (admin, expires_at) = (prepared.admin.id, prepared.invitation.expires_at);
            let created = Created { organisation: id, admin, invited: Invited { agent: admin, text, expires_at } };
            let committed =
                self.context.db.write("identity.create_organisation", move |tx| commit(tx, &prepared)).await;
            match committed {
                // Another set-up took the same keys up, or moved to another epoch: look again.
                Err(Error::Database(db::Error::Unique) | Error::Vault(vault::Error::Stale)) => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(created),
            }
        }
        Err(Error::Busy)
    }

    /// The id of an organisation that has keys and no row: that of an interrupted set-up, or a new one.
    async fn make_keys(&self, known: Vec<OrganisationId>, now: Timestamp) -> Result<OrganisationId, Error> {
        let context = Arc::clone(&self.context);
        // The keyring waits for locks and for the disk.
        let made = tokio::task::spawn_blocking(move || {
            let keyring = &context.keyring;
            keyring.refresh()?;
            let mut begun = None;
            for organisation in keyring.organisations() {
                if known.contains(&organisation) {
                    continue;
                }
                // A log that was signed has had entries, so its data must be somewhere.
                if keyring.last_checkpoint(organisation)?.is_some() {
                    return Err(Error::LostData(organisation));
                }
                begun = Some(organisation);
            }
            if let Some(begun) = begun {
                return Ok(begun);
            }
            let new = OrganisationId::new(now, &*context.entropy);
            keyring.add_organisation(new)?;
            kernel::fail_point::pass("identity.keys_made");
            Ok(new)
        });
        made.await.map_err(|_| Error::Died)?
    }

    fn prepare(
        &self,
        organisation: Organisation,
        address: &Normalised,
    ) -> Result<(Preparation, Zeroizing<String>), Error> {
        let (id, now) = (organisation.id, organisation.created_at);
        let entropy = &*self.context.entropy;
        let keys = self.vault.new_keys(id, id.into())?;
        let agent = AgentId::new(now, entropy);
        let admin = NewAgentRow {
            id: agent,
            roles: Role::Administrator.into(),
            email_index: self.vault.blind(id, Index::AgentEmail, address.normalised().as_bytes())?,
            email_sealed: keys.keys.seal(Column::AgentEmail, agent.bytes(), address.written().as_bytes(), entropy)?,
            language: Locale::default(),
        };
        let said = [
            Entry::new(Action::OrganisationCreated, Actor::Operator, now).object(id),
            Entry::new(Action::AgentInvited, Actor::Operator, now).object(agent).detail(Role::Administrator.word()),
        ];
        let entries = said.iter().map(|entry| self.audit.prepare(&keys.keys, entry)).collect::<Result<Vec<_>, _>>()?;
        let epoch = self.context.keyring.current_epoch(id)?;
        let NewInvitation { text, row: invitation } = self.new_invitation(id, agent, InvitationKind::Invited);
        Ok((Preparation { organisation, epoch, keys, admin, invitation, entries }, text))
    }
}

fn commit(tx: &mut Tx<'_>, new: &Preparation) -> Result<(), Error> {
    let (id, now) = (new.organisation.id, new.organisation.created_at);
    if !store::organisations_named(tx, &new.organisation.name)?.is_empty() {
        return Err(Error::NameTaken);
    }
    store::insert_organisation(tx, &new.organisation, new.epoch)?;
    Vault::insert_keys(tx, &new.keys, now)?;
    Vault::default_inventory(tx, id, now)?;
    store::insert_agent(tx, id, &new.admin, now)?;
    store::replace_invitation(tx, id, &new.invitation, now)?;
    Audit::append(tx, id, &new.entries)?;
    Ok(())
}

/// A name without the blanks around it; it can be told from an id and shown in one line.
fn checked_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    let chars = name.chars().count();
    if chars == 0 || chars > NAME_CHARS || name.chars().any(|sign| sign.is_control() || is_line_end(sign)) {
        return Err(Error::Name);
    }
    if name.starts_with("org_") {
        return Err(Error::NameLikeId);
    }
    Ok(name.to_owned())
}

/// Line and paragraph separator, which are no control characters.
const fn is_line_end(sign: char) -> bool {
    matches!(sign, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line_that_is_no_id() {
        assert_eq!(checked_name("  Praxis Süd ").unwrap(), "Praxis Süd");
        assert!(checked_name(&"ü".repeat(NAME_CHARS)).is_ok());
        for wrong in ["", " \t ", "two\nlines", "two\u{2028}lines", "bell\u{7}", &"x".repeat(NAME_CHARS + 1)] {
            assert!(matches!(checked_name(wrong), Err(Error::Name)), "{wrong:?}");
        }
        assert!(matches!(checked_name("org_01jd"), Err(Error::NameLikeId)));
    }
}
