//! NUT, the container that pictures and access units travel in between us and
//! a decoder child: it keeps each picture's time, and both ends can write and
//! read it as it comes.
//!
//! Specification: <https://ffmpeg.org/~michael/nut.txt> (version 3), and its
//! version 4 with the pipe mode that ffmpeg reads and writes. One
//! video stream is all that is written and accepted here; both directions are
//! pipes, so there is no index, no seeking and no search for the next good
//! packet after damage: bytes that are not NUT are an error.

mod header;
mod read;
mod write;

pub use read::{Frame, Limits, NutReader};
pub use write::NutWriter;

/// Why bytes could not be read as NUT.
#[derive(Debug, thiserror::Error)]
pub enum NutError {
    /// The pipe failed.
    #[error("reading failed: {0}")]
    Io(#[from] std::io::Error),
    /// The data ends inside a packet.
    #[error("the data ends in the middle of {0}")]
    Truncated(&'static str),
    /// The bytes break the specification.
    #[error("not valid NUT: {0}")]
    Invalid(&'static str),
    /// A checksum does not fit its data.
    #[error("the checksum of {0} is wrong")]
    Checksum(&'static str),
    /// A length above what the reader was told to accept.
    #[error("{what} of {given} bytes is refused: at most {max} are accepted")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its length, bytes.
        given: u64,
        /// The limit, bytes.
        max: u64,
    },
    /// Valid, but nothing a decoder child would send.
    #[error("NUT with {0} is not supported")]
    Unsupported(&'static str),
}

/// What a NUT file says about its only stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamHeader {
    /// Codec, for instance `H264`, `HEVC`, `MJPG`, or `I420` for raw pictures.
    pub fourcc: [u8; 4],
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
    /// Length of one tick of the times in seconds: numerator, denominator.
    pub time_base: (u32, u32),
    /// What the decoder must know beforehand (parameter sets).
    pub codec_data: Vec<u8>,
}

const FILE_ID: &[u8; 25] = b"nut/multimedia container\0";
/// The first version with modes.
const VERSION_PIPE: u64 = 4;
const MINOR_VERSION: u64 = 1;
/// The mode flag that says: no syncpoints but the first.
const PIPE_MODE: u64 = 2;

const MAIN: u64 = 0x4E4D_7A56_1F5F_04AD;
const STREAM: u64 = 0x4E53_1140_5BF2_F9DB;
const SYNCPOINT: u64 = 0x4E4B_E4AD_EECA_4569;
const INDEX: u64 = 0x4E58_DD67_2F23_E64E;
const INFO: u64 = 0x4E49_AB68_B596_BA78;

/// No frame may have this code: it starts the start codes.
const START_BYTE: u8 = b'N';
/// A packet longer than this has a checksum over its length, too.
const LONG_PACKET: u64 = 4096;
/// The most a header, syncpoint or info packet may take, bytes.
const PACKET_LEN_MAX: u64 = 1 << 20;
/// Frames longer than this never use a common beginning kept in the header.
const ELISION_MAX: u64 = 4096;

mod flag {
    pub(super) const KEY: u64 = 1;
    pub(super) const END_OF_RELEVANCE: u64 = 2;
    pub(super) const CODED_PTS: u64 = 8;
    pub(super) const STREAM_ID: u64 = 16;
    pub(super) const SIZE_MSB: u64 = 32;
    pub(super) const CHECKSUM: u64 = 64;
    pub(super) const RESERVED: u64 = 128;
    pub(super) const SIDE_DATA: u64 = 256;
    pub(super) const HEADER_INDEX: u64 = 1024;
    pub(super) const MATCH_TIME: u64 = 2048;
    pub(super) const CODED: u64 = 4096;
    pub(super) const INVALID: u64 = 8192;
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut crc = (i as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000_0000 != 0 { (crc << 1) ^ 0x04C1_1DB7 } else { crc << 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
};

/// CRC-32 of the specification: generator 0x104C11DB7, most significant bit
/// first, starting from 0, not inverted.
fn crc(start: u32, bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(start, |crc, byte| (crc << 8) ^ CRC_TABLE[((crc >> 24) as u8 ^ byte) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn limits() -> Limits {
        Limits { frame_len_max: 1 << 20 }
    }

    fn header() -> StreamHeader {
        StreamHeader {
            fourcc: *b"H264",
            width: 1280,
            height: 720,
            time_base: (1, 1_000_000),
            codec_data: vec![0, 0, 0, 1, 0x67],
        }
    }

    #[test]
    fn the_checksum_is_the_one_of_the_specification() {
        // CRC-32/MPEG-2 without its start value, of "123456789".
        assert_eq!(crc(0, b"123456789"), 0x89A1_897F);
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let mut bytes = Vec::new();
        let mut writer = NutWriter::new(header());
        writer.begin(0, &mut bytes);
        writer.frame(40_000, true, &[7; 300], &mut bytes);
        let read = |bytes: &[u8]| -> Result<Vec<Frame>, NutError> {
            let mut reader = NutReader::open(Cursor::new(bytes), limits())?;
            let mut frames = Vec::new();
            while let Some(frame) = reader.next_frame()? {
                frames.push(frame);
            }
            Ok(frames)
        };
        assert_eq!(read(&bytes).unwrap().len(), 1);
        // The payload of a frame has no checksum in NUT; all before it has.
        for index in 0..bytes.len() - 300 {
            let mut damaged = bytes.clone();
            damaged[index] ^= 0x10;
            assert!(read(&damaged).is_err(), "byte {index}");
        }
        for length in 0..bytes.len() {
            let cut = read(&bytes[..length]);
            assert!(cut.is_err() || cut.is_ok_and(|frames| frames.is_empty()), "cut at {length}");
        }
    }

    #[test]
    fn a_frame_above_the_limit_is_refused_before_it_is_read() {
        let mut bytes = Vec::new();
        let mut writer = NutWriter::new(header());
        writer.begin(0, &mut bytes);
        writer.frame(0, true, &vec![0; 2 << 20], &mut bytes);
        let mut reader = NutReader::open(Cursor::new(bytes), limits()).unwrap();
        assert!(matches!(reader.next_frame(), Err(NutError::TooLarge { given: 2_097_152, .. })));
    }

    proptest! {
        /// What was written is what is read.
        #[test]
        fn frames_survive(frames in prop::collection::vec(
            (0..1_u64 << 50, any::<bool>(), prop::collection::vec(any::<u8>(), 0..5000)), 0..8),
            fourcc in any::<[u8; 4]>(), width in 1..9000_u32, height in 1..9000_u32,
            codec_data in prop::collection::vec(any::<u8>(), 0..6000)) {
            let header = StreamHeader { fourcc, width, height, time_base: (1001, 30000), codec_data };
            let mut bytes = Vec::new();
            let mut writer = NutWriter::new(header.clone());
            writer.begin(frames.first().map_or(0, |f| f.0), &mut bytes);
            for (pts, key, data) in &frames {
                writer.frame(*pts, *key, data, &mut bytes);
            }
            let mut reader = NutReader::open(Cursor::new(bytes), limits()).unwrap();
            prop_assert_eq!(reader.header(), &header);
            for (pts, key, data) in &frames {
                let frame = reader.next_frame().unwrap().unwrap();
                prop_assert_eq!(frame.pts, i64::try_from(*pts).unwrap());
                prop_assert_eq!(frame.key, *key);
                prop_assert_eq!(&frame.data, data);
            }
            prop_assert!(reader.next_frame().unwrap().is_none());
        }

        /// Bytes from anywhere are an error at worst.
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), with_id in any::<bool>()) {
            let mut input = if with_id { FILE_ID.to_vec() } else { Vec::new() };
            input.extend(bytes);
            if let Ok(mut reader) = NutReader::open(Cursor::new(input), limits()) {
                while let Ok(Some(_)) = reader.next_frame() {}
            }
        }

        /// Damage behind valid headers, too, where the checksums are repaired so
        /// that the parsers themselves are reached.
        #[test]
        fn damaged_packets_never_panic(seed in prop::collection::vec(any::<u8>(), 1..200), at in 0..64_usize) {
            for code in [MAIN, STREAM, SYNCPOINT] {
                let mut bytes = Vec::new();
                NutWriter::new(header()).begin(0, &mut bytes);
                let start = bytes.windows(8).position(|w| w == code.to_be_bytes()).unwrap();
                let length = usize::from(bytes[start + 8]);
                let payload = start + 9..start + 9 + length - 4;
                for (byte, new) in bytes[payload.clone()].iter_mut().skip(at).zip(&seed) {
                    *byte = *new;
                }
                let sum = crc(0, &bytes[payload.clone()]).to_be_bytes();
                bytes[payload.end..payload.end + 4].copy_from_slice(&sum);
                bytes.extend(&seed);
                if let Ok(mut reader) = NutReader::open(Cursor::new(bytes), limits()) {
                    while let Ok(Some(_)) = reader.next_frame() {}
                }
            }
        }
    }
}
