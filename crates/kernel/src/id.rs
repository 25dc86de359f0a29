//! Typed, prefixed ids: `cnv_01jd…` on paper, 16 bytes in the database.
//!
//! An id is a UUID version 7 (RFC 9562), so that rows made together lie together. Its text is
//! the TypeID form: a prefix, an underscore and 26 characters of lower-case Crockford base 32.

use crate::{Entropy, Timestamp};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ENCODED_CHARS: usize = 26;

/// A text that is not an id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The prefix names another kind of thing, or nothing.
    #[error("expected an id that begins with {expected}_")]
    Prefix {
        /// The prefix without its underscore.
        expected: &'static str,
    },
    /// The rest is not 26 characters of base 32 that fit 128 bits.
    #[error("an id is its prefix and 26 letters and digits")]
    Form,
    /// Not 16 bytes.
    #[error("an id is 16 bytes")]
    Length,
}

/// What all ids have in common.
pub trait Id: Copy + Eq + std::hash::Hash + Send + Sync + 'static {
    /// The kind's prefix, without the underscore.
    const PREFIX: &'static str;
    /// From the 16 bytes of a UUID.
    fn from_bytes(bytes: [u8; 16]) -> Self;
    /// The 16 bytes of the UUID.
    fn bytes(&self) -> &[u8; 16];

    /// A fresh id that sorts by `now` (milliseconds), random in its other 74 bits.
    fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
        let mut bytes: [u8; 16] = entropy.array();
        let millis = now.millis().to_be_bytes();
        for (to, from) in bytes.iter_mut().zip(millis.into_iter().skip(2)) {
            *to = from;
        }
        if let Some(version) = bytes.get_mut(6) {
            *version = (*version & 0x0F) | 0x70;
        }
        if let Some(variant) = bytes.get_mut(8) {
            *variant = (*variant & 0x3F) | 0x80;
        }
        Self::from_bytes(bytes)
    }

    /// When it was made, to the millisecond: every id begins with its time.
    fn made_at(&self) -> Timestamp {
        let millis = self.bytes().iter().take(6).fold(0i64, |millis, byte| (millis << 8) | i64::from(*byte));
        Timestamp::from_micros(millis.saturating_mul(1_000))
    }

    /// From a database value.
    fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
        bytes.try_into().map(Self::from_bytes).map_err(|_| IdError::Length)
    }
}

fn encode(bytes: [u8; 16]) -> String {
    let mut value = u128::from_be_bytes(bytes);
    let mut text = [0u8; ENCODED_CHARS];
    for slot in text.iter_mut().rev() {
        let digit = usize::try_from(value & 31).unwrap_or(0);
        *slot = ALPHABET.get(digit).copied().unwrap_or(b'0');
        value >>= 5;
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn decode(text: &str) -> Result<[u8; 16], IdError> {
    if text.len() != ENCODED_CHARS || text.as_bytes().first().is_none_or(|first| *first > b'7') {
        return Err(IdError::Form);
    }
    let mut value = 0u128;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|known| *known == byte).ok_or(IdError::Form)?;
        value = (value << 5) | u128::try_from(digit).map_err(|_| IdError::Form)?;
    }
    Ok(value.to_be_bytes())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }
            fn bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}_{}", $prefix, encode(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let rest = text
                    .strip_prefix($prefix)
                    .and_then(|rest| rest.strip_prefix('_'))
                    .ok_or(IdError::Prefix { expected: $prefix })?;
                decode(rest).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// An organisation: the tenant to which every row belongs.
    OrganisationId = "org";
    /// A customer: the data subject.
    CustomerId = "cus";
    /// An agent of the organisation.
    AgentId = "agt";
    /// A contact point of a customer.
    ContactPointId = "cpt";
    /// One value of a field of a customer.
    ValueId = "val";
    /// A conversation: all messages about one matter.
    ConversationId = "cnv";
    /// A message of a conversation.
    MessageId = "msg";
    /// An internal note of a conversation.
    NoteId = "note";
    /// An attachment of a message.
    AttachmentId = "att";
    /// What an agent has written and not sent.
    DraftId = "dft";
    /// A label that conversations carry.
    LabelId = "lbl";
    /// A mail in quarantine.
    QuarantineId = "qua";
    /// An address of the organisation's own.
    OwnAddressId = "own";
    /// An entry of the audit log.
    AuditEntryId = "aud";
    /// A bearer token.
    TokenId = "tok";
    /// A mailbox that is read by IMAP.
    MailboxId = "mbx";
    /// A long-running piece of work (an import, a rotation).
    JobId = "job";
    /// A session: one device that an agent signed in on.
    SessionId = "ses";
    /// An invitation to enrol.
    InvitationId = "inv";
    /// A passkey of an agent.
    PasskeyId = "pky";
    /// A ceremony that has begun: a passkey or a one-time password being set up or asked for.
    CeremonyId = "cer";
    /// Something that an agent is told about their own account.
    NoticeId = "ntc";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SeededEntropy, SystemEntropy};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_bytes_tell_the_same_id(bytes: [u8; 16]) {
            let id = ConversationId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<ConversationId>(), Ok(id));
            prop_assert!(id.to_string().parse::<CustomerId>().is_err());
        }

        #[test]
        fn any_text_is_an_id_or_an_error(text: String) {
            let _ = text.parse::<ConversationId>();
        }
    }

    #[test]
    fn it_is_a_uuid_of_version_seven() {
        let id = MessageId::new(Timestamp::from_seconds(1_800_000_000), &SystemEntropy);
        let uuid = uuid::Uuid::from_bytes(*id.bytes());
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(uuid.get_timestamp().map(|at| at.to_unix().0), Some(1_800_000_000));
    }

    #[test]
    fn later_ids_sort_later() {
        let entropy = SeededEntropy::new(1);
        let early = CustomerId::new(Timestamp::from_seconds(10), &entropy);
        let late = CustomerId::new(Timestamp::from_seconds(11), &entropy);
        assert!(early < late && early.to_string() < late.to_string());
    }

    #[test]
    fn a_number_beyond_128_bits_is_refused() {
        assert_eq!("cus_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<CustomerId>(), Err(IdError::Form));
    }
}
