//! Letterbox: a picture scaled into the model's input, as its family wants it.
//!
//! Either its shape is kept, it lies at the top left and the rest is grey, or it is stretched
//! over the whole input ([`Convention`]).

use safe_yolo_core::{PictureSize, PixelBox};
use safe_yolo_media::downscale::{REDUCTION_MIN, Scratch, downscale};
use safe_yolo_media::picture::{Colours, I420View, PictureError};
use safe_yolo_sys::{Wide, widest};

use crate::ModelInfo;
use crate::convention::{Convention, Order, Placing};

/// Sides of the input are multiples of the coarsest stride.
const STRIDE_MAX: u32 = 32;

/// Picture sizes whose letterbox is remembered.
const KNOWN_MAX: usize = 16;

/// Room that is used again from picture to picture.
#[derive(Debug, Default)]
pub struct Room {
    scratch: Scratch,
    scaled: Vec<u8>,
    u_line: Vec<f32>,
    v_line: Vec<f32>,
}

/// How YUV of limited range becomes RGB (ITU-R BT.709 and BT.601).
#[derive(Debug, Clone, Copy)]
struct Matrix {
    luma: f32,
    red_v: f32,
    green_u: f32,
    green_v: f32,
    blue_u: f32,
}

impl Matrix {
    const fn of(colours: Colours) -> Self {
        match colours {
            Colours::Bt709 => Self {
                luma: 1.164_384,
                red_v: 1.792_741,
                green_u: 0.213_249,
                green_v: 0.532_909,
                blue_u: 2.112_402,
            },
            Colours::Bt601 => Self {
                luma: 1.164_384,
                red_v: 1.596_027,
                green_u: 0.391_762,
                green_v: 0.812_968,
                blue_u: 2.017_232,
            },
        }
    }
}

/// [`Letterbox::convert`] as work for wide vectors.
struct Convert<'a> {
    letterbox: &'a Letterbox,
    scaled: I420View<'a>,
    room: &'a mut Room,
    out: &'a mut [f32],
}

impl Wide for Convert<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.letterbox.convert_lines(self.scaled, self.room, self.out);
    }
}

/// Chroma of one line, each value for two pixels, around zero.
#[inline(always)]
fn spread(half: &[u8], line: &mut [f32]) {
    for (pair, value) in line.chunks_exact_mut(2).zip(half) {
        pair.fill(f32::from(*value) - 128.0);
    }
}

/// The input size that suits letterboxed pictures of this size: about `area` pixels, the
/// shape with the least margin.
#[must_use]
pub fn input_size(picture: PictureSize, area: u32) -> PictureSize {
    let mut best = (0.0, PictureSize::new(STRIDE_MAX, STRIDE_MAX));
    let steps = || (1..=64_u32).map(|step| step * STRIDE_MAX);
    for width in steps() {
        for height in steps().filter(|height| width * height <= area) {
            let size = PictureSize::new(width, height);
            let used = Letterbox::new(picture, size, Convention::YOLOX).scaled;
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
    /// Input pixels a source pixel, across and down; the same where the shape is kept.
    pub scale: [f32; 2],
    /// The picture inside the input.
    pub scaled: PictureSize,
    /// The input.
    pub input: PictureSize,
    source: PictureSize,
    convention: Convention,
}

impl Letterbox {
    /// Fits pictures of size `source` into `input`.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sides are positive and at most the input's"
    )]
    pub fn new(source: PictureSize, input: PictureSize, convention: Convention) -> Self {
        let (w, h) = (f64::from(source.width.max(1)), f64::from(source.height.max(1)));
        let (across, down) = (f64::from(input.width) / w, f64::from(input.height) / h);
        let (across, down) = match convention.placing {
            Placing::Letterbox { .. } => (across.min(down), across.min(down)),
            Placing::Stretch => (across, down),
        };
        let side = |v: f64, max: u32| (v.round() as u32).clamp(1, max);
        Self {
            scale: [across as f32, down as f32],
            scaled: PictureSize::new(side(w * across, input.width), side(h * down, input.height)),
            input,
            source,
            convention,
        }
    }

    /// Writes the picture into `out`: three planes, as the convention says, `3 * height * width` numbers.
    /// One that [`Letterbox::reduced`] has made already is taken as it is.
    ///
    /// # Errors
    /// When the picture can't be scaled, or has another size than the letterbox is for.
    pub fn fill(
        &self,
        picture: I420View<'_>,
        room: &mut Room,
        out: &mut [f32],
    ) -> Result<(), PictureError> {
        if picture.size() == self.scaled {
            self.convert(picture, room, out);
        } else if self.reduces() {
            self.reduced(picture, room)?;
            let bytes = std::mem::take(&mut room.scaled);
            let scaled = I420View::new(self.scaled, &bytes)?.with_colours(picture.colours());
            self.convert(scaled, room, out);
            room.scaled = bytes;
        } else {
            self.check(picture)?;
            let scaled = picture.scaled(self.scaled)?;
            self.convert(scaled.view(), room, out);
        }
        Ok(())
    }

    /// Whether the picture becomes so much smaller that it is worth handing on
    /// in that size only.
    #[must_use]
    pub fn reduces(&self) -> bool {
        self.scale.iter().all(|scale| scale * REDUCTION_MIN <= 1.0)
    }

    /// The picture in its size inside the input: YUV 4:2:0, planes one after the other.
    ///
    /// # Errors
    /// When it has another size than the letterbox is for.
    pub fn reduced<'a>(
        &self,
        picture: I420View<'_>,
        room: &'a mut Room,
    ) -> Result<&'a [u8], PictureError> {
        self.check(picture)?;
        downscale(picture, self.scaled, &mut room.scaled, &mut room.scratch);
        Ok(&room.scaled)
    }

    fn check(&self, picture: I420View<'_>) -> Result<(), PictureError> {
        if picture.size() == self.source {
            return Ok(());
        }
        Err(PictureError::OtherSize { found: picture.size(), expected: self.source })
    }

    /// Turns the scaled planes into colour planes and fills the margin.
    fn convert(&self, scaled: I420View<'_>, room: &mut Room, out: &mut [f32]) {
        let planes = out.len() / 3;
        widest(Convert { letterbox: self, scaled, room, out: &mut *out });
        // From bytes to the model's own range: most models of cameras take bytes as they are.
        let Some(scaling) = self.convention.scaling() else { return };
        for (plane, (gain, added)) in out.chunks_exact_mut(planes.max(1)).zip(scaling) {
            for value in plane {
                *value = *value * gain + added;
            }
        }
    }

    #[inline(always)]
    fn convert_lines(&self, scaled: I420View<'_>, room: &mut Room, out: &mut [f32]) {
        let (width, height) = (self.input.width as usize, self.input.height as usize);
        let used = self.scaled.width as usize;
        let half = used.div_ceil(2);
        debug_assert_eq!(out.len(), 3 * width * height);
        let (y_plane, u_plane, v_plane) = scaled.planes();
        room.u_line.resize(2 * half, 0.0);
        room.v_line.resize(2 * half, 0.0);
        let matrix = Matrix::of(scaled.colours());
        let margin = self.convention.pad();
        let (first, rest) = out.split_at_mut(width * height);
        let (green, last) = rest.split_at_mut(width * height);
        let (blue, red) = match self.convention.order {
            Order::Bgr => (first, last),
            Order::Rgb => (last, first),
        };
        let lines = blue
            .chunks_exact_mut(width)
            .zip(green.chunks_exact_mut(width))
            .zip(red.chunks_exact_mut(width));
        for (row, ((blue, green), red)) in lines.enumerate() {
            let Some(luma) = y_plane.get(row * used..(row + 1) * used) else {
                blue.fill(margin);
                green.fill(margin);
                red.fill(margin);
                continue;
            };
            // Two lines share their chroma.
            if row % 2 == 0 {
                let chroma = row / 2 * half..(row / 2 + 1) * half;
                spread(u_plane.get(chroma.clone()).unwrap_or_default(), &mut room.u_line);
                spread(v_plane.get(chroma).unwrap_or_default(), &mut room.v_line);
            }
            let (blue, blue_margin) = blue.split_at_mut(used);
            let (green, green_margin) = green.split_at_mut(used);
            let (red, red_margin) = red.split_at_mut(used);
            let chroma = room.u_line.iter().zip(&room.v_line);
            let to = blue.iter_mut().zip(green.iter_mut()).zip(red.iter_mut());
            for ((y, (u, v)), ((blue, green), red)) in luma.iter().zip(chroma).zip(to) {
                let y = (f32::from(*y) - 16.0) * matrix.luma;
                *blue = (y + matrix.blue_u * u).clamp(0.0, 255.0);
                *green = (y - matrix.green_u * u - matrix.green_v * v).clamp(0.0, 255.0);
                *red = (y + matrix.red_v * v).clamp(0.0, 255.0);
            }
            blue_margin.fill(margin);
            green_margin.fill(margin);
            red_margin.fill(margin);
        }
    }

    /// A box of the input in pixels of the source picture, cut at its edges.
    #[must_use]
    pub fn to_source(&self, b: PixelBox) -> PixelBox {
        let [across, down] = self.scale;
        PixelBox::new(b.x1 / across, b.y1 / down, b.x2 / across, b.y2 / down).clamp_to(self.source)
    }
}

/// The letterboxes of the sizes that come.
#[derive(Debug, Default)]
pub(crate) struct Letterboxes(Vec<(PictureSize, Letterbox)>);

impl Letterboxes {
    /// That of pictures of this size in front of this model.
    pub(crate) fn of(&mut self, model: &ModelInfo, picture: PictureSize) -> Letterbox {
        if let Some((_, known)) = self.0.iter().find(|(size, _)| *size == picture) {
            return *known;
        }
        let letterbox = Letterbox::new(picture, model.input_for(picture), model.convention);
        if self.0.len() >= KNOWN_MAX {
            self.0.remove(0);
        }
        self.0.push((picture, letterbox));
        letterbox
    }
}

#[cfg(test)]
mod tests {
    use safe_yolo_media::picture::I420;

    use super::*;

    fn letterbox(source: PictureSize, input: PictureSize) -> Letterbox {
        Letterbox::new(source, input, Convention::YOLOX)
    }

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
        let letterbox = letterbox(PictureSize::new(960, 540), PictureSize::new(448, 256));
        assert_eq!(letterbox.scaled, PictureSize::new(448, 252));
        let b = letterbox.to_source(PixelBox::new(0.0, 126.0, 224.0, 300.0));
        assert!((b.x2 - 480.0).abs() < 0.01 && (b.y1 - 270.0).abs() < 0.01);
        assert!((b.y2 - 540.0).abs() < 0.01, "cut at the edge");
    }

    #[test]
    fn the_margin_is_grey_and_channels_are_bgr() {
        let picture =
            I420::from_rgb(PictureSize::new(64, 32), &[200, 100, 50].repeat(64 * 32)).unwrap();
        let letterbox = letterbox(picture.size(), PictureSize::new(64, 64));
        let mut out = vec![0.0; 3 * 64 * 64];
        letterbox.fill(picture.view(), &mut Room::default(), &mut out).unwrap();
        assert_eq!(letterbox.scaled, PictureSize::new(64, 32));
        for (channel, expected) in [50.0, 100.0, 200.0].into_iter().enumerate() {
            assert!((out[channel * 4096] - expected).abs() < 5.0);
            assert!((out[channel * 4096 + 40 * 64] - 114.0).abs() < 0.01);
        }
    }

    #[test]
    fn other_conventions_have_other_planes() {
        let picture =
            I420::from_rgb(PictureSize::new(64, 32), &[200, 100, 50].repeat(64 * 32)).unwrap();
        let fill = |convention: &str, at: usize| {
            let input = PictureSize::new(64, 64);
            let letterbox = Letterbox::new(picture.size(), input, convention.parse().unwrap());
            let mut out = vec![0.0; 3 * 64 * 64];
            letterbox.fill(picture.view(), &mut Room::default(), &mut out).unwrap();
            [0, 1, 2].map(|plane| out[plane * 4096 + at])
        };
        let near = |found: [f32; 3], expected: [f32; 3], by: f32| {
            let is_near = found.iter().zip(expected).all(|(f, e)| (f - e).abs() < by);
            assert!(is_near, "{found:?}, not {expected:?}");
        };
        let grey = 40 * 64;
        near(fill("RGB, 0..255, letterboxed top-left, pad 7", 0), [200.0, 100.0, 50.0], 5.0);
        near(fill("RGB, 0..255, letterboxed top-left, pad 7", grey), [7.0; 3], 0.01);
        near(fill("RGB, 0..1, stretched", grey), [0.784, 0.392, 0.196], 0.02);
        let normal = "BGR, 0..1, stretched, mean 0.1 0.2 0.3, std 0.5 1 2";
        near(fill(normal, grey), [0.192, 0.192, 0.242], 0.04);
        near(fill("RGB, 0..1, letterboxed top-left", grey), [114.0 / 255.0; 3], 0.001);
    }

    #[test]
    fn boxes_come_back_from_a_stretched_picture() {
        let convention = "RGB, 0..1, stretched".parse().unwrap();
        let (source, input) = (PictureSize::new(1280, 320), PictureSize::new(640, 640));
        let letterbox = Letterbox::new(source, input, convention);
        assert_eq!((letterbox.scaled, letterbox.reduces()), (input, false));
        let b = letterbox.to_source(PixelBox::new(64.0, 64.0, 640.0, 320.0));
        for (side, expected) in [(b.x1, 128.0), (b.y1, 32.0), (b.x2, 1280.0), (b.y2, 160.0)] {
            assert!((side - expected).abs() < 0.01, "{b:?}");
        }
    }

    #[test]
    fn large_pictures_look_as_the_exact_way_makes_them() {
        // Colour changes slowly over the picture, as over a real one at this scale.
        let size = PictureSize::new(1280, 720);
        let rgb: Vec<u8> = (0..720_u32)
            .flat_map(|y| {
                (0..1280_u32).flat_map(move |x| [x / 6, y / 4, (x + y) / 9].map(|v| v as u8))
            })
            .collect();
        let picture = I420::from_rgb(size, &rgb).unwrap();
        let letterbox = letterbox(size, PictureSize::new(448, 256));
        let mut out = vec![0.0; 3 * 448 * 256];
        letterbox.fill(picture.view(), &mut Room::default(), &mut out).unwrap();
        for (x, y) in [(3, 3), (100, 50), (300, 200), (440, 248)] {
            let (sx, sy) =
                ((x as f32 + 0.5) / letterbox.scale[0], (y as f32 + 0.5) / letterbox.scale[1]);
            let expected = [(sx + sy) / 9.0, sy / 4.0, sx / 6.0];
            for (channel, expected) in expected.into_iter().enumerate() {
                let value = out[channel * 448 * 256 + y * 448 + x];
                assert!(
                    (value - expected).abs() < 5.0,
                    "{x},{y} {channel}: {value}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn a_picture_that_was_reduced_before_makes_the_same_input() {
        let size = PictureSize::new(1280, 720);
        let bytes = (0..I420::byte_len(size)).map(|i| (i * i / 977) as u8).collect();
        let picture = I420::new(size, bytes).unwrap();
        let letterbox = letterbox(size, PictureSize::new(448, 256));
        let mut room = Room::default();
        let (mut whole, mut reduced) = (vec![0.0; 3 * 448 * 256], vec![0.0; 3 * 448 * 256]);
        letterbox.fill(picture.view(), &mut room, &mut whole).unwrap();
        assert!(letterbox.reduces());
        let bytes = letterbox.reduced(picture.view(), &mut room).unwrap().to_vec();
        let small =
            I420View::new(letterbox.scaled, &bytes).unwrap().with_colours(picture.colours());
        letterbox.fill(small, &mut room, &mut reduced).unwrap();
        assert_eq!(whole, reduced);
    }

    #[test]
    fn a_picture_of_another_size_is_refused() {
        let other = PictureSize::new(640, 352);
        let picture = I420::new(other, vec![128; I420::byte_len(other)]).unwrap();
        for source in [PictureSize::new(1280, 720), PictureSize::new(500, 300)] {
            let letterbox = letterbox(source, PictureSize::new(448, 256));
            let mut out = vec![0.0; 3 * 448 * 256];
            let error = letterbox.fill(picture.view(), &mut Room::default(), &mut out).unwrap_err();
            let expected = format!("640x352 came where {}x{}", source.width, source.height);
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }

    #[test]
    fn letterboxes_of_many_sizes_are_bounded() {
        let info = crate::model::fixture::info();
        let mut known = Letterboxes::default();
        for side in 0..100 {
            let size = PictureSize::new(320 + side, 240);
            assert_eq!(known.of(&info, size), letterbox(size, info.input_for(size)));
            assert_eq!(known.of(&info, size), known.of(&info, size));
        }
        assert_eq!(known.0.len(), KNOWN_MAX);
    }
}
