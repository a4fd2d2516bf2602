//! The page that stands alone.

use crate::report::Laboratory;

/// The whole page.
pub(crate) fn page(laboratory: &Laboratory) -> String {
    format!("<!doctype html><pre>{}</pre>", crate::report::table::text(laboratory))
}
