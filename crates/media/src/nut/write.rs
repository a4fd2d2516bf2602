//! Writes NUT: headers once, then frames as they come.

use super::{
    FILE_ID, LONG_PACKET, MAIN, MINOR_VERSION, PIPE_MODE, START_BYTE, STREAM, SYNCPOINT,
    StreamHeader, VERSION_PIPE, crc, flag,
};

/// The only frame code used; its flags are written out with each frame.
const FRAME_CODE: u8 = 1;
/// Every time is written in full, so the number of low bits hardly matters.
const PTS_SHIFT: u32 = 7;
/// The largest the specification allows, bytes.
const DISTANCE_MAX: u64 = 65_536;

/// Writes one video stream as NUT.
///
/// In pipe mode, that is with one syncpoint only, at the start: readers keep all
/// they have seen for seeking, and a stream that runs for months would fill
/// them. Each frame header has a checksum instead.
#[derive(Debug)]
pub struct NutWriter {
    header: StreamHeader,
    decode_delay: u32,
}

impl NutWriter {
    /// A writer of a stream like this.
    #[must_use]
    pub const fn new(header: StreamHeader) -> Self {
        Self { header, decode_delay: 0 }
    }

    /// The same, saying that a decoder must have so many pictures before it can show the first.
    #[must_use]
    pub fn with_decode_delay(self, pictures: u32) -> Self {
        Self { decode_delay: pictures, ..self }
    }

    /// Appends all that must come before the first frame, whose time is
    /// `first_pts` ticks.
    pub fn begin(&mut self, first_pts: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(FILE_ID);
        packet(MAIN, &self.main_header(), out);
        packet(STREAM, &self.stream_header(), out);
        let mut syncpoint = Vec::new();
        varint(first_pts, &mut syncpoint);
        varint(0, &mut syncpoint); // distance back to the syncpoint before
        packet(SYNCPOINT, &syncpoint, out);
    }

    /// Appends a frame shown at `pts` ticks. Frames come in decoding order.
    pub fn frame(&mut self, pts: u64, key: bool, data: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.push(FRAME_CODE);
        let mut flags = flag::CODED_PTS | flag::SIZE_MSB | flag::CHECKSUM;
        if key {
            flags |= flag::KEY;
        }
        varint(flags, out);
        varint(pts.saturating_add(1 << PTS_SHIFT), out);
        varint(data.len() as u64, out);
        let sum = crc(0, &out[start..]);
        out.extend_from_slice(&sum.to_be_bytes());
        out.extend_from_slice(data);
    }

    fn main_header(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let (num, den) = self.header.time_base;
        for value in
            [VERSION_PIPE, MINOR_VERSION, 1, DISTANCE_MAX, 1, u64::from(num), u64::from(den)]
        {
            varint(value, &mut out);
        }
        // The table of the 256 frame codes, in runs; the code 'N' is in none.
        let before = u64::from(FRAME_CODE);
        let after = 255 - u64::from(FRAME_CODE) - u64::from(START_BYTE > FRAME_CODE);
        for (flags, count) in [(flag::INVALID, before), (flag::CODED, 1), (flag::INVALID, after)] {
            // Six fields follow: time step, size multiplier, stream, size, reserved, count.
            for value in [flags, 6, 0, 1, 0, 0, 0, count] {
                varint(value, &mut out);
            }
        }
        varint(0, &mut out); // no common beginnings of frames
        varint(PIPE_MODE, &mut out);
        out
    }

    fn stream_header(&self) -> Vec<u8> {
        let mut out = Vec::new();
        varint(0, &mut out); // stream
        varint(0, &mut out); // class: video
        bytes(&self.header.fourcc, &mut out);
        varint(0, &mut out); // time base
        varint(u64::from(PTS_SHIFT), &mut out);
        varint(1 << 40, &mut out); // greatest step of time without a checksum
        // Of 0 readers find out by themselves.
        varint(u64::from(self.decode_delay), &mut out);
        varint(0, &mut out); // flags
        bytes(&self.header.codec_data, &mut out);
        // Size, shape of a pixel (unknown), colour space (unknown).
        for value in [self.header.width, self.header.height, 0, 0, 0] {
            varint(u64::from(value), &mut out);
        }
        out
    }
}

fn packet(code: u64, payload: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&code.to_be_bytes());
    let length = payload.len() as u64 + 4;
    varint(length, out);
    if length > LONG_PACKET {
        let sum = crc(0, &out[start..]);
        out.extend_from_slice(&sum.to_be_bytes());
    }
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc(0, payload).to_be_bytes());
}

/// Seven bits a byte, the highest first; the top bit says that more follow.
fn varint(value: u64, out: &mut Vec<u8>) {
    let groups = (64 - value.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let bits = ((value >> (7 * group)) & 0x7F) as u8;
        out.push(if group > 0 { bits | 0x80 } else { bits });
    }
}

fn bytes(value: &[u8], out: &mut Vec<u8>) {
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}
