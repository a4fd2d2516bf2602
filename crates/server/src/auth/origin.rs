//! Whether a request comes from our own page.
//!
//! Browsers name the page that writes or opens a web socket in `Origin`; it
//! must be the host the request went to. Programs other than browsers send no
//! `Origin`; nobody can make a browser leave it out of such requests.

use axum::http::{HeaderMap, header};
use url::Url;

use crate::problem::{Code, Problem};

/// Refuses a foreign `Origin`.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or("(not text)");
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    if origins.next().is_none() && is_own(origin, host) {
        return Ok(());
    }
    let origin: String = origin.chars().take(200).collect();
    Err(Problem::new(
        Code::ForeignOrigin,
        format!("requests from '{origin}' are refused: this server's own page is at '{host}'"),
    ))
}

fn is_own(origin: &str, host: &str) -> bool {
    let Ok(origin) = Url::parse(origin) else {
        return false;
    };
    if !matches!(origin.scheme(), "http" | "https") || host.contains(['/', '@', '?', '#', '\\']) {
        return false;
    }
    // With the same scheme, so that default ports are left out on both sides.
    let Ok(own) = Url::parse(&format!("{}://{host}", origin.scheme())) else {
        return false;
    };
    own.host().is_some() && own.host() == origin.host() && own.port() == origin.port()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_host_and_port_pass() {
        for (origin, host, own) in [
            ("http://cam.local:8080", "cam.local:8080", true),
            ("http://CAM.local:8080", "cam.local:8080", true),
            ("https://cam.local", "cam.local", true),
            ("https://cam.local", "cam.local:443", true),
            ("http://[::1]:8080", "[::1]:8080", true),
            ("http://cam.local:8081", "cam.local:8080", false),
            ("http://cam.local", "cam.local:8080", false),
            ("http://evil.example", "cam.local:8080", false),
            ("http://cam.local:8080.evil.example", "cam.local:8080", false),
            ("http://cam.local:8080@evil.example", "cam.local:8080", false),
            ("http://evil.example", "x@evil.example", false),
            ("null", "cam.local:8080", false),
            ("file://", "", false),
            ("http://", "", false),
        ] {
            assert_eq!(is_own(origin, host), own, "{origin} {host}");
        }
    }

    #[test]
    fn none_passes_and_two_do_not() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "a:1".parse().unwrap());
        assert!(check(&headers).is_ok());
        headers.append(header::ORIGIN, "http://a:1".parse().unwrap());
        assert!(check(&headers).is_ok());
        headers.append(header::ORIGIN, "http://a:1".parse().unwrap());
        assert_eq!(check(&headers).unwrap_err().code, Code::ForeignOrigin);
    }
}
