//! Time as data: where a picture lies in its segment, and when that was.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Microseconds since the start of a segment; never runs backwards inside one.
///
/// For a file it is the presentation time, for RTSP the time of the RTP clock.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PictureTime(pub i64);

impl PictureTime {
    /// A time of `micros` microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// A time of `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// A time of `seconds` seconds, rounded to a microsecond.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "float casts saturate")]
        Self((seconds * 1e6).round() as i64)
    }

    /// Microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Seconds.
    #[must_use]
    pub fn secs_f64(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
        let micros = self.0 as f64;
        micros / 1e6
    }

    /// Seconds from `earlier` to `self`; negative when `earlier` is later.
    #[must_use]
    pub fn secs_since(self, earlier: Self) -> f64 {
        Self(self.0 - earlier.0).secs_f64()
    }
}

impl Add<Duration> for PictureTime {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0 + i64::try_from(by.as_micros()).unwrap_or(i64::MAX))
    }
}

impl Sub<Duration> for PictureTime {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        Self(self.0 - i64::try_from(by.as_micros()).unwrap_or(i64::MAX))
    }
}

/// An instant of the world: microseconds since 1970-01-01T00:00:00Z.
///
/// Written to JSON as an RFC 3339 string, so that people and tools can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Utc(pub i64);

impl Utc {
    /// An instant `micros` microseconds after 1970.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 time such as `2026-01-31T08:15:00+09:00`.
    ///
    /// # Errors
    /// When the text is no such time.
    pub fn parse(text: &str) -> Result<Self, time::error::Parse> {
        let at = OffsetDateTime::parse(text, &Rfc3339)?;
        let micros = at.unix_timestamp_nanos() / 1000;
        Ok(Self(i64::try_from(micros).unwrap_or(i64::MAX)))
    }

    /// The instant `micros` microseconds later.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000)
            .ok()
            .and_then(|at| at.format(&Rfc3339).ok());
        match text {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} us since 1970", self.0),
        }
    }
}

impl Serialize for Utc {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Utc {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| {
            serde::de::Error::custom(format!(
                "'{text}' is not a time like 2026-01-31T08:15:00Z: {error}"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_is_written_and_read_as_rfc3339() {
        let at = Utc::parse("2026-01-31T08:15:00.25+09:00").unwrap();
        assert_eq!(at.to_string(), "2026-01-30T23:15:00.25Z");
        let json = serde_json::to_string(&at).unwrap();
        assert_eq!(serde_json::from_str::<Utc>(&json).unwrap(), at);
        assert!(serde_json::from_str::<Utc>("\"yesterday\"").is_err());
    }

    #[test]
    fn seconds_and_microseconds_agree() {
        let time = PictureTime::from_secs_f64(1.25);
        assert_eq!(time.micros(), 1_250_000);
        let later = time + Duration::from_millis(500);
        assert!((later.secs_since(time) - 0.5).abs() < 1e-9);
    }
}
