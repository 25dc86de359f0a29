//! A message as its sender designed it: HTML of a stranger, sanitised when it came, at an address of
//! its own whose policy forbids everything, for a frame without rights. Remote pictures stay away;
//! those that came with the message stand in it.

use std::fmt::Write as _;
use std::sync::Arc;

use app::access::action::ReadConversation;
use app::desk::{Designed, InlineImage};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::MessageId;

use super::refusal;
use crate::kind::Kind;
use crate::page;
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session::Allowed;

/// Bytes of all pictures of one message that are shown in it.
const IMAGES: u64 = 8 * 1024 * 1024;
/// Pictures that a browser shows and that hold no script.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/// Wide tables scroll within, and a design made for white paper gets white paper.
const STYLE: &str = "html{background:#fff;color:#1b211e;font:14px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}\
     body{margin:12px;max-width:100%}img{max-width:100%;height:auto}table{max-width:100%}\
     img:not([src]){display:inline-block;min-width:16px;min-height:16px;outline:1px dashed #8a918c}";

/// The message's design.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<ReadConversation>,
    Path((_, message)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let message: MessageId = message.parse().map_err(|_| Problem::NoRoute)?;
    let designed = shared.app.desk.designed(&permit, message).await;
    let Designed { mut html, images } = designed.map_err(refusal)?.ok_or(Problem::Nothing)?;
    let mut left = IMAGES;
    for image in images {
        let named = format!("\"cid:{}\"", html_value(&image.content_id));
        if !is_picture(&image) || image.size > left || !html.contains(&named) {
            continue;
        }
        left -= image.size;
        let Ok(Some(file)) = shared.app.channels.open_file(me.organisation, *permit.resource(), image.file).await
        else {
            continue;
        };
        let data = format!("\"data:{};base64,{}\"", image.media_type, STANDARD.encode(&*file.bytes));
        html = html.replace(&named, &data);
    }
    let mut text = String::with_capacity(html.len() + STYLE.len() + 128);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "<!doctype html><html><head><meta charset=\"utf-8\"><title></title><style>{STYLE}</style></head>\
         <body>{html}</body></html>"
    );
    let mut response = page::html(StatusCode::OK, text, String::new());
    response.extensions_mut().insert(Kind::ForeignHtml);
    Ok(response)
}

fn is_picture(image: &InlineImage) -> bool {
    PICTURES.iter().any(|known| image.media_type.eq_ignore_ascii_case(known))
}

/// As the sanitiser writes a value.
fn html_value(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
