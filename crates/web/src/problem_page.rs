//! A problem as a person sees it: a page in their language that says what to do, or, when a script
//! asked, a line that it puts on the page. Somebody who has to sign in is led there and back.

use askama::Template;
use axum::extract::Request;
use axum::http::header::{ACCEPT, LOCATION, REFERER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use crate::appearance::own_path;
use crate::frame::{Theme, language};
use crate::problem::Problem;
use crate::strings::Strings;
use crate::{assets, cookies, page};

/// Where programs ask; a browser that opens one of these sees what a program sees.
const FOR_PROGRAMS: [&str; 3] = ["/api/", "/health/", "/metrics"];
/// Bytes of an address to which somebody is led back.
const BACK_BYTES: usize = 1_000;

/// Who asks, as far as a problem needs to know it.
pub(crate) struct Asker {
    strings: Strings,
    theme: Theme,
    manner: Manner,
    /// The page to come back to.
    back: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Program,
    /// A browser that shows what it gets.
    Page,
    /// A script that puts what it gets into a page.
    Script,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    l: Strings,
    theme: Theme,
    title: &'a str,
    help: &'a str,
    request: &'a str,
    style: &'static str,
    mark: &'static str,
}

#[derive(Template)]
#[template(path = "problem_line.html")]
struct ProblemLine<'a> {
    title: &'a str,
    help: &'a str,
    request: &'a str,
    l: Strings,
}

impl Asker {
    pub(crate) fn of(request: &Request) -> Self {
        let headers = request.headers();
        let path = request.uri().path();
        let accepts = headers.get(ACCEPT).and_then(|field| field.to_str().ok()).unwrap_or_default();
        let manner = if FOR_PROGRAMS.iter().any(|known| path.starts_with(known)) {
            Manner::Program
        } else if headers.contains_key("hx-request") {
            Manner::Script
        } else if accepts.contains("text/html") {
            Manner::Page
        } else {
            Manner::Program
        };
        Self {
            strings: Strings::of(language(headers)),
            theme: cookies::get(headers, cookies::THEME).map_or(Theme::System, Theme::from_word),
            manner,
            back: back(request.method(), request.uri(), headers),
        }
    }

    pub(crate) fn wants_page(&self) -> bool {
        self.manner != Manner::Program
    }

    /// The answer to a person.
    pub(crate) fn page(&self, problem: &Problem, request: &str) -> Response {
        if *problem == Problem::SignedOut {
            return self.lead_to_sign_in();
        }
        let (title, help) = problem.sentences();
        let (title, help) = (self.strings.t(title), self.strings.t(help));
        let (title, help, l) = (title.as_str(), help.as_str(), self.strings);
        let is_script = self.manner == Manner::Script;
        let text = if is_script {
            ProblemLine { title, help, request, l }.render()
        } else {
            let (style, mark) = (assets::address("ground.css"), assets::address("mark.svg"));
            ProblemPage { l, theme: self.theme, title, help, request, style, mark }.render()
        };
        let mut response = page::html(problem.status(), text.unwrap_or_default(), String::new());
        if is_script {
            set(&mut response, "hx-retarget", "#notices");
            set(&mut response, "hx-reswap", "innerHTML");
        }
        response
    }

    fn lead_to_sign_in(&self) -> Response {
        let query = serde_urlencoded::to_string([("back", &self.back)]).unwrap_or_default();
        let place = format!("/sign-in?{query}");
        if self.manner == Manner::Script {
            // A script would follow a redirection and put the page into the page.
            let mut response = page::html(StatusCode::UNAUTHORIZED, String::new(), String::new());
            set(&mut response, "hx-redirect", &place);
            return response;
        }
        let mut response = StatusCode::SEE_OTHER.into_response();
        if let Ok(place) = HeaderValue::from_str(&place) {
            response.headers_mut().insert(LOCATION, place);
        }
        response
    }
}

/// The page on which somebody is: the one they ask for, or the one whose form or script asked.
fn back(method: &Method, uri: &Uri, headers: &HeaderMap) -> String {
    let from = headers.get("hx-current-url").or_else(|| headers.get(REFERER));
    let from = from.and_then(|field| field.to_str().ok()?.parse::<Uri>().ok());
    let is_view = method == Method::GET && !headers.contains_key("hx-request");
    let page = if is_view { Some(uri.clone()) } else { from };
    let path = page.and_then(|page| page.path_and_query().map(ToString::to_string)).unwrap_or_default();
    if path.len() > BACK_BYTES { "/".to_owned() } else { own_path(&path).to_owned() }
}

fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
