//! JPEG for the live view, snapshots and test pictures, by libjpeg-turbo.

use safe_yolo_core::PictureSize;
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp, YuvImage};

use crate::picture::{Colours, I420, I420View, PictureError};

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
    Encode(#[from] turbojpeg::Error),
}

/// A JPEG of RGB pixels (8 bits each, row by row); `quality` from 1 to 100.
///
/// # Errors
/// When the bytes do not fit the size.
pub fn encode_rgb(rgb: &[u8], size: PictureSize, quality: u8) -> Result<Vec<u8>, JpegError> {
    let (width, height) = (size.width as usize, size.height as usize);
    let needed = width * height * 3;
    if rgb.len() != needed {
        let PictureSize { width, height } = size;
        return Err(PictureError::Length { width, height, needed, given: rgb.len() }.into());
    }
    let mut compressor = compressor(quality)?;
    compressor.set_subsamp(Subsamp::Sub2x2)?;
    let image = Image { pixels: rgb, width, pitch: 3 * width, height, format: PixelFormat::RGB };
    Ok(compressor.compress_to_vec(image)?)
}

/// A JPEG of the picture, scaled down to at most `width_max` pixels.
///
/// # Errors
/// When scaling or encoding fails.
pub fn encode(picture: &I420, width_max: u32, quality: u8) -> Result<Vec<u8>, JpegError> {
    let size = picture.size_at_most(width_max);
    let matrix = Matrix::of(picture.colours());
    let planes = if size == picture.size() {
        matrix.jfif(picture.view())
    } else {
        matrix.jfif(picture.scaled(size)?.view())
    };
    let image = YuvImage {
        pixels: &planes[..],
        width: size.width as usize,
        align: 1,
        height: size.height as usize,
        subsamp: Subsamp::Sub2x2,
    };
    Ok(compressor(quality)?.compress_yuv_to_vec(image)?)
}

fn compressor(quality: u8) -> Result<Compressor, JpegError> {
    let mut compressor = Compressor::new()?;
    compressor.set_quality(i32::from(quality))?;
    Ok(compressor)
}

/// Fixed point: this many bits after the point. Few enough for sums of 16 bits, which every
/// processor adds and multiplies eight at a time.
const BITS: u32 = 8;

/// How YUV of video (limited range) becomes YUV of JPEG (JFIF: full range, BT.601), in
/// multiples of 2^-8: to each value, less its zero point, are added the inputs, less theirs, times these.
#[derive(Debug, Clone, Copy)]
struct Matrix {
    y_y: i16,
    y_u: i16,
    y_v: i16,
    u_u: i16,
    u_v: i16,
    v_u: i16,
    v_v: i16,
}

impl Matrix {
    fn of(colours: Colours) -> Self {
        // Shares of red and blue in luma.
        match colours {
            Colours::Bt709 => Self::from_shares(0.2126, 0.0722),
            Colours::Bt601 => Self::from_shares(0.299, 0.114),
        }
    }

    /// By way of RGB: the definitions of YCbCr in BT.709 and BT.601, one into the other.
    fn from_shares(red: f64, blue: f64) -> Self {
        let green = 1.0 - red - blue;
        // R, G and B of unit chroma U (V) without luma.
        let of_u = [0.0, -2.0 * blue * (1.0 - blue) / green, 2.0 * (1.0 - blue)];
        let of_v = [2.0 * (1.0 - red), -2.0 * red * (1.0 - red) / green, 0.0];
        let y = |[r, g, b]: [f64; 3]| 0.299 * r + 0.587 * g + 0.114 * b;
        let u = |rgb: [f64; 3]| (rgb[2] - y(rgb)) / 1.772;
        let v = |rgb: [f64; 3]| (rgb[0] - y(rgb)) / 1.402;
        // 219 steps of luma and 224 of chroma become 255.
        let chroma = 255.0 / 224.0;
        Self {
            y_y: fixed(255.0 / 219.0 - 1.0),
            y_u: fixed(y(of_u) * chroma),
            y_v: fixed(y(of_v) * chroma),
            u_u: fixed(u(of_u) * chroma - 1.0),
            u_v: fixed(u(of_v) * chroma),
            v_u: fixed(v(of_u) * chroma),
            v_v: fixed(v(of_v) * chroma - 1.0),
        }
    }

    /// The planes for the encoder, which wants luma of even sides: the last line and
    /// column are repeated where they are odd.
    fn jfif(self, picture: I420View<'_>) -> Vec<u8> {
        let (width, height) = (picture.size().width as usize, picture.size().height as usize);
        let (columns, rows) = (width.div_ceil(2), height.div_ceil(2));
        let (y, u, v) = picture.planes();
        let mut out = vec![0; 6 * columns * rows];
        let (y_out, rest) = out.split_at_mut(4 * columns * rows);
        let (u_out, v_out) = rest.split_at_mut(columns * rows);
        // What chroma adds to the luma of each pair of columns, and of each column.
        let (mut shifts, mut shift) = (vec![0; columns], vec![0; 2 * columns]);
        for row in 0..rows {
            let of_row = row * columns..(row + 1) * columns;
            let (u, v) = (&u[of_row.clone()], &v[of_row.clone()]);
            let centred = |(u, v): (&u8, &u8)| (i16::from(*u) - 128, i16::from(*v) - 128);
            // One simple loop a plane: the compiler makes vectors of each.
            for (to, (u, v)) in u_out[of_row.clone()].iter_mut().zip(u.iter().zip(v).map(centred)) {
                *to = byte(128 + u, self.u_u * u + self.u_v * v);
            }
            for (to, (u, v)) in v_out[of_row].iter_mut().zip(u.iter().zip(v).map(centred)) {
                *to = byte(128 + v, self.v_u * u + self.v_v * v);
            }
            for (to, (u, v)) in shifts.iter_mut().zip(u.iter().zip(v).map(centred)) {
                *to = self.y_u * u + self.y_v * v;
            }
            for (to, of) in shift.chunks_exact_mut(2).zip(&shifts) {
                to.fill(*of);
            }
            for line in [2 * row, 2 * row + 1] {
                let from = line.min(height - 1) * width;
                let to = &mut y_out[line * 2 * columns..(line + 1) * 2 * columns];
                for ((y, to), shift) in y[from..from + width].iter().zip(&mut *to).zip(&shift) {
                    let y = i16::from(*y) - 16;
                    *to = byte(y, self.y_y * y + shift);
                }
                if width % 2 == 1 {
                    to[width] = to[width - 1];
                }
            }
        }
        out
    }
}

/// Less than 1 in value, so that sums of three products with bytes stay below 2^15.
#[expect(clippy::cast_possible_truncation, reason = "at most 2^8 in size")]
fn fixed(value: f64) -> i16 {
    (value * f64::from(1_u16 << BITS)).round() as i16
}

/// The nearest byte to `whole` and so many 2^-8 parts.
fn byte(whole: i16, parts: i16) -> u8 {
    (whole + ((parts + (1 << (BITS - 1))) >> BITS)).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(jpeg: &[u8]) -> image::RgbImage {
        image::load_from_memory(jpeg).unwrap().to_rgb8()
    }

    #[test]
    fn a_jpeg_reads_back_at_the_size_asked_for() {
        let picture =
            I420::from_rgb(PictureSize::new(320, 180), &[60, 160, 90].repeat(320 * 180)).unwrap();
        let image = read(&encode(&picture, 160, QUALITY_LIVE).unwrap());
        assert_eq!(image.dimensions(), (160, 90));
        let pixel = image.get_pixel(80, 45).0;
        assert!(
            pixel[0].abs_diff(60) < 4 && pixel[1].abs_diff(160) < 4 && pixel[2].abs_diff(90) < 4
        );
    }

    #[test]
    fn colours_are_those_of_the_picture_at_any_size() {
        // BT.709 from 720 lines on, also when the JPEG has fewer.
        for (width, height) in [(1280, 720), (640, 360), (33, 21), (1281, 721)] {
            let size = PictureSize::new(width, height);
            for colour in [[250, 20, 20], [20, 250, 20], [20, 20, 250], [255, 255, 255], [0, 0, 0]]
            {
                let rgb = colour.repeat(width as usize * height as usize);
                let picture = I420::from_rgb(size, &rgb).unwrap();
                let exact = picture.to_rgb().unwrap();
                for width_max in [8192, 320] {
                    let image = read(&encode(&picture, width_max, 95).unwrap());
                    let (x, y) = (image.width() / 2, image.height() / 2);
                    for at in [(0, 0), (x, y), (image.width() - 1, image.height() - 1)] {
                        let pixel = image.get_pixel(at.0, at.1).0;
                        let is_near = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= 4;
                        assert!(
                            pixel.iter().zip(&exact).all(is_near),
                            "{width}x{height} {width_max} {at:?}: {pixel:?} for {:?}",
                            &exact[..3]
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn wrong_lengths_are_refused() {
        let refused = encode_rgb(&[0; 11], PictureSize::new(2, 2), 80);
        assert!(matches!(
            refused,
            Err(JpegError::Picture(PictureError::Length { needed: 12, .. }))
        ));
    }

    /// `cargo test --release -p safe-yolo-media jpeg -- --ignored --nocapture`
    #[test]
    #[ignore = "a figure, not a check"]
    fn figures() {
        let size = PictureSize::new(1280, 720);
        let mut random = 1_u32;
        let data = (0..I420::byte_len(size)).map(|at| {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            ((at / 8 % 160) as u8 + 40).wrapping_add((random % 8) as u8)
        });
        let picture = I420::new(size, data.collect()).unwrap();
        for width in [320, 640, 960, 1280] {
            let started = std::time::Instant::now();
            for _ in 0..200 {
                std::hint::black_box(encode(&picture, width, QUALITY_LIVE).unwrap());
            }
            println!("{width}: {:.2} ms", started.elapsed().as_secs_f64() * 5.0);
        }
    }
}
