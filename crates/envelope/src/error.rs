//! Why sealed bytes do not open. Never says anything about what is inside.

/// Sealed bytes that do not open here, under this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Fewer bytes than the smallest sealed value of this form.
    #[error("the sealed value is cut short")]
    CutShort,
    /// The first byte names no format that this version knows.
    #[error("the sealed value has the unknown format {0}: open it with the version that sealed it")]
    Format(u8),
    /// Sealed under another version of the subject's key than the one given.
    #[error("the sealed value needs key version {sealed}, not {given}")]
    KeyVersion {
        /// The version that stands in the sealed bytes.
        sealed: u32,
        /// The version of the place that it was opened for.
        given: u32,
    },
    /// The key commitment differs: sealed under another key.
    #[error("the sealed value belongs to another key")]
    OtherKey,
    /// The right key, but changed bytes or another place than it was sealed for.
    #[error("the sealed value was changed, or moved from the place it was sealed for")]
    Refused,
}
