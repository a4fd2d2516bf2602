//! What the camera says it offers (SDP, RFC 4566).

use crate::clip::ClipCodec;
use crate::footage::Footage;

/// Track numbers in the control addresses.
pub(super) const VIDEO_TRACK: &str = "trackID=0";
pub(super) const AUDIO_TRACK: &str = "trackID=1";
/// RTP payload type of the video.
pub(super) const VIDEO_PAYLOAD: u8 = 96;

pub(super) fn describe(footage: &Footage, video: bool, audio: bool) -> String {
    let mut sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=testkit\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n".to_owned();
    if video {
        let sets: Vec<_> = footage.parameter_sets.iter().map(|set| base64(set)).collect();
        let (name, parameters) = match footage.codec {
            ClipCodec::H265 => {
                let named = ["vps", "sps", "pps"].iter().zip(&sets);
                (
                    "H265",
                    named
                        .map(|(name, set)| format!("sprop-{name}={set}"))
                        .collect::<Vec<_>>()
                        .join(";"),
                )
            }
            _ => ("H264", format!("packetization-mode=1;sprop-parameter-sets={}", sets.join(","))),
        };
        sdp.push_str(&format!(
            "m=video 0 RTP/AVP {VIDEO_PAYLOAD}\r\na=rtpmap:{VIDEO_PAYLOAD} {name}/90000\r\n\
             a=fmtp:{VIDEO_PAYLOAD} {parameters}\r\na=control:{VIDEO_TRACK}\r\n"
        ));
    }
    if audio {
        sdp.push_str(&format!(
            "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:{AUDIO_TRACK}\r\n"
        ));
    }
    sdp
}

/// Base 64 with padding (RFC 4648).
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base_64() {
        let table =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (bytes, text) in table {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
