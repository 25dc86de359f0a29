//! Checkpoints (C2SP tlog-checkpoint): what a log signs about itself, its origin, size and root.
//! There is one text for one checkpoint; every other spelling of it is refused.

use crate::hash::Hash;
use crate::note::{self, NoteError, Signer, Verifier};
use crate::{MAX_ENTRIES, decimal};

/// Bytes of the longest origin.
pub const ORIGIN_BYTES: usize = 255;
/// Extension lines of a checkpoint.
pub const EXTENSIONS: usize = 16;
/// Bytes of one extension line.
pub const EXTENSION_BYTES: usize = 1_024;

/// The state of a log at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, such as `desk.example.org/log`.
    pub origin: String,
    /// Entries in the log.
    pub size: u64,
    /// Root of the tree at that size.
    pub root: Hash,
    /// Further lines, opaque; none in a log of ours.
    pub extensions: Vec<String>,
}

/// What is wrong with a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not the lines of a checkpoint in their one canonical form.
    #[error("not a checkpoint: expected lines of origin, size and root, each in its canonical form")]
    Form,
    /// A good checkpoint, of another log.
    #[error("the checkpoint is of the log {found}, not of {expected}")]
    Origin {
        /// The origin that was asked for.
        expected: String,
        /// The origin that the checkpoint names.
        found: String,
    },
    /// The note around it does not hold.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Checkpoint {
    /// A checkpoint without extensions.
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Self {
        Self { origin: origin.into(), size, root, extensions: Vec::new() }
    }

    /// The text that is signed.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64());
        for extension in &self.extensions {
            text.push_str(extension);
            text.push('\n');
        }
        text
    }

    /// Reads the text of a checkpoint, without signatures.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        Self::read(text).ok_or(CheckpointError::Form)
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = lines.next().filter(|line| is_line(line, ORIGIN_BYTES))?;
        let size = decimal::parse(lines.next()?)?;
        let root = Hash::from_base64(lines.next()?).ok()?;
        let mut extensions = Vec::new();
        for line in lines {
            if extensions.len() == EXTENSIONS || !is_line(line, EXTENSION_BYTES) {
                return None;
            }
            extensions.push(line.to_owned());
        }
        Some(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// The signed note of this checkpoint; refused when it could not be read back.
    pub fn sign(&self, signers: &[&Signer]) -> Result<String, CheckpointError> {
        let text = self.to_text();
        if self.size > MAX_ENTRIES || Self::parse(&text).as_ref() != Ok(self) {
            return Err(CheckpointError::Form);
        }
        Ok(note::sign(&text, signers)?)
    }

    /// Opens a signed checkpoint of the log `origin`; one of its keys at least must have signed.
    pub fn open(note: &str, origin: &str, keys: &[Verifier]) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(note::open(note, keys)?.text)?;
        if checkpoint.origin != origin {
            return Err(CheckpointError::Origin { expected: origin.to_owned(), found: checkpoint.origin });
        }
        Ok(checkpoint)
    }
}

fn is_line(line: &str, limit: usize) -> bool {
    (1..=limit).contains(&line.len()) && !line.bytes().any(|byte| byte < b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The example of C2SP tlog-checkpoint.
    const SPEC_TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    const ORIGIN: &str = "desk.example.org/log";

    fn signer(seed: u8) -> Signer {
        Signer::from_seed(ORIGIN, &[seed; 32]).ok().unwrap()
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let checkpoint = Checkpoint::parse(SPEC_TEXT).unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(checkpoint.to_text(), SPEC_TEXT);
    }

    #[test]
    fn a_log_key_can_be_replaced_with_an_overlap() {
        let checkpoint = Checkpoint::new(ORIGIN, 7, Hash::new([3; 32]));
        let (old, new) = (signer(1), signer(2));
        let signed = checkpoint.sign(&[&old, &new]).unwrap();
        for known in [old.verifier(), new.verifier()] {
            assert_eq!(Checkpoint::open(&signed, ORIGIN, std::slice::from_ref(known)), Ok(checkpoint.clone()));
        }
        let stranger = signer(3).verifier().clone();
        assert_eq!(Checkpoint::open(&signed, ORIGIN, &[stranger]), Err(NoteError::Unsigned.into()));
    }

    #[test]
    fn a_checkpoint_of_another_log_under_the_same_key_is_refused() {
        let signed = Checkpoint::new("elsewhere", 7, Hash::new([3; 32])).sign(&[&signer(1)]).unwrap();
        let refused = Checkpoint::open(&signed, ORIGIN, &[signer(1).verifier().clone()]);
        assert_eq!(
            refused,
            Err(CheckpointError::Origin { expected: ORIGIN.to_owned(), found: "elsewhere".to_owned() })
        );
    }

    #[test]
    fn any_other_spelling_is_refused() {
        for text in [
            String::new(),
            SPEC_TEXT.trim_end().to_owned(),
            format!("{SPEC_TEXT}\n"),
            format!("\n{SPEC_TEXT}"),
            format!("{SPEC_TEXT}\nextension after a blank line\n"),
            format!("{SPEC_TEXT}{}", "line\n".repeat(EXTENSIONS + 1)),
            format!("{SPEC_TEXT}{}\n", "x".repeat(EXTENSION_BYTES + 1)),
            SPEC_TEXT.replace('\n', "\r\n"),
            SPEC_TEXT.replace("2085", "02085"),
            SPEC_TEXT.replace("2085", "+2085"),
            SPEC_TEXT.replace("20852163", "9223372036854775808"),
            SPEC_TEXT.replace("I=\n", "J=\n"),
            SPEC_TEXT.replace("=\n", "\n"),
            SPEC_TEXT.replace("=\n", "= \n"),
            SPEC_TEXT.replace("example", "exam\tple"),
        ] {
            assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Form), "{text:?}");
        }
    }

    #[test]
    fn what_could_not_be_read_back_is_never_signed() {
        let good = Checkpoint::new(ORIGIN, 7, Hash::new([3; 32]));
        for bad in [
            Checkpoint { origin: String::new(), ..good.clone() },
            Checkpoint { origin: "two\nlines".to_owned(), ..good.clone() },
            Checkpoint { size: u64::MAX, ..good.clone() },
            Checkpoint { extensions: vec![String::new()], ..good.clone() },
            Checkpoint { extensions: vec!["two\nlines".to_owned()], ..good },
        ] {
            assert_eq!(bad.sign(&[&signer(1)]), Err(CheckpointError::Form));
        }
    }

    proptest! {
        #[test]
        fn one_checkpoint_has_one_text(
            origin in "[^\\p{Cc}]{1,40}",
            size in 0..=MAX_ENTRIES,
            root: [u8; 32],
            extensions in prop::collection::vec("[^\\p{Cc}]{1,40}", 0..4),
        ) {
            let checkpoint = Checkpoint { origin, size, root: Hash::new(root), extensions };
            prop_assert_eq!(Checkpoint::parse(&checkpoint.to_text()), Ok(checkpoint.clone()));
            let signed = checkpoint.sign(&[&signer(1)]).unwrap();
            let known = [signer(1).verifier().clone()];
            prop_assert_eq!(Checkpoint::open(&signed, &checkpoint.origin, &known), Ok(checkpoint));
        }

        #[test]
        fn any_text_is_the_one_text_of_a_checkpoint_or_refused(
            text in "(\\PC{0,9}|log)\n0{0,2}[0-9]{0,4}\n(CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2[GHIJ]=?)\n?(\\PC{0,5}\n){0,2}",
        ) {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                prop_assert_eq!(checkpoint.to_text(), text);
            }
        }
    }
}
