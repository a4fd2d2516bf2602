//! The hall without people: floor, wall, racks, a press, painted lines.

use safe_yolo_core::ZoneType;

use super::camera::{Place, SIZE, project};
use super::canvas::{Canvas, Paint, Rgb, Shape, Spot};
use super::random::SplitMix64;
use super::scenario::Area;

/// Distance of the wall at the back, metres.
const WALL: f32 = 14.0;
/// Up to this height the wall is plain: patterns behind a head distract the
/// detector from its helmet.
const CALM: f32 = 2.1;
/// The lower part of the wall and what stands in front of it.
const BLUE_GREY: Rgb = [156.0, 168.0, 176.0];
const YELLOW: Rgb = [214.0, 178.0, 66.0];
const BLACK: Rgb = [66.0, 66.0, 68.0];

/// The picture of the empty hall.
pub(super) fn picture(areas: &[Area], seed: u64) -> Vec<u8> {
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let mut rgb = vec![0; width * height * 3];
    let mut canvas = Canvas::new(&mut rgb, width, height);
    wall(&mut canvas);
    floor(&mut canvas);
    rack(&mut canvas, [-0.4, 1.1], seed);
    rack(&mut canvas, [4.2, 7.4], seed ^ 1);
    gate(&mut canvas);
    areas.iter().for_each(|area| paint_area(&mut canvas, area));
    press(&mut canvas);
    mottle(&mut rgb, seed);
    rgb
}

fn quad(canvas: &mut Canvas<'_>, corners: [Place; 4], paint: &Paint) {
    canvas.fill(&corners.map(project), paint);
}

/// An upright rectangle facing the camera: left, right, low, high.
fn panel(canvas: &mut Canvas<'_>, [l, r, low, high]: [f32; 4], z: f32, color: Rgb) {
    let points: [Spot; 4] = [[l, high, z], [r, high, z], [r, low, z], [l, low, z]].map(project);
    let middle =
        [f32::midpoint(points[0][0], points[1][0]), f32::midpoint(points[0][1], points[2][1])];
    canvas.fill(&points, &Paint::shaded(color, middle, points[0], 0.05));
}

/// A block seen from the camera: the front and the side turned to the middle.
fn block(canvas: &mut Canvas<'_>, sides: [f32; 4], z: [f32; 2], color: Rgb) {
    let [l, r, low, high] = sides;
    let x = if l > 0.0 { l } else { r };
    if l > 0.0 || r < 0.0 {
        let side = [[x, high, z[0]], [x, high, z[1]], [x, low, z[1]], [x, low, z[0]]];
        quad(canvas, side, &Paint::flat(color.map(|c| c * 0.78)));
    }
    if high < 3.0 {
        let top = [[l, high, z[0]], [r, high, z[0]], [r, high, z[1]], [l, high, z[1]]];
        quad(canvas, top, &Paint::flat(color.map(|c| c * 1.08)));
    }
    panel(canvas, sides, z[0], color);
}

fn wall(canvas: &mut Canvas<'_>) {
    panel(canvas, [-9.0, 9.0, -0.1, 6.0], WALL, [196.0, 200.0, 202.0]);
    for i in -4..=4_i8 {
        let x = f32::from(i) * 2.1;
        panel(canvas, [x, x + 0.14, 2.1, 6.0], WALL, [176.0, 181.0, 184.0]);
    }
    panel(canvas, [-9.0, 9.0, 0.0, CALM], WALL, BLUE_GREY);
    panel(canvas, [-9.0, 9.0, CALM, CALM + 0.06], WALL, [128.0, 140.0, 148.0]);
    // A band of windows under the roof.
    for i in -4..4_i8 {
        let x = f32::from(i) * 2.1 + 0.35;
        panel(canvas, [x, x + 1.5, 3.5, 4.3], WALL, [214.0, 224.0, 230.0]);
        panel(canvas, [x + 0.72, x + 0.78, 3.5, 4.3], WALL, [176.0, 181.0, 184.0]);
    }
}

fn floor(canvas: &mut Canvas<'_>) {
    let far = project([0.0, 0.0, WALL])[1];
    let (w, h) = (SIZE.width as f32, SIZE.height as f32);
    let points = vec![[0.0, far], [w, far], [w, h], [0.0, h]];
    let (middle, lit) = ([w / 2.0, f32::midpoint(far, h)], [w / 2.0 - 60.0, far]);
    canvas.draw(&Shape { points, paint: Paint::shaded([150.0, 152.0, 153.0], middle, lit, 0.10) });
    // Joints between the slabs, every three metres.
    let joint = Paint::veil([112.0, 114.0, 116.0], 0.5);
    for i in 0..4_u8 {
        let z = 5.5 + 3.0 * f32::from(i);
        quad(
            canvas,
            [[-9.0, 0.0, z], [9.0, 0.0, z], [9.0, 0.0, z + 0.03], [-9.0, 0.0, z + 0.03]],
            &joint,
        );
    }
    for i in -3..=3_i8 {
        let x = 3.0 * f32::from(i) + 0.4;
        quad(
            canvas,
            [[x, 0.0, WALL], [x + 0.02, 0.0, WALL], [x + 0.02, 0.0, 5.0], [x, 0.0, 5.0]],
            &joint,
        );
    }
    // The wall's shadow on the floor.
    for depth in [0.25, 0.5, 0.9] {
        let z = WALL - depth;
        let paint = Paint::veil([60.0, 64.0, 68.0], 0.12);
        quad(canvas, [[-9.0, 0.0, WALL], [9.0, 0.0, WALL], [9.0, 0.0, z], [-9.0, 0.0, z]], &paint);
    }
}

/// A gate of slats at the end of the lane.
fn gate(canvas: &mut Canvas<'_>) {
    panel(canvas, [1.45, 3.95, 0.0, 3.1], WALL - 0.05, BLUE_GREY.map(|c| c * 0.94));
    for i in 0..12_u8 {
        let low = 0.25 * f32::from(i);
        let color = BLUE_GREY.map(|c| c * if low < CALM { 0.97 } else { 1.0 });
        panel(canvas, [1.55, 3.85, low, low + 0.22], WALL - 0.05, color);
    }
}

/// A rack of boxes against the wall.
fn rack(canvas: &mut Canvas<'_>, [left, right]: [f32; 2], seed: u64) {
    const BOXES: [Rgb; 4] = [
        [176.0, 148.0, 112.0],
        [160.0, 134.0, 104.0],
        [148.0, 156.0, 160.0],
        [134.0, 150.0, 164.0],
    ];
    let z = WALL - 1.2;
    let mut random = SplitMix64::new(seed, 0x4ACC);
    panel(canvas, [left, right, 1.6, 3.1], z + 0.9, [136.0, 144.0, 150.0]);
    // Large even containers below, where heads are seen in front of them.
    let middle = f32::midpoint(left, right);
    for [l, r] in [[left + 0.14, middle - 0.03], [middle + 0.03, right - 0.14]] {
        panel(canvas, [l, r, 0.1, 1.55], z, BLUE_GREY.map(|c| c * 0.97));
    }
    for level in [1.75, 2.5] {
        let mut x = left + 0.12;
        while x + 0.34 < right {
            let wide = random.between(0.34, 0.7).min(right - 0.08 - x);
            let high = random.between(0.3, 0.55);
            let color = random.pick(&BOXES, BOXES[0]);
            block(canvas, [x, x + wide, level, level + high], [z, z + 0.7], color);
            x += wide + random.between(0.04, 0.2);
        }
        panel(canvas, [left, right, level - 0.1, level], z - 0.02, [186.0, 122.0, 72.0]);
    }
    for x in [left, right - 0.1] {
        panel(canvas, [x, x + 0.1, 0.0, 1.65], z - 0.04, BLUE_GREY.map(|c| c * 0.88));
        panel(canvas, [x, x + 0.1, 1.65, 3.15], z - 0.04, [86.0, 106.0, 134.0]);
    }
}

/// A hydraulic press: a frame with a ram over a table.
fn press(canvas: &mut Canvas<'_>) {
    let (front, back) = (10.9, 12.4);
    let green = [124.0, 144.0, 140.0];
    let points = [[-3.7, 0.0, 10.6], [-0.9, 0.0, 10.6], [-0.7, 0.0, 12.4], [-3.7, 0.0, 12.4]];
    quad(canvas, points, &Paint::veil([40.0, 44.0, 48.0], 0.35));
    block(canvas, [-3.5, -1.1, 0.0, 3.4], [front, back], green);
    // The open middle with the ram over the table, above everybody's head.
    panel(canvas, [-3.0, -1.6, 2.0, 2.85], front, [74.0, 82.0, 84.0]);
    panel(canvas, [-2.75, -1.85, 2.45, 2.85], front, [166.0, 172.0, 174.0]);
    panel(canvas, [-2.45, -2.15, 2.6, 2.85], front, [196.0, 200.0, 202.0]);
    panel(canvas, [-3.1, -1.5, 1.88, 2.02], front, [150.0, 156.0, 158.0]);
    panel(canvas, [-2.8, -1.8, 2.02, 2.14], front, [186.0, 190.0, 192.0]);
    // Guards of black and yellow beside the opening.
    for i in 0..6_u8 {
        let low = 2.02 + 0.14 * f32::from(i);
        let color = if i % 2 == 0 { YELLOW } else { BLACK };
        panel(canvas, [-3.16, -3.06, low, low + 0.14], front, color);
        panel(canvas, [-1.54, -1.44, low, low + 0.14], front, color);
    }
    // Name plate.
    panel(canvas, [-2.8, -1.8, 3.02, 3.22], front, [96.0, 116.0, 112.0]);
    panel(canvas, [-3.5, -1.1, 0.0, 0.14], front, green.map(|c| c * 0.8));
}

/// The outline of a zone: hatched where it is dangerous, a plain line elsewhere.
fn paint_area(canvas: &mut Canvas<'_>, area: &Area) {
    const WIDE: f32 = 0.11;
    let [l, r, near, far] = area.sides;
    let plain = area.zone_type == ZoneType::Warning;
    if !plain {
        let corners = [[l, 0.0, near], [r, 0.0, near], [r, 0.0, far], [l, 0.0, far]];
        quad(canvas, corners, &Paint::veil([206.0, 176.0, 110.0], 0.10));
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
            quad(canvas, corners, &Paint::veil(color, 0.85));
        }
    }
}

/// Uneven brightness over everything, as of real surfaces.
fn mottle(rgb: &mut [u8], seed: u64) {
    const CELL: usize = 24;
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let columns = width / CELL + 2;
    let mut random = SplitMix64::new(seed, 0x3077);
    let grid: Vec<f32> =
        (0..columns * (height / CELL + 2)).map(|_| random.between(-3.5, 3.5)).collect();
    for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let (x, y) = (i % width, i / width);
        let (fx, fy) = ((x % CELL) as f32 / CELL as f32, (y % CELL) as f32 / CELL as f32);
        let at = y / CELL * columns + x / CELL;
        let row = |k: usize| grid[k] + (grid[k + 1] - grid[k]) * fx;
        let change = row(at) + (row(at + columns) - row(at)) * fy;
        for value in pixel {
            *value = (f32::from(*value) + change + 0.5) as u8;
        }
    }
}
