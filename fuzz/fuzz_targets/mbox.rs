//! Any bytes as a folder of mails: an end comes, and no byte is handed out twice.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::{Entry, Mbox};

#[allow(dead_code, unused_imports, reason = "each target uses a part of it")]
#[path = "../../crates/app/src/channels/mail/mod.rs"]
mod mail;

fuzz_target!(|file: &[u8]| {
    // A tiny buffer, so that lines and separators fall on its borders.
    let folder = Mbox::new(std::io::BufReader::with_capacity(16, file));
    let (mut last, mut total) = (None, 0);
    for entry in folder {
        let Ok(entry) = entry else { break };
        let (offset, size) = match entry {
            Entry::Mail { offset, raw } => (offset, raw.len()),
            Entry::TooLarge { offset, size } => (offset, usize::try_from(size).unwrap_or(usize::MAX)),
        };
        assert!(last.is_none_or(|last| last < offset), "places rise");
        last = Some(offset);
        total += size;
    }
    assert!(total <= file.len());
});
