//! Styles, scripts and pictures of the pages: compiled in, named by the hash of their content, so
//! that a browser keeps them for ever and never a stale one. Nothing here is personal.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::kind::Kind;
use crate::problem::Problem;

/// Hexadecimal digits of the hash in an address.
const HASH_CHARS: usize = 16;
/// Where an asset is that does not exist; a test finds the template that asks for one.
const NOWHERE: &str = "/assets/none/none";

struct Asset {
    name: &'static str,
    media_type: &'static str,
    plain: &'static [u8],
    gzip: Bytes,
    address: String,
}

macro_rules! assets {
    ($($name:literal is $media_type:literal),* $(,)?) => {
        static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
            vec![$(asset($name, $media_type, include_bytes!(concat!("../assets/", $name)))),*]
        });
    };
}

assets! {
    "htmx.min.js" is "text/javascript; charset=utf-8",
    "hx-sse.min.js" is "text/javascript; charset=utf-8",
    "ground.js" is "text/javascript; charset=utf-8",
    "ground.css" is "text/css; charset=utf-8",
    "desk.js" is "text/javascript; charset=utf-8",
    "commands.js" is "text/javascript; charset=utf-8",
    "live.js" is "text/javascript; charset=utf-8",
    "draft.js" is "text/javascript; charset=utf-8",
    "keys.js" is "text/javascript; charset=utf-8",
    "reveal.js" is "text/javascript; charset=utf-8",
    "desk.css" is "text/css; charset=utf-8",
    "identity.js" is "text/javascript; charset=utf-8",
    "identity.css" is "text/css; charset=utf-8",
    "mark.svg" is "image/svg+xml",
}

fn asset(name: &'static str, media_type: &'static str, plain: &'static [u8]) -> Asset {
    let mut hash = String::with_capacity(2 * SHA256.output_len());
    for byte in digest(&SHA256, plain).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    hash.truncate(HASH_CHARS);
    Asset { name, media_type, plain, gzip: gzip(plain, Compression::best()), address: format!("/assets/{hash}/{name}") }
}

/// Compressed bytes. A writer into memory does not fail.
pub(crate) fn gzip(plain: &[u8], level: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), level);
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.map(Bytes::from).unwrap_or_default()
}

/// The address of an asset by its name.
pub(crate) fn address(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or(NOWHERE, |asset| &asset.address)
}

/// Whether a client takes gzip (RFC 9110, section 12.5.3); a client that says nothing does not.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let Some(field) = headers.get(ACCEPT_ENCODING).and_then(|field| field.to_str().ok()) else { return false };
    field.split(',').any(|part| {
        let (coding, weight) = part.split_once(';').unwrap_or((part, ""));
        let weight = weight.trim().trim_start_matches("q=").trim();
        coding.trim().eq_ignore_ascii_case("gzip") && !matches!(weight, "0" | "0.0" | "0.00" | "0.000")
    })
}

/// An asset. One that is asked for by an older hash is given as it is now, and not to be kept.
pub(crate) async fn show(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Problem> {
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or(Problem::NoRoute)?;
    let is_current = asset.address.split('/').nth(2) == Some(hash.as_str());
    let packed = takes_gzip(&headers);
    let body = if packed { Body::from(asset.gzip.clone()) } else { Body::from(asset.plain) };
    let mut response = body.into_response();
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    fields.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if packed {
        fields.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let keep = if is_current { "public, max-age=31536000, immutable" } else { "no-cache" };
    fields.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    response.extensions_mut().insert(Kind::Asset);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_that_a_template_names_is_there() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let (mut folders, mut named) = (vec![root], 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for rest in text.split(".asset(\"").skip(1) {
                    let name = rest.split('"').next().unwrap();
                    assert_ne!(address(name), NOWHERE, "{} asks for {name}", path.display());
                    named += 1;
                }
            }
        }
        assert!(named > 0);
    }

    #[test]
    fn the_scripts_and_styles_of_a_first_view_are_small() {
        let bytes: usize = ASSETS.iter().map(|asset| asset.gzip.len()).sum();
        assert!(bytes < 60_000, "{bytes} bytes: the first view of the desk has 100,000 with its page");
    }

    #[test]
    fn no_script_of_ours_makes_code_of_text_and_no_style_loads_from_elsewhere() {
        for asset in ASSETS.iter().filter(|asset| !asset.name.contains(".min.")) {
            let text = std::str::from_utf8(asset.plain).unwrap();
            for wrong in ["eval(", "new Function", "innerHTML", "document.write", "@import", "https://", "http://"] {
                let allowed = wrong == "http://" && text.contains("http://www.w3.org/2000/svg");
                assert!(allowed || !text.contains(wrong), "{} has {wrong}", asset.name);
            }
        }
    }

    #[test]
    fn gzip_is_given_to_those_who_take_it() {
        let takes =
            |text: &'static str| takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(text))]));
        assert!(takes("gzip, deflate, br") && takes("br;q=1, GZIP;q=0.5"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes_gzip(&HeaderMap::new()));
    }
}
