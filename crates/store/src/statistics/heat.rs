//! Where people stood: a grid of each camera and day.

use safe_yolo_core::CameraId;

use crate::error::Doing;
use crate::{Store, StoreError};

/// Columns of the grid.
pub const COLUMNS: usize = 48;
/// Rows of the grid.
pub const ROWS: usize = 27;

/// The stored form.
pub(super) fn to_bytes(cells: &[u32]) -> Vec<u8> {
    cells.iter().flat_map(|cell| cell.to_le_bytes()).collect()
}

/// As many cells as the grid has, whatever was stored.
pub(super) fn from_bytes(bytes: &[u8]) -> Vec<u32> {
    let (cells, _rest) = bytes.as_chunks::<4>();
    let mut cells: Vec<u32> = cells.iter().map(|cell| u32::from_le_bytes(*cell)).collect();
    cells.resize(COLUMNS * ROWS, 0);
    cells
}

impl Store {
    /// Seconds that people stood in each cell of [`COLUMNS`] x [`ROWS`], row by row, on days of
    /// the site, as 2026-01-31, the last included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heat(
        &self,
        camera: &CameraId,
        first_day: &str,
        last_day: &str,
    ) -> Result<Vec<f64>, StoreError> {
        let grids: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT cells FROM heat WHERE camera = ? AND day >= ? AND day <= ?")
                .bind(camera.as_str())
                .bind(first_day)
                .bind(last_day)
                .fetch_all(&self.inner.readers)
                .await
                .doing("reading figures")?;
        let mut seconds = vec![0.0; COLUMNS * ROWS];
        for grid in grids {
            for (sum, cell) in seconds.iter_mut().zip(from_bytes(&grid)) {
                *sum += f64::from(cell) / 1000.0;
            }
        }
        Ok(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_of_another_size_is_read_as_far_as_it_goes() {
        let cells: Vec<u32> = (0..1296).map(|n| n * 1000).collect();
        assert_eq!(from_bytes(&to_bytes(&cells)), cells);
        let short = from_bytes(&[1, 0, 0, 0, 9]);
        assert_eq!((short.len(), short[0], short[1]), (1296, 1, 0));
        assert_eq!(from_bytes(&[0; 6000]).len(), 1296);
    }
}
