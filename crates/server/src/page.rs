//! The control room: the built page, embedded in the program (in debug builds
//! read from the folder each time).

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::Problem;

const INDEX: &str = "index.html";
/// Files here have a hash of what they hold in their name.
const HASHED: &str = "assets/";

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// Any address that is no other route: a file, or the page, which knows its
/// own addresses.
pub(crate) async fn page(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if let Some(found) = file(path) {
        return serve(path, &found, &headers);
    }
    // A missing script must not be answered with a page.
    let last = path.rsplit('/').next().unwrap_or(path);
    if path.starts_with(HASHED) || last.contains('.') {
        return Problem::not_found("file", path).into_response();
    }
    match file(INDEX) {
        Some(index) => serve(INDEX, &index, &headers),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            "<!doctype html><meta charset=\"utf-8\"><title>SAFE-YOLO</title>\
             <h1>SAFE-YOLO</h1><p>The control room is not part of this build. Run <code>make setup</code>, \
             which runs <code>npm run build</code> in <code>web/</code>, and build the program again.</p>\
             <p>관제 화면이 이 빌드에 들어 있지 않습니다. <code>make setup</code> 을 실행한 뒤 다시 빌드하십시오.</p>",
        )
            .into_response(),
    }
}

fn file(path: &str) -> Option<EmbeddedFile> {
    if path.is_empty() || path.split('/').any(|part| part == ".." || part == ".") {
        return None;
    }
    Dist::get(path)
}

fn serve(path: &str, found: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash = found.metadata.sha256_hash();
    let hex: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{hex}\"");
    let known =
        headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).is_some_and(
            |known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag),
        );
    let caching =
        if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = found.metadata.mimetype().to_owned();
        ([(header::CONTENT_TYPE, with_charset(kind))], found.data.clone().into_owned())
            .into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn with_charset(kind: String) -> String {
    if kind.starts_with("text/") || kind.ends_with("javascript") {
        format!("{kind}; charset=utf-8")
    } else {
        kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_outside_the_folder_is_served() {
        for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/assets/../../../Cargo.toml", "/x.js"]
        {
            let response = page(path.parse().unwrap(), HeaderMap::new()).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
