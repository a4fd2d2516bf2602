//! How the camera itself moved between two pictures: an estimate from small grey
//! ones, so that the tracker does not take a shaken camera for people who jump.
//!
//! A global shift is searched for in half of the small size, by truncated
//! differences, which leave what moves by itself without much of a vote. Blocks
//! are then matched around it to parts of a pixel, and a similarity (shift, roll,
//! zoom) is fitted to those that agree. A camera that stands still, a picture
//! without texture and one in which too few blocks agree give none.

use safe_yolo_core::PictureSize;
use safe_yolo_media::picture::I420;
use safe_yolo_track::CameraMotion;

/// The small picture.
const WIDTH: usize = 160;
const HEIGHT: usize = 90;
/// Half of it.
const HALF_WIDTH: usize = WIDTH / 2;
const HALF_HEIGHT: usize = HEIGHT / 2;
/// Furthest shift, pixels of the half picture: a fifteenth of its width.
const SEARCH: i32 = 5;
/// Differences count up to this, grey levels: what moves by itself is outvoted.
const DIFFERENCE_MAX: i32 = 24;
/// In a camera that stands still no more than this part of the half picture changes by
/// more than a few grey levels, if nobody is near: then nothing is searched for.
const CHANGED_SHARE: f64 = 0.02;
const CHANGED_MIN: u32 = 5;
/// Side of a block, and how far it may lie from the global shift, small pixels.
const BLOCK: usize = 16;
const REFINE: i32 = 3;
/// A block with less contrast than this between neighbouring pixels, on average, looks
/// the same everywhere, grey levels.
const TEXTURE_MIN: u32 = 2;
/// Blocks agree up to this distance, small pixels: at first with each other, then with the fit.
const ROUGHLY: f64 = 2.0;
const CLOSELY: f64 = 0.75;
/// So many blocks, and such a part of all with texture, must agree.
const AGREE_MIN: usize = 8;
const AGREE_SHARE_MIN: f64 = 0.6;
/// A shorter motion is none, small pixels.
const MOTION_MIN: f64 = 0.35;
/// A roll or zoom below this moves the corners by less than that.
const TURN_MIN: f64 = 0.004;

/// A picture made small and grey, 160 by 90 and 80 by 45 pixels.
#[derive(Debug, Default, Clone)]
pub struct SmallGrey {
    full: Vec<u8>,
    half: Vec<u8>,
}

impl SmallGrey {
    /// Takes in a picture of any size: each small pixel is the mean of four samples.
    pub fn fill(&mut self, picture: &I420) {
        let size = picture.size();
        let (width, height) = (size.width as usize, size.height as usize);
        let luma = picture.planes().0;
        let place = |at: usize, of: usize, cells: usize| {
            ((2 * at + 1) * of / (4 * cells)).min(of.saturating_sub(1))
        };
        let columns: [usize; 2 * WIDTH] = std::array::from_fn(|at| place(at, width, WIDTH));
        self.full.clear();
        for y in 0..HEIGHT {
            let lines = [2 * y, 2 * y + 1].map(|at| {
                let from = place(at, height, HEIGHT) * width;
                luma.get(from..from + width).unwrap_or_default()
            });
            self.full.extend(columns.chunks_exact(2).map(|pair| {
                let sample = |line: &[u8], x: usize| u16::from(line.get(x).copied().unwrap_or(0));
                let sum: u16 =
                    lines.iter().flat_map(|line| pair.iter().map(|x| sample(line, *x))).sum();
                (sum / 4) as u8
            }));
        }
        self.half.clear();
        for y in 0..HALF_HEIGHT {
            let (upper, lower) = self.full[2 * y * WIDTH..].split_at(WIDTH);
            let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            let mean = |(a, b): (&[u8], &[u8])| {
                let sum: u16 = a.iter().chain(b).map(|grey| u16::from(*grey)).sum();
                (sum / 4) as u8
            };
            self.half.extend(pairs.map(mean));
        }
    }

    fn is_filled(&self) -> bool {
        self.full.len() == WIDTH * HEIGHT
    }
}

/// A block's middle in the earlier picture and how far it moved, small pixels.
#[derive(Debug, Clone, Copy)]
struct Vote {
    at: [f64; 2],
    by: [f64; 2],
}

/// How the camera moved from `before` to `after`, in pixels of pictures of `size`;
/// none when it did not, or when that can't be told. Takes less than a fifth of a
/// millisecond.
#[must_use]
pub fn camera_motion(
    before: &SmallGrey,
    after: &SmallGrey,
    size: PictureSize,
) -> Option<CameraMotion> {
    if !before.is_filled() || !after.is_filled() {
        return None;
    }
    // A change of light is no motion.
    let brighter = mean(&after.half) - mean(&before.half);
    if is_still(&before.half, &after.half, brighter) {
        return None;
    }
    let shift = global_shift(&before.half, &after.half, brighter);
    let votes = votes(&before.full, &after.full, shift.map(|by| 2 * by), brighter);
    let needed = AGREE_MIN.max((votes.len() as f64 * AGREE_SHARE_MIN).ceil() as usize);
    let middle = [median(&votes, 0)?, median(&votes, 1)?];
    let still = Fit { a: 1.0, b: 0.0, by: middle, about: [0.0, 0.0] };
    let rough = agreeing(&votes, &still, ROUGHLY);
    if rough.len() < needed {
        return None;
    }
    let close = agreeing(&votes, &Fit::of(&rough), CLOSELY);
    if close.len() < needed || !is_spread(&close) {
        return None;
    }
    let moved = close.iter().map(|vote| vote.by[0].hypot(vote.by[1])).sum::<f64>();
    if moved / (close.len() as f64) < MOTION_MIN {
        return None;
    }
    // Small pixels are not square in every source.
    let scale = [f64::from(size.width) / WIDTH as f64, f64::from(size.height) / HEIGHT as f64];
    let scaled = |v: [f64; 2]| [v[0] * scale[0], v[1] * scale[1]];
    let close: Vec<Vote> =
        close.iter().map(|vote| Vote { at: scaled(vote.at), by: scaled(vote.by) }).collect();
    let mut fit = Fit::of(&close);
    if (fit.a - 1.0).abs() < TURN_MIN && fit.b.abs() < TURN_MIN {
        (fit.a, fit.b) = (1.0, 0.0);
    }
    CameraMotion::new(fit.rows()).ok()
}

fn mean(picture: &[u8]) -> i32 {
    let sum: u32 = picture.iter().map(|grey| u32::from(*grey)).sum();
    sum as i32 / picture.len().max(1) as i32
}

fn is_still(before: &[u8], after: &[u8], brighter: i32) -> bool {
    let off = |(a, b): (&u8, &u8)| (i32::from(*b) - i32::from(*a) - brighter).unsigned_abs();
    let changed = before.iter().zip(after).map(off).filter(|off| *off > CHANGED_MIN).count();
    (changed as f64) < CHANGED_SHARE * before.len() as f64
}

/// The shift with the least truncated difference, pixels of the half picture; of equal
/// ones the shortest.
fn global_shift(before: &[u8], after: &[u8], brighter: i32) -> [i32; 2] {
    let mut best = (f64::INFINITY, 0, [0, 0]);
    for dy in -SEARCH..=SEARCH {
        for dx in -SEARCH..=SEARCH {
            let (mut sum, mut count) = (0_i32, 0_usize);
            for y in SEARCH..HALF_HEIGHT as i32 - SEARCH {
                let from = (y * HALF_WIDTH as i32 + SEARCH) as usize;
                let to = ((y + dy) * HALF_WIDTH as i32 + SEARCH + dx) as usize;
                let length = HALF_WIDTH - 2 * SEARCH as usize;
                let pairs = before[from..from + length].iter().zip(&after[to..to + length]);
                let truncated = |(a, b): (&u8, &u8)| {
                    (i32::from(*b) - i32::from(*a) - brighter).abs().min(DIFFERENCE_MAX)
                };
                sum += pairs.map(truncated).sum::<i32>();
                count += length;
            }
            let cost = f64::from(sum) / count as f64;
            if (cost, dx * dx + dy * dy) < (best.0, best.1) {
                best = (cost, dx * dx + dy * dy, [dx, dy]);
            }
        }
    }
    best.2
}

/// What each block with texture says, around a global shift in small pixels.
fn votes(before: &[u8], after: &[u8], [gx, gy]: [i32; 2], brighter: i32) -> Vec<Vote> {
    let mut votes = Vec::with_capacity((WIDTH / BLOCK) * (HEIGHT / BLOCK));
    let rim = REFINE;
    for row in 0..HEIGHT / BLOCK {
        for column in 0..WIDTH / BLOCK {
            let (x, y) = ((column * BLOCK) as i32, (row * BLOCK + 5) as i32);
            let inside = |at: i32, shift: i32, length: usize| {
                at + shift >= rim && at + shift + rim + BLOCK as i32 <= length as i32
            };
            if !inside(x, gx, WIDTH) || !inside(y, gy, HEIGHT) || !has_texture(before, x, y) {
                continue;
            }
            let difference =
                |dx: i32, dy: i32| difference(before, after, [x, y], [x + dx, y + dy], brighter);
            let mut best = (u32::MAX, [0, 0]);
            for dy in gy - REFINE..=gy + REFINE {
                for dx in gx - REFINE..=gx + REFINE {
                    let cost = difference(dx, dy);
                    if cost < best.0 {
                        best = (cost, [dx, dy]);
                    }
                }
            }
            let (least, [dx, dy]) = best;
            // At the rim it may lie beyond: no vote.
            if (dx - gx).abs() == REFINE || (dy - gy).abs() == REFINE {
                votes.push(Vote { at: middle(x, y), by: [f64::NAN; 2] });
                continue;
            }
            let part = |less: u32, more: u32| {
                let (less, least, more) = (f64::from(less), f64::from(least), f64::from(more));
                let bend = less - 2.0 * least + more;
                if bend > 0.0 { (0.5 * (less - more) / bend).clamp(-0.5, 0.5) } else { 0.0 }
            };
            let across = part(difference(dx - 1, dy), difference(dx + 1, dy));
            let down = part(difference(dx, dy - 1), difference(dx, dy + 1));
            let by = [f64::from(dx) + across, f64::from(dy) + down];
            votes.push(Vote { at: middle(x, y), by });
        }
    }
    votes
}

fn middle(x: i32, y: i32) -> [f64; 2] {
    let half = BLOCK as f64 / 2.0;
    [f64::from(x) + half, f64::from(y) + half]
}

fn block(picture: &[u8], x: i32, y: i32) -> impl Iterator<Item = &[u8]> {
    let from = y as usize * WIDTH + x as usize;
    (0..BLOCK).map(move |row| &picture[from + row * WIDTH..from + row * WIDTH + BLOCK])
}

/// The sum of differences of two blocks, the later one `brighter` by so much.
fn difference(
    before: &[u8],
    after: &[u8],
    [ax, ay]: [i32; 2],
    [bx, by]: [i32; 2],
    brighter: i32,
) -> u32 {
    let rows = block(before, ax, ay).zip(block(after, bx, by));
    rows.map(|(a, b)| {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| (i32::from(*b) - i32::from(*a) - brighter).unsigned_abs()).sum::<u32>()
    })
    .sum()
}

/// Whether it changes both across and down: an edge slides along itself.
fn has_texture(picture: &[u8], x: i32, y: i32) -> bool {
    let contrast = |a: &[u8], b: &[u8]| -> u32 {
        a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
    };
    let across: u32 = block(picture, x, y).map(|row| contrast(row, &row[1..])).sum();
    let down: u32 = block(picture, x, y)
        .zip(block(picture, x, y).skip(1))
        .map(|(upper, lower)| contrast(upper, lower))
        .sum();
    let enough = TEXTURE_MIN * (BLOCK * (BLOCK - 1)) as u32;
    across >= enough && down >= enough
}

fn median(votes: &[Vote], axis: usize) -> Option<f64> {
    let mut all: Vec<f64> = votes.iter().map(|v| v.by[axis]).filter(|by| by.is_finite()).collect();
    all.sort_unstable_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

fn agreeing(votes: &[Vote], fit: &Fit, within: f64) -> Vec<Vote> {
    let off = |vote: &Vote| {
        let expect = fit.moved(vote.at);
        (vote.by[0] - expect[0]).hypot(vote.by[1] - expect[1])
    };
    votes.iter().filter(|vote| off(vote) <= within).copied().collect()
}

/// Whether blocks left and right of the middle agree: a lorry fills one side.
fn is_spread(votes: &[Vote]) -> bool {
    let left = votes.iter().filter(|vote| vote.at[0] < WIDTH as f64 / 2.0).count();
    left.min(votes.len() - left) * 5 >= votes.len()
}

/// A similarity about a point: turns and scales by `a` and `b`, then moves `by`.
#[derive(Debug, Clone, Copy)]
struct Fit {
    a: f64,
    b: f64,
    by: [f64; 2],
    about: [f64; 2],
}

impl Fit {
    /// The least squares fit (Umeyama, IEEE TPAMI 13(4), 1991, in the plane).
    fn of(votes: &[Vote]) -> Self {
        let mean = |of: fn(&Vote) -> f64| votes.iter().map(of).sum::<f64>() / votes.len() as f64;
        let about = [mean(|v| v.at[0]), mean(|v| v.at[1])];
        let by = [mean(|v| v.by[0]), mean(|v| v.by[1])];
        let (mut along, mut across, mut square) = (0.0, 0.0, 0.0);
        for vote in votes {
            let [px, py] = [vote.at[0] - about[0], vote.at[1] - about[1]];
            let [dx, dy] = [vote.by[0] - by[0], vote.by[1] - by[1]];
            along += px * dx + py * dy;
            across += px * dy - py * dx;
            square += px * px + py * py;
        }
        let square = f64::max(square, 1.0);
        Self { a: 1.0 + along / square, b: across / square, by, about }
    }

    /// How far a point moves.
    fn moved(&self, at: [f64; 2]) -> [f64; 2] {
        let [x, y] = [at[0] - self.about[0], at[1] - self.about[1]];
        [(self.a - 1.0) * x - self.b * y + self.by[0], self.b * x + (self.a - 1.0) * y + self.by[1]]
    }

    fn rows(&self) -> [[f64; 3]; 2] {
        let [x, y] = self.moved([0.0, 0.0]);
        [[self.a, -self.b, x], [self.b, self.a, y]]
    }
}

/// The newest analysed picture of a camera, to compare the next one with.
#[derive(Debug, Default)]
pub(crate) struct ShakeWatch {
    size: Option<PictureSize>,
    before: SmallGrey,
    now: SmallGrey,
}

impl ShakeWatch {
    /// How the camera moved since the picture given last; none for the first one, and
    /// for one of another size.
    pub(crate) fn picture(&mut self, picture: &I420) -> Option<CameraMotion> {
        let size = picture.size();
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.fill(picture);
        let same = self.size.replace(size) == Some(size);
        if same { camera_motion(&self.before, &self.now, size) } else { None }
    }
}

#[cfg(test)]
#[path = "shake_tests.rs"]
mod tests;
