//! How large the pictures of a source may be.

use safe_yolo_core::geometry::PictureSize;

use crate::error::StreamError;
use crate::picture::I420;

/// The most bytes in one picture (YUV 4:2:0): 64 MiB.
pub const PICTURE_LEN_MAX: usize = 64 << 20;

/// [`PICTURE_LEN_MAX`] in pixels, as the decoder child is told.
pub(crate) const PIXELS_MAX_TEXT: &str = "44739242";

/// Refuses sizes above [`PICTURE_LEN_MAX`] and [`I420::SIDE_MAX`].
pub(crate) fn check(size: PictureSize) -> Result<(), StreamError> {
    let sides = [size.width, size.height];
    let sides_fit = sides.iter().all(|side| (1..=I420::SIDE_MAX).contains(side));
    if sides_fit && I420::byte_len(size) <= PICTURE_LEN_MAX {
        return Ok(());
    }
    Err(StreamError::TooLarge { size, max_side: I420::SIDE_MAX, max_bytes: PICTURE_LEN_MAX as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert!(check(PictureSize::new(7680, 4320)).is_ok());
        assert!(check(PictureSize::new(8192, 8192)).is_err());
        assert!(check(PictureSize::new(8193, 16)).is_err());
        assert!(check(PictureSize::new(0, 16)).is_err());
        assert_eq!(PIXELS_MAX_TEXT.parse::<usize>().unwrap(), PICTURE_LEN_MAX * 2 / 3);
    }
}
