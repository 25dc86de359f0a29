//! Places where a test can make the process die, to prove that nothing acknowledged is lost.
//!
//! A debug build reads `DOORWARD_FAIL_POINT=name[:n]` and aborts at the n-th passage of that
//! place (the first by default). A release build holds none of this.

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

    struct Armed {
        name: String,
        left: AtomicU64,
    }

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let wanted = std::env::var("DOORWARD_FAIL_POINT").ok()?;
        let (name, count) = wanted.split_once(':').unwrap_or((&wanted, "1"));
        Some(Armed { name: name.to_owned(), left: AtomicU64::new(count.parse().unwrap_or(1)) })
    });

    pub(super) fn pass(name: &str) {
        if let Some(armed) = ARMED.as_ref()
            && armed.name == name
            && armed.left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            std::process::abort();
        }
    }
}
