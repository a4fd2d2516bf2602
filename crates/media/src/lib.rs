//! Sources of pictures: files, RTSP, the simulated site; decoder children; JPEG.
//!
//! [`source::SourceSpec`] is an address, checked; [`stream::open`] makes a
//! [`stream::PictureStream`] of it. Files are read by an `ffmpeg` child
//! themselves; of a camera, the session is ours and the child only decodes.
//! Pictures leave the child in NUT ([`nut`]) with their times.

mod child;
mod container;
pub mod draw;
mod error;
pub mod jpeg;
pub mod limits;
pub mod nut;
pub mod picture;
mod probe;
mod reader;
mod scene;
mod session;
pub mod sim;
pub mod source;
pub mod stream;
mod units;

pub use error::StreamError;
pub use reader::Decoded;
