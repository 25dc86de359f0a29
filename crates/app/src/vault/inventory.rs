//! The data inventory: a field exists only because this says what it is for.

/// The number of a field in its organisation's inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(u16);

impl FieldId {
    /// The customer's name: case content, shown to those who may see the queue.
    pub const NAME: Self = Self(1);

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }
}
