//! What a client is told when something is wrong: problem details (RFC 9457). What the client did
//! wrong is told plainly; what we did wrong is one sentence and the request's id. Programs get a JSON
//! document, browsers a page in their language.

use app::access::{Refusal, Scope};
use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use kernel::limits::MAIL_BYTES;
use serde::Serialize;

use crate::limits::{self, ENVELOPE_CHARS};

/// Everything that can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// No such path.
    NoRoute,
    /// The path has other methods.
    Method,
    /// No token came.
    NoToken,
    /// A token came, and it is not good; the reason in words for its bearer.
    BadToken(String),
    /// The token is for something else.
    Scope(Scope),
    /// Nobody has signed in, or the session has ended.
    SignedOut,
    /// The form was not made by a page of ours for this browser, or is too old.
    Form,
    /// The form has more bytes than any form may.
    FormTooLarge,
    /// The policies do not permit it.
    Refused(Refusal),
    /// Somebody else was faster: what was asked for does not follow from how things stand now.
    Overtaken,
    /// Something typed cannot be taken; the key of the sentence that says why.
    Wrong(&'static str),
    /// There is no such thing, or none that the asker may know of.
    Nothing,
    /// The token has asked too often.
    TooMany {
        /// Requests in a minute that it may make.
        quota: u32,
        /// Seconds until the next one.
        wait: u64,
    },
    /// The query is not what the route takes.
    Query,
    /// The body is not declared as a mail.
    MediaType,
    /// The body has no bytes.
    Empty,
    /// The body has more bytes than any mail may.
    TooLarge,
    /// The body did not come to its end in time.
    Slow,
    /// The connection broke within the body.
    CutShort,
    /// The memory for large bodies is in use.
    Busy,
    /// The disk, the database or the log cannot take it now.
    Unavailable,
    /// What must run does not; the names of what is missing.
    NotReady(Vec<&'static str>),
    /// A fault of ours.
    Fault,
}

/// How a problem is told.
struct Telling {
    status: StatusCode,
    /// Stable, for programs.
    word: &'static str,
    title: &'static str,
    detail: String,
}

/// A problem as it is sent.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    request: &'a str,
}

impl Problem {
    /// One of each, for whoever makes them all known.
    pub(crate) fn every() -> [Self; 23] {
        [
            Self::NoRoute,
            Self::Method,
            Self::NoToken,
            Self::BadToken(String::new()),
            Self::Scope(Scope::MailWrite),
            Self::SignedOut,
            Self::Form,
            Self::FormTooLarge,
            Self::Nothing,
            Self::Refused(Refusal::Role),
            Self::Overtaken,
            Self::Wrong("wrong-time"),
            Self::TooMany { quota: 0, wait: 0 },
            Self::Query,
            Self::MediaType,
            Self::Empty,
            Self::TooLarge,
            Self::Slow,
            Self::CutShort,
            Self::Busy,
            Self::Unavailable,
            Self::NotReady(Vec::new()),
            Self::Fault,
        ]
    }

    /// The stable word, also in counters.
    pub(crate) fn word(&self) -> &'static str {
        self.telling().word
    }

    /// What a page says of it: the keys of a title and of what to do.
    pub(crate) const fn sentences(&self) -> (&'static str, &'static str) {
        match self {
            Self::NoRoute | Self::Nothing => ("problem-nothing", "problem-nothing-help"),
            Self::SignedOut => ("problem-signed-out", "problem-signed-out-help"),
            Self::Form => ("problem-form", "problem-form-help"),
            Self::Overtaken => ("problem-overtaken", "problem-overtaken-help"),
            Self::Wrong(sentence) => ("problem-wrong", sentence),
            Self::Refused(why) => ("problem-refused", refused(*why)),
            Self::FormTooLarge | Self::TooLarge => ("problem-too-large", "problem-too-large-help"),
            Self::Slow | Self::CutShort => ("problem-slow", "problem-slow-help"),
            Self::Busy | Self::TooMany { .. } | Self::Unavailable | Self::NotReady(_) => {
                ("problem-unavailable", "problem-unavailable-help")
            }
            Self::NoToken | Self::BadToken(_) | Self::Scope(_) => ("problem-forbidden", "problem-forbidden-help"),
            Self::Method | Self::Query | Self::MediaType | Self::Empty => ("problem-request", "problem-request-help"),
            Self::Fault => ("problem-fault", "problem-fault-help"),
        }
    }

    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        self.telling().status
    }

    /// The body, with the id under which the log speaks of the request.
    pub(crate) fn document(&self, request: &str) -> Vec<u8> {
        let Telling { status, word, title, detail } = self.telling();
        let r#type = format!("urn:doorward:problem:{word}");
        let document = Document { r#type, title, status: status.as_u16(), detail: &detail, request };
        // Only maps with keys that are no strings fail, and there are none.
        serde_json::to_vec(&document).unwrap_or_default()
    }

    fn telling(&self) -> Telling {
        let told = |status, word, title, detail: &str| Telling { status, word, title, detail: detail.to_owned() };
        match self {
            Self::NoRoute => told(
                StatusCode::NOT_FOUND,
                "no-such-route",
                "nothing is here",
                "the routes are listed at /api/v1/openapi.json",
            ),
            Self::Method => told(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "this route has other methods",
                "use one of those that the Allow header names",
            ),
            Self::NoToken => told(
                StatusCode::UNAUTHORIZED,
                "token-missing",
                "a token is needed",
                "send a token as `Authorization: Bearer dwt_…`",
            ),
            Self::BadToken(reason) => told(StatusCode::UNAUTHORIZED, "token-refused", "the token is refused", reason),
            Self::Scope(scope) => told(
                StatusCode::FORBIDDEN,
                "scope",
                "the token is for something else",
                &format!("this needs a token with the scope {scope}"),
            ),
            Self::SignedOut => {
                told(StatusCode::UNAUTHORIZED, "signed-out", "nobody has signed in", "sign in and try again")
            }
            Self::Form => told(
                StatusCode::BAD_REQUEST,
                "form",
                "the form cannot be taken",
                "load the page again and send the form from there",
            ),
            Self::FormTooLarge => told(
                StatusCode::PAYLOAD_TOO_LARGE,
                "form-too-large",
                "the form is too large",
                "shorten the text and send it again",
            ),
            Self::Refused(why) => told(StatusCode::FORBIDDEN, "refused", "it is not permitted", &why.to_string()),
            Self::Overtaken => told(
                StatusCode::CONFLICT,
                "overtaken",
                "somebody else was faster",
                "look at it as it stands now, and decide anew",
            ),
            Self::Wrong(_) => told(
                StatusCode::UNPROCESSABLE_ENTITY,
                "wrong",
                "something in the form cannot be taken",
                "correct it and send it again",
            ),
            Self::Nothing => told(
                StatusCode::NOT_FOUND,
                "nothing",
                "there is no such thing",
                "it may have been removed; look for it in the list",
            ),
            Self::TooMany { quota, .. } => told(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many",
                "too many requests with this token",
                &format!("a token may make {quota} requests in a minute: keep what you sent and send it again later"),
            ),
            Self::Query => told(
                StatusCode::BAD_REQUEST,
                "query",
                "the query cannot be read",
                &format!(
                    "the query takes client_ip (an IP address), helo and mail_from (at most {ENVELOPE_CHARS} \
                     characters each), each once, and nothing else"
                ),
            ),
            Self::MediaType => told(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                "the body is not declared as a mail",
                "send the raw mail as message/rfc822, or as application/octet-stream",
            ),
            Self::Empty => told(StatusCode::BAD_REQUEST, "empty", "the body is empty", "send the raw mail as the body"),
            Self::TooLarge => told(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "the mail is too large",
                &format!("the limit of one mail is {MAIL_BYTES} bytes"),
            ),
            Self::Slow => told(
                StatusCode::REQUEST_TIMEOUT,
                "slow",
                "the body took too long",
                "send the mail again over a faster connection",
            ),
            Self::CutShort => {
                told(StatusCode::BAD_REQUEST, "cut-short", "the body did not come to its end", "send the mail again")
            }
            Self::Busy => told(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "too many large mails at once",
                "keep the mail and send it again in a moment",
            ),
            Self::Unavailable => told(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "nothing can be stored at the moment",
                "keep what you sent and send it again in a moment",
            ),
            Self::NotReady(missing) => told(
                StatusCode::SERVICE_UNAVAILABLE,
                "not-ready",
                "not ready",
                &format!("these do not run: {}", missing.join(", ")),
            ),
            Self::Fault => told(
                StatusCode::INTERNAL_SERVER_ERROR,
                "fault",
                "a fault on our side",
                "the log says more under the id of this request",
            ),
        }
    }
}

/// The sentence of a refusal.
const fn refused(why: Refusal) -> &'static str {
    match why {
        Refusal::Role => "refused-role",
        Refusal::NoCustomer | Refusal::NoValue => "refused-nothing",
        Refusal::Erased => "refused-erased",
        Refusal::NotConcerned | Refusal::NoConversation => "refused-concern",
        Refusal::Purpose => "refused-purpose",
        Refusal::Resolved => "refused-resolved",
        Refusal::NotAssigned => "refused-assignment",
        Refusal::Rule => "refused-rule",
        Refusal::ReasonNeeded => "refused-reason",
        Refusal::ApproverNeeded => "refused-approver",
        Refusal::Expired => "refused-expired",
        Refusal::Undecided => "refused-undecided",
    }
}

impl IntoResponse for Problem {
    /// A head without a body: [`crate::answer::finish`] writes the document, which names the request.
    fn into_response(self) -> Response {
        let mut response = self.telling().status.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match &self {
            Self::NoToken => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"doorward\""));
            }
            Self::BadToken(_) => {
                let challenge = HeaderValue::from_static("Bearer realm=\"doorward\", error=\"invalid_token\"");
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
            Self::Scope(scope) => {
                // RFC 6750, section 3.1.
                let text = format!("Bearer realm=\"doorward\", error=\"insufficient_scope\", scope=\"{scope}\"");
                if let Ok(challenge) = HeaderValue::from_str(&text) {
                    headers.insert(WWW_AUTHENTICATE, challenge);
                }
            }
            Self::TooMany { wait, .. } => {
                headers.insert(RETRY_AFTER, HeaderValue::from(*wait));
            }
            Self::Busy | Self::Unavailable | Self::NotReady(_) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(limits::RETRY_AFTER.as_secs()));
            }
            _ => {}
        }
        // The rest of such a body is never read as the next request.
        if matches!(self, Self::TooLarge | Self::FormTooLarge | Self::Busy | Self::Slow | Self::CutShort) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
