//! JPEG for the live view, snapshots and test pictures.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use safe_yolo_core::PictureSize;

use crate::picture::{I420, PictureError};

/// Quality for the live view, as the old system's clients knew it.
pub const QUALITY_LIVE: u8 = 80;
/// Quality for evidence.
pub const QUALITY_EVIDENCE: u8 = 90;

/// Why a picture could not be written as JPEG.
#[derive(Debug, thiserror::Error)]
pub enum JpegError {
    /// The picture could not be scaled or converted.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The encoder refused.
    #[error("JPEG encoding failed: {0}")]
    Encode(#[from] jpeg_encoder::EncodingError),
}

/// A JPEG of RGB pixels (8 bits each, row by row); `quality` from 1 to 100.
///
/// # Errors
/// When the bytes do not fit the size.
pub fn encode_rgb(rgb: &[u8], size: PictureSize, quality: u8) -> Result<Vec<u8>, JpegError> {
    let side =
        |v: u32| u16::try_from(v).map_err(|_too_large| PictureError::Size(size.width, size.height));
    let mut jpeg = Vec::with_capacity(rgb.len() / 12);
    let mut encoder = Encoder::new(&mut jpeg, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(rgb, side(size.width)?, side(size.height)?, ColorType::Rgb)?;
    Ok(jpeg)
}

/// A JPEG of the picture, scaled down to at most `width_max` pixels.
///
/// # Errors
/// When scaling or encoding fails.
pub fn encode(picture: &I420, width_max: u32, quality: u8) -> Result<Vec<u8>, JpegError> {
    let size = picture.size_at_most(width_max);
    let rgb =
        if size == picture.size() { picture.to_rgb()? } else { picture.scaled(size)?.to_rgb()? };
    encode_rgb(&rgb, size, quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jpeg_reads_back_at_the_size_asked_for() {
        let picture =
            I420::from_rgb(PictureSize::new(320, 180), &[60, 160, 90].repeat(320 * 180)).unwrap();
        let jpeg = encode(&picture, 160, QUALITY_LIVE).unwrap();
        let image = image::load_from_memory(&jpeg).unwrap().to_rgb8();
        assert_eq!(image.dimensions(), (160, 90));
        let pixel = image.get_pixel(80, 45).0;
        assert!(
            pixel[0].abs_diff(60) < 8 && pixel[1].abs_diff(160) < 8 && pixel[2].abs_diff(90) < 8
        );
    }
}
