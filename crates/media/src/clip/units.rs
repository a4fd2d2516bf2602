//! Coded pictures of one clip, in decoding order.

use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::time::PictureTime;

use crate::nut::{NutWriter, StreamHeader};
use crate::session::Codec;
use crate::units::AccessUnit;

/// No codec has pictures wait for more later ones than this (H.264 and H.265: 16 reference pictures).
const REORDERED_MAX: usize = 16;

/// A run of coded pictures that begins with one that decoding can start at.
#[derive(Debug, Clone)]
pub struct Units {
    pub(super) codec: Codec,
    pub(super) size: PictureSize,
    units: Vec<AccessUnit>,
}

impl Units {
    /// Those that are shown up to `to`, and what they refer to; `None` when there are none.
    pub(super) fn cut(
        codec: Codec,
        size: PictureSize,
        mut units: Vec<AccessUnit>,
        to: PictureTime,
    ) -> Option<Self> {
        let end = units.iter().rposition(|unit| unit.time <= to)?;
        units.truncate(end + 1);
        let begin = units.iter().position(|unit| unit.key)?;
        units.drain(..begin);
        let start = units.first()?.time;
        // Sent after the first, shown before it: they refer to what is not there.
        units.retain(|unit| unit.time >= start);
        Some(Self { codec, size, units })
    }

    /// When the first picture is shown.
    #[must_use]
    pub fn start(&self) -> PictureTime {
        self.units.first().map_or(PictureTime(0), |unit| unit.time)
    }

    /// When the last picture is shown.
    #[must_use]
    pub fn end(&self) -> PictureTime {
        self.units.iter().map(|unit| unit.time).max().unwrap_or(PictureTime(0))
    }

    /// How many pictures there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.units.len()
    }

    /// Bytes of all of them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.units.iter().map(|unit| unit.data.len()).sum()
    }

    /// How many pictures the decoder must have before it can show the first.
    fn decode_delay(&self) -> u32 {
        let later_before = |(at, unit): (usize, &AccessUnit)| {
            let before = self.units.iter().take(at).rev().take(2 * REORDERED_MAX);
            before.filter(|other| other.time > unit.time).count()
        };
        let most = self.units.iter().enumerate().map(later_before).max().unwrap_or(0);
        u32::try_from(most.min(REORDERED_MAX)).unwrap_or(0)
    }

    /// Hands the pictures out as pieces of NUT, with times from 0 on; each piece is one picture.
    pub(super) fn nut(&self) -> impl Iterator<Item = Vec<u8>> + Send + '_ {
        let header = StreamHeader {
            fourcc: self.codec.fourcc(),
            width: self.size.width,
            height: self.size.height,
            time_base: (1, 1_000_000),
            // Those in front of each key picture are newer than any that could be given here.
            codec_data: Vec::new(),
        };
        let mut writer = NutWriter::new(header).with_decode_delay(self.decode_delay());
        let start = self.start();
        self.units.iter().enumerate().map(move |(at, unit)| {
            let pts = u64::try_from(unit.time.0 - start.0).unwrap_or(0);
            let mut piece = Vec::with_capacity(unit.data.len() + 64);
            if at == 0 {
                writer.begin(pts, &mut piece);
            }
            writer.frame(pts, unit.key, &unit.data, &mut piece);
            piece
        })
    }
}
