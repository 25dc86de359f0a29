//! Proof files (C2SP tlog-proof): one text that proves one entry with nothing but the log's key.
//! Its extra data is carried, never trusted: it counts only when it leads to the entry that is proved.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::CheckpointError;
use crate::hash::Hash;
use crate::note::{NOTE_BYTES, Verifier};
use crate::proof::{PROOF_HASHES, ProofError, verify_inclusion};
use crate::tree::leaf_hash;
use crate::{Checkpoint, decimal};

/// Bytes of extra data that a proof file may carry.
pub const EXTRA_BYTES: usize = 256 * 1024;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// One entry's proof, as it is kept in a `.tlog-proof` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// Opaque data of the application, not authenticated.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry in the log.
    pub index: u64,
    /// Inclusion proof, from the leaf's sibling upwards.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, word by word.
    pub checkpoint: String,
}

/// What is wrong with a proof file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// Not a proof file in its one canonical form.
    #[error("not a proof file: expected c2sp.org/tlog-proof@v1, an index, hashes and a checkpoint")]
    Form,
    /// The checkpoint in it does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in the log that the checkpoint describes.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl ProofFile {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut lines = vec![HEADER.to_owned()];
        lines.extend(self.extra.as_ref().map(|extra| format!("extra {}", STANDARD.encode(extra))));
        lines.push(format!("index {}", self.index));
        lines.extend(self.hashes.iter().map(Hash::to_base64));
        format!("{}\n\n{}", lines.join("\n"), self.checkpoint)
    }

    /// Reads a file; its checkpoint is looked into only by [`ProofFile::verify`].
    pub fn parse(text: &str) -> Result<Self, ProofFileError> {
        Self::read(text).ok_or(ProofFileError::Form)
    }

    fn read(text: &str) -> Option<Self> {
        let (head, checkpoint) = text.split_once("\n\n")?;
        if checkpoint.is_empty() || checkpoint.len() > NOTE_BYTES {
            return None;
        }
        let mut lines = head.split('\n').peekable();
        lines.next_if_eq(&HEADER)?;
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => Some(read_extra(line)?),
            None => None,
        };
        let index = decimal::parse(lines.next()?.strip_prefix("index ")?)?;
        // One more than allowed is read, so that a longer list shows.
        let hashes: Vec<Hash> = lines.take(PROOF_HASHES + 1).map(Hash::from_base64).collect::<Result<_, _>>().ok()?;
        (hashes.len() <= PROOF_HASHES).then(|| Self { extra, index, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that `leaf_input` (of this product: the commitment) is the entry at the file's index of
    /// the log `origin`, by its keys alone; gives the checkpoint that says so.
    pub fn verify(&self, leaf_input: &[u8], origin: &str, keys: &[Verifier]) -> Result<Checkpoint, ProofFileError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, origin, keys)?;
        verify_inclusion(&leaf_hash(leaf_input), self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

fn read_extra(line: &str) -> Option<Vec<u8>> {
    let encoded = line.strip_prefix("extra ")?;
    let decoded = STANDARD.decode(encoded).ok()?;
    (decoded.len() <= EXTRA_BYTES).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Appender, Signer, TileMap};
    use proptest::prelude::*;

    const ORIGIN: &str = "desk.example.org/log";

    fn proof_of(index: u64, size: u64) -> (ProofFile, Vec<Verifier>) {
        let mut appender = Appender::new();
        (0..size).for_each(|entry| appender.push(leaf_hash(&entry.to_be_bytes())));
        let appended = appender.finish();
        let mut tiles = TileMap::default();
        tiles.extend(appended.tiles);
        let signer = Signer::from_seed(ORIGIN, &[1; 32]).ok().unwrap();
        let file = ProofFile {
            extra: Some(b"salt and body".to_vec()),
            index,
            hashes: crate::proof::inclusion(index, size, &tiles).unwrap(),
            checkpoint: Checkpoint::new(ORIGIN, size, appended.root).sign(&[&signer]).unwrap(),
        };
        (file, vec![signer.verifier().clone()])
    }

    #[test]
    fn a_file_and_a_key_prove_an_entry_and_no_other() {
        let (file, keys) = proof_of(700, 1_000);
        let read = ProofFile::parse(&file.to_text()).unwrap();
        assert_eq!(read.verify(&700u64.to_be_bytes(), ORIGIN, &keys).map(|checkpoint| checkpoint.size), Ok(1_000));
        assert_eq!(read.verify(&701u64.to_be_bytes(), ORIGIN, &keys), Err(ProofError::Root.into()));
        let moved = ProofFile { index: 701, ..read.clone() };
        assert_eq!(moved.verify(&700u64.to_be_bytes(), ORIGIN, &keys), Err(ProofError::Root.into()));
        assert!(matches!(read.verify(&700u64.to_be_bytes(), ORIGIN, &[]), Err(ProofFileError::Checkpoint(_))));
        assert!(matches!(read.verify(&700u64.to_be_bytes(), "else", &keys), Err(ProofFileError::Checkpoint(_))));
    }

    #[test]
    fn the_text_is_that_of_the_specification() {
        let (file, _) = proof_of(0, 2);
        let sibling = leaf_hash(&1u64.to_be_bytes()).to_base64();
        let expected =
            format!("c2sp.org/tlog-proof@v1\nextra c2FsdCBhbmQgYm9keQ==\nindex 0\n{sibling}\n\n{}", file.checkpoint);
        assert_eq!(file.to_text(), expected);
        let (alone, _) = proof_of(0, 1);
        let bare = ProofFile { extra: None, ..alone };
        assert_eq!(bare.to_text(), format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{}", bare.checkpoint));
        assert_eq!(ProofFile::parse(&bare.to_text()), Ok(bare));
    }

    #[test]
    fn any_other_spelling_is_refused() {
        let (file, _) = proof_of(1, 3);
        let good = file.to_text();
        let crowded = ProofFile { hashes: vec![Hash::new([0; 32]); PROOF_HASHES + 1], ..file.clone() };
        let heavy = ProofFile { extra: Some(vec![0; EXTRA_BYTES + 1]), ..file };
        for text in [
            String::new(),
            good.replace("@v1", "@v2"),
            good.replace("index 1", "index 01"),
            good.replace("index 1", "index  1"),
            good.replace("index 1", "Index 1"),
            good.replace("extra ", "extra  "),
            good.replace("c2FsdCBhbmQgYm9keQ==", "c2FsdCBhbmQgYm9keQ"),
            good.replace('\n', "\r\n"),
            good.replacen("\n\n", "\n", 1),
            format!(" {good}"),
            "c2sp.org/tlog-proof@v1\nindex 0\n\n".to_owned(),
            crowded.to_text(),
            heavy.to_text(),
        ] {
            assert_eq!(ProofFile::parse(&text), Err(ProofFileError::Form), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn one_proof_has_one_text(
            extra: Option<Vec<u8>>,
            index in 0..=crate::MAX_ENTRIES,
            hashes in prop::collection::vec(any::<[u8; 32]>(), 0..=PROOF_HASHES),
            checkpoint in "[a-z\n]{1,60}",
        ) {
            let hashes = hashes.into_iter().map(Hash::new).collect();
            let file = ProofFile { extra, index, hashes, checkpoint };
            prop_assert_eq!(ProofFile::parse(&file.to_text()), Ok(file));
        }

        #[test]
        fn a_file_with_any_byte_changed_proves_nothing_new(at: prop::sample::Index, by in 1u8..=255) {
            let (file, keys) = proof_of(2, 5);
            let mut bytes = file.to_text().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            if let Ok(read) = str::from_utf8(&bytes).map_err(|_| ProofFileError::Form).and_then(ProofFile::parse)
                && read.verify(&2u64.to_be_bytes(), ORIGIN, &keys).is_ok()
            {
                // Only the extra data, which proves nothing, can have changed.
                prop_assert_eq!(ProofFile { extra: None, ..read }, ProofFile { extra: None, ..file });
            }
        }
    }
}
