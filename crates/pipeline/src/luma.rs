//! A picture as a grid of mean brightnesses.

use safe_yolo_media::picture::I420;

/// Mean brightness of each of `COLUMNS` times `ROWS` cells, row by row, from `SAMPLES` times `SAMPLES`
/// pixels a cell.
pub(crate) fn grid<const COLUMNS: usize, const ROWS: usize, const SAMPLES: usize>(
    picture: &I420,
) -> impl Iterator<Item = f32> {
    let size = picture.size();
    let (width, height) = (size.width as usize, size.height as usize);
    let luma = picture.planes().0;
    let place = |at: usize, of: usize, cells: usize| {
        ((2 * at + 1) * of / (2 * cells * SAMPLES)).min(of.saturating_sub(1))
    };
    (0..ROWS * COLUMNS).map(move |cell| {
        let (row, column) = (cell / COLUMNS, cell % COLUMNS);
        let mut sum = 0_u32;
        for y in 0..SAMPLES {
            let line = place(row * SAMPLES + y, height, ROWS) * width;
            for x in 0..SAMPLES {
                let at = line + place(column * SAMPLES + x, width, COLUMNS);
                sum += u32::from(luma.get(at).copied().unwrap_or_default());
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "some dozen times 255")]
        let mean = sum as f32 / (SAMPLES * SAMPLES) as f32;
        mean
    })
}
