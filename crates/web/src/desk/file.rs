//! A file that came with a message, to be kept: it is never shown in a page of ours, whatever it
//! says it is.

use std::sync::Arc;

use app::access::action::ReadConversation;
use app::channels;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use kernel::AttachmentId;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{fault, refusal};
use crate::kind::Kind;
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session::Allowed;

/// What a name may hold as it is (RFC 8187, `attr-char`).
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Bytes that are handed to the network at a time.
const PIECE: usize = 64 * 1024;

/// Hands out a file of a conversation.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<ReadConversation>,
    Path((_, file)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let file: AttachmentId = file.parse().map_err(|_| Problem::NoRoute)?;
    shared.app.desk.look(&permit).await.map_err(refusal)?;
    let opened = shared.app.channels.open_file(me.organisation, *permit.resource(), file).await;
    let opened = opened.map_err(|error| refused(&error))?.ok_or(Problem::Nothing)?;
    let length = opened.bytes.len();
    let mut response = Body::from_stream(stream::unfold((opened.bytes, 0), async |(bytes, from)| {
        let piece = bytes.get(from..).filter(|rest| !rest.is_empty())?;
        let piece = Bytes::copy_from_slice(piece.get(..PIECE).unwrap_or(piece));
        let next = from + piece.len();
        Some((Ok::<_, std::convert::Infallible>(piece), (bytes, next)))
    }))
    .into_response();
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    fields.insert(CONTENT_LENGTH, HeaderValue::from(length));
    fields.insert(HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen"));
    if let Ok(name) = HeaderValue::from_str(&disposition(opened.description.filename.as_deref())) {
        fields.insert(CONTENT_DISPOSITION, name);
    }
    response.extensions_mut().insert(Kind::Download);
    Ok(response)
}

fn refused(error: &channels::Error) -> Problem {
    match error {
        channels::Error::Vault(app::vault::Error::Erased) => Problem::Nothing,
        error => fault(error),
    }
}

/// The name for the folder of downloads (RFC 6266); without one it is `file`.
fn disposition(name: Option<&str>) -> String {
    let name = name.filter(|name| !name.is_empty()).unwrap_or("file");
    format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, NAME))
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_name_stays_a_name() {
        assert_eq!(disposition(Some("lasku \"2\".pdf")), "attachment; filename*=UTF-8''lasku%20%222%22.pdf");
        assert_eq!(
            disposition(Some("счёт\r\nx: y")),
            "attachment; filename*=UTF-8''%D1%81%D1%87%D1%91%D1%82%0D%0Ax%3A%20y"
        );
        assert_eq!(disposition(None), "attachment; filename*=UTF-8''file");
    }
}
