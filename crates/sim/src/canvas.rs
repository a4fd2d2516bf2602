//! Filling convex shapes on an RGB picture with smooth edges.

/// Red, green and blue, 0 to 255.
pub(super) type Rgb = [f32; 3];

/// A point of the picture, pixels.
pub(super) type Spot = [f32; 2];

/// Sample lines a pixel row; the edges are exact along x and averaged along y.
const LINES: usize = 4;

/// How a shape is coloured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    /// Its colour where it is neither lit nor in shade.
    pub(super) color: Rgb,
    /// 0 leaves the picture as it is, 1 covers it.
    pub(super) alpha: f32,
    /// Where the light is neutral.
    origin: Spot,
    /// Change of brightness a pixel, as a part of the colour.
    slope: Spot,
}

impl Paint {
    /// One colour everywhere.
    pub(super) const fn flat(color: Rgb) -> Self {
        Self { color, alpha: 1.0, origin: [0.0; 2], slope: [0.0; 2] }
    }

    /// The same, partly transparent.
    pub(super) const fn veil(color: Rgb, alpha: f32) -> Self {
        Self { color, alpha, origin: [0.0; 2], slope: [0.0; 2] }
    }

    /// Brighter by `gain` at `lit`, darker by as much at the opposite side of `middle`.
    pub(super) fn shaded(color: Rgb, middle: Spot, lit: Spot, gain: f32) -> Self {
        let (dx, dy) = (lit[0] - middle[0], lit[1] - middle[1]);
        let length2 = dx * dx + dy * dy;
        let k = if length2 > 1e-6 { gain / length2 } else { 0.0 };
        Self { color, alpha: 1.0, origin: middle, slope: [dx * k, dy * k] }
    }
}

/// A convex shape and its paint, ready to be drawn.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Corners of a convex polygon, in order.
    pub(super) points: Vec<Spot>,
    /// Its colour.
    pub(super) paint: Paint,
}

impl Shape {
    /// Left, top, right and bottom, pixels.
    pub(super) fn bounds(&self) -> [f32; 4] {
        let mut b = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
        for &[x, y] in &self.points {
            b = [b[0].min(x), b[1].min(y), b[2].max(x), b[3].max(y)];
        }
        b
    }
}

/// A picture being drawn.
pub(super) struct Canvas<'a> {
    rgb: &'a mut [u8],
    width: usize,
    height: usize,
    /// The first row that may be drawn on.
    top: usize,
    /// Left and right end of the shape on each sample line.
    spans: Vec<(f32, f32)>,
    /// How much of each pixel of a row is covered, 0 to 1.
    cover: Vec<f32>,
}

impl<'a> Canvas<'a> {
    /// A canvas over `width * height * 3` bytes; what does not fit is not drawn.
    pub(super) fn new(rgb: &'a mut [u8], width: usize, height: usize) -> Self {
        let height = height.min(rgb.len() / (width * 3).max(1));
        Self { rgb, width, height, top: 0, spans: Vec::new(), cover: vec![0.0; width + 1] }
    }

    /// Leaves the rows above this one as they are.
    pub(super) fn skip_rows(&mut self, top: usize) {
        self.top = top;
    }

    /// Draws a shape; parts outside the picture are cut off.
    pub(super) fn draw(&mut self, shape: &Shape) {
        self.fill(&shape.points, &shape.paint);
    }

    /// Fills a convex polygon.
    pub(super) fn fill(&mut self, points: &[Spot], paint: &Paint) {
        let (top, bottom) = points
            .iter()
            .fold((f32::MAX, f32::MIN), |(low, high), p| (low.min(p[1]), high.max(p[1])));
        let first_row = (top.max(0.0) as usize).max(self.top);
        let end_row = (bottom.max(0.0).ceil() as usize).min(self.height);
        if first_row >= end_row {
            return;
        }
        self.find_spans(points, first_row, end_row);
        for row in first_row..end_row {
            self.fill_row(row, (row - first_row) * LINES, paint);
        }
    }

    /// A convex outline meets a line at most twice, so each line keeps only
    /// its least and greatest x.
    fn find_spans(&mut self, points: &[Spot], first_row: usize, end_row: usize) {
        let lines = (end_row - first_row) * LINES;
        self.spans.clear();
        self.spans.resize(lines, (f32::MAX, f32::MIN));
        let line_of = |y: f32| (y - first_row as f32) * LINES as f32 - 0.5;
        for (i, &a) in points.iter().enumerate() {
            let b = points[(i + 1) % points.len()];
            let (a, b) = if a[1] <= b[1] { (a, b) } else { (b, a) };
            let (from, to) = (line_of(a[1]), line_of(b[1]));
            let from_line = from.ceil().max(0.0) as usize;
            if to < 0.0 || to <= from {
                continue;
            }
            let to_line = (to.floor() as usize + 1).min(lines);
            let step = (b[0] - a[0]) / (to - from);
            for line in from_line..to_line {
                let x = a[0] + (line as f32 - from) * step;
                let span = &mut self.spans[line];
                *span = (span.0.min(x), span.1.max(x));
            }
        }
    }

    fn fill_row(&mut self, row: usize, first_line: usize, paint: &Paint) {
        const PART: f32 = 1.0 / LINES as f32;
        let right_end = self.width as f32;
        let (mut least, mut most) = (self.width, 0);
        for &(left, right) in &self.spans[first_line..first_line + LINES] {
            let (left, right) = (left.max(0.0), right.min(right_end));
            if left >= right {
                continue;
            }
            let (i, j) = (left as usize, right as usize);
            (least, most) = (least.min(i), most.max(j));
            if i == j {
                self.cover[i] += (right - left) * PART;
            } else {
                self.cover[i] += ((i + 1) as f32 - left) * PART;
                for cover in &mut self.cover[i + 1..j] {
                    *cover += PART;
                }
                self.cover[j] += (right - j as f32) * PART;
            }
        }
        if least > most {
            return;
        }
        let end = (most + 1).min(self.width);
        let y_light = (row as f32 + 0.5 - paint.origin[1]) * paint.slope[1];
        let start = (row * self.width + least) * 3;
        let pixels = self.rgb[start..(row * self.width + end) * 3].chunks_exact_mut(3);
        for (offset, (pixel, cover)) in pixels.zip(&mut self.cover[least..end]).enumerate() {
            let x = (least + offset) as f32 + 0.5;
            let light = 1.0 + ((x - paint.origin[0]) * paint.slope[0] + y_light).clamp(-0.6, 0.6);
            let part = *cover * paint.alpha;
            *cover = 0.0;
            for (value, color) in pixel.iter_mut().zip(paint.color) {
                let old = f32::from(*value);
                // Casts from float saturate, so over-lit colours stay white.
                *value = (old + (color * light - old) * part + 0.5) as u8;
            }
        }
        self.cover[self.width] = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_is_area() {
        let mut rgb = vec![0; 8 * 8 * 3];
        let square = [[1.5, 2.0], [4.0, 2.0], [4.0, 4.5], [1.5, 4.5]];
        Canvas::new(&mut rgb, 8, 8).fill(&square, &Paint::flat([200.0; 3]));
        let at = |x: usize, y: usize| rgb[(y * 8 + x) * 3];
        assert_eq!((at(1, 2), at(2, 2), at(3, 3), at(4, 3)), (100, 200, 200, 0));
        assert_eq!((at(1, 4), at(2, 4), at(2, 5)), (50, 100, 0));
    }

    #[test]
    fn shapes_across_the_border_are_cut() {
        let mut rgb = vec![0; 8 * 8 * 3];
        let mut canvas = Canvas::new(&mut rgb, 8, 8);
        let paint = Paint::flat([255.0; 3]);
        canvas.fill(&[[-50.0, -50.0], [50.0, -50.0], [50.0, 50.0], [-50.0, 50.0]], &paint);
        canvas.fill(&[[20.0, 1.0], [30.0, 1.0], [30.0, 5.0]], &Paint::flat([0.0; 3]));
        canvas.fill(&[[1.0, -20.0], [3.0, -20.0], [3.0, -5.0]], &Paint::flat([0.0; 3]));
        canvas.fill(&[[1.0, 90.0], [3.0, 90.0], [3.0, 95.0]], &Paint::flat([0.0; 3]));
        canvas.fill(&[], &paint);
        assert!(rgb.iter().all(|&v| v == 255));
    }
}
