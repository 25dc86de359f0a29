//! Roles: what an agent's work is, in words that stand in the database, in policies and on paper.
//! What a role permits is not said here: policies decide it.

use std::fmt;
use std::str::FromStr;

/// What somebody's work at the desk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Answers customers.
    Agent,
    /// Leads agents.
    Lead,
    /// Answers for personal data: inventory, access requests, erasure.
    PrivacyOfficer,
    /// Answers for detections, sessions and the audit log.
    SecurityOfficer,
    /// Cares for how customers are served.
    ExperienceOwner,
    /// Reads the log and changes nothing.
    Auditor,
    /// Sets up the organisation, its agents and channels.
    Administrator,
}

/// A word that is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of {}", Role::ALL.map(Role::word).join(", "))]
pub struct UnknownRole;

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::Agent,
        Self::Lead,
        Self::PrivacyOfficer,
        Self::SecurityOfficer,
        Self::ExperienceOwner,
        Self::Auditor,
        Self::Administrator,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Lead => "lead",
            Self::PrivacyOfficer => "privacy-officer",
            Self::SecurityOfficer => "security-officer",
            Self::ExperienceOwner => "experience-owner",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.word() == word).ok_or(UnknownRole)
    }
}

/// The roles that one agent has; may be none. As text: their words in the order of [`Role::ALL`]
/// with blanks between.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// No role.
    pub const NONE: Self = Self(0);

    /// The same and one more.
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// The same without one.
    pub const fn without(self, role: Role) -> Self {
        Self(self.0 & !role.bit())
    }

    /// Whether a role is among them.
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles, in the order of [`Role::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }

    /// The stored words back; one that a later version wrote is no role here and permits nothing.
    pub fn stored(words: &str) -> Self {
        words.split(' ').filter_map(|word| word.parse::<Role>().ok()).collect()
    }
}

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self::NONE.with(role)
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<T: IntoIterator<Item = Role>>(roles: T) -> Self {
        roles.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, role) in self.iter().enumerate() {
            if number > 0 {
                f.write_str(" ")?;
            }
            role.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromStr for Roles {
    type Err = UnknownRole;

    /// Words with blanks or commas between, as somebody types them; an unknown one is refused.
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::parse::<Role>).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_roles_is_read_back_as_it_was_written() {
        for bits in 0..1_u8 << Role::ALL.len() {
            let roles = Roles(bits);
            assert_eq!(roles.to_string().parse(), Ok(roles));
            assert_eq!(Roles::stored(&roles.to_string()), roles);
            assert_eq!(roles.iter().collect::<Roles>(), roles);
            assert_eq!(roles.iter().count(), bits.count_ones() as usize);
        }
    }

    #[test]
    fn a_role_is_given_and_taken_away_alone() {
        let both = Roles::from(Role::Agent).with(Role::Auditor);
        assert!(both.has(Role::Agent) && both.has(Role::Auditor) && !both.has(Role::Administrator));
        assert_eq!(both.without(Role::Agent), Role::Auditor.into());
        assert!(both.without(Role::Agent).without(Role::Auditor).is_empty());
    }

    #[test]
    fn an_unknown_word_is_refused_when_typed_and_worth_nothing_when_stored() {
        assert_eq!("agent, lead".parse(), Ok(Roles::from(Role::Agent).with(Role::Lead)));
        let refused = "agent chief".parse::<Roles>().unwrap_err().to_string();
        assert!(refused.ends_with("experience-owner, auditor, administrator"), "{refused}");
        assert_eq!(Roles::stored("chief agent"), Role::Agent.into());
        assert_eq!(Roles::stored(""), Roles::NONE);
    }
}
