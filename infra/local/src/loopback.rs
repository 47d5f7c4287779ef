//! Refuses requests that foreign web pages make a browser send. A foreign `Host` shows DNS rebinding. A foreign
//! `Origin` shows a cross-origin request.

use std::net::Ipv4Addr;

use axum::{
    Router,
    extract::Request,
    http::{
        StatusCode,
        header::{HOST, ORIGIN},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
};

/// Wraps `router` so that it refuses requests with a foreign `Host` or `Origin`.
pub fn only(router: Router) -> Router {
    router.layer(middleware::from_fn(refuse_foreigners))
}

async fn refuse_foreigners(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let origin = request.headers().get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    if !host.is_some_and(is_loopback) {
        (StatusCode::MISDIRECTED_REQUEST, "Use the host 127.0.0.1, localhost or [::1].\n").into_response()
    } else if !origin.is_none_or(is_loopback_origin) {
        (StatusCode::FORBIDDEN, "This stack answers only pages of this machine.\n").into_response()
    } else {
        next.run(request).await
    }
}

fn is_loopback_origin(origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, host)| is_loopback(host))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "[::1]") || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{is_loopback, is_loopback_origin};

    #[test]
    fn only_loopback_names_are_ours() {
        for ours in ["127.0.0.1:8080", "localhost:8080", "localhost", "[::1]:8080", "127.0.0.2:8080"] {
            assert!(is_loopback(ours), "{ours}");
        }
        for foreign in ["evil.example", "127.0.0.1.evil.example:8080", "localhost.evil.example", "", "10.0.0.1:8080"] {
            assert!(!is_loopback(foreign), "{foreign}");
        }
        assert!(is_loopback_origin("http://localhost:3000"));
        for foreign in ["null", "", "https://evil.example", "https://evil.example/localhost"] {
            assert!(!is_loopback_origin(foreign), "{foreign}");
        }
    }
}
