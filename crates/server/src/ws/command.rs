//! What a viewer can say on `/ws/live`.

use std::collections::BTreeMap;

use safe_yolo_core::CameraId;
use serde::Deserialize;

use crate::extract::parse;
use crate::problem::Problem;

/// Cameras on one connection.
const CAMERAS_MAX: usize = 64;
/// Width unless given, pixels.
const WIDTH: u32 = 960;
const WIDTH_MIN: u32 = 160;
const WIDTH_MAX: u32 = 1920;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Command {
    Subscribe { cameras: Vec<Wanted> },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    id: CameraId,
    width: Option<u32>,
}

/// The cameras that are to be shown from now on, with their widths.
pub(super) fn read(text: &str) -> Result<BTreeMap<CameraId, u32>, Problem> {
    let Command::Subscribe { cameras } = parse(text.as_bytes())?;
    if cameras.len() > CAMERAS_MAX {
        let detail = format!("at most {CAMERAS_MAX} cameras on one connection");
        return Err(Problem::invalid(detail));
    }
    let mut wanted = BTreeMap::new();
    for camera in cameras {
        let width = camera.width.unwrap_or(WIDTH);
        if !(WIDTH_MIN..=WIDTH_MAX).contains(&width) {
            let detail =
                format!("width is {width}: it must lie between {WIDTH_MIN} and {WIDTH_MAX}");
            return Err(Problem::invalid(detail));
        }
        if wanted.insert(camera.id.clone(), width).is_some() {
            return Err(Problem::invalid(format!("camera '{}' is named twice", camera.id)));
        }
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;

    #[test]
    fn only_what_makes_sense_is_obeyed() {
        let wanted =
            read(r#"{"type": "subscribe", "cameras": [{"id": "a"}, {"id": "b", "width": 320}]}"#);
        let wanted: Vec<_> =
            wanted.unwrap().into_iter().map(|(id, w)| (id.to_string(), w)).collect();
        assert_eq!(wanted, [("a".to_owned(), 960), ("b".to_owned(), 320)]);
        assert!(read(r#"{"type": "subscribe", "cameras": []}"#).unwrap().is_empty());
        for (text, code) in [
            ("", Code::Malformed),
            ("subscribe", Code::Malformed),
            ("[]", Code::Invalid),
            (r#"{"type": "unsubscribe"}"#, Code::Invalid),
            (r#"{"type": "subscribe"}"#, Code::Invalid),
            (r#"{"type": "subscribe", "cameras": [{"id": "../a"}]}"#, Code::Invalid),
            (r#"{"type": "subscribe", "cameras": [{"id": "a"}, {"id": "a"}]}"#, Code::Invalid),
            (r#"{"type": "subscribe", "cameras": [{"id": "a", "width": 100000}]}"#, Code::Invalid),
            (r#"{"type": "subscribe", "cameras": [{"id": "a", "width": -1}]}"#, Code::Invalid),
            (r#"{"type": "subscribe", "cameras": [], "x": 1}"#, Code::Invalid),
        ] {
            assert_eq!(read(text).unwrap_err().code, code, "{text}");
        }
    }
}
