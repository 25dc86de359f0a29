//! Proofs from strangers: a proof file has one text only, and no made-up proof leads to a given root.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::proof::{verify_consistency, verify_inclusion};
use tlog::{Hash, ProofFile, tree};

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = str::from_utf8(data)
        && let Ok(file) = ProofFile::parse(text)
    {
        assert_eq!(file.to_text(), text);
        assert!(file.verify(b"entry", "example.org/log", &[]).is_err());
    }
    let Some((position, rest)) = data.split_first_chunk::<8>() else { return };
    let Some((size, rest)) = rest.split_first_chunk::<8>() else { return };
    let (position, size) = (u64::from_be_bytes(*position), u64::from_be_bytes(*size));
    let proof: Vec<Hash> = rest.as_chunks::<32>().0.iter().copied().map(Hash::new).collect();
    let leaf = tree::leaf_hash(b"entry");
    let root = tree::leaf_hash(b"root");
    assert!(verify_inclusion(&leaf, position, size, &proof, &root).is_err());
    assert!(verify_consistency(position, size, &proof, &leaf, &root).is_err());
});
