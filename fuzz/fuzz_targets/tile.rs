//! Tile paths, tiles and entry bundles from strangers: read or refused, and written back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::tile::{Resource, decode_bundle, decode_hashes, encode_bundle, encode_hashes};

fuzz_target!(|data: &[u8]| {
    if let Ok(path) = str::from_utf8(data)
        && let Ok(resource) = Resource::parse(path)
    {
        assert_eq!(resource.path(), path);
    }
    if let Ok(hashes) = decode_hashes(data) {
        assert_eq!(encode_hashes(&hashes), data);
    }
    if let Ok(commitments) = decode_bundle(data) {
        assert_eq!(encode_bundle(&commitments), data);
    }
});
