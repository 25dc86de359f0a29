//! Notes and checkpoints from strangers: read or refused, and what is read has one text only.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::{Checkpoint, Verifier, note};

const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_text(), text);
    }
    if let Ok(verifier) = Verifier::parse(text) {
        assert_eq!(verifier.vkey(), text);
    }
    let keys = [Verifier::parse(KEY).expect("the key is well formed")];
    // The key's owner signed one text; nothing else may open.
    if let Ok(opened) = note::open(text, &keys) {
        assert_eq!(opened.text, "This is an example message.\n");
    }
    let _ = Checkpoint::open(text, "example.com/foo", &keys);
});
