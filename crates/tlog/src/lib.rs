//! Transparency log: tree, tiles, checkpoints, proofs and their verifier. No SQL, no async.
//!
//! Hashing is that of RFC 6962 / RFC 9162; tiles, notes, checkpoints and proof files are the C2SP
//! formats (tlog-tiles, signed-note, tlog-checkpoint, tlog-proof). Nothing here reads a file, asks a
//! database or knows what an entry says: it sees 32-byte commitments only.

pub mod append;
pub mod chain;
pub mod checkpoint;
mod decimal;
mod hash;
pub mod note;
pub mod proof;
mod proof_file;
mod prover;
pub mod tile;
pub mod tree;
pub mod verify;

pub use append::{Appended, Appender};
pub use checkpoint::Checkpoint;
pub use hash::{HASH_BYTES, Hash, NotAHash};
pub use note::{Signer, Verifier};
pub use proof_file::{EXTRA_BYTES, ProofFile, ProofFileError};
pub use prover::Prover;
pub use tile::{Tile, TileId, TileMap, TileSource};
pub use tree::Frontier;
pub use verify::LogVerifier;

/// Entries that one log can hold: what a signed 64-bit column counts to.
pub const MAX_ENTRIES: u64 = i64::MAX as u64;
