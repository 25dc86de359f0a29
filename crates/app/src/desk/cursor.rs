//! Places in a list that lies ordered by time: where the next page begins, as opaque text.
//!
//! A cursor names a position and nothing else. A made-up one shows another part of what the
//! asker may see anyway, so it is checked in form and not signed.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Timestamp;

const FORMAT: u8 = 1;
/// Format (1), order (1), microseconds (8, big-endian), id (16).
const BYTES: usize = 26;

/// Which end of time comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// What moved last.
    #[default]
    NewestFirst,
    /// What has waited longest.
    OldestFirst,
}

/// The last row of a page: the next page begins behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    pub(super) order: Order,
    pub(super) at: Timestamp,
    pub(super) id: [u8; 16],
}

/// A text that is no cursor, or one of another list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// Nothing that a page gave out.
    #[error("this is no cursor: take the one that the page before gave")]
    Form,
    /// A page in the other order gave it out.
    #[error("this cursor belongs to a list in the other order: begin that list anew")]
    Order,
}

impl Cursor {
    /// The place before everything.
    pub(super) const fn start(order: Order) -> Self {
        match order {
            Order::NewestFirst => Self { order, at: Timestamp::from_micros(i64::MAX), id: [0xFF; 16] },
            Order::OldestFirst => Self { order, at: Timestamp::from_micros(i64::MIN), id: [0; 16] },
        }
    }

    /// The given place, or the start, for a list in this order.
    pub(super) fn within(cursor: Option<Self>, order: Order) -> Result<Self, CursorError> {
        match cursor {
            None => Ok(Self::start(order)),
            Some(cursor) if cursor.order == order => Ok(cursor),
            Some(_) => Err(CursorError::Order),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(FORMAT);
        bytes.push(match self.order {
            Order::NewestFirst => 0,
            Order::OldestFirst => 1,
        });
        bytes.extend_from_slice(&self.at.micros().to_be_bytes());
        bytes.extend_from_slice(&self.id);
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let mut bytes = [0; BYTES];
        // The slice decoder refuses what is longer than the buffer.
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| CursorError::Form)?;
        let [FORMAT, order, rest @ ..] = bytes else { return Err(CursorError::Form) };
        let order = match order {
            0 => Order::NewestFirst,
            1 => Order::OldestFirst,
            _ => return Err(CursorError::Form),
        };
        match (rest.first_chunk::<8>(), rest.last_chunk::<16>()) {
            (Some(at), Some(id)) if length == BYTES => {
                Ok(Self { order, at: Timestamp::from_micros(i64::from_be_bytes(*at)), id: *id })
            }
            _ => Err(CursorError::Form),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(at: i64, id: [u8; 16], oldest: bool) {
            let order = if oldest { Order::OldestFirst } else { Order::NewestFirst };
            let cursor = Cursor { order, at: Timestamp::from_micros(at), id };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn any_text_is_a_cursor_that_tells_the_same_or_an_error(text in "[A-Za-z0-9_-]{30,40}|.{0,60}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }

    #[test]
    fn a_cursor_of_the_other_order_is_refused() {
        let cursor = Cursor::start(Order::NewestFirst);
        assert_eq!(Cursor::within(Some(cursor), Order::OldestFirst), Err(CursorError::Order));
        assert_eq!("".parse::<Cursor>(), Err(CursorError::Form));
        assert_eq!(format!("{cursor}A").parse::<Cursor>(), Err(CursorError::Form));
    }
}
