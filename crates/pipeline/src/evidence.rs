//! Pictures that prove an alarm: the frame that raised it, with boxes and clean.

use std::sync::Arc;

use safe_yolo_core::{EventId, PictureSize, PixelBox, PixelPoint, Severity, Utc, ZoneType};
use safe_yolo_media::draw::{Canvas, Rgb};
use safe_yolo_media::jpeg::{self, JpegError};
use safe_yolo_media::picture::{I420, PictureError};
use safe_yolo_rules::{Level, ZoneView};

use crate::clips;
use crate::live::LiveBox;

const RED: Rgb = [255, 92, 92];
const AMBER: Rgb = [242, 178, 51];
const BLUE: Rgb = [91, 156, 246];
const GREEN: Rgb = [63, 178, 127];
const GREY: Rgb = [150, 160, 170];
const INK: Rgb = [12, 14, 18];

/// What is to be drawn and kept for one event.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The event it proves.
    pub event: EventId,
    /// The picture that raised it.
    pub picture: Arc<I420>,
    /// When it was taken.
    pub utc: Utc,
    /// Everything seen in it.
    pub boxes: Vec<LiveBox>,
    /// Where else people are or may be, see [`crate::analyst::Analysed::others`].
    pub others: Vec<PixelBox>,
    /// Zones as they were.
    pub zones: Vec<ZoneView>,
    /// Number of the person it is about.
    pub subject: Option<u32>,
    /// The thing it is about, or near to which the person is.
    pub thing: Option<PixelBox>,
    /// Text of the banner; characters outside ASCII are drawn as `?`.
    pub banner: String,
    /// Colour of the banner.
    pub severity: Severity,
}

/// The two JPEGs of an event.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// With boxes, zones and banner.
    pub boxes: Vec<u8>,
    /// As the camera saw it.
    pub clean: Vec<u8>,
    /// What was found in it, as JSON.
    pub boxes_file: Vec<u8>,
}

impl Evidence {
    /// Draws and encodes; takes milliseconds, so not for async threads.
    ///
    /// # Errors
    /// When converting or encoding fails.
    pub fn render(&self) -> Result<Rendered, JpegError> {
        let size = self.picture.size();
        let mut rgb = self.picture.to_rgb()?;
        let clean = jpeg::encode_rgb(&rgb, size, jpeg::QUALITY_EVIDENCE)?;
        draw_scene(&mut rgb, size, &self.boxes, &self.zones);
        if let Some(mut canvas) = Canvas::new(size, &mut rgb) {
            if let Some(subject) =
                self.boxes.iter().find(|b| b.number.is_some() && b.number == self.subject)
            {
                let b = subject.bbox;
                let around = PixelBox::new(b.x1 - 5.0, b.y1 - 5.0, b.x2 + 5.0, b.y2 + 5.0);
                canvas.outline(&around, [255, 255, 255], false);
            }
            if let Some(thing) = &self.thing {
                canvas.outline(thing, [255, 255, 255], false);
            }
            let bar = match self.severity {
                Severity::Critical => RED,
                Severity::Warning => AMBER,
                Severity::Info => GREY,
            };
            canvas.label(0.0, 0.0, &self.banner, INK, bar);
        }
        let boxes = jpeg::encode_rgb(&rgb, size, jpeg::QUALITY_EVIDENCE)?;
        let boxes_file = clips::file_of_one(self.utc, &self.boxes, &self.others, size)
            .map_err(|error| JpegError::Picture(PictureError::Convert(error.to_string())))?;
        Ok(Rendered { boxes, clean, boxes_file })
    }
}

/// Draws zones and boxes into an RGB picture, as in evidence and annotated video.
pub fn draw_scene(rgb: &mut [u8], size: PictureSize, boxes: &[LiveBox], zones: &[ZoneView]) {
    let Some(mut canvas) = Canvas::new(size, rgb) else { return };
    for zone in zones {
        let colour = match zone.zone_type {
            ZoneType::Danger => RED,
            ZoneType::Warning => AMBER,
            ZoneType::Custom => BLUE,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "pixels of a picture"
        )]
        let points: Vec<PixelPoint> = zone
            .points
            .points()
            .iter()
            .map(|p| PixelPoint {
                x: p.x as f32 * size.width as f32,
                y: p.y as f32 * size.height as f32,
            })
            .collect();
        canvas.polygon(&points, colour);
    }
    for found in boxes {
        let colour = match (found.number, found.level) {
            (None, _) => GREY,
            (_, Level::Danger) => RED,
            (_, Level::Warning) => AMBER,
            (_, Level::Ok) => GREEN,
        };
        canvas.outline(&found.bbox, colour, found.predicted);
        canvas.label(found.bbox.x1, found.bbox.y1, &label(found), INK, colour);
    }
}

fn label(found: &LiveBox) -> String {
    use safe_yolo_rules::Verdict;
    match found.number {
        None => format!("{} {:.2}", found.class, found.score),
        Some(number) => {
            let missing: Vec<String> = found
                .equipment
                .iter()
                .filter(|(_, verdict)| **verdict == Verdict::Missing)
                .map(|(item, _)| format!(" no {}", item.name()))
                .collect();
            format!("#{number}{}", missing.concat())
        }
    }
}
