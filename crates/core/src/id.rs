//! Names of things that live on: cameras, zones, tracks, events.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is no identifier.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is not an identifier: use 1 to 64 of a-z, 0-9, '-' and '_'")]
pub struct IdError(String);

fn check(text: &str) -> Result<Arc<str>, IdError> {
    let fits = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if fits { Ok(text.into()) } else { Err(IdError(text.chars().take(80).collect())) }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                check(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// Which camera; never used again after the camera is deleted.
    CameraId
}
text_id! {
    /// Which zone; never used again after the zone is deleted.
    ZoneId
}

text_id! {
    /// Which checklist; never used again after it is deleted.
    ChecklistId
}
text_id! {
    /// Which regulation; never used again after it is deleted.
    RegulationId
}

/// A stretch of a source without a break in time: it ends with a seek, a loop
/// or a reconnect. Unique for a camera for ever, and larger than all before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SegmentId(pub u64);

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One track, unique for ever: written `camera/segment/number`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId {
    /// The camera that saw it.
    pub camera: CameraId,
    /// The segment it was seen in.
    pub segment: SegmentId,
    /// Its number in the segment, from 1.
    pub number: u32,
}

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.camera, self.segment, self.number)
    }
}

impl FromStr for TrackId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError(text.chars().take(80).collect());
        let mut parts = text.split('/');
        let (Some(camera), Some(segment), Some(number), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        Ok(Self {
            camera: camera.parse()?,
            segment: SegmentId(segment.parse().map_err(|_not_a_number| wrong())?),
            number: number.parse().map_err(|_not_a_number| wrong())?,
        })
    }
}

impl Serialize for TrackId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TrackId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One event (UUID version 7: sorts by the time it was made).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EventId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::parse_str(text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_refuse_what_could_be_a_path() {
        for bad in ["", "a/b", "..", "A", "카메라", "a b", &"x".repeat(65)] {
            assert!(bad.parse::<CameraId>().is_err(), "{bad}");
        }
        assert_eq!("cam-01_b".parse::<CameraId>().unwrap().as_str(), "cam-01_b");
    }

    #[test]
    fn a_track_id_reads_back() {
        let id: TrackId = "yard/1790000000000/17".parse().unwrap();
        assert_eq!(id.number, 17);
        assert_eq!(id.to_string(), "yard/1790000000000/17");
        assert!("yard/1".parse::<TrackId>().is_err());
        assert!("yard/x/1".parse::<TrackId>().is_err());
    }
}
