//! Places where a test can make the process die, to prove that nothing acknowledged is lost.
//!
//! A debug build reads `DOORWARD_FAIL_POINT=name[:n]` and aborts at the n-th passage of that
//! place (the first by default); with `name:n:panic` it panics there instead, as broken code
//! would. A release build holds none of this.

/// Passes a named place; dies there when the environment asks for it. Names are `crate.place`.
#[inline]
pub fn pass(name: &str) {
    #[cfg(debug_assertions)]
    armed::pass(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum End {
        Abort,
        Panic,
    }

    struct Armed {
        name: String,
        left: AtomicU64,
        end: End,
    }

    static ARMED: LazyLock<Option<Armed>> =
        LazyLock::new(|| Armed::from_words(&std::env::var("DOORWARD_FAIL_POINT").ok()?));

    impl Armed {
        /// `None` when the words are no fail point: a test that arms nothing must not pass.
        fn from_words(words: &str) -> Option<Self> {
            let mut words = words.split(':');
            let name = words.next().filter(|name| !name.is_empty())?.to_owned();
            let left = AtomicU64::new(words.next().map_or(Some(1), |count| count.parse().ok())?);
            let end = match words.next() {
                None => End::Abort,
                Some("panic") => End::Panic,
                Some(_) => return None,
            };
            Some(Self { name, left, end })
        }
    }

    pub(super) fn pass(name: &str) {
        if let Some(armed) = ARMED.as_ref()
            && armed.name == name
            && armed.left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            match armed.end {
                End::Abort => std::process::abort(),
                End::Panic => std::panic::panic_any("a fail point"),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn read(words: &str) -> Option<(String, u64, End)> {
            Armed::from_words(words).map(|armed| (armed.name, armed.left.into_inner(), armed.end))
        }

        #[test]
        fn a_fail_point_is_armed_by_name_passage_and_end() {
            assert_eq!(read("db.commit"), Some(("db.commit".to_owned(), 1, End::Abort)));
            assert_eq!(read("db.commit:3"), Some(("db.commit".to_owned(), 3, End::Abort)));
            assert_eq!(read("db.commit:2:panic"), Some(("db.commit".to_owned(), 2, End::Panic)));
            for nothing in ["", "db.commit:often", "db.commit:1:sleep"] {
                assert_eq!(read(nothing), None, "{nothing}");
            }
        }
    }
}
