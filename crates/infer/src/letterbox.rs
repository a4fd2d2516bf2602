//! Letterbox: a picture scaled, without distortion, into the model's input.
//!
//! The picture lies at the top left; the rest is grey 114, as YOLOX trains it.

use safe_yolo_core::{PictureSize, PixelBox};
use safe_yolo_media::picture::{I420, PictureError};

/// Grey of the margin.
const MARGIN: f32 = 114.0;
/// Sides of the input are multiples of the coarsest stride.
const STRIDE_MAX: u32 = 32;

/// The input size that suits pictures of this size: about `area` pixels, the
/// shape with the least margin.
#[must_use]
pub fn input_size(picture: PictureSize, area: u32) -> PictureSize {
    let mut best = (0.0, PictureSize::new(STRIDE_MAX, STRIDE_MAX));
    let steps = || (1..=64_u32).map(|step| step * STRIDE_MAX);
    for width in steps() {
        for height in steps().filter(|height| width * height <= area) {
            let size = PictureSize::new(width, height);
            let used = Letterbox::new(picture, size).scaled;
            let (used, whole) = (
                f64::from(used.width) * f64::from(used.height),
                f64::from(width) * f64::from(height),
            );
            // Resolution counts, and margin is time spent on nothing.
            let score = used * (used / whole);
            if score > best.0 {
                best = (score, size);
            }
        }
    }
    best.1
}

/// How one picture size fits one input size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Letterbox {
    /// Input pixels a source pixel.
    pub scale: f32,
    /// The picture inside the input.
    pub scaled: PictureSize,
    /// The input.
    pub input: PictureSize,
    source: PictureSize,
}

impl Letterbox {
    /// Fits pictures of size `source` into `input`.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sides are positive and at most the input's"
    )]
    pub fn new(source: PictureSize, input: PictureSize) -> Self {
        let (w, h) = (f64::from(source.width.max(1)), f64::from(source.height.max(1)));
        let scale = (f64::from(input.width) / w).min(f64::from(input.height) / h);
        let side = |v: f64, max: u32| ((v * scale).round() as u32).clamp(1, max);
        Self {
            scale: scale as f32,
            scaled: PictureSize::new(side(w, input.width), side(h, input.height)),
            input,
            source,
        }
    }

    /// Writes the picture into `out`: BGR planes, 0 to 255, `3 * height * width` numbers.
    ///
    /// # Errors
    /// When the picture can't be scaled or converted.
    pub fn fill(&self, picture: &I420, out: &mut [f32]) -> Result<(), PictureError> {
        let bgr = picture.scaled(self.scaled)?.to_bgr()?;
        let (width, height) = (self.input.width as usize, self.input.height as usize);
        let used = self.scaled.width as usize;
        let plane = width * height;
        debug_assert_eq!(out.len(), 3 * plane);
        for (channel, plane) in out.chunks_exact_mut(plane).enumerate() {
            for (row, line) in plane.chunks_exact_mut(width).enumerate() {
                let pixels = bgr.get(row * used * 3..(row + 1) * used * 3).unwrap_or_default();
                let (inside, margin) = line.split_at_mut(pixels.len() / 3);
                for (to, from) in inside.iter_mut().zip(pixels.chunks_exact(3)) {
                    *to = f32::from(from[channel]);
                }
                margin.fill(MARGIN);
            }
        }
        Ok(())
    }

    /// A box of the input in pixels of the source picture, cut at its edges.
    #[must_use]
    pub fn to_source(&self, b: PixelBox) -> PixelBox {
        let back = |v: f32| v / self.scale;
        PixelBox::new(back(b.x1), back(b.y1), back(b.x2), back(b.y2)).clamp_to(self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_pictures_get_wide_inputs() {
        for ((w, h), (iw, ih)) in [
            ((1920, 1080), (448, 256)),
            ((960, 540), (448, 256)),
            ((640, 480), (416, 320)),
            ((416, 416), (352, 352)),
            ((480, 640), (320, 416)),
        ] {
            let size = input_size(PictureSize::new(w, h), 448 * 304);
            assert_eq!(size, PictureSize::new(iw, ih), "{w}x{h}");
        }
    }

    #[test]
    fn boxes_come_back_to_the_source() {
        let letterbox = Letterbox::new(PictureSize::new(960, 540), PictureSize::new(448, 256));
        assert_eq!(letterbox.scaled, PictureSize::new(448, 252));
        let b = letterbox.to_source(PixelBox::new(0.0, 126.0, 224.0, 300.0));
        assert!((b.x2 - 480.0).abs() < 0.01 && (b.y1 - 270.0).abs() < 0.01);
        assert!((b.y2 - 540.0).abs() < 0.01, "cut at the edge");
    }

    #[test]
    fn the_margin_is_grey_and_channels_are_bgr() {
        let picture =
            I420::from_rgb(PictureSize::new(64, 32), &[200, 100, 50].repeat(64 * 32)).unwrap();
        let letterbox = Letterbox::new(picture.size(), PictureSize::new(64, 64));
        let mut out = vec![0.0; 3 * 64 * 64];
        letterbox.fill(&picture, &mut out).unwrap();
        for (channel, expected) in [50.0, 100.0, 200.0].into_iter().enumerate() {
            assert!((out[channel * 4096] - expected).abs() < 5.0);
            assert!((out[channel * 4096 + 40 * 64] - MARGIN).abs() < 0.01);
        }
    }
}
