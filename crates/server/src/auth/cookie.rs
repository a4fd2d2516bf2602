//! The cookie that carries a session's token.

use axum::http::{HeaderMap, header};

/// Its name.
pub(crate) const NAME: &str = "safe_yolo_session";
/// Browsers forget it after a week, as the store does.
const AGE_MAX_S: u32 = 7 * 24 * 3600;

/// The token of a request, if it looks like one.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == NAME).then_some(value))
        .filter(|token| token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The cookie that begins a session.
///
/// Not `Secure`: the server itself speaks plain HTTP, and what a proxy claims
/// about the browser's side can't be checked.
pub(crate) fn begin(token: &str) -> String {
    format!("{NAME}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={AGE_MAX_S}")
}

/// The cookie that ends one.
pub(crate) fn end() -> String {
    format!("{NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let token_text = "0123456789abcdef".repeat(4);
        for (cookie, found) in [
            (format!("a=b; {NAME}={token_text}; c=d"), true),
            (format!("{NAME}={token_text}"), true),
            (format!("x{NAME}={token_text}"), false),
            (format!("{NAME}=short"), false),
            (format!("{NAME}={}", "g".repeat(64)), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            assert_eq!(token(&headers).is_some(), found, "{cookie}");
        }
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
