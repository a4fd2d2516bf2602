//! Single pictures: the newest of a camera, the first of a source being tried.

use std::time::Duration;

use axum::body::Bytes;
use safe_yolo_core::BlindReason;
use safe_yolo_media::jpeg;
use safe_yolo_media::source::SourceSpec;
use safe_yolo_media::stream::{self, OpenOptions};
use safe_yolo_store::CameraRecord;
use serde::Serialize;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use crate::app::{App, login};
use crate::extract::Secret;
use crate::problem::{Code, Problem};

/// How long a source may take to give its first picture.
const TEST_MAX: Duration = Duration::from_secs(10);
/// Width of the newest picture, pixels at most.
const NEWEST_WIDTH: u32 = 1920;
/// Width of a test picture, pixels at most.
const TEST_WIDTH: u32 = 960;

/// The first picture of a source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestPicture {
    /// Pixels of the source's pictures.
    width: u32,
    height: u32,
    /// The picture as a `data:` address.
    picture: String,
}

/// The newest picture of a camera.
pub(crate) async fn newest(app: &App, record: &CameraRecord) -> Result<Bytes, Problem> {
    let none =
        || Problem::new(Code::NotFound, format!("'{}' has no picture now", record.config.name));
    let handle = app.engine.camera(&record.config.id).ok_or_else(none)?;
    let picture = handle.watch_live().borrow().clone();
    let picture = picture.filter(|picture| handle.is_current(picture)).ok_or_else(none)?;
    picture.jpeg(NEWEST_WIDTH).await.map_err(|detail| {
        tracing::error!(camera = %record.config.id, detail, "a picture could not be encoded");
        Problem::new(Code::Internal, "the picture could not be encoded: the server's log says why")
    })
}

/// Opens a source and takes its first picture; answers also what the audit may say of the source.
pub(crate) async fn test(
    app: &App,
    source: &str,
    username: Option<String>,
    password: Option<Secret>,
) -> Result<(String, TestPicture), Problem> {
    let Ok(_permit) = app.tests.try_acquire() else {
        let detail = "other sources are being tried: try again in some seconds";
        return Err(Problem::new(Code::Unavailable, detail));
    };
    let login = login(username, password, None)?;
    let spec = app.source_given(source, login.as_ref()).await?;
    let taken = tokio::time::timeout(TEST_MAX, take(&spec)).await.unwrap_or_else(|_elapsed| {
        let waited = TEST_MAX.as_secs();
        let detail = format!("{spec} gave no picture within {waited} s");
        Err(Problem::source(BlindReason::NoPictures, detail))
    });
    Ok((spec.to_string(), taken?))
}

async fn take(spec: &SourceSpec) -> Result<TestPicture, Problem> {
    let options = OpenOptions { connect_timeout: TEST_MAX, ..OpenOptions::default() };
    let mut stream = stream::open(spec, options).await?;
    let first = stream.next().await?;
    let Some(decoded) = first else {
        return Err(Problem::source(BlindReason::NoPictures, format!("{spec} holds no picture")));
    };
    let size = decoded.picture.size();
    let encoded =
        spawn_blocking(move || jpeg::encode(&decoded.picture, TEST_WIDTH, jpeg::QUALITY_LIVE))
            .await;
    let jpeg = encoded
        .map_err(|error| Problem::internal("encoding a picture", &error))?
        .map_err(|error| Problem::internal("encoding a picture", &error))?;
    let picture = format!("data:image/jpeg;base64,{}", base64(&jpeg));
    Ok(TestPicture { width: size.width, height: size.height, picture })
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let index = (bits >> (18 - 6 * at)) & 63;
            let is_padding = at > chunk.len();
            text.push(if is_padding { '=' } else { char::from(ALPHABET[index as usize]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_the_rfc() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }
}
