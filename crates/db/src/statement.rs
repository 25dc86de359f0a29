//! SQL as named, registered text: written once, prepared on both engines by a test.

use std::sync::OnceLock;

use crate::dialect;

/// One statement: a name for messages and its text with `$1…` parameters, in the subset that
/// SQLite 3.40 and PostgreSQL 15 share.
#[derive(Debug)]
pub struct Statement {
    name: &'static str,
    text: &'static str,
    sqlite: OnceLock<String>,
}

impl Statement {
    /// For the [`statements!`](crate::statements) macro.
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Self { name, text, sqlite: OnceLock::new() }
    }

    /// `domain.NAME`, as messages show it.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The text as written, which is what PostgreSQL gets.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    pub(crate) fn sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| dialect::sqlite_text(self.text))
    }
}

/// Declares a store's statements and `STATEMENTS`, the list that the registry takes.
///
/// ```
/// db::statements! { "desk";
///     /// One conversation.
///     FIND = "SELECT state FROM conversation WHERE org = $1 AND id = $2";
/// }
/// assert_eq!(STATEMENTS.len(), 1);
/// ```
#[macro_export]
macro_rules! statements {
    ($domain:literal; $($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(crate) static $name: $crate::Statement =
            $crate::Statement::new(concat!($domain, ".", stringify!($name)), $text);)*
        /// Every statement of this store.
        pub(crate) static STATEMENTS: &[&$crate::Statement] = &[$(&$name),*];
    };
}
