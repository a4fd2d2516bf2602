//! The cells of several strides that anchor-free heads answer for: finest stride first, row by row.

use safe_yolo_core::PictureSize;

use super::Hints;

/// Cells of an input, each with its column, its row and its stride, where a last cell
/// that is cut off by the edge counts or does not.
pub(super) fn cells(
    input: PictureSize,
    strides: &[u32],
    counts_cut: bool,
) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
    strides.iter().flat_map(move |&stride| {
        let (columns, rows) = sides(input, stride, counts_cut);
        (0..rows).flat_map(move |row| (0..columns).map(move |column| (column, row, stride)))
    })
}

const fn sides(input: PictureSize, stride: u32, counts_cut: bool) -> (u32, u32) {
    if counts_cut {
        (input.width.div_ceil(stride), input.height.div_ceil(stride))
    } else {
        (input.width / stride, input.height / stride)
    }
}

/// How many cells there are.
pub(super) fn count(input: PictureSize, strides: &[u32], counts_cut: bool) -> usize {
    let of = |stride: &u32| {
        let (columns, rows) = sides(input, *stride, counts_cut);
        columns as usize * rows as usize
    };
    strides.iter().map(of).sum()
}

/// Whether a side of the graph can be the number of cells.
pub(super) fn check(
    side: i64,
    hints: &Hints<'_>,
    strides: &[u32],
    counts_cut: bool,
) -> Result<(), String> {
    let (Some(found), Some(input)) = (super::fixed(side), hints.input) else { return Ok(()) };
    let expected = count(input, hints.strides.unwrap_or(strides), counts_cut);
    if found == expected {
        return Ok(());
    }
    Err(format!("{found} cells for an input of {}x{}, not {expected}", input.width, input.height))
}
