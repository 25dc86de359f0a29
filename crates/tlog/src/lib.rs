//! Transparency log: tree, tiles, checkpoints, proofs and their verifier. No SQL, no async.
