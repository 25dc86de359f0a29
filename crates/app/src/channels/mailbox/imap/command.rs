//! Commands as they are sent (RFC 3501, 6 and 9): texts in the form that the server takes, folder
//! names in the international form (5.1.3). What was sent is wiped, since it may be a secret.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use zeroize::Zeroizing;

/// Base 64 with a comma in place of the slash, for folder names (RFC 3501, 5.1.3).
const FOLDER_BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::IMAP_MUTF7, NO_PAD);

/// A command in the pieces between which the server is waited for.
pub(super) struct Command {
    pieces: Vec<Zeroizing<Vec<u8>>>,
}

impl Command {
    /// Begins with the command's words. They are ours and need no quotes.
    pub(super) fn new(words: &str) -> Self {
        Self { pieces: vec![Zeroizing::new(words.as_bytes().to_vec())] }
    }

    /// Adds a blank and words of ours.
    pub(super) fn words(mut self, words: &str) -> Self {
        self.add(b" ");
        self.add(words.as_bytes());
        self
    }

    /// Adds a blank and any text: in quotes where that can be, else as a literal.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.add(b" ");
        let plain = text.bytes().all(|byte| matches!(byte, 0x20..=0x7E));
        if plain {
            let quoted = Zeroizing::new(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
            self.add(quoted.as_bytes());
        } else {
            self.add(format!("{{{}}}\r\n", text.len()).as_bytes());
            self.pieces.push(Zeroizing::new(text.as_bytes().to_vec()));
        }
        self
    }

    /// Adds a blank and the name of a folder.
    pub(super) fn folder(self, name: &str) -> Self {
        let encoded = folder_name(name);
        self.text(&encoded)
    }

    /// The pieces, the tag before the first and the end of the line behind the last.
    pub(super) fn into_pieces(mut self, tag: &str) -> Vec<Zeroizing<Vec<u8>>> {
        self.add(b"\r\n");
        if let Some(first) = self.pieces.first_mut() {
            let mut tagged = Zeroizing::new(Vec::with_capacity(tag.len() + 1 + first.len()));
            tagged.extend_from_slice(tag.as_bytes());
            tagged.push(b' ');
            tagged.extend_from_slice(first);
            *first = tagged;
        }
        self.pieces
    }

    fn add(&mut self, bytes: &[u8]) {
        if let Some(last) = self.pieces.last_mut() {
            last.extend_from_slice(bytes);
        }
    }
}

/// A folder's name in modified UTF-7.
fn folder_name(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    let mut foreign: Vec<u16> = Vec::new();
    for sign in name.chars() {
        if matches!(sign, ' '..='~') {
            end_foreign(&mut encoded, &mut foreign);
            encoded.push(sign);
            if sign == '&' {
                encoded.push('-');
            }
        } else {
            foreign.extend_from_slice(sign.encode_utf16(&mut [0; 2]));
        }
    }
    end_foreign(&mut encoded, &mut foreign);
    encoded
}

fn end_foreign(encoded: &mut String, foreign: &mut Vec<u16>) {
    if foreign.is_empty() {
        return;
    }
    let bytes: Vec<u8> = foreign.drain(..).flat_map(u16::to_be_bytes).collect();
    encoded.push('&');
    FOLDER_BASE64.encode_string(bytes, encoded);
    encoded.push('-');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(command: Command) -> String {
        let pieces = command.into_pieces("a1");
        pieces.iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn a_text_cannot_end_its_command() {
        assert_eq!(sent(Command::new("LOGIN").text("a\"b\\").text("p w")), "a1 LOGIN \"a\\\"b\\\\\" \"p w\"\r\n");
        assert_eq!(sent(Command::new("LOGIN").text("x\r\na2 DELETE y")), "a1 LOGIN {14}\r\n|x\r\na2 DELETE y\r\n");
        assert_eq!(sent(Command::new("LOGIN").text("ü").text("z")), "a1 LOGIN {2}\r\n|ü \"z\"\r\n");
    }

    #[test]
    fn folders_are_named_as_the_standard_writes_them() {
        // The first is the example of RFC 3501, 5.1.3.
        assert_eq!(folder_name("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(folder_name("Erledigt & Übrig"), "Erledigt &- &ANw-brig");
        assert_eq!(folder_name("Отправленные"), "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-");
    }
}
