//! Reads NUT from a pipe: bounded, checked, and done at the first doubt.

use std::io::{BufRead, Read};

use super::header::{Cursor, MainHeader, StreamState, varint_step};
use super::{
    ELISION_MAX, FILE_ID, INDEX, INFO, LONG_PACKET, MAIN, NutError, PACKET_LEN_MAX, START_BYTE,
    STREAM, SYNCPOINT, StreamHeader, crc, flag,
};

/// The most packets that may come before the headers are complete.
const HEADER_PACKETS_MAX: usize = 64;

/// What a reader accepts.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest frame, bytes.
    pub frame_len_max: u64,
}

/// One frame of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When it is shown, ticks of the stream's time base.
    pub pts: i64,
    /// Whether decoding can start here.
    pub key: bool,
    /// The frame's bytes.
    pub data: Vec<u8>,
}

/// Reads one video stream in NUT.
#[derive(Debug)]
pub struct NutReader<R> {
    input: R,
    limits: Limits,
    main: MainHeader,
    stream: StreamState,
    last_pts: i64,
    /// The start byte of what follows the headers is read with them.
    pending: Option<Start>,
    /// Running checksum of the frame header being read.
    sum: u32,
}

#[derive(Debug, Clone, Copy)]
enum Start {
    Frame(u8),
    Packet(u64),
    End,
}

impl<R: BufRead> NutReader<R> {
    /// Reads the headers, up to the first frame.
    ///
    /// # Errors
    /// When the data is no NUT with one video stream, or ends too early.
    pub fn open(mut input: R, limits: Limits) -> Result<Self, NutError> {
        let id: [u8; 25] = array(&mut input, "the file id")?;
        if id != *FILE_ID {
            return Err(NutError::Invalid("it does not begin with the file id"));
        }
        let (mut main, mut stream) = (None, None);
        for _ in 0..HEADER_PACKETS_MAX {
            let start = next_start(&mut input)?;
            match (start, &main) {
                (Start::Packet(MAIN), None) => {
                    main = Some(MainHeader::parse(packet(&mut input, MAIN)?)?);
                }
                (Start::Packet(STREAM), Some(main)) if stream.is_none() => {
                    stream = Some(StreamState::parse(packet(&mut input, STREAM)?, main)?);
                }
                (Start::Packet(SYNCPOINT) | Start::Frame(_) | Start::End, _) => {
                    let (Some(main), Some(stream)) = (main, stream) else {
                        return Err(match start {
                            Start::End => NutError::Truncated("the headers"),
                            _ => NutError::Invalid("headers are missing"),
                        });
                    };
                    return Ok(Self {
                        input,
                        limits,
                        main,
                        stream,
                        last_pts: 0,
                        pending: Some(start),
                        sum: 0,
                    });
                }
                (Start::Packet(code), _) => drop(packet(&mut input, code)?),
            }
        }
        Err(NutError::Invalid("no frame follows the headers"))
    }

    /// What the stream is.
    #[must_use]
    pub const fn header(&self) -> &StreamHeader {
        &self.stream.header
    }

    /// The next frame, or `None` where the data ends between two frames.
    ///
    /// # Errors
    /// When the data is damaged, too large or ends inside a frame; do not read
    /// on after that.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, NutError> {
        loop {
            let start = match self.pending.take() {
                Some(start) => start,
                None => next_start(&mut self.input)?,
            };
            match start {
                Start::End => return Ok(None),
                Start::Frame(code) => {
                    if let Some(frame) = self.frame(code)? {
                        return Ok(Some(frame));
                    }
                }
                Start::Packet(SYNCPOINT) => self.syncpoint()?,
                Start::Packet(code) => {
                    let payload = packet(&mut self.input, code)?;
                    let same = match code {
                        MAIN => payload == self.main.raw,
                        STREAM => payload == self.stream.raw,
                        _ => true,
                    };
                    if !same {
                        return Err(NutError::Invalid("a repeated header differs from the first"));
                    }
                }
            }
        }
    }

    fn syncpoint(&mut self) -> Result<(), NutError> {
        let payload = packet(&mut self.input, SYNCPOINT)?;
        let mut cursor = Cursor(&payload);
        let value = cursor.varint()?;
        let count = self.main.time_bases.len() as u64;
        #[expect(clippy::cast_possible_truncation, reason = "less than the number of time bases")]
        let from = self.main.time_bases[(value % count) as usize];
        let to = self.stream.header.time_base;
        let ticks = i128::from(value / count) * i128::from(from.0) * i128::from(to.1);
        let ticks = ticks / (i128::from(from.1) * i128::from(to.0));
        self.last_pts =
            i64::try_from(ticks).map_err(|_too_large| NutError::Invalid("a time is too large"))?;
        Ok(())
    }

    /// Reads a frame; `None` for one that only says that the stream pauses.
    fn frame(&mut self, code: u8) -> Result<Option<Frame>, NutError> {
        let known = self.main.codes[usize::from(code)];
        self.sum = crc(0, &[code]);
        let mut flags = known.flags;
        if flags & flag::CODED != 0 {
            flags ^= self.varint()?;
        }
        if flags & flag::INVALID != 0 {
            return Err(NutError::Invalid("a frame has a code that means nothing"));
        }
        let stream = if flags & flag::STREAM_ID != 0 { self.varint()? } else { known.stream };
        if stream != 0 {
            return Err(NutError::Invalid("a frame of an unknown stream"));
        }
        let pts = if flags & flag::CODED_PTS != 0 {
            full_pts(self.varint()?, self.last_pts, self.stream.pts_shift)
        } else {
            self.last_pts.checked_add(known.pts_step)
        };
        let pts = pts.ok_or(NutError::Invalid("a time is too large"))?;
        let mut size = Some(known.size_lsb);
        if flags & flag::SIZE_MSB != 0 {
            let high = self.varint()?.checked_mul(known.size_mul);
            size = high.and_then(|high| high.checked_add(known.size_lsb));
        }
        if flags & flag::MATCH_TIME != 0 {
            self.varint()?;
        }
        let mut header =
            if flags & flag::HEADER_INDEX != 0 { self.varint()? } else { known.header };
        let reserved = if flags & flag::RESERVED != 0 { self.varint()? } else { known.reserved };
        if reserved > 64 {
            return Err(NutError::Invalid("a frame header has too many reserved fields"));
        }
        for _ in 0..reserved {
            self.varint()?;
        }
        if flags & flag::CHECKSUM != 0 {
            let given = u32::from_be_bytes(array(&mut self.input, "a frame header")?);
            if given != self.sum {
                return Err(NutError::Checksum("a frame header"));
            }
        }
        if flags & flag::SIDE_DATA != 0 {
            return Err(NutError::Unsupported("side data"));
        }
        let size = size.unwrap_or(u64::MAX);
        if size > self.limits.frame_len_max {
            let max = self.limits.frame_len_max;
            return Err(NutError::TooLarge { what: "a frame", given: size, max });
        }
        if size > ELISION_MAX {
            header = 0;
        }
        let beginning = usize::try_from(header)
            .ok()
            .and_then(|index| self.main.beginnings.get(index))
            .ok_or(NutError::Invalid("a frame with an unknown beginning"))?;
        let rest = size
            .checked_sub(beginning.len() as u64)
            .ok_or(NutError::Invalid("a frame shorter than its beginning"))?;
        self.last_pts = pts;
        let data = take(&mut self.input, beginning, rest, "a frame")?;
        if flags & flag::END_OF_RELEVANCE != 0 && data.is_empty() {
            return Ok(None);
        }
        Ok(Some(Frame { pts, key: flags & flag::KEY != 0, data }))
    }

    fn varint(&mut self) -> Result<u64, NutError> {
        let mut value = 0;
        loop {
            let [byte] = array(&mut self.input, "a frame header")?;
            self.sum = crc(self.sum, &[byte]);
            if let Some(value) = varint_step(&mut value, byte)? {
                return Ok(value);
            }
        }
    }
}
/// A time written in full, or as its low bits next to the time before.
fn full_pts(coded: u64, last: i64, shift: u32) -> Option<i64> {
    let coded = i64::try_from(coded).ok()?;
    let range = 1_i64 << shift;
    if coded >= range {
        return Some(coded - range);
    }
    let mask = range - 1;
    let base = last.checked_sub(mask / 2)?;
    (coded.wrapping_sub(base) & mask).checked_add(base)
}

fn next_start<R: BufRead>(input: &mut R) -> Result<Start, NutError> {
    if input.fill_buf()?.is_empty() {
        return Ok(Start::End);
    }
    let [first] = array(input, "a packet")?;
    if first != START_BYTE {
        return Ok(Start::Frame(first));
    }
    let rest: [u8; 7] = array(input, "a start code")?;
    let mut code = [first; 8];
    code[1..].copy_from_slice(&rest);
    Ok(Start::Packet(u64::from_be_bytes(code)))
}

/// Reads the packet behind this start code.
fn packet<R: BufRead>(input: &mut R, code: u64) -> Result<Vec<u8>, NutError> {
    if ![MAIN, STREAM, SYNCPOINT, INDEX, INFO].contains(&code) {
        return Err(NutError::Invalid("a packet of an unknown kind"));
    }
    let mut sum = crc(0, &code.to_be_bytes());
    let mut value = 0;
    let length = loop {
        let [byte] = array(input, "a packet header")?;
        sum = crc(sum, &[byte]);
        if let Some(length) = varint_step(&mut value, byte)? {
            break length;
        }
    };
    if length > PACKET_LEN_MAX {
        return Err(NutError::TooLarge { what: "a packet", given: length, max: PACKET_LEN_MAX });
    }
    if length > LONG_PACKET && u32::from_be_bytes(array(input, "a packet header")?) != sum {
        return Err(NutError::Checksum("a packet header"));
    }
    let mut payload = take(input, &[], length, "a packet")?;
    // A checksum behind its data makes the checksum of both zero.
    if payload.len() < 4 || crc(0, &payload) != 0 {
        return Err(NutError::Checksum("a packet"));
    }
    payload.truncate(payload.len() - 4);
    Ok(payload)
}

fn array<const N: usize>(input: &mut impl Read, what: &'static str) -> Result<[u8; N], NutError> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => NutError::Truncated(what),
        _ => NutError::Io(error),
    })?;
    Ok(bytes)
}

/// `beginning` and `length` bytes of input behind it; the caller has checked `length`.
fn take(
    input: &mut impl Read,
    beginning: &[u8],
    length: u64,
    what: &'static str,
) -> Result<Vec<u8>, NutError> {
    let room = usize::try_from(length).unwrap_or(0).saturating_add(beginning.len());
    let mut data = Vec::with_capacity(room);
    data.extend_from_slice(beginning);
    let read = input.take(length).read_to_end(&mut data)?;
    if read as u64 == length { Ok(data) } else { Err(NutError::Truncated(what)) }
}
