//! The page at `/`, a demo app that shows the whole product at work. Its files are compiled in. Its content security
//! policy allows nothing from elsewhere.

use axum::{
    Router,
    extract::Path,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response},
    routing::get,
};

/// The file at `/`.
const INDEX: &str = "index.html";

/// Includes files of the page, each with its name.
macro_rules! files {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("../page/", $name)))),*] };
}

const FILES: [(&str, &str); 36] = files![
    "api.js",
    "app/challenge.js",
    "app/codes.js",
    "app/enroll.js",
    "app/home.js",
    "app/navigation.js",
    "app/password.js",
    "app/security.js",
    "app/signin.js",
    "app/workspace.js",
    "authenticator.js",
    "backend.js",
    "behind.css",
    "behind/assertion.js",
    "behind/aws.js",
    "behind/http.js",
    "behind/mailbox.js",
    "behind/panel.js",
    "behind/phone.js",
    "clock.js",
    "dom.js",
    "flow.js",
    "forms.js",
    "icon.svg",
    "index.html",
    "main.js",
    "pasted.js",
    "people.js",
    "problems.js",
    "session.js",
    "style.css",
    "window.js",
    "words.js",
    "words/en.js",
    "words/es.js",
    "words/fr.js",
];

/// The headers of every file. A browser loads scripts, styles and replies only from this origin, and caches nothing.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Returns the routes of the page, with its files below `/page`.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(async || file(INDEX)))
        .route("/page/{*name}", get(async |Path(name): Path<String>| file(&name)))
}

fn file(name: &str) -> Response {
    match FILES.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => (HEADERS, [(CONTENT_TYPE, content_type(name))], *text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    }
}
