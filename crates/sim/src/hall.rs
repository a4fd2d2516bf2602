//! The hall without people: floor, wall, racks, a press, painted lines.

use safe_yolo_core::ZoneType;

use super::camera::{Camera, Place};
use super::canvas::{Canvas, Paint, Rgb, Shape, Spot};
use super::random::SplitMix64;
use super::scenario::Area;

/// Distance of the wall at the back, metres.
const WALL: f32 = 14.0;
/// How far it goes to either side.
const WALL_HALF: f32 = 20.0;
/// Up to this height the wall is plain: patterns behind a head distract the
/// detector from its helmet.
const CALM: f32 = 2.1;
const YELLOW: Rgb = [214.0, 178.0, 66.0];
const BLACK: Rgb = [66.0, 66.0, 68.0];

/// What the hall is made of.
#[derive(Debug, Clone)]
pub(super) struct Style {
    /// The wall above.
    pub(super) wall: Rgb,
    /// The lower part of the wall and what stands in front of it.
    pub(super) base: Rgb,
    pub(super) floor: Rgb,
    /// Unevenness of all surfaces, steps of 255.
    pub(super) mottle: f32,
    /// Width of its patches, pixels.
    pub(super) patch: usize,
    /// Left and right end of each rack at the wall, metres.
    pub(super) racks: Vec<[f32; 2]>,
    pub(super) press: bool,
    pub(super) gate: bool,
    /// Coloured boards and boxes before the wall: how many, and of which dice.
    pub(super) clutter: u8,
}

impl Style {
    /// The hall of every scenario.
    pub(super) fn usual() -> Self {
        Self {
            wall: [196.0, 200.0, 202.0],
            base: [156.0, 168.0, 176.0],
            floor: [150.0, 152.0, 153.0],
            mottle: 3.5,
            patch: 24,
            racks: vec![[-0.4, 1.1], [4.2, 7.4]],
            press: true,
            gate: true,
            clutter: 0,
        }
    }
}

/// The picture of the empty hall.
pub(super) fn picture(camera: &Camera, areas: &[Area], style: &Style, seed: u64) -> Vec<u8> {
    let (width, height) = (camera.size.width as usize, camera.size.height as usize);
    let mut rgb = vec![0; width * height * 3];
    rgb.chunks_exact_mut(3).for_each(|pixel| pixel.copy_from_slice(&style.wall.map(|c| c as u8)));
    let mut hall = Hall { canvas: Canvas::new(&mut rgb, width, height), camera, style };
    hall.wall();
    hall.floor();
    for (number, rack) in (0..).zip(&style.racks) {
        hall.rack(*rack, seed ^ number);
    }
    if style.gate {
        hall.gate();
    }
    hall.clutter(seed);
    areas.iter().for_each(|area| hall.paint_area(area));
    if style.press {
        hall.press();
    }
    mottle(&mut rgb, width, style, seed);
    rgb
}

struct Hall<'a> {
    canvas: Canvas<'a>,
    camera: &'a Camera,
    style: &'a Style,
}

impl Hall<'_> {
    fn quad(&mut self, corners: [Place; 4], paint: &Paint) {
        self.canvas.fill(&corners.map(|corner| self.camera.project(corner)), paint);
    }

    /// An upright rectangle facing the camera: left, right, low, high.
    fn panel(&mut self, [l, r, low, high]: [f32; 4], z: f32, color: Rgb) {
        let points: [Spot; 4] = [[l, high, z], [r, high, z], [r, low, z], [l, low, z]]
            .map(|corner| self.camera.project(corner));
        let middle =
            [f32::midpoint(points[0][0], points[1][0]), f32::midpoint(points[0][1], points[2][1])];
        self.canvas.fill(&points, &Paint::shaded(color, middle, points[0], 0.05));
    }

    /// A block seen from the camera: the front and the side turned to the middle.
    fn block(&mut self, sides: [f32; 4], z: [f32; 2], color: Rgb) {
        let [l, r, low, high] = sides;
        let x = if l > 0.0 { l } else { r };
        if l > 0.0 || r < 0.0 {
            let side = [[x, high, z[0]], [x, high, z[1]], [x, low, z[1]], [x, low, z[0]]];
            self.quad(side, &Paint::flat(color.map(|c| c * 0.78)));
        }
        if high < 3.0 {
            let top = [[l, high, z[0]], [r, high, z[0]], [r, high, z[1]], [l, high, z[1]]];
            self.quad(top, &Paint::flat(color.map(|c| c * 1.08)));
        }
        self.panel(sides, z[0], color);
    }

    /// A panel of the wall from end to end, lit as if it were 18 m wide.
    fn band(&mut self, [low, high]: [f32; 2], color: Rgb) {
        let corner = |x: f32, y: f32| self.camera.project([x, y, WALL]);
        let (a, b) = (corner(-9.0, high), corner(9.0, low));
        let middle = [f32::midpoint(a[0], b[0]), f32::midpoint(a[1], b[1])];
        let h = WALL_HALF;
        let points = [corner(-h, high), corner(h, high), corner(h, low), corner(-h, low)];
        self.canvas.fill(&points, &Paint::shaded(color, middle, a, 0.05));
    }

    fn wall(&mut self) {
        let wall = self.style.wall;
        let post = wall.map(|c| c * 0.905);
        self.band([-0.1, 9.0], wall);
        for i in -9..=9_i8 {
            let x = f32::from(i) * 2.1;
            self.panel([x, x + 0.14, 2.1, 6.0], WALL, post);
        }
        self.band([0.0, CALM], self.style.base);
        self.band([CALM, CALM + 0.06], self.style.base.map(|c| c * 0.83));
        // A row of windows under the roof.
        for i in -9..9_i8 {
            let x = f32::from(i) * 2.1 + 0.35;
            self.panel([x, x + 1.5, 3.5, 4.3], WALL, [214.0, 224.0, 230.0]);
            self.panel([x + 0.72, x + 0.78, 3.5, 4.3], WALL, post);
        }
    }

    fn floor(&mut self) {
        let far = self.camera.project([0.0, 0.0, WALL])[1];
        let [left, right] = [-WALL_HALF, WALL_HALF].map(|x| self.camera.project([x, 0.0, WALL]));
        let (w, h) = (self.camera.size.width as f32, self.camera.size.height as f32);
        let points = vec![left, right, [2.0 * w, h], [-w, h]];
        let (middle, lit) = ([w / 2.0, f32::midpoint(far, h)], [w / 2.0 - 60.0, far]);
        let floor = self.style.floor;
        self.canvas.draw(&Shape { points, paint: Paint::shaded(floor, middle, lit, 0.10) });
        // Joints between the slabs, every three metres.
        let h = WALL_HALF;
        let joint = Paint::veil(floor.map(|c| c * 0.75), 0.5);
        for i in 0..4_u8 {
            let z = 5.5 + 3.0 * f32::from(i);
            self.quad([[-h, 0.0, z], [h, 0.0, z], [h, 0.0, z + 0.03], [-h, 0.0, z + 0.03]], &joint);
        }
        for i in -6..=6_i8 {
            let x = 3.0 * f32::from(i) + 0.4;
            self.quad(
                [[x, 0.0, WALL], [x + 0.02, 0.0, WALL], [x + 0.02, 0.0, 5.0], [x, 0.0, 5.0]],
                &joint,
            );
        }
        // The wall's shadow on the floor.
        for depth in [0.25, 0.5, 0.9] {
            let z = WALL - depth;
            let paint = Paint::veil([60.0, 64.0, 68.0], 0.12);
            self.quad([[-h, 0.0, WALL], [h, 0.0, WALL], [h, 0.0, z], [-h, 0.0, z]], &paint);
        }
    }

    /// A gate of slats at the end of the lane.
    fn gate(&mut self) {
        self.panel([1.45, 3.95, 0.0, 3.1], WALL - 0.05, self.style.base.map(|c| c * 0.94));
        for i in 0..12_u8 {
            let low = 0.25 * f32::from(i);
            let color = self.style.base.map(|c| c * if low < CALM { 0.97 } else { 1.0 });
            self.panel([1.55, 3.85, low, low + 0.22], WALL - 0.05, color);
        }
    }

    /// A rack of boxes against the wall.
    fn rack(&mut self, [left, right]: [f32; 2], seed: u64) {
        const BOXES: [Rgb; 4] = [
            [176.0, 148.0, 112.0],
            [160.0, 134.0, 104.0],
            [148.0, 156.0, 160.0],
            [134.0, 150.0, 164.0],
        ];
        let z = WALL - 1.2;
        let mut random = SplitMix64::new(seed, 0x4ACC);
        self.panel([left, right, 1.6, 3.1], z + 0.9, [136.0, 144.0, 150.0]);
        // Large even containers below, where heads are seen in front of them.
        let middle = f32::midpoint(left, right);
        for [l, r] in [[left + 0.14, middle - 0.03], [middle + 0.03, right - 0.14]] {
            self.panel([l, r, 0.1, 1.55], z, self.style.base.map(|c| c * 0.97));
        }
        for level in [1.75, 2.5] {
            let mut x = left + 0.12;
            while x + 0.34 < right {
                let wide = random.between(0.34, 0.7).min(right - 0.08 - x);
                let high = random.between(0.3, 0.55);
                let color = random.pick(&BOXES, BOXES[0]);
                self.block([x, x + wide, level, level + high], [z, z + 0.7], color);
                x += wide + random.between(0.04, 0.2);
            }
            self.panel([left, right, level - 0.1, level], z - 0.02, [186.0, 122.0, 72.0]);
        }
        for x in [left, right - 0.1] {
            self.panel([x, x + 0.1, 0.0, 1.65], z - 0.04, self.style.base.map(|c| c * 0.88));
            self.panel([x, x + 0.1, 1.65, 3.15], z - 0.04, [86.0, 106.0, 134.0]);
        }
    }

    /// Boards and boxes of any colour before the wall.
    fn clutter(&mut self, seed: u64) {
        let mut random = SplitMix64::new(seed, 0xC1A7);
        for _ in 0..self.style.clutter {
            let color: Rgb = std::array::from_fn(|_| random.between(30.0, 235.0));
            let (left, wide) = (random.between(-9.0, 9.0), random.between(0.3, 2.2));
            let high = random.between(0.3, 2.2);
            if random.unit() < 0.5 {
                let low = random.between(0.4, 3.0);
                self.panel([left, left + wide, low, low + high * 0.6], WALL - 0.05, color);
            } else {
                let front = random.between(11.6, 13.4);
                self.block([left, left + wide, 0.0, high], [front, front + 0.6], color);
            }
        }
    }

    /// A hydraulic press: a frame with a ram over a table.
    fn press(&mut self) {
        let (front, back) = (10.9, 12.4);
        let green = [124.0, 144.0, 140.0];
        let points = [[-3.7, 0.0, 10.6], [-0.9, 0.0, 10.6], [-0.7, 0.0, 12.4], [-3.7, 0.0, 12.4]];
        self.quad(points, &Paint::veil([40.0, 44.0, 48.0], 0.35));
        self.block([-3.5, -1.1, 0.0, 3.4], [front, back], green);
        // The open middle with the ram over the table, above everybody's head.
        self.panel([-3.0, -1.6, 2.0, 2.85], front, [74.0, 82.0, 84.0]);
        self.panel([-2.75, -1.85, 2.45, 2.85], front, [166.0, 172.0, 174.0]);
        self.panel([-2.45, -2.15, 2.6, 2.85], front, [196.0, 200.0, 202.0]);
        self.panel([-3.1, -1.5, 1.88, 2.02], front, [150.0, 156.0, 158.0]);
        self.panel([-2.8, -1.8, 2.02, 2.14], front, [186.0, 190.0, 192.0]);
        // Guards of black and yellow beside the opening.
        for i in 0..6_u8 {
            let low = 2.02 + 0.14 * f32::from(i);
            let color = if i % 2 == 0 { YELLOW } else { BLACK };
            self.panel([-3.16, -3.06, low, low + 0.14], front, color);
            self.panel([-1.54, -1.44, low, low + 0.14], front, color);
        }
        // Name plate.
        self.panel([-2.8, -1.8, 3.02, 3.22], front, [96.0, 116.0, 112.0]);
        self.panel([-3.5, -1.1, 0.0, 0.14], front, green.map(|c| c * 0.8));
    }

    /// The outline of a zone: hatched where it is dangerous, a plain line elsewhere.
    fn paint_area(&mut self, area: &Area) {
        const WIDE: f32 = 0.11;
        let [l, r, near, far] = area.sides;
        let plain = area.zone_type == ZoneType::Warning;
        if !plain {
            let corners = [[l, 0.0, near], [r, 0.0, near], [r, 0.0, far], [l, 0.0, far]];
            self.quad(corners, &Paint::veil([206.0, 176.0, 110.0], 0.10));
        }
        let runs = [
            ([l, near], [r, near]),
            ([l, far], [r, far]),
            ([l, near], [l, far]),
            ([r, near], [r, far]),
        ];
        for (from, to) in runs {
            let (dx, dz) = (to[0] - from[0], to[1] - from[1]);
            let length = dx.abs() + dz.abs();
            let count = if plain { 1.0 } else { (length / 0.22).floor().max(1.0) };
            let across = if dx.abs() > dz.abs() { [0.0, WIDE] } else { [WIDE, 0.0] };
            for i in 0..count as u16 {
                let at = |part: f32, side: f32| {
                    let x = from[0] + dx * part + across[0] * side;
                    [x, 0.0, from[1] + dz * part + across[1] * side]
                };
                let (a, b) = (f32::from(i) / count, f32::from(i + 1) / count);
                let corners = [at(a, -0.5), at(b, -0.5), at(b, 0.5), at(a, 0.5)];
                let color = if i % 2 == 0 { YELLOW } else { BLACK };
                self.quad(corners, &Paint::veil(color, 0.85));
            }
        }
    }
}

/// Uneven brightness over everything, as of real surfaces.
fn mottle(rgb: &mut [u8], width: usize, style: &Style, seed: u64) {
    let cell = style.patch.max(2);
    let height = rgb.len() / (width * 3).max(1);
    let columns = width / cell + 2;
    let mut random = SplitMix64::new(seed, 0x3077);
    let most = style.mottle;
    let grid: Vec<f32> =
        (0..columns * (height / cell + 2)).map(|_| random.between(-most, most)).collect();
    for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let (x, y) = (i % width, i / width);
        let (fx, fy) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
        let at = y / cell * columns + x / cell;
        let row = |k: usize| grid[k] + (grid[k + 1] - grid[k]) * fx;
        let change = row(at) + (row(at + columns) - row(at)) * fy;
        for value in pixel {
            *value = (f32::from(*value) + change + 0.5) as u8;
        }
    }
}
