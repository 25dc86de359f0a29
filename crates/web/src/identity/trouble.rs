//! What a person is told when the domain refuses: the key of a sentence beside the form when it is
//! something that the person can mend, a problem page otherwise.

use app::identity::Error;
use axum::http::StatusCode;

use crate::problem::Problem;
use crate::strings::Strings;

/// A sentence for the page, with the status of the answer.
pub(super) struct Trouble {
    pub(super) sentence: String,
    pub(super) status: StatusCode,
}

/// The sentence of an error; the problem when no form can mend it.
pub(super) fn trouble(error: Error, l: Strings) -> Result<Trouble, Problem> {
    let wrong = |sentence: String| Ok(Trouble { sentence, status: StatusCode::UNPROCESSABLE_ENTITY });
    match error {
        Error::Refused => wrong(l.t("trouble-refused")),
        Error::TooManyAttempts { seconds } => Ok(Trouble {
            sentence: l.t1("trouble-too-many", "minutes", seconds.div_ceil(60)),
            status: StatusCode::TOO_MANY_REQUESTS,
        }),
        Error::DisplayName => wrong(l.t("trouble-name")),
        Error::PasskeyRefused => wrong(l.t("trouble-passkey")),
        Error::CeremonyOver => wrong(l.t("trouble-too-slow")),
        Error::NoPasskeysHere => wrong(l.t("trouble-no-passkeys-here")),
        Error::TooManyPasskeys => wrong(l.t1("trouble-too-many-passkeys", "count", app::identity::PASSKEYS)),
        Error::PasswordLength => wrong(l.t1("trouble-password-length", "count", app::identity::PASSWORD_CHARS)),
        Error::PasswordIsAddress => wrong(l.t("trouble-password-address")),
        Error::PasswordBreached => wrong(l.t("trouble-password-breached")),
        Error::WrongCode => wrong(l.t("trouble-code")),
        Error::LastMeans => wrong(l.t("trouble-last-means")),
        Error::SignInAgain => wrong(l.t("trouble-sign-in-again")),
        other => Err(problem(&other)),
    }
}

/// The problem of an error that no form can mend.
pub(super) fn problem(error: &Error) -> Problem {
    match error {
        Error::LinkOver | Error::NoPasskey | Error::NoAgent => Problem::Nothing,
        Error::SignInAgain => Problem::SignedOut,
        Error::Overloaded | Error::Busy => Problem::Unavailable,
        Error::Database(inner) if inner.is_temporary() => Problem::Unavailable,
        Error::Refused
        | Error::PasskeyRefused
        | Error::CeremonyOver
        | Error::TooManyAttempts { .. }
        | Error::TooManyPasskeys
        | Error::NoPasskeysHere => Problem::Query,
        other => {
            tracing::error!(error = %other, "an account could not be worked on");
            Problem::Fault
        }
    }
}
