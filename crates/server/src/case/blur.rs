//! Making people unrecognisable in what leaves the house. What is not known is pixelated, too.

use std::io;

use safe_yolo_core::{ExportBlur, PictureSize};
use safe_yolo_media::jpeg;
use serde::Deserialize;

use super::Masked;

/// How much of a person's box is taken for the head, from above: so much of its height, and no less than
/// so much of its width, for those who bend or are cut off.
const HEAD_HEIGHT: f64 = 0.3;
const HEAD_WIDTHS: f64 = 0.8;
/// A box so wide, in heights, is of somebody who lies or crouches: the head may be anywhere in it.
const LYING_WIDTH: f64 = 0.7;
/// A box that ends here is cut off by the picture's edge: how much of somebody it holds is not known.
const CUT_OFF: f64 = 0.995;
/// How much is added around it, parts of the person's width and of the head's height.
const MARGIN: f64 = 0.15;
/// Squares across a head or a body: too few to know anybody by.
const SQUARES_A_PERSON: f64 = 6.0;
/// Squares across a picture of which nothing is known.
const SQUARES_A_PICTURE: f64 = 32.0;
/// Boxes of a picture that are stored at most: where there are so many, some may be left out.
const BOXES_MAX: usize = 64;
/// What is worn on the head: it is where the head is.
const ON_HEADS: [&str; 8] =
    ["helmet", "no_helmet", "mask", "no_mask", "goggles", "no_goggles", "head", "face"];

/// Whose head it is.
pub(super) const PERSON: &str = "person";

/// What was found in pictures, as it is stored beside them.
#[derive(Debug, Deserialize)]
struct Found {
    pictures: Vec<FoundPicture>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FoundPicture {
    /// Seconds after the first.
    pub(super) t_s: Option<f64>,
    pub(super) analysis: String,
    pub(super) boxes: Vec<FoundBox>,
    /// People who are not shown: in areas in which nobody is looked for, or found by one look only.
    #[serde(default)]
    others: Vec<[f64; 4]>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FoundBox {
    pub(super) class: String,
    /// Left, top, right, bottom as fractions of the picture.
    #[serde(rename = "box")]
    corners: [f64; 4],
}

impl FoundPicture {
    /// Where heads are; none if some may be missing, or it makes no sense.
    pub(super) fn heads(&self) -> Option<Vec<Region>> {
        let is_sound = |corners: &[f64; 4]| {
            let [x1, y1, x2, y2] = *corners;
            corners.iter().all(|corner| corner.is_finite()) && x1 < x2 && y1 < y2
        };
        let is_full = self.boxes.len() >= BOXES_MAX || self.others.len() >= BOXES_MAX;
        let mut corners = self.boxes.iter().map(|found| &found.corners).chain(&self.others);
        if is_full || !corners.all(is_sound) {
            return None;
        }
        let others = self.others.iter().map(|corners| Region::of(*corners, true));
        Some(self.boxes.iter().filter_map(head).chain(others).collect())
    }
}

/// What was found, picture by picture.
pub(super) fn found(json: &[u8]) -> Option<Vec<FoundPicture>> {
    serde_json::from_slice(json).ok().map(|found: Found| found.pictures)
}

/// Part of a picture, in fractions of it: a head, or somebody who has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Region {
    x1: f64,
    y1: f64,
    x2: f64,
    y2: f64,
    /// Of somebody, and not of the head alone.
    is_person: bool,
}

impl Region {
    const fn of([x1, y1, x2, y2]: [f64; 4], is_person: bool) -> Self {
        Self { x1, y1, x2, y2, is_person }
    }

    fn contains(&self, other: &Self) -> bool {
        self.x1 <= other.x1 && self.y1 <= other.y1 && self.x2 >= other.x2 && self.y2 >= other.y2
    }

    /// What is pixelated of it in a picture of this size, with a margin.
    fn hidden(self, size: PictureSize, blur: ExportBlur) -> Self {
        let (width, mut height) = (self.x2 - self.x1, self.y2 - self.y1);
        if self.is_person && blur == ExportBlur::Heads {
            // Width in the picture's heights, as the height is.
            let across = width * f64::from(size.width) / f64::from(size.height);
            let is_anywhere = across >= LYING_WIDTH * height || self.y2 >= CUT_OFF;
            if !is_anywhere {
                height = (height * HEAD_HEIGHT).max(across * HEAD_WIDTHS).min(height);
            }
        }
        let (around, above) = (width * MARGIN, height * MARGIN);
        Self {
            x1: self.x1 - around,
            y1: self.y1 - above,
            x2: self.x2 + around,
            y2: self.y1 + height + above,
            is_person: false,
        }
    }
}

/// Where heads are; none if that is not known: nothing was found, looked for, or stored.
pub(super) fn heads(found: Option<&[u8]>) -> Option<Vec<Region>> {
    let pictures = self::found(found?)?;
    let mut people = pictures.iter().flat_map(|picture| &picture.boxes);
    if !people.any(|found| found.class == PERSON)
        || pictures.iter().any(|picture| picture.analysis != "done")
    {
        return None;
    }
    let heads: Option<Vec<Vec<Region>>> = pictures.iter().map(FoundPicture::heads).collect();
    Some(heads?.concat())
}

fn head(found: &FoundBox) -> Option<Region> {
    let is_person = found.class == PERSON;
    let is_known = is_person || ON_HEADS.contains(&found.class.as_str());
    is_known.then(|| Region::of(found.corners, is_person))
}

/// The picture with heads or bodies pixelated, or all of it.
pub(super) fn mask(
    picture: &[u8],
    heads: Option<&[Region]>,
    blur: ExportBlur,
) -> io::Result<(Vec<u8>, Masked)> {
    let decoded = image::load_from_memory_with_format(picture, image::ImageFormat::Jpeg)
        .map_err(io::Error::other)?
        .into_rgb8();
    let size = PictureSize { width: decoded.width(), height: decoded.height() };
    let mut rgb = decoded.into_raw();
    let masked = if heads.is_some() { blur.into() } else { Masked::Whole };
    let hidden = heads.map(|heads| hidden(heads, size, blur));
    pixelate_all::<3>(&mut rgb, size, hidden.as_deref());
    let encoded = jpeg::encode_rgb(&rgb, size, jpeg::QUALITY_EVIDENCE).map_err(io::Error::other)?;
    Ok((encoded, masked))
}

/// The same, of the planes Y, U and V of half the size.
pub(super) fn pixelate_i420(
    i420: &mut [u8],
    size: PictureSize,
    heads: Option<&[Region]>,
    blur: ExportBlur,
) {
    let hidden = heads.map(|heads| hidden(heads, size, blur));
    let half = PictureSize { width: size.width.div_ceil(2), height: size.height.div_ceil(2) };
    let mut rest = i420;
    for plane in [size, half, half] {
        let length = plane.width as usize * plane.height as usize;
        let Some((these, others)) = rest.split_at_mut_checked(length) else { return };
        pixelate_all::<1>(these, plane, hidden.as_deref());
        rest = others;
    }
}

/// What is pixelated in a picture of this size. Of whoever stands still there is one region, not one for each look:
/// what lies within another has the other's squares, which are no smaller.
fn hidden(heads: &[Region], size: PictureSize, blur: ExportBlur) -> Vec<Region> {
    let mut hidden: Vec<Region> = Vec::new();
    for head in heads {
        let region = head.hidden(size, blur);
        if !hidden.iter().any(|other| other.contains(&region)) {
            hidden.push(region);
        }
    }
    hidden
}

/// Pixelates regions, or everything, in pixels of `N` bytes.
fn pixelate_all<const N: usize>(pixels: &mut [u8], size: PictureSize, hidden: Option<&[Region]>) {
    let Some(hidden) = hidden else {
        let all = Region::of([0.0, 0.0, 1.0, 1.0], false);
        return pixelate::<N>(pixels, size, all, SQUARES_A_PICTURE);
    };
    for region in hidden {
        pixelate::<N>(pixels, size, *region, SQUARES_A_PERSON);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "pixels of a picture"
)]
fn pixelate<const N: usize>(pixels: &mut [u8], size: PictureSize, region: Region, squares: f64) {
    let (width, height) = (size.width as usize, size.height as usize);
    let pixel = |fraction: f64, length: usize| (fraction.clamp(0.0, 1.0) * length as f64) as usize;
    let end =
        |fraction: f64, length: usize| (fraction.clamp(0.0, 1.0) * length as f64).ceil() as usize;
    let (left, right) = (pixel(region.x1, width), end(region.x2, width).min(width));
    let (top, bottom) = (pixel(region.y1, height), end(region.y2, height).min(height));
    let across = right.saturating_sub(left).max(bottom.saturating_sub(top));
    let square = ((across as f64 / squares).ceil() as usize).max(4);
    for y in (top..bottom).step_by(square) {
        for x in (left..right).step_by(square) {
            let (x2, y2) = ((x + square).min(right), (y + square).min(bottom));
            level::<N>(pixels, width, [x, y, x2, y2]);
        }
    }
}

/// Gives a square its mean colour.
fn level<const N: usize>(pixels: &mut [u8], width: usize, [x1, y1, x2, y2]: [usize; 4]) {
    let row = |y: usize| (y * width + x1) * N..(y * width + x2) * N;
    let mut sums = [0_u64; N];
    for y in y1..y2 {
        for pixel in pixels.get(row(y)).unwrap_or_default().chunks_exact(N) {
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += u64::from(*value);
            }
        }
    }
    let count = ((x2 - x1) * (y2 - y1)).max(1) as u64;
    let mean = sums.map(|sum| u8::try_from(sum / count).unwrap_or(u8::MAX));
    for y in y1..y2 {
        for pixel in pixels.get_mut(row(y)).unwrap_or_default().chunks_exact_mut(N) {
            for (value, mean) in pixel.iter_mut().zip(mean) {
                *value = mean;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PictureSize = PictureSize { width: 320, height: 240 };

    /// Fine stripes: where they are left, nothing was pixelated.
    fn stripes() -> Vec<u8> {
        let pixel = |at: u32| if (at / 2).is_multiple_of(2) { [250, 250, 250] } else { [5, 5, 5] };
        let rgb: Vec<u8> = (0..SIZE.height).flat_map(|_| (0..SIZE.width).flat_map(pixel)).collect();
        jpeg::encode_rgb(&rgb, SIZE, 95).unwrap()
    }

    /// The largest step between neighbours in this part.
    fn contrast(picture: &[u8], [x1, y1, x2, y2]: [u32; 4]) -> i32 {
        let decoded = image::load_from_memory(picture).unwrap().into_luma8();
        let steps = (y1..y2).flat_map(|y| (x1..x2 - 2).map(move |x| (x, y)));
        let step = |(x, y): (u32, u32)| {
            let at = |x: u32| i32::from(decoded.get_pixel(x, y).0[0]);
            (at(x) - at(x + 2)).abs()
        };
        steps.map(step).max().unwrap()
    }

    #[test]
    fn heads_are_unrecognisable_and_the_rest_is_not_touched() {
        let found = br#"{"pictures":[{"t_s":0,"analysis":"done","boxes":[
            {"class":"person","number":1,"box":[0.4,0.2,0.6,0.9]}, {"class":"forklift","box":[0.7,0.7,0.9,0.9]}]}]}"#;
        let heads = heads(Some(found)).unwrap();
        assert_eq!(heads.len(), 1);
        let (picture, masked) = mask(&stripes(), Some(&heads), ExportBlur::Heads).unwrap();
        assert_eq!(masked, Masked::Heads);
        assert!(contrast(&picture, [130, 50, 190, 95]) < 60, "the head");
        assert!(contrast(&picture, [0, 0, 100, 200]) > 180, "beside it");
        assert!(contrast(&picture, [130, 120, 190, 200]) > 180, "the body");
        let (picture, masked) = mask(&stripes(), Some(&heads), ExportBlur::Bodies).unwrap();
        assert_eq!(masked, Masked::Bodies);
        assert!(contrast(&picture, [130, 50, 190, 215]) < 60, "from head to foot");
        assert!(contrast(&picture, [0, 0, 100, 200]) > 180, "beside it");
    }

    #[test]
    fn what_is_not_known_is_pixelated_whole() {
        for found in [
            None,
            Some("rubbish"),
            Some(r#"{"pictures":[]}"#),
            Some(r#"{"pictures":[{"analysis":"done","boxes":[]}]}"#),
            Some(
                r#"{"pictures":[{"analysis":"predicted","boxes":[{"class":"person","box":[0.1,0.1,0.2,0.2]}]}]}"#,
            ),
            Some(r#"{"pictures":[{"analysis":"failed","boxes":[]}]}"#),
            Some(
                r#"{"pictures":[{"analysis":"done","boxes":[{"class":"person","box":[0.5,0.1,0.2,0.2]}]}]}"#,
            ),
            Some(
                r#"{"pictures":[{"analysis":"done","boxes":[{"class":"person","box":[0.1,0.1,0.2]}]}]}"#,
            ),
        ] {
            let heads = heads(found.map(str::as_bytes));
            assert_eq!(heads, None, "{found:?}");
            let (picture, masked) = mask(&stripes(), heads.as_deref(), ExportBlur::Bodies).unwrap();
            assert_eq!(masked, Masked::Whole);
            assert!(contrast(&picture, [0, 0, 320, 240]) < 60, "{found:?}");
        }
    }

    #[test]
    fn who_lies_or_is_cut_off_or_is_not_shown_is_no_more_recognisable() {
        for (found, hidden) in [
            // Lying: the head is at the right end, over the whole height.
            (r#"{"boxes":[{"class":"person","box":[0.2,0.5,0.8,0.7]}]"#, [200, 150, 250, 165]),
            // Cut off by the lower edge, close to the camera.
            (r#"{"boxes":[{"class":"person","box":[0.4,0.5,0.6,1.0]}]"#, [135, 215, 190, 235]),
            // Nobody is shown, as he stands where nobody is looked for.
            (
                r#"{"boxes":[{"class":"person","box":[0.1,0.2,0.2,0.9]}],"others":[[0.6,0.2,0.75,0.9]]"#,
                [195, 52, 238, 90],
            ),
        ] {
            let json = format!(r#"{{"pictures":[{found},"t_s":0,"analysis":"done"}}]}}"#);
            let heads = heads(Some(json.as_bytes())).unwrap();
            let (picture, _) = mask(&stripes(), Some(&heads), ExportBlur::Heads).unwrap();
            assert!(contrast(&picture, hidden) < 60, "{found}");
            assert!(contrast(&picture, [0, 0, 320, 20]) > 180, "{found}");
        }
    }

    #[test]
    fn who_stands_still_is_one_region_and_who_moves_is_all_of_them() {
        let person = |x: f64| Region::of([x, 0.2, x + 0.2, 0.9], true);
        let cap = Region::of([0.45, 0.2, 0.55, 0.25], false);
        let count = |heads: &[Region], blur| hidden(heads, SIZE, blur).len();
        for blur in [ExportBlur::Heads, ExportBlur::Bodies] {
            assert_eq!(count(&[person(0.4), cap, person(0.4), person(0.4)], blur), 1);
            assert_eq!(count(&[person(0.4), person(0.41), person(0.42), cap], blur), 3);
            assert_eq!(count(&[cap, person(0.4)], blur), 2, "whoever is larger is not left out");
        }
    }

    #[test]
    fn a_crowd_of_which_some_may_be_left_out_is_pixelated_whole() {
        let person = r#"{"class":"person","box":[0.1,0.1,0.2,0.2]}"#;
        let crowd = |people: usize| {
            let boxes = vec![person; people].join(",");
            format!(r#"{{"pictures":[{{"analysis":"done","boxes":[{boxes}]}}]}}"#)
        };
        assert_eq!(heads(Some(crowd(BOXES_MAX - 1).as_bytes())).map(|heads| heads.len()), Some(63));
        assert_eq!(heads(Some(crowd(BOXES_MAX).as_bytes())), None);
    }

    #[test]
    fn boxes_beyond_the_picture_and_heads_without_bodies_are_masked() {
        let found = br#"{"pictures":[{"analysis":"done","boxes":[
            {"class":"person","box":[-0.2,-0.5,0.3,1.4]}, {"class":"no_helmet","box":[0.9,0.9,1.2,1.3]}]}]}"#;
        let heads = heads(Some(found)).unwrap();
        let (picture, _) = mask(&stripes(), Some(&heads), ExportBlur::Heads).unwrap();
        assert!(contrast(&picture, [292, 220, 320, 240]) < 60);
        assert!(mask(b"no picture", None, ExportBlur::Heads).is_err());
    }
}
