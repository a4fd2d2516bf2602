//! Coded pictures, taken out of a clip, for a camera to send.

use std::path::Path;
use std::process::Command;

use crate::TestkitError;
use crate::clip::{ClipCodec, ClipSpec, json, run};

/// Ticks of the RTP clock of video in a second.
pub const CLOCK_HZ: u32 = 90_000;

/// One coded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodedPicture {
    /// Its NAL units, without start codes.
    pub nals: Vec<Vec<u8>>,
    /// When it is shown, in ticks of 1/90000 s since the first.
    pub time: u32,
    /// Whether decoding can start here.
    pub key: bool,
}

/// Coded pictures in decoding order, to be sent over and over.
#[derive(Debug, Clone)]
pub struct Footage {
    /// H.264 or H.265.
    pub codec: ClipCodec,
    /// The pictures; the first is a key picture.
    pub pictures: Vec<CodedPicture>,
    /// Length of one round, in ticks of 1/90000 s.
    pub length: u32,
    /// SPS and PPS, with the VPS before for H.265.
    pub parameter_sets: Vec<Vec<u8>>,
}

impl Footage {
    /// Footage of such a clip.
    ///
    /// # Errors
    /// When ffmpeg is missing or fails, or the codec has no NAL units.
    pub fn make(spec: &ClipSpec) -> Result<Self, TestkitError> {
        let dir = tempfile::tempdir().map_err(TestkitError::io("making a folder"))?;
        let clip = spec.write_in(dir.path(), "clip.mp4")?;
        Self::read(&clip, spec.codec, spec.seconds)
    }

    /// Footage of a clip that is there already: `seconds` long, coded so.
    ///
    /// # Errors
    /// When ffmpeg is missing or fails, or the codec has no NAL units.
    pub fn read(clip: &Path, codec: ClipCodec, seconds: f64) -> Result<Self, TestkitError> {
        let (filter, format) = match codec {
            ClipCodec::H264 => ("h264_mp4toannexb", "h264"),
            ClipCodec::H265 => ("hevc_mp4toannexb", "hevc"),
            ClipCodec::Mjpeg => {
                return Err(TestkitError::Data("Motion JPEG has no NAL units".to_owned()));
            }
        };
        let h264 = codec == ClipCodec::H264;
        let kind = |nal: &[u8]| match nal.first() {
            Some(first) if h264 => first & 0x1F,
            Some(first) => (first >> 1) & 0x3F,
            None => 0,
        };
        let (delimiter, parameter_sets) = if h264 { (9, 7..=8) } else { (35, 32..=34) };
        // The delimiters tell where a picture ends; they are not sent.
        let filters = format!("{filter},{format}_metadata=aud=insert");
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-loglevel", "error", "-i"]).arg(clip);
        command.args(["-map", "0:v:0", "-c", "copy", "-bsf:v", &filters, "-f", format, "pipe:1"]);
        let stream = run("ffmpeg", &mut command)?;
        let mut groups: Vec<Vec<Vec<u8>>> = Vec::new();
        for nal in split(&stream) {
            if kind(nal) == delimiter {
                groups.push(Vec::new());
            } else if let Some(group) = groups.last_mut() {
                group.push(nal.to_vec());
            }
        }
        let times = packets(clip)?;
        if times.len() != groups.len() || times.is_empty() {
            let found = format!("{} packets, {} coded pictures", times.len(), groups.len());
            return Err(TestkitError::Data(found));
        }
        let first = times.iter().map(|(time, _)| *time).min().unwrap_or(0);
        let parameter_sets =
            groups[0].iter().filter(|nal| parameter_sets.contains(&kind(nal))).cloned().collect();
        let pictures = groups
            .into_iter()
            .zip(&times)
            .map(|(nals, (time, key))| CodedPicture {
                nals,
                time: u32::try_from(time - first).unwrap_or(0),
                key: *key,
            })
            .collect();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clips are short"
        )]
        let length = (seconds * f64::from(CLOCK_HZ)).round() as u32;
        Ok(Self { codec, pictures, length, parameter_sets })
    }
}

/// Presentation time (ticks) and key flag of each packet, in decoding order.
fn packets(clip: &Path) -> Result<Vec<(i64, bool)>, TestkitError> {
    let mut command = Command::new("ffprobe");
    command.args(["-loglevel", "error", "-select_streams", "v:0", "-of", "json"]);
    command.args(["-show_entries", "packet=pts_time,flags"]).arg(clip);
    let answer = json(&run("ffprobe", &mut command)?)?;
    let packets = answer["packets"].as_array().cloned().unwrap_or_default();
    let one = |packet: &serde_json::Value| {
        let seconds: f64 = packet["pts_time"].as_str()?.parse().ok()?;
        #[expect(clippy::cast_possible_truncation, reason = "clips are short")]
        let ticks = (seconds * f64::from(CLOCK_HZ)).round() as i64;
        Some((ticks, packet["flags"].as_str()?.starts_with('K')))
    };
    Ok(packets.iter().filter_map(one).collect())
}

/// The NAL units of an Annex B stream.
fn split(stream: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let mut i = 0;
    while i + 3 <= stream.len() {
        if stream[i..i + 3] == [0, 0, 1] {
            starts.push(i + 3);
            i += 3;
        } else {
            i += 1;
        }
    }
    let ends = starts.iter().skip(1).map(|next| next - 3).chain([stream.len()]);
    let trimmed = |(start, end): (&usize, usize)| {
        let nal = &stream[*start..end];
        let zeros = nal.iter().rev().take_while(|byte| **byte == 0).count();
        &nal[..nal.len() - zeros]
    };
    starts.iter().zip(ends).map(trimmed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_codes_of_both_lengths_separate_units() {
        let stream = [0, 0, 0, 1, 9, 0x10, 0, 0, 1, 0x67, 1, 2, 0, 0, 0, 1, 0x68];
        assert_eq!(split(&stream), [&[9, 0x10][..], &[0x67, 1, 2], &[0x68]]);
        assert!(split(&[]).is_empty());
    }

    #[test]
    fn footage_has_a_picture_a_packet() {
        let spec = ClipSpec { seconds: 1.0, b_frames: 2, ..ClipSpec::default() };
        let footage = Footage::make(&spec).unwrap();
        assert_eq!(footage.pictures.len(), 15);
        assert_eq!(footage.parameter_sets.len(), 2);
        assert!(footage.pictures[0].key);
        let mut times: Vec<_> = footage.pictures.iter().map(|picture| picture.time).collect();
        assert!(!times.is_sorted(), "B pictures are sent out of order");
        times.sort_unstable();
        assert_eq!(times, (0..15).map(|n| n * 6000).collect::<Vec<_>>());
    }
}
