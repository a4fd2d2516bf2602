//! Checks of the repository itself; they live in `tests/`.
