//! Requests whose `Host` is not a loopback name are refused: a page on the web can make a browser call this machine by a
//! name of its own (DNS rebinding), but not under a name that only this machine has.

use axum::{
    Router,
    extract::Request,
    http::{StatusCode, header::HOST},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};

/// `router`, for this machine only.
pub fn only(router: Router) -> Router {
    router.layer(middleware::from_fn(refuse_foreign_hosts))
}

async fn refuse_foreign_hosts(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(is_loopback) {
        next.run(request).await
    } else {
        (StatusCode::MISDIRECTED_REQUEST, "This stack answers under loopback names only.\n").into_response()
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_loopback_names_are_ours() {
        for ours in ["127.0.0.1:8080", "localhost:8080", "localhost", "[::1]:8080"] {
            assert!(is_loopback(ours), "{ours}");
        }
        for foreign in ["evil.example", "127.0.0.1.evil.example:8080", "localhost.evil.example", "", "10.0.0.1:8080"] {
            assert!(!is_loopback(foreign), "{foreign}");
        }
    }
}
