//! Our own mark in what we send, by which an answer finds its conversation whatever the other
//! side's mail program does to headers and subject.
//!
//! A token is `dw` and 42 characters of lower-case base 32: the conversation's 16 bytes and the
//! first 10 of their keyed hash, so that nobody can make one for a conversation of another.

use kernel::{ConversationId, Id, OrganisationId};

use crate::vault::{Error, Index, Vault};

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const MARK: &str = "dw";
const TAG_BYTES: usize = 10;
const TOKEN_BYTES: usize = 16 + TAG_BYTES;
const TOKEN_CHARS: usize = 42;
/// Characters of a header that are searched for a token.
const SEARCHED_CHARS: usize = 16 * 1024;

/// The token of a conversation, fit for an address (`service+dw…@`) or a Message-ID.
pub(super) fn make(vault: &Vault, organisation: OrganisationId, conversation: ConversationId) -> Result<String, Error> {
    let hash = vault.blind(organisation, Index::ReplyToken, conversation.bytes())?;
    let bytes: Vec<u8> = conversation.bytes().iter().chain(hash.iter().take(TAG_BYTES)).copied().collect();
    Ok(format!("{MARK}{}", encode(&bytes)))
}

/// The first conversation for which a text holds a token that we made.
pub(super) fn find(vault: &Vault, organisation: OrganisationId, text: &str) -> Result<Option<ConversationId>, Error> {
    let text: String = text.chars().take(SEARCHED_CHARS).map(|c| c.to_ascii_lowercase()).collect();
    for candidate in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let Some(bytes) = candidate.strip_prefix(MARK).and_then(decode) else { continue };
        let Some((id, _)) = bytes.split_first_chunk::<16>() else { continue };
        let conversation = ConversationId::from_bytes(*id);
        // Found by comparing whole tokens: a tag that is guessed byte by byte cannot be timed,
        // since each guess costs a mail.
        if make(vault, organisation, conversation)? == candidate {
            return Ok(Some(conversation));
        }
    }
    Ok(None)
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(TOKEN_CHARS);
    let (mut window, mut bits) = (0u32, 0u32);
    for byte in bytes {
        window = (window << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(window >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(window << (5 - bits)));
    }
    text
}

fn letter(value: u32) -> char {
    ALPHABET.get((value & 31) as usize).map_or('a', |letter| char::from(*letter))
}

fn decode(text: &str) -> Option<[u8; TOKEN_BYTES]> {
    if text.len() != TOKEN_CHARS {
        return None;
    }
    let mut bytes = Vec::with_capacity(TOKEN_BYTES);
    let (mut window, mut bits) = (0u32, 0u32);
    for character in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == character)?;
        window = (window << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((window >> bits) & 0xFF).ok()?);
        }
    }
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_their_letters() {
        let bytes: [u8; TOKEN_BYTES] = std::array::from_fn(|at| u8::try_from(at * 9 % 256).unwrap());
        let text = encode(&bytes);
        assert_eq!(text.len(), TOKEN_CHARS);
        assert_eq!(decode(&text), Some(bytes));
    }

    #[test]
    fn what_is_no_token_is_nothing() {
        assert_eq!(decode("short"), None);
        assert_eq!(decode(&"1".repeat(TOKEN_CHARS)), None);
    }
}
