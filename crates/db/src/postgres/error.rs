//! The server's refusals in the words of this crate. Details are left out: they may quote values.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use crate::Error;

/// What a failed statement means.
pub(super) fn translate(statement: &'static str, error: &tokio_postgres::Error) -> Error {
    let Some(refusal) = error.as_db_error() else {
        let lost = error.is_closed() || error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
        return if lost {
            Error::Unavailable(describe(error))
        } else {
            Error::Engine { statement, message: describe(error) }
        };
    };
    let code = refusal.code();
    match code {
        _ if *code == SqlState::UNIQUE_VIOLATION => Error::Unique,
        _ if *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::LOCK_NOT_AVAILABLE =>
        {
            Error::Conflict
        }
        _ if *code == SqlState::QUERY_CANCELED => Error::TooLong(statement),
        _ if *code == SqlState::DISK_FULL => Error::Full,
        _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Error::ReadOnly,
        _ if code.code().starts_with("23") => Error::Constraint(statement.to_owned()),
        // 08: connection; 57P: shut down or crashed; 53: out of resources; 25P03: idle too long.
        _ if ["08", "57P", "53", "25P03"].iter().any(|class| code.code().starts_with(class)) => {
            Error::Unavailable(describe(error))
        }
        _ => Error::Engine { statement, message: describe(error) },
    }
}

/// What a refused connection means: waiting mends a server that is down, not a wrong password.
pub(super) fn refused(error: &tokio_postgres::Error) -> Error {
    let told = describe(error);
    // 28: the user or the password; 3D: the database; 42501: the right to connect.
    let lasting = error.code().is_some_and(|code| {
        ["28", "3D"].iter().any(|class| code.code().starts_with(class)) || *code == SqlState::INSUFFICIENT_PRIVILEGE
    });
    if lasting {
        return Error::Settings(format!("the server refuses the connection: {told}"));
    }
    if is_distrust(error) {
        return Error::Settings(format!(
            "the server's certificate is not trusted, name its authority with sslrootcert: {told}"
        ));
    }
    Error::Unavailable(told)
}

fn is_distrust(error: &tokio_postgres::Error) -> bool {
    let mut cause = error.source();
    while let Some(deeper) = cause {
        // An I/O error shows what it carries through `get_ref`, not as its source.
        let carried = deeper.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = carried.and_then(|carried| carried.downcast_ref()).or_else(|| deeper.downcast_ref());
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        cause = deeper.source();
    }
    false
}

/// The error in the server's words but without its detail, which may quote values.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        return format!("{} ({})", refusal.message(), refusal.code().code());
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}
