//! Decoded pictures: planar YUV 4:2:0, scaled and converted on the CPU.

use fast_image_resize as fir;
use safe_yolo_core::PictureSize;
use serde::{Deserialize, Serialize};
use yuv::{
    BufferStoreMut, YuvConversionMode, YuvPlanarImage, YuvPlanarImageMut, YuvRange,
    YuvStandardMatrix,
};

use crate::downscale;

/// Why bytes are no picture, or could not be made one.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PictureError {
    /// The buffer does not fit the size.
    #[error("a {width}x{height} picture needs {needed} bytes, {given} were given")]
    Length {
        /// Width, pixels.
        width: u32,
        /// Height, pixels.
        height: u32,
        /// Bytes it takes.
        needed: usize,
        /// Bytes there were.
        given: usize,
    },
    /// A side is nil or over [`I420::SIDE_MAX`].
    #[error("a picture of {0}x{1} pixels is refused: each side must have 1 to {max}", max = I420::SIDE_MAX)]
    Size(u32, u32),
    /// It is not the picture that was announced.
    #[error(
        "a picture of {}x{} came where {}x{} is expected",
        found.width, found.height, expected.width, expected.height
    )]
    OtherSize {
        /// Its size, pixels.
        found: PictureSize,
        /// The size announced, pixels.
        expected: PictureSize,
    },
    /// A part that is not all inside, or begins or ends between two pixels that share their chroma.
    #[error(
        "the part of {}x{} pixels at {left},{top} of a picture of {}x{} is refused: it must lie inside, and all numbers be even",
        part.width, part.height, of.width, of.height
    )]
    Part {
        /// Its left edge, pixels.
        left: u32,
        /// Its upper edge, pixels.
        top: u32,
        /// Its size, pixels.
        part: PictureSize,
        /// Size of the picture, pixels.
        of: PictureSize,
    },
    /// Scaling or converting failed.
    #[error("the picture could not be converted: {0}")]
    Convert(String),
}

/// What the numbers of YUV mean, by the standard that names the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colours {
    /// ITU-R BT.601, standard definition.
    Bt601,
    /// ITU-R BT.709, high definition.
    Bt709,
}

impl Colours {
    /// Those of an unmarked video of this size, as ITU-R does: BT.709 from 720 lines on.
    #[must_use]
    pub const fn of(size: PictureSize) -> Self {
        if size.height >= 720 { Self::Bt709 } else { Self::Bt601 }
    }

    const fn matrix(self) -> YuvStandardMatrix {
        match self {
            Self::Bt601 => YuvStandardMatrix::Bt601,
            Self::Bt709 => YuvStandardMatrix::Bt709,
        }
    }
}

/// A picture in planar YUV 4:2:0, limited range: the planes Y, U and V follow
/// each other without padding; chroma planes have half the size, rounded up.
///
/// Raw pictures carry no mark of their colours: [`Colours::of`] their size is assumed, and
/// kept where one is scaled or cut.
#[derive(Clone, PartialEq, Eq)]
pub struct I420 {
    size: PictureSize,
    colours: Colours,
    data: Vec<u8>,
}

impl std::fmt::Debug for I420 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "I420({}x{})", self.size.width, self.size.height)
    }
}

const fn half(side: u32) -> u32 {
    side.div_ceil(2)
}

impl I420 {
    /// The longest side accepted, pixels.
    pub const SIDE_MAX: u32 = 8192;

    /// Bytes of a picture of this size.
    #[must_use]
    pub const fn byte_len(size: PictureSize) -> usize {
        let luma = size.width as usize * size.height as usize;
        luma + 2 * (half(size.width) as usize * half(size.height) as usize)
    }

    /// Whether pictures may have this size.
    ///
    /// # Errors
    /// When a side is nil or over [`I420::SIDE_MAX`].
    pub fn check_size(size: PictureSize) -> Result<(), PictureError> {
        let fits = |side: u32| (1..=Self::SIDE_MAX).contains(&side);
        if fits(size.width) && fits(size.height) {
            Ok(())
        } else {
            Err(PictureError::Size(size.width, size.height))
        }
    }

    /// A picture from its planes.
    ///
    /// # Errors
    /// When the size is out of bounds or the bytes do not fit it.
    pub fn new(size: PictureSize, data: Vec<u8>) -> Result<Self, PictureError> {
        Self::check_size(size)?;
        let needed = Self::byte_len(size);
        if data.len() == needed {
            Ok(Self { size, colours: Colours::of(size), data })
        } else {
            let PictureSize { width, height } = size;
            Err(PictureError::Length { width, height, needed, given: data.len() })
        }
    }

    /// A picture from RGB, 8 bits each, row by row.
    ///
    /// # Errors
    /// When the size is out of bounds or the bytes do not fit it.
    pub fn from_rgb(size: PictureSize, rgb: &[u8]) -> Result<Self, PictureError> {
        Self::check_size(size)?;
        let PictureSize { width, height } = size;
        let needed = width as usize * height as usize * 3;
        if rgb.len() != needed {
            return Err(PictureError::Length { width, height, needed, given: rgb.len() });
        }
        let mut data = vec![0; Self::byte_len(size)];
        let (y_plane, rest) = data.split_at_mut(width as usize * height as usize);
        let (u_plane, v_plane) = rest.split_at_mut(rest.len() / 2);
        let mut planar = YuvPlanarImageMut {
            y_plane: BufferStoreMut::Borrowed(y_plane),
            y_stride: width,
            u_plane: BufferStoreMut::Borrowed(u_plane),
            u_stride: half(width),
            v_plane: BufferStoreMut::Borrowed(v_plane),
            v_stride: half(width),
            width,
            height,
        };
        yuv::rgb_to_yuv420(
            &mut planar,
            rgb,
            width * 3,
            YuvRange::Limited,
            Colours::of(size).matrix(),
            YuvConversionMode::Balanced,
        )
        .map_err(|error| PictureError::Convert(error.to_string()))?;
        Ok(Self { size, colours: Colours::of(size), data })
    }

    /// Its size, pixels.
    #[must_use]
    pub const fn size(&self) -> PictureSize {
        self.size
    }

    /// What its numbers mean.
    #[must_use]
    pub const fn colours(&self) -> Colours {
        self.colours
    }

    /// All planes, as they follow each other.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The planes Y, U and V.
    #[must_use]
    pub fn planes(&self) -> (&[u8], &[u8], &[u8]) {
        self.view().planes()
    }

    /// The planes Y, U and V, to be changed.
    pub(crate) fn planes_mut(&mut self) -> (&mut [u8], &mut [u8], &mut [u8]) {
        let luma = self.size.width as usize * self.size.height as usize;
        let (y, rest) = self.data.split_at_mut(luma);
        let (u, v) = rest.split_at_mut(rest.len() / 2);
        (y, u, v)
    }

    /// The same picture, borrowed.
    #[must_use]
    pub fn view(&self) -> I420View<'_> {
        I420View { size: self.size, colours: self.colours, data: &self.data }
    }

    /// The same picture at another size: see [`I420View::scaled`].
    ///
    /// # Errors
    /// When the size is out of bounds.
    pub fn scaled(&self, size: PictureSize) -> Result<Self, PictureError> {
        self.view().scaled(size)
    }

    /// The part of `size` that begins at `left` and `top`, pixels; all of them must be even, as two
    /// pixels share their chroma.
    ///
    /// # Errors
    /// When it is not even or not all inside.
    pub fn cropped(&self, left: u32, top: u32, size: PictureSize) -> Result<Self, PictureError> {
        let within =
            |at: u32, side: u32, whole: u32| at.checked_add(side).is_some_and(|end| end <= whole);
        let even = [left, top, size.width, size.height].iter().all(|number| number % 2 == 0);
        Self::check_size(size)?;
        if !even
            || !within(left, size.width, self.size.width)
            || !within(top, size.height, self.size.height)
        {
            return Err(PictureError::Part { left, top, part: size, of: self.size });
        }
        let mut data = Vec::with_capacity(Self::byte_len(size));
        let mut copy = |plane: &[u8], stride: u32, share: u32| {
            let (left, top) = ((left / share) as usize, (top / share) as usize);
            let (width, height) = ((size.width / share) as usize, (size.height / share) as usize);
            for line in plane.chunks_exact(stride as usize).skip(top).take(height) {
                data.extend_from_slice(&line[left..left + width]);
            }
        };
        let (y, u, v) = self.planes();
        copy(y, self.size.width, 1);
        copy(u, half(self.size.width), 2);
        copy(v, half(self.size.width), 2);
        Ok(Self { size, colours: self.colours, data })
    }

    /// RGB, 8 bits each, row by row.
    ///
    /// # Errors
    /// When the conversion fails.
    pub fn to_rgb(&self) -> Result<Vec<u8>, PictureError> {
        self.convert(yuv::yuv420_to_rgb)
    }

    /// BGR, 8 bits each, row by row: what YOLOX models read.
    ///
    /// # Errors
    /// When the conversion fails.
    pub fn to_bgr(&self) -> Result<Vec<u8>, PictureError> {
        self.convert(yuv::yuv420_to_bgr)
    }

    fn convert(&self, with: Conversion) -> Result<Vec<u8>, PictureError> {
        let PictureSize { width, height } = self.size;
        let (y_plane, u_plane, v_plane) = self.planes();
        let planar = YuvPlanarImage {
            y_plane,
            y_stride: width,
            u_plane,
            u_stride: half(width),
            v_plane,
            v_stride: half(width),
            width,
            height,
        };
        let mut out = vec![0; width as usize * height as usize * 3];
        with(&planar, &mut out, width * 3, YuvRange::Limited, self.colours.matrix())
            .map_err(|error| PictureError::Convert(error.to_string()))?;
        Ok(out)
    }

    /// The largest size with the same shape that is at most `width_max` wide;
    /// never larger than the picture, both sides even.
    #[must_use]
    pub fn size_at_most(&self, width_max: u32) -> PictureSize {
        if self.size.width <= width_max {
            return self.size;
        }
        let height =
            u64::from(self.size.height) * u64::from(width_max) / u64::from(self.size.width);
        let even = |side: u32| (side & !1).max(2);
        PictureSize::new(even(width_max), even(u32::try_from(height).unwrap_or(u32::MAX)))
    }
}

/// A picture as [`I420`] whose bytes are somebody else's, such as memory shared
/// with another process.
#[derive(Debug, Clone, Copy)]
pub struct I420View<'a> {
    size: PictureSize,
    colours: Colours,
    data: &'a [u8],
}

impl<'a> I420View<'a> {
    /// A picture from its planes.
    ///
    /// # Errors
    /// When the size is out of bounds or the bytes do not fit it.
    pub fn new(size: PictureSize, data: &'a [u8]) -> Result<Self, PictureError> {
        I420::check_size(size)?;
        let needed = I420::byte_len(size);
        if data.len() == needed {
            Ok(Self { size, colours: Colours::of(size), data })
        } else {
            let PictureSize { width, height } = size;
            Err(PictureError::Length { width, height, needed, given: data.len() })
        }
    }

    /// The same with other colours, where it was scaled or cut out of a picture of those.
    #[must_use]
    pub const fn with_colours(self, colours: Colours) -> Self {
        Self { colours, ..self }
    }

    /// Its size, pixels.
    #[must_use]
    pub const fn size(&self) -> PictureSize {
        self.size
    }

    /// What its numbers mean.
    #[must_use]
    pub const fn colours(&self) -> Colours {
        self.colours
    }

    /// The planes Y, U and V.
    #[must_use]
    pub fn planes(&self) -> (&'a [u8], &'a [u8], &'a [u8]) {
        let (y, rest) = self.data.split_at(self.size.width as usize * self.size.height as usize);
        let (u, v) = rest.split_at(rest.len() / 2);
        (y, u, v)
    }

    /// The same picture at another size, by averaging: over boxes where it becomes
    /// much smaller, else by bilinear convolution.
    ///
    /// # Errors
    /// When the size is out of bounds.
    pub fn scaled(&self, size: PictureSize) -> Result<I420, PictureError> {
        let colours = self.colours;
        if size == self.size {
            return Ok(I420 { size, colours, data: self.data.to_vec() });
        }
        I420::check_size(size)?;
        if downscale::suits(self.size, size) {
            let mut data = Vec::new();
            downscale::downscale(*self, size, &mut data, &mut downscale::Scratch::default());
            return Ok(I420 { size, colours, data });
        }
        let mut data = vec![0; I420::byte_len(size)];
        let (y_out, rest) = data.split_at_mut(size.width as usize * size.height as usize);
        let (u_out, v_out) = rest.split_at_mut(rest.len() / 2);
        let (y, u, v) = self.planes();
        let chroma = |s: PictureSize| PictureSize::new(half(s.width), half(s.height));
        let mut resizer = fir::Resizer::new();
        scale_plane(&mut resizer, y, self.size, y_out, size)?;
        scale_plane(&mut resizer, u, chroma(self.size), u_out, chroma(size))?;
        scale_plane(&mut resizer, v, chroma(self.size), v_out, chroma(size))?;
        Ok(I420 { size, colours, data })
    }
}

type Conversion = fn(
    &YuvPlanarImage<'_, u8>,
    &mut [u8],
    u32,
    YuvRange,
    YuvStandardMatrix,
) -> Result<(), yuv::YuvError>;

fn scale_plane(
    resizer: &mut fir::Resizer,
    from: &[u8],
    from_size: PictureSize,
    to: &mut [u8],
    to_size: PictureSize,
) -> Result<(), PictureError> {
    let convert = |error: &dyn std::fmt::Display| PictureError::Convert(error.to_string());
    // Typed images: the untyped call would compile every pixel format into this crate.
    type Plane<'a> = fir::images::TypedImageRef<'a, fir::pixels::U8>;
    type PlaneMut<'a> = fir::images::TypedImage<'a, fir::pixels::U8>;
    let source = Plane::from_buffer(from_size.width, from_size.height, from)
        .map_err(|error| convert(&error))?;
    let mut target = PlaneMut::from_buffer(to_size.width, to_size.height, to)
        .map_err(|error| convert(&error))?;
    let options = fir::ResizeOptions::new()
        .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
    resizer.resize_typed(&source, &mut target, &options).map_err(|error| convert(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rgb_survives_the_way_there_and_back() {
        let size = PictureSize::new(7, 5);
        let rgb: Vec<u8> = [200, 30, 90].repeat(35);
        let picture = I420::from_rgb(size, &rgb).unwrap();
        for (a, b) in picture.to_rgb().unwrap().iter().zip(&rgb) {
            assert!(a.abs_diff(*b) <= 4, "{a} {b}");
        }
        let bgr = picture.to_bgr().unwrap();
        assert!(bgr[0].abs_diff(90) <= 4 && bgr[2].abs_diff(200) <= 4);
    }

    #[test]
    fn scaling_keeps_flat_colour_and_shape() {
        let picture =
            I420::from_rgb(PictureSize::new(64, 36), &[90, 120, 30].repeat(64 * 36)).unwrap();
        let small = picture.scaled(picture.size_at_most(33)).unwrap();
        assert_eq!(small.size(), PictureSize::new(32, 18));
        for (a, b) in small.to_rgb().unwrap().iter().zip([90, 120, 30].iter().cycle()) {
            assert!(a.abs_diff(*b) <= 4);
        }
    }

    #[test]
    fn a_part_keeps_its_pixels_and_colours() {
        let size = PictureSize::new(1280, 720);
        let rgb: Vec<u8> = (0..720_u32)
            .flat_map(|y| (0..1280_u32).flat_map(move |x| [x / 6, y / 4, 90].map(|v| v as u8)))
            .collect();
        let picture = I420::from_rgb(size, &rgb).unwrap();
        let part = picture.cropped(600, 302, PictureSize::new(64, 32)).unwrap();
        let (whole, rgb) = (picture.to_rgb().unwrap(), part.to_rgb().unwrap());
        for (x, y) in [(0, 0), (63, 0), (17, 21), (63, 31)] {
            let (a, b) = (3 * (y * 64 + x), 3 * ((y + 302) * 1280 + x + 600));
            assert_eq!(rgb[a..a + 3], whole[b..b + 3], "{x},{y}");
        }
        for (left, top, width, height) in [
            (1, 0, 64, 32),
            (0, 0, 63, 32),
            (1240, 0, 64, 32),
            (0, 700, 64, 32),
            (u32::MAX - 1, 0, 2, 2),
        ] {
            let refused = picture.cropped(left, top, PictureSize::new(width, height));
            assert!(
                matches!(refused, Err(PictureError::Part { .. })),
                "{left},{top} {width}x{height}"
            );
        }
    }

    #[test]
    fn wrong_buffers_are_refused() {
        assert!(matches!(
            I420::new(PictureSize::new(4, 4), vec![0; 23]),
            Err(PictureError::Length { needed: 24, given: 23, .. })
        ));
        assert!(matches!(I420::new(PictureSize::new(0, 4), vec![]), Err(PictureError::Size(0, 4))));
    }
}
