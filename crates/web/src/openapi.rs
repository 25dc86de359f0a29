//! The interface described for programs: OpenAPI 3.1, a file that tests compare with the routes.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// The document, JSON.
pub const DOCUMENT: &str = include_str!("openapi.json");

/// The document.
pub(crate) async fn show() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;
    use crate::{Audience, Permit, ROUTES, Route};

    fn document() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    fn programs() -> impl Iterator<Item = &'static Route> {
        ROUTES.iter().filter(|route| route.audience == Audience::Program)
    }

    fn operation(document: &Value, path: &str, method: &str) -> Value {
        document["paths"][path][method.to_lowercase()].clone()
    }

    #[test]
    fn it_lists_exactly_the_routes_there_are() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let described: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, item)| {
                item.as_object().unwrap().keys().map(|method| (path.clone(), method.to_uppercase()))
            })
            .collect();
        let routed = programs().map(|route| (route.path.to_owned(), route.method.to_owned())).collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn it_tells_who_may_call_each_route() {
        let document = document();
        for route in programs() {
            let expected = match route.permit {
                Permit::Everybody => json!([]),
                Permit::SignedIn => panic!("{} is for a program and asks for a session", route.path),
                Permit::Token(scope) => json!([{ "token": [scope.word()] }]),
                Permit::LoopbackOrToken(scope) => json!([{}, { "token": [scope.word()] }]),
            };
            assert_eq!(operation(&document, route.path, route.method)["security"], expected, "{}", route.path);
        }
    }

    #[test]
    fn it_tells_of_a_refusal_wherever_a_token_is_needed() {
        let document = document();
        for route in programs().filter(|route| route.permit != Permit::Everybody) {
            let responses = operation(&document, route.path, route.method)["responses"].clone();
            for status in ["401", "403", "503"].into_iter().chain(route.path.starts_with("/api/").then_some("429")) {
                assert!(responses[status].is_object(), "{} does not tell of {status}", route.path);
            }
        }
    }

    #[test]
    fn it_is_of_this_version_and_every_reference_leads_somewhere() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(reference)) = map.get("$ref") {
                        let target = document.pointer(reference.strip_prefix('#').unwrap());
                        assert!(target.is_some(), "{reference} leads nowhere");
                    }
                    open.extend(map.values());
                }
                Value::Array(list) => open.extend(list),
                _ => {}
            }
        }
    }

    #[test]
    fn it_names_the_limit_of_a_mail() {
        let told = operation(&document(), "/api/v1/inbound/mail", "post")["description"].to_string();
        assert!(told.contains(&kernel::limits::MAIL_BYTES.to_string()), "{told}");
    }
}
