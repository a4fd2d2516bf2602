//! Cameras at this machine (USB), as Linux names them.

use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::SourceError;

/// A video device; its number is checked, whether it is there is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSource {
    path: PathBuf,
}

impl DeviceSource {
    /// Reads `usb:///dev/videoN`: no other path, so that no other device or
    /// file can be named.
    pub(super) fn parse(text: &str) -> Result<Self, SourceError> {
        let wrong = || SourceError::Url {
            scheme: "usb",
            why: "it must be usb:///dev/video0 or another number up to 255".to_owned(),
        };
        let number = text.strip_prefix("usb:///dev/video").ok_or_else(wrong)?;
        let parsed = number.parse::<u8>().ok().filter(|parsed| parsed.to_string() == number);
        parsed
            .map(|parsed| Self { path: PathBuf::from(format!("/dev/video{parsed}")) })
            .ok_or_else(wrong)
    }

    /// The device: `/dev/videoN`.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure that a device is there. Blocks.
    ///
    /// # Errors
    /// When it is not, or is something else.
    pub fn check(&self) -> Result<(), SourceError> {
        let no_device = |why: String| SourceError::NoDevice { path: self.path.clone(), why };
        let metadata = self.path.metadata().map_err(|error| no_device(error.to_string()))?;
        if metadata.file_type().is_char_device() {
            Ok(())
        } else {
            Err(no_device("it is no device".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourcePolicy, SourceSpec};

    #[test]
    fn video_devices_and_nothing_else() {
        let parse = |text: &str| SourceSpec::parse(text, &SourcePolicy::restricted(Vec::new()));
        for number in [0, 7, 255] {
            let address = format!("usb:///dev/video{number}");
            let spec = parse(&address).unwrap();
            assert_eq!(spec.redacted(), address);
            assert_eq!((spec.kind(), spec.is_live(), spec.is_paced()), ("usb", true, false));
        }
        for bad in [
            "usb:/dev/video0",
            "usb:///dev/video",
            "usb:///dev/video256",
            "usb:///dev/video00",
            "usb:///dev/video+1",
            "usb:///dev/video-1",
            "usb:///dev/video0/",
            "usb:///dev/video0,x",
            "usb:///dev/video/../sda",
            "usb:///dev/sda",
            "usb://dev/video0",
            "usb:///dev/video0 ;",
            "usb:///dev/video٣",
        ] {
            assert!(matches!(parse(bad), Err(SourceError::Url { scheme: "usb", .. })), "{bad}");
        }
    }

    #[test]
    fn a_missing_device_is_told() {
        let missing = DeviceSource { path: PathBuf::from("/dev/video-none") };
        let error = missing.check().unwrap_err();
        assert!(error.to_string().contains("no camera at '/dev/video-none'"), "{error}");
        assert!(DeviceSource { path: PathBuf::from("/dev/null") }.check().is_ok());
        assert!(DeviceSource { path: PathBuf::from("/") }.check().is_err());
    }
}
