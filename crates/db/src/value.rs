//! Parameters of a statement: the few kinds that both engines share.

use kernel::{Id, Timestamp};

/// One parameter, borrowed where it is large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// NULL of any column.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT.
    Text(&'a str),
    /// BLOB or BYTEA.
    Blob(&'a [u8]),
}

/// A parameter that waits longer than what it was borrowed from.
pub(crate) enum Kept {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Kept {
    pub(crate) fn new(value: &Value<'_>) -> Self {
        match *value {
            Value::Null => Self::Null,
            Value::Int(value) => Self::Int(value),
            Value::Text(value) => Self::Text(value.to_owned()),
            Value::Blob(value) => Self::Blob(value.to_owned()),
        }
    }

    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => Value::Int(*value),
            Self::Text(value) => Value::Text(value),
            Self::Blob(value) => Value::Blob(value),
        }
    }

    pub(crate) const fn bytes(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Int(_) => 8,
            Self::Text(value) => value.len(),
            Self::Blob(value) => value.len(),
        }
    }
}

/// NULL.
pub const fn null() -> Value<'static> {
    Value::Null
}

/// A number; lengths and counts beyond the range of BIGINT saturate.
pub fn int(value: impl TryInto<i64>) -> Value<'static> {
    Value::Int(value.try_into().unwrap_or(i64::MAX))
}

/// A number or NULL.
pub fn opt_int(value: Option<impl TryInto<i64>>) -> Value<'static> {
    value.map_or(Value::Null, int)
}

/// A text.
pub const fn text(value: &str) -> Value<'_> {
    Value::Text(value)
}

/// A text or NULL.
pub fn opt_text(value: Option<&str>) -> Value<'_> {
    value.map_or(Value::Null, Value::Text)
}

/// Bytes.
pub fn blob<B: AsRef<[u8]> + ?Sized>(value: &B) -> Value<'_> {
    Value::Blob(value.as_ref())
}

/// Bytes or NULL.
pub fn opt_blob<B: AsRef<[u8]>>(value: Option<&B>) -> Value<'_> {
    value.map_or(Value::Null, |bytes| Value::Blob(bytes.as_ref()))
}

/// An id, as its 16 bytes.
pub fn id<T: Id>(value: &T) -> Value<'_> {
    Value::Blob(value.bytes())
}

/// An id or NULL.
pub fn opt_id<T: Id>(value: Option<&T>) -> Value<'_> {
    value.map_or(Value::Null, id)
}

/// A moment, as microseconds since the epoch.
pub const fn time(value: Timestamp) -> Value<'static> {
    Value::Int(value.micros())
}

/// A moment or NULL.
pub fn opt_time(value: Option<Timestamp>) -> Value<'static> {
    value.map_or(Value::Null, time)
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

impl tokio_postgres::types::ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &tokio_postgres::types::Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(tokio_postgres::types::IsNull::Yes),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::Blob(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(_: &tokio_postgres::types::Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        ty: &tokio_postgres::types::Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        use tokio_postgres::types::Type;
        let fits = match self {
            Self::Null => true,
            Self::Int(_) => *ty == Type::INT8,
            Self::Text(_) => *ty == Type::TEXT,
            Self::Blob(_) => *ty == Type::BYTEA,
        };
        if fits { self.to_sql(ty, out) } else { Err(format!("a parameter does not fit the type {ty}").into()) }
    }
}
