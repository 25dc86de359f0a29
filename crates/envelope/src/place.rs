//! Where a sealed thing belongs: the numbers and ids that its associated data binds it to.
//!
//! Tables, columns and classes are registered numbers, never names: renaming breaks no value.

use std::fmt;
use std::str::FromStr;

use kernel::{CustomerId, Entropy, Id, OrganisationId};

use crate::primitive::length_prefixed;

/// Counts the data keys of one slot, from 1. Not the epoch: that stands beside the wrapped key.
pub type KeyVersion = u32;

/// Whose key it is: a customer's, or the organisation's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectId([u8; 16]);

impl SubjectId {
    /// From a database value of 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes of the id.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<CustomerId> for SubjectId {
    fn from(customer: CustomerId) -> Self {
        Self(*customer.bytes())
    }
}

impl From<OrganisationId> for SubjectId {
    fn from(organisation: OrganisationId) -> Self {
        Self(*organisation.bytes())
    }
}

/// The registered number of a retention class: values that are erased together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RetentionClass(pub u16);

/// The registered number of a field class: values that are sealed under one derived key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldClass(pub u16);

/// The slot of one data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DekSlot {
    /// The organisation whose epoch KEK wraps the key.
    pub organisation: OrganisationId,
    /// Whose data the key seals.
    pub subject: SubjectId,
    /// What is erased together with it.
    pub class: RetentionClass,
    /// Which key of this slot, counted from 1.
    pub version: KeyVersion,
}

/// The one place where a sealed value opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The organisation that holds the value.
    pub organisation: OrganisationId,
    /// Whom it is about.
    pub subject: SubjectId,
    /// Registered number of the table.
    pub table: u16,
    /// Registered number of the column.
    pub column: u16,
    /// The row's id.
    pub row: [u8; 16],
    /// The retention class of the data key.
    pub class: RetentionClass,
    /// The version of the data key.
    pub key_version: KeyVersion,
}

const SLOT_BYTES: usize = 5 + 1 + 16 + 16 + 2 + 4;
const PLACE_BYTES: usize = 8 + 1 + 16 + 16 + 2 + 2 + 16 + 2 + 4;

impl DekSlot {
    /// Associated data of the wrapped key: format, organisation, subject, class, version.
    pub(crate) fn associated(&self, format: u8) -> [u8; SLOT_BYTES] {
        length_prefixed(&[
            &[format],
            self.organisation.bytes(),
            self.subject.bytes(),
            &self.class.0.to_be_bytes(),
            &self.version.to_be_bytes(),
        ])
    }
}

impl Place {
    /// Associated data of a sealed value: format, organisation, subject, table, column, row, class, key version.
    pub(crate) fn associated(&self, format: u8) -> [u8; PLACE_BYTES] {
        length_prefixed(&[
            &[format],
            self.organisation.bytes(),
            self.subject.bytes(),
            &self.table.to_be_bytes(),
            &self.column.to_be_bytes(),
            &self.row,
            &self.class.0.to_be_bytes(),
            &self.key_version.to_be_bytes(),
        ])
    }
}

/// Names one installation: the same in its key file and its keyring, 32 hexadecimal digits on paper.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstanceId([u8; 16]);

impl InstanceId {
    /// A fresh random id.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(entropy.array())
    }

    /// The 16 bytes of the id.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not an instance's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an instance is named by 32 hexadecimal digits")]
pub struct InstanceIdError;

impl FromStr for InstanceId {
    type Err = InstanceIdError;

    fn from_str(text: &str) -> Result<Self, InstanceIdError> {
        // `from_str_radix` alone would take a sign.
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InstanceIdError);
        }
        u128::from_str_radix(text, 16).map(|value| Self(value.to_be_bytes())).map_err(|_| InstanceIdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_instance_reads_as_it_is_written(bytes: [u8; 16]) {
            let instance = InstanceId(bytes);
            prop_assert_eq!(instance.to_string().parse(), Ok(instance));
        }

        #[test]
        fn any_text_is_an_instance_or_an_error(text: String) {
            let _ = text.parse::<InstanceId>();
        }
    }

    #[test]
    fn a_sign_is_no_digit() {
        assert_eq!("+0000000000000000000000000000001".parse::<InstanceId>(), Err(InstanceIdError));
    }
}
