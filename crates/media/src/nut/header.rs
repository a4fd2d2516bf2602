//! The two headers of NUT, and the numbers they are made of.

use super::{NutError, PACKET_LEN_MAX, START_BYTE, StreamHeader, VERSION_PIPE, flag};

/// What the main header says about a frame that begins with a certain byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameCode {
    pub(super) flags: u64,
    pub(super) stream: u64,
    pub(super) size_mul: u64,
    pub(super) size_lsb: u64,
    pub(super) pts_step: i64,
    pub(super) reserved: u64,
    pub(super) header: u64,
}

#[derive(Debug)]
pub(super) struct MainHeader {
    pub(super) raw: Vec<u8>,
    /// Numerator and denominator of each time base, seconds.
    pub(super) time_bases: Vec<(u32, u32)>,
    pub(super) codes: Vec<FrameCode>,
    /// Common beginnings of frames; the first is empty.
    pub(super) beginnings: Vec<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct StreamState {
    pub(super) raw: Vec<u8>,
    pub(super) header: StreamHeader,
    pub(super) pts_shift: u32,
}
impl MainHeader {
    pub(super) fn parse(raw: Vec<u8>) -> Result<Self, NutError> {
        let mut cursor = Cursor(&raw);
        match cursor.varint()? {
            2 | 3 => {}
            VERSION_PIPE => {
                cursor.varint()?; // minor version
            }
            _ => return Err(NutError::Unsupported("a version other than 2 to 4")),
        }
        if cursor.varint()? != 1 {
            return Err(NutError::Unsupported("more or fewer than one stream"));
        }
        cursor.varint()?; // greatest distance of syncpoints
        let count = cursor.varint()?;
        if !(1..=16).contains(&count) {
            return Err(NutError::Invalid("the number of time bases is not 1 to 16"));
        }
        let mut time_bases = Vec::new();
        for _ in 0..count {
            let mut number = || match u32::try_from(cursor.varint()?) {
                Ok(value @ 1..=0x7FFF_FFFF) => Ok(value),
                _ => Err(NutError::Invalid("a time base is not a positive fraction of 31 bits")),
            };
            time_bases.push((number()?, number()?));
        }
        let codes = frame_codes(&mut cursor)?;
        let mut beginnings = vec![Vec::new()];
        let count = cursor.varint()?;
        if count > 127 {
            return Err(NutError::Invalid("more than 128 common beginnings"));
        }
        for _ in 0..count {
            beginnings.push(cursor.bytes(256)?.to_vec());
        }
        Ok(Self { raw, time_bases, codes, beginnings })
    }
}

/// The table of frame codes, which is written in runs.
fn frame_codes(cursor: &mut Cursor<'_>) -> Result<Vec<FrameCode>, NutError> {
    let invalid = FrameCode {
        flags: flag::INVALID,
        stream: 0,
        size_mul: 1,
        size_lsb: 0,
        pts_step: 0,
        reserved: 0,
        header: 0,
    };
    let mut codes: Vec<FrameCode> = Vec::with_capacity(256);
    let (mut pts_step, mut size_mul, mut stream, mut header) = (0, 1, 0, 0);
    while codes.len() < 256 {
        let flags = cursor.varint()?;
        let fields = cursor.varint()?;
        if fields > 0 {
            pts_step = cursor.signed()?;
        }
        if fields > 1 {
            size_mul = cursor.varint()?;
        }
        if fields > 2 {
            stream = cursor.varint()?;
        }
        let size = if fields > 3 { cursor.varint()? } else { 0 };
        let reserved = if fields > 4 { cursor.varint()? } else { 0 };
        let count = if fields > 5 { cursor.varint()? } else { size_mul.saturating_sub(size) };
        if fields > 6 {
            cursor.varint()?; // match time
        }
        if fields > 7 {
            header = cursor.varint()?;
        }
        for _ in 8..fields.min(64) {
            cursor.varint()?;
        }
        let n = usize::from(START_BYTE);
        let left = 256 - codes.len() - usize::from(codes.len() <= n);
        let run = usize::try_from(count).unwrap_or(usize::MAX);
        if run == 0 || run > left || fields > 64 {
            return Err(NutError::Invalid("the table of frame codes is damaged"));
        }
        for step in 0..count {
            if codes.len() == n {
                codes.push(invalid);
            }
            let size_lsb = size.saturating_add(step);
            codes.push(FrameCode { flags, stream, size_mul, size_lsb, pts_step, reserved, header });
        }
        if codes.len() == n {
            codes.push(invalid);
        }
    }
    Ok(codes)
}

impl StreamState {
    pub(super) fn parse(raw: Vec<u8>, main: &MainHeader) -> Result<Self, NutError> {
        let mut cursor = Cursor(&raw);
        if cursor.varint()? != 0 {
            return Err(NutError::Invalid("the only stream is not number 0"));
        }
        if cursor.varint()? != 0 {
            return Err(NutError::Unsupported("a stream that is no video"));
        }
        let fourcc = <[u8; 4]>::try_from(cursor.bytes(4)?)
            .map_err(|_length| NutError::Unsupported("a codec name that is not four bytes long"))?;
        let time_base = usize::try_from(cursor.varint()?)
            .ok()
            .and_then(|index| main.time_bases.get(index).copied())
            .ok_or(NutError::Invalid("an unknown time base"))?;
        let pts_shift = match u32::try_from(cursor.varint()?) {
            Ok(shift @ 0..=16) => shift,
            _ => return Err(NutError::Invalid("more than 16 low bits of time")),
        };
        cursor.varint()?; // greatest step of time without a checksum
        cursor.varint()?; // decode delay
        cursor.varint()?; // flags
        let codec_data = cursor.bytes(PACKET_LEN_MAX)?.to_vec();
        let mut side = || match u32::try_from(cursor.varint()?) {
            Ok(side @ 1..=65_535) => Ok(side),
            _ => Err(NutError::Invalid("the picture size is not 1 to 65535 a side")),
        };
        let (width, height) = (side()?, side()?);
        let header = StreamHeader { fourcc, width, height, time_base, codec_data };
        Ok(Self { raw, header, pts_shift })
    }
}

pub(super) fn varint_step(value: &mut u64, byte: u8) -> Result<Option<u64>, NutError> {
    if *value > u64::MAX >> 7 {
        return Err(NutError::Invalid("a number has more than 64 bits"));
    }
    *value = *value << 7 | u64::from(byte & 0x7F);
    Ok((byte & 0x80 == 0).then_some(*value))
}

pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn varint(&mut self) -> Result<u64, NutError> {
        let mut value = 0;
        loop {
            let (&byte, rest) = self.0.split_first().ok_or(NutError::Truncated("a header"))?;
            self.0 = rest;
            if let Some(value) = varint_step(&mut value, byte)? {
                return Ok(value);
            }
        }
    }

    fn signed(&mut self) -> Result<i64, NutError> {
        let value = self.varint()?;
        let large = |_too_large| NutError::Invalid("a signed number is too large");
        let half = i64::try_from(value / 2 + value % 2).map_err(large)?;
        Ok(if value % 2 == 0 { -half } else { half })
    }

    fn bytes(&mut self, max: u64) -> Result<&'a [u8], NutError> {
        let length = self.varint()?;
        if length > max {
            return Err(NutError::TooLarge { what: "a header field", given: length, max });
        }
        let split = usize::try_from(length).ok().and_then(|length| self.0.split_at_checked(length));
        let (bytes, rest) = split.ok_or(NutError::Truncated("a header field"))?;
        self.0 = rest;
        Ok(bytes)
    }
}
