//! Key hierarchy, sealing, blind index and key providers. No SQL, no async.
