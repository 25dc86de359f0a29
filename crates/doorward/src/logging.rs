//! Structured logs on standard error.
//!
//! Never logged, at any level: names, addresses, subjects, message text, file names of customers,
//! values of fields, tokens, keys, bodies, database addresses, panic messages. Ids, counts, sizes,
//! times and names of operations are. Other crates than ours speak only when something is wrong.

use tracing_subscriber::EnvFilter;

use crate::configuration::{LogFormat, LogLevel};
use crate::output;

/// The crates whose log lines follow the rule above.
const OURS: [&str; 6] = ["doorward", "app", "db", "web", "envelope", "tlog"];

/// Starts logging for the rest of the process; a second call changes nothing.
pub(crate) fn start(level: LogLevel, format: LogFormat) {
    let builder =
        tracing_subscriber::fmt().with_env_filter(EnvFilter::new(directives(level))).with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Text => {
            let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
            tracing::subscriber::set_global_default(builder.with_ansi(terminal).finish())
        }
        LogFormat::Json => tracing::subscriber::set_global_default(builder.json().finish()),
    };
}

/// From now on a panic tells where it was, and never what it said: the message may quote a value.
pub(crate) fn silence_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        if tracing::dispatcher::has_been_set() {
            tracing::error!(place, "a fault of this program");
        } else {
            output::notice(format_args!("a fault of this program at {place}"));
        }
    }));
}

fn directives(level: LogLevel) -> String {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let others = if level == "error" { "error" } else { "warn" };
    OURS.iter().fold(others.to_owned(), |text, ours| format!("{text},{ours}={level}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_crates_stay_quiet_however_much_is_asked_for() {
        let directives = directives(LogLevel::Trace);
        assert!(directives.starts_with("warn,") && directives.contains(",app=trace"), "{directives}");
    }
}
