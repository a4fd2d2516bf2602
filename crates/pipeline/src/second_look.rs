//! The second look: where equipment is asked for, people who are a few pixels tall in the model's
//! input get a part of the picture around them, in full resolution, through the same model. Of masks
//! and goggles the part is around the head, and enlarged.
//!
//! Budget: one part of a picture, no more than the model's input for it, every half second and camera;
//! none while the detector is short of time. That is a fifth more work for a camera that is looked at ten
//! times a second. The part is as small as the model's input, or grows until it holds the whole of the
//! person who waits longest; whoever fits beside him comes along. Who is not reached stays UNKNOWN.

use std::collections::VecDeque;

use safe_yolo_core::{
    Class, CloseUp, Detection, Equipment, PictureSize, PictureTime, PixelBox, Zone,
};
use safe_yolo_media::picture::{I420, PictureError};
use safe_yolo_rules::equipment::{is_on_face, is_small, shown_by};

/// Between two second looks of one camera, seconds. A vote on equipment speaks for 1.2 s at most.
pub(crate) const PERIOD_S: f64 = 0.5;
/// Weaker boxes are not worth a look.
const PERSON_SCORE_MIN: f32 = 0.3;
/// Room around a person on each side, parts of his height.
const MARGIN: f32 = 0.25;
/// Faces are looked at in parts of this height, in heights of the person,
const FACE_PART: f32 = 0.65;
/// that are enlarged by no more than this,
const ENLARGED_MAX: f32 = 2.0;
/// of people who are at least so tall, pixels of the picture: less of a face shows nothing.
const FACE_PERSON_HEIGHT_MIN: f32 = 160.0;
/// A look that was less sharp than wished for by more than this does not count.
const SHARP_ENOUGH: f32 = 1.25;
/// The part must show things larger than the first look did by this factor.
const GAIN_MIN: f32 = 1.5;
/// Parts remembered, to tell who waits longest.
const REMEMBERED_MAX: usize = 16;
/// Boxes this near to the edge of the part are cut by it, pixels.
const EDGE: f32 = 2.0;

/// What the first look at a picture was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirstLook<'a> {
    pub(crate) time: PictureTime,
    /// Size of the picture.
    pub(crate) size: PictureSize,
    /// Everything found, pixels of the picture.
    pub(crate) found: &'a [Detection],
    pub(crate) zones: &'a [Zone],
    /// The model's input for pictures of this size.
    pub(crate) input: PictureSize,
    /// Model input pixels a source pixel.
    pub(crate) input_scale: f32,
}

/// A part of a picture, pixels; all numbers are even, as chroma needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) size: PictureSize,
}

impl Part {
    #[expect(clippy::cast_precision_loss, reason = "pictures are smaller than 2^24 pixels a side")]
    fn area(&self) -> PixelBox {
        let (width, height) = (self.size.width as f32, self.size.height as f32);
        PixelBox::from_xywh(self.left as f32, self.top as f32, width, height)
    }

    /// The part of this picture.
    pub(crate) fn of(&self, picture: &I420) -> Result<I420, PictureError> {
        picture.cropped(self.left, self.top, self.size)
    }

    /// What is known after both looks, and where the second one was. `closer` is in pixels of the part,
    /// `input_scale` the model input pixels of one of them. Equipment inside is told by the second look
    /// alone; people and things by the first, so that tracks do not jump between the two.
    pub(crate) fn merge(
        &self,
        mut first: Vec<Detection>,
        closer: Vec<Detection>,
        input_scale: f32,
    ) -> (Vec<Detection>, CloseUp) {
        let close_up = CloseUp { area: self.area(), input_scale };
        first.retain(|d| !is_equipment(d.class) || !close_up.covers(&d.bbox));
        let inner = PixelBox::new(
            close_up.area.x1 + EDGE,
            close_up.area.y1 + EDGE,
            close_up.area.x2 - EDGE,
            close_up.area.y2 - EDGE,
        );
        first.extend(closer.into_iter().filter(|d| is_equipment(d.class)).filter_map(|d| {
            let (x, y) = (close_up.area.x1, close_up.area.y1);
            let bbox = PixelBox::new(d.bbox.x1 + x, d.bbox.y1 + y, d.bbox.x2 + x, d.bbox.y2 + y);
            // What is cut by the edge of the part is no whole helmet, and nobody whose look counts wears it.
            let whole = CloseUp { area: inner, input_scale }.covers(&bbox);
            whole.then_some(Detection { bbox, ..d })
        }));
        (first, close_up)
    }
}

fn is_equipment(class: Class) -> bool {
    Equipment::ALL
        .iter()
        .any(|item| class == item.class() || Some(class) == item.class().negative())
}

/// What is worth another look.
#[derive(Debug, Clone, Copy)]
struct Wish {
    /// What must be seen: a person, or his head.
    of: PixelBox,
    /// The same with some room around it, for the part.
    room: PixelBox,
    /// Pixels of the picture a pixel of the model's input.
    shrunk: f32,
}

/// A part that was looked at.
#[derive(Debug, Clone, Copy)]
struct Looked {
    at: PictureTime,
    area: PixelBox,
    shrunk: f32,
}

impl Looked {
    fn granted(&self, wish: &Wish) -> bool {
        let covers = CloseUp { area: self.area, input_scale: 1.0 }.covers(&wish.of);
        covers && self.shrunk <= SHARP_ENOUGH * wish.shrunk
    }
}

/// Who of one camera was looked at more closely, and when.
#[derive(Debug, Default)]
pub(crate) struct SecondLook {
    /// Newest last.
    looked: VecDeque<Looked>,
}

impl SecondLook {
    /// The part of the picture that is worth another look now.
    pub(crate) fn wanted(&mut self, first: &FirstLook<'_>) -> Option<Part> {
        if self.looked.back().is_some_and(|last| first.time.secs_since(last.at) < PERIOD_S) {
            return None;
        }
        let mut wishes: Vec<Wish> = first.wishes();
        // What was never looked at first, then the longest ago; the taller of two.
        wishes.sort_by(|a, b| {
            let waited = |wish: &Wish| self.last_look(wish);
            waited(a).cmp(&waited(b)).then(b.of.height().total_cmp(&a.of.height()))
        });
        let (part, shrunk) = part(&wishes, first)?;
        if self.looked.len() == REMEMBERED_MAX {
            self.looked.pop_front();
        }
        self.looked.push_back(Looked { at: first.time, area: part.area(), shrunk });
        Some(part)
    }

    /// The next pictures have nothing to do with those before.
    pub(crate) fn reset(&mut self) {
        self.looked.clear();
    }

    fn last_look(&self, wish: &Wish) -> Option<PictureTime> {
        self.looked.iter().rev().find(|look| look.granted(wish)).map(|look| look.at)
    }
}

impl FirstLook<'_> {
    /// People who stand where equipment is asked for, too small for it to be judged in full.
    fn wishes(&self) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let people = self
            .found
            .iter()
            .filter(|d| d.class == Class::Person && d.score >= PERSON_SCORE_MIN)
            .map(|d| d.bbox);
        for person in people {
            let foot = person.foot().to_fraction(self.size);
            let here = |zone: &&Zone| zone.active && zone.points.contains(foot);
            let asked =
                self.zones.iter().filter(here).flat_map(|zone| zone.require.iter().copied());
            let (face, body): (Vec<_>, Vec<_>) = asked
                .filter(|item| is_small(*item, person.height(), self.input_scale))
                .partition(|item| is_on_face(*item));
            if let Some(item) = body.first() {
                wishes.extend(self.wish(shown_by(*item, &person), around(&person), 1.0));
            }
            let shows_a_face = person.height() >= FACE_PERSON_HEIGHT_MIN;
            if let Some(item) = face.first().filter(|_| shows_a_face) {
                let head = shown_by(*item, &person);
                wishes.extend(self.wish(head, around_head(&person), 1.0 / ENLARGED_MAX));
            }
        }
        wishes
    }

    #[expect(clippy::cast_precision_loss, reason = "pictures are smaller than 2^24 pixels a side")]
    /// None where a look would show little more: it could never be granted, and whoever waits
    /// behind it would wait for ever.
    fn wish(&self, of: PixelBox, room: PixelBox, shrunk_min: f32) -> Option<Wish> {
        let across = room.width() / self.input.width as f32;
        let down = room.height() / self.input.height as f32;
        let shrunk = across.max(down).max(shrunk_min);
        let gain = 1.0 / (shrunk * self.input_scale);
        (gain >= GAIN_MIN).then_some(Wish { of, room, shrunk })
    }
}

/// A person and some room around him.
fn around(person: &PixelBox) -> PixelBox {
    let margin = MARGIN * person.height();
    PixelBox::new(person.x1 - margin, person.y1 - margin, person.x2 + margin, person.y2 + margin)
}

/// A person from above his head to his hips.
fn around_head(person: &PixelBox) -> PixelBox {
    let (h, x) = (person.height(), person.center().x);
    let top = person.y1 - 0.1 * h;
    PixelBox::new(x - 0.3 * h, top, x + 0.3 * h, top + FACE_PART * h)
}

/// The part around what the first of `wishes` is of, and as many of the next as fit into it; and how
/// many pixels of the picture it has a pixel of the model's input.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "places in a picture of less than 2^24 pixels a side"
)]
fn part(wishes: &[Wish], first: &FirstLook<'_>) -> Option<(Part, f32)> {
    let even = |side: u32| side & !1;
    let Wish { room: mut around, shrunk, .. } = *wishes.first()?;
    let (input, whole) = (first.input, first.size);
    let side = |input: u32, whole: u32| even(((input as f32 * shrunk).ceil() as u32).min(whole));
    let size = PictureSize::new(side(input.width, whole.width), side(input.height, whole.height));
    if size.width == 0 || size.height == 0 {
        return None;
    }
    let fits =
        |area: &PixelBox| area.width() <= size.width as f32 && area.height() <= size.height as f32;
    for Wish { room, .. } in wishes[1..].iter().filter(|wish| shrunk <= SHARP_ENOUGH * wish.shrunk)
    {
        let both = PixelBox::new(
            around.x1.min(room.x1),
            around.y1.min(room.y1),
            around.x2.max(room.x2),
            around.y2.max(room.y2),
        );
        if fits(&both) {
            around = both;
        }
    }
    let centre = around.center();
    let begin = |centre: f32, side: u32, whole: u32| {
        let at = (centre - side as f32 / 2.0).clamp(0.0, (whole - side) as f32);
        even(at as u32)
    };
    let part = Part {
        left: begin(centre.x, size.width, whole.width),
        top: begin(centre.y, size.height, whole.height),
        size,
    };
    Some((part, shrunk))
}

#[cfg(test)]
mod tests {
    use safe_yolo_core::{FractionPoint, Polygon, ZoneType};

    use super::*;

    const SIZE: PictureSize = PictureSize::new(1920, 1080);
    const INPUT: PictureSize = PictureSize::new(448, 256);
    const SCALE: f32 = 448.0 / 1920.0;

    fn zone(require: &[Equipment]) -> Zone {
        let corners = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)];
        Zone {
            id: "z-1".parse().unwrap(),
            name: "left half".into(),
            zone_type: ZoneType::Danger,
            points: Polygon::new(corners.map(|(x, y)| FractionPoint { x, y }).to_vec()).unwrap(),
            active: true,
            place: None,
            anchor: safe_yolo_core::Anchor::Foot,
            schedule: None,
            dwell_s: 2.0,
            pause_s: 30.0,
            require: require.iter().copied().collect(),
            rules: Vec::new(),
        }
    }

    fn person(x: f32, y: f32, height: f32) -> Detection {
        let bbox = PixelBox::from_xywh(x, y, 0.4 * height, height);
        Detection { class: Class::Person, score: 0.8, bbox }
    }

    fn first<'a>(at_s: f64, found: &'a [Detection], zones: &'a [Zone]) -> FirstLook<'a> {
        let time = PictureTime::from_secs_f64(at_s);
        FirstLook { time, size: SIZE, found, zones, input: INPUT, input_scale: SCALE }
    }

    #[test]
    fn only_small_people_where_equipment_is_asked_for_get_one() {
        let (helmets, nothing) = ([zone(&[Equipment::Helmet])], [zone(&[])]);
        let wanted = |found: &[Detection], zones: &[Zone]| {
            SecondLook::default().wanted(&first(0.0, found, zones))
        };
        let far = [person(400.0, 300.0, 120.0)];
        let part = wanted(&far, &helmets).unwrap();
        assert_eq!(part.size, INPUT);
        assert!(CloseUp { area: part.area(), input_scale: 1.0 }.covers(&far[0].bbox), "{part:?}");
        assert_eq!(wanted(&far, &nothing), None, "no equipment is asked for");
        assert_eq!(wanted(&[person(1400.0, 300.0, 120.0)], &helmets), None, "outside");
        assert_eq!(wanted(&[person(400.0, 300.0, 500.0)], &helmets), None, "large enough");
        assert_eq!(wanted(&[], &helmets), None);
        let faint = [Detection { score: 0.2, ..person(400.0, 300.0, 120.0) }];
        assert_eq!(wanted(&faint, &helmets), None, "nobody, perhaps");
    }

    #[test]
    fn the_part_grows_until_the_whole_person_is_in_it() {
        let zones = [zone(&[Equipment::Helmet])];
        // From the first who does not fit into the input itself to the last who is small.
        for height in [180.0, 250.0, 370.0] {
            let tall = [person(300.0, 200.0, height)];
            let part = SecondLook::default().wanted(&first(0.0, &tall, &zones)).unwrap();
            let room = tall[0].bbox;
            let area = part.area();
            assert!(area.y1 <= room.y1 - MARGIN * height + 1.0, "{part:?}");
            assert!(area.y2 >= room.y2 + MARGIN * height - 1.0, "{part:?}");
            let scale = INPUT.height as f32 / part.size.height as f32;
            assert!(scale / SCALE >= GAIN_MIN, "{part:?} shows little more");
        }
    }

    #[test]
    fn a_mask_gets_the_head_enlarged_and_so_does_who_is_tall_enough_for_a_helmet() {
        let masks = [zone(&[Equipment::Mask, Equipment::Helmet])];
        let near = [person(400.0, 300.0, 480.0)];
        let mut second = SecondLook::default();
        let part = second.wanted(&first(0.0, &near, &masks)).unwrap();
        let head = shown_by(Equipment::Mask, &near[0].bbox);
        assert!(CloseUp { area: part.area(), input_scale: 1.0 }.covers(&head), "{part:?}");
        let tall = near[0].bbox.height() * INPUT.height as f32 / part.size.height as f32;
        assert!((300.0..500.0).contains(&tall), "{tall} pixels in the input");
        // The helmet of who is farther needs another look than his mask.
        let far = [person(400.0, 300.0, 240.0)];
        let mut second = SecondLook::default();
        let looks: Vec<Part> =
            [0.0, 0.6, 1.2].map(|at| second.wanted(&first(at, &far, &masks)).unwrap()).into();
        assert_ne!(looks[0].size, looks[1].size);
        assert_eq!(looks[0], looks[2], "in turns");
        // Of a face of a few pixels nothing can be told.
        let tiny = [person(400.0, 300.0, 120.0)];
        let only = [zone(&[Equipment::Mask])];
        assert_eq!(SecondLook::default().wanted(&first(0.0, &tiny, &only)), None);
    }

    #[test]
    fn who_can_have_no_look_keeps_nobody_from_one() {
        let zones = [zone(&[Equipment::Helmet])];
        // Somebody who lies, wider than any part that would show more of him.
        let wide = PixelBox::from_xywh(20.0, 600.0, 1400.0, 300.0);
        let wide = Detection { bbox: wide, ..person(0.0, 0.0, 1.0) };
        let far = person(400.0, 300.0, 60.0);
        let mut second = SecondLook::default();
        let found = [wide, far];
        assert_eq!(second.wanted(&first(0.0, &found[..1], &zones)), None);
        let part = second.wanted(&first(0.0, &found, &zones)).unwrap();
        let area = CloseUp { area: part.area(), input_scale: 1.0 };
        assert!(area.covers(&found[1].bbox), "{part:?}");
    }

    #[test]
    fn a_picture_that_is_hardly_scaled_gains_nothing() {
        let (found, zones) = ([person(100.0, 100.0, 60.0)], [zone(&[Equipment::Vest])]);
        let small = FirstLook {
            size: PictureSize::new(480, 270),
            input_scale: 448.0 / 480.0,
            ..first(0.0, &found, &zones)
        };
        assert_eq!(SecondLook::default().wanted(&small), None);
    }

    #[test]
    fn the_budget_is_kept_and_everybody_has_a_turn() {
        let zones = [zone(&[Equipment::Helmet])];
        // Too far apart for one part: three turns.
        let found =
            [person(20.0, 20.0, 120.0), person(800.0, 500.0, 120.0), person(20.0, 900.0, 120.0)];
        let mut second = SecondLook::default();
        let (mut looks, mut last) = (0, [f64::NEG_INFINITY; 3]);
        for picture in 0..100 {
            let at_s = f64::from(picture) / 10.0;
            if let Some(part) = second.wanted(&first(at_s, &found, &zones)) {
                looks += 1;
                for (person, last) in found.iter().zip(&mut last) {
                    let area = CloseUp { area: part.area(), input_scale: 1.0 };
                    if area.covers(&person.bbox) {
                        *last = at_s;
                    }
                }
            }
            if at_s >= 1.5 {
                assert!(last.iter().all(|last| at_s - last <= 3.0 * PERIOD_S), "{at_s}: {last:?}");
            }
        }
        assert_eq!(looks, 20, "one each half second");
    }

    #[test]
    fn who_stands_together_is_looked_at_together() {
        let zones = [zone(&[Equipment::Helmet])];
        let found = [person(300.0, 300.0, 120.0), person(480.0, 310.0, 110.0)];
        let part = SecondLook::default().wanted(&first(0.0, &found, &zones)).unwrap();
        let area = CloseUp { area: part.area(), input_scale: 1.0 };
        assert!(found.iter().all(|person| area.covers(&person.bbox)), "{part:?}");
    }

    #[test]
    fn the_second_look_tells_of_equipment_and_the_first_of_everything_else() {
        let part = Part { left: 200, top: 100, size: INPUT };
        let item = |class, score, x, y| Detection {
            class,
            score,
            bbox: PixelBox::from_xywh(x, y, 20.0, 20.0),
        };
        let first = vec![
            person(300.0, 150.0, 120.0),
            item(Class::Helmet, 0.4, 310.0, 150.0),
            item(Class::Helmet, 0.5, 900.0, 150.0),
        ];
        let closer = vec![
            person(98.0, 48.0, 124.0),
            item(Class::NoHelmet, 0.7, 112.0, 52.0),
            item(Class::Helmet, 0.7, 0.0, 40.0),
        ];
        let (all, close_up) = part.merge(first.clone(), closer, 1.0);
        assert_eq!(all[0], first[0], "the person as the tracker knows it");
        assert_eq!(all[1], first[2], "what lies outside");
        assert_eq!(all[2], item(Class::NoHelmet, 0.7, 312.0, 152.0));
        assert_eq!(all.len(), 3, "the helmet cut by the edge is none: {all:?}");
        assert_eq!(close_up.area, PixelBox::from_xywh(200.0, 100.0, 448.0, 256.0));
    }

    proptest::proptest! {
        #[test]
        fn any_part_lies_in_its_picture(
            width in 2_u32..3000, height in 2_u32..2000, boxes in proptest::collection::vec(
                (-100.0_f32..3000.0, -100.0_f32..2000.0, 0.0_f32..400.0), 0..8),
        ) {
            let zones = [zone(&[Equipment::Helmet, Equipment::Mask])];
            let found: Vec<_> = boxes.iter().map(|(x, y, h)| person(*x, *y, *h)).collect();
            let size = PictureSize::new(width, height);
            let look = FirstLook { size, ..first(0.0, &found, &zones) };
            if let Some(part) = SecondLook::default().wanted(&look) {
                proptest::prop_assert!(part.left + part.size.width <= width);
                proptest::prop_assert!(part.top + part.size.height <= height);
                let even = [part.left, part.top, part.size.width, part.size.height];
                proptest::prop_assert!(even.iter().all(|side| side % 2 == 0));
            }
        }
    }
}
