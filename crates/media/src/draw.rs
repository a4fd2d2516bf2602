//! Boxes, outlines and short labels drawn into pictures: evidence and annotated video.

use font8x8::UnicodeFonts;
use safe_yolo_core::{PictureSize, PixelBox, PixelPoint};

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// An RGB picture that is drawn on: 8 bits each, row by row.
#[derive(Debug)]
pub struct Canvas<'a> {
    size: PictureSize,
    rgb: &'a mut [u8],
}

#[expect(clippy::cast_possible_truncation, reason = "float casts saturate")]
const fn pixel(v: f32) -> i64 {
    v.round() as i64
}

impl<'a> Canvas<'a> {
    /// A canvas over `rgb`; none if the bytes do not fit the size.
    #[must_use]
    pub fn new(size: PictureSize, rgb: &'a mut [u8]) -> Option<Self> {
        (rgb.len() == size.width as usize * size.height as usize * 3).then_some(Self { size, rgb })
    }

    fn blend(&mut self, x: i64, y: i64, colour: Rgb, alpha: u16) {
        if x < 0 || y < 0 || x >= i64::from(self.size.width) || y >= i64::from(self.size.height) {
            return;
        }
        let Ok(at) = usize::try_from((y * i64::from(self.size.width) + x) * 3) else { return };
        for (value, new) in self.rgb[at..at + 3].iter_mut().zip(colour) {
            let mixed = (u16::from(*value) * (255 - alpha) + u16::from(new) * alpha) / 255;
            *value = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
    }

    fn fill(&mut self, x1: i64, y1: i64, x2: i64, y2: i64, colour: Rgb, alpha: u16) {
        let (w, h) = (i64::from(self.size.width), i64::from(self.size.height));
        for y in y1.max(0)..y2.min(h) {
            for x in x1.max(0)..x2.min(w) {
                self.blend(x, y, colour, alpha);
            }
        }
    }

    /// Line width that suits the picture, pixels.
    fn stroke(&self) -> i64 {
        (i64::from(self.size.height) / 270).max(2)
    }

    /// The outline of a box; dashed for one that is only predicted.
    pub fn outline(&mut self, b: &PixelBox, colour: Rgb, dashed: bool) {
        let (x1, y1, x2, y2) = (pixel(b.x1), pixel(b.y1), pixel(b.x2), pixel(b.y2));
        let t = self.stroke();
        let on = |along: i64| !dashed || along.rem_euclid(16) < 9;
        for x in (x1 - t / 2)..=(x2 + t / 2) {
            if on(x) {
                self.fill(x, y1 - t / 2, x + 1, y1 - t / 2 + t, colour, 255);
                self.fill(x, y2 - t / 2, x + 1, y2 - t / 2 + t, colour, 255);
            }
        }
        for y in y1..=y2 {
            if on(y) {
                self.fill(x1 - t / 2, y, x1 - t / 2 + t, y + 1, colour, 255);
                self.fill(x2 - t / 2, y, x2 - t / 2 + t, y + 1, colour, 255);
            }
        }
    }

    /// The outline of a polygon, its corners in pixels.
    pub fn polygon(&mut self, points: &[PixelPoint], colour: Rgb) {
        let t = self.stroke();
        for (i, from) in points.iter().enumerate() {
            let to = points[(i + 1) % points.len()];
            let length = (to.x - from.x).hypot(to.y - from.y);
            let steps = pixel(length).clamp(1, 100_000);
            for step in 0..=steps {
                #[expect(clippy::cast_precision_loss, reason = "at most 100000 steps")]
                let part = step as f32 / steps as f32;
                let (x, y) = (
                    pixel(from.x + (to.x - from.x) * part),
                    pixel(from.y + (to.y - from.y) * part),
                );
                self.fill(x - t / 2, y - t / 2, x - t / 2 + t, y - t / 2 + t, colour, 255);
            }
        }
    }

    /// A label on a filled bar whose lower left corner is at `x`, `y`, kept inside
    /// the picture. Characters outside ASCII are drawn as `?`.
    pub fn label(&mut self, x: f32, y: f32, text: &str, ink: Rgb, bar: Rgb) {
        let scale = (i64::from(self.size.height) / 360).max(1);
        let glyph = 8 * scale;
        let width = glyph * i64::try_from(text.chars().count()).unwrap_or(0) + 2 * scale;
        let height = glyph + 2 * scale;
        let left = pixel(x).min(i64::from(self.size.width) - width).max(0);
        let top = (pixel(y) - height).max(0);
        self.fill(left, top, left + width, top + height, bar, 230);
        for (i, c) in text.chars().enumerate() {
            let Some(rows) = font8x8::BASIC_FONTS.get(c).or_else(|| font8x8::BASIC_FONTS.get('?'))
            else {
                continue;
            };
            let origin = left + scale + glyph * i64::try_from(i).unwrap_or(0);
            for (row, bits) in (0_i64..).zip(rows) {
                for column in 0..8_i64 {
                    if bits >> column & 1 == 1 {
                        let (gx, gy) = (origin + column * scale, top + scale + row * scale);
                        self.fill(gx, gy, gx + scale, gy + scale, ink, 255);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_stays_inside_the_picture() {
        let size = PictureSize::new(40, 30);
        let mut rgb = vec![0; 40 * 30 * 3];
        let mut canvas = Canvas::new(size, &mut rgb).unwrap();
        canvas.outline(&PixelBox::new(-20.0, -20.0, 60.0, 50.0), [255, 0, 0], false);
        canvas.outline(&PixelBox::new(5.0, 5.0, 20.0, 20.0), [255, 0, 0], true);
        canvas.polygon(
            &[PixelPoint { x: -5.0, y: 2.0 }, PixelPoint { x: 90.0, y: 40.0 }],
            [0, 255, 0],
        );
        canvas.label(35.0, 2.0, "#17 안전모", [0; 3], [255; 3]);
        assert!(rgb.contains(&255));
        assert!(Canvas::new(size, &mut [0; 10]).is_none());
    }
}
