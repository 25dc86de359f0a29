//! Recovery codes: ten texts on paper, each good for one way back in. Only keyed hashes are kept.

use kernel::{AgentId, Id, OrganisationId};
use zeroize::Zeroizing;

use super::{Error, Identity, RECOVERY_CODES};
use crate::vault::Index;

/// Random bytes of a code: 80 bits, which nobody guesses.
const BYTES: usize = 10;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Letters and digits between two dashes.
const GROUP: usize = 4;
const CHARS: usize = BYTES * 8 / 5;

/// Fresh codes: the texts for the agent and the hashes for the database.
pub(super) struct NewCodes {
    pub(super) texts: Vec<Zeroizing<String>>,
    pub(super) hashes: Vec<[u8; 32]>,
}

impl Identity {
    pub(super) fn new_recovery_codes(&self, organisation: OrganisationId, agent: AgentId) -> Result<NewCodes, Error> {
        let mut new = NewCodes { texts: Vec::new(), hashes: Vec::new() };
        for _ in 0..RECOVERY_CODES {
            let random = Zeroizing::new(self.context.entropy.array::<BYTES>());
            let plain = letters(&random);
            new.hashes.push(self.recovery_hash(organisation, agent, &plain)?);
            new.texts.push(grouped(&plain));
        }
        Ok(new)
    }

    /// The keyed hash of a code as it was typed; none when it can be no code.
    pub(super) fn typed_recovery_hash(
        &self,
        organisation: OrganisationId,
        agent: AgentId,
        typed: &str,
    ) -> Result<Option<[u8; 32]>, Error> {
        let Some(plain) = plain(typed) else { return Ok(None) };
        self.recovery_hash(organisation, agent, &plain).map(Some)
    }

    fn recovery_hash(&self, organisation: OrganisationId, agent: AgentId, plain: &str) -> Result<[u8; 32], Error> {
        let said = Zeroizing::new([agent.bytes().as_slice(), plain.as_bytes()].concat());
        Ok(self.vault.blind(organisation, Index::RecoveryCode, &said)?)
    }
}

fn letters(random: &[u8; BYTES]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(CHARS));
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in random {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let digit = usize::try_from((held >> bits) & 31).unwrap_or(0);
            text.push(ALPHABET.get(digit).copied().map_or('0', char::from));
            held &= (1 << bits) - 1;
        }
    }
    text
}

fn grouped(plain: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(CHARS + CHARS / GROUP));
    for (at, letter) in plain.chars().enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        text.push(letter);
    }
    text
}

/// What somebody typed from paper, as it was made: no dashes and blanks, no letters that look like digits.
fn plain(typed: &str) -> Option<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(CHARS));
    for sign in typed.chars().filter(|sign| !matches!(sign, '-' | ' ' | '\t')) {
        if text.len() == CHARS {
            return None;
        }
        text.push(match sign.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other if other.is_ascii() => other,
            _ => return None,
        });
    }
    (text.len() == CHARS).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let made = letters(&[0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf]);
        assert_eq!(made.len(), CHARS);
        let shown = grouped(&made);
        assert_eq!(shown.len(), CHARS + 3);
        let typed = shown.to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l");
        for text in [shown.as_str(), made.as_str(), &typed] {
            assert_eq!(plain(text).as_deref(), Some(&*made));
        }
        for wrong in ["", "k7md", &format!("{}0", *made), "ääääääääääääääää"] {
            assert!(plain(wrong).is_none(), "{wrong}");
        }
    }
}
