//! Sources of pictures: files, cameras over RTSP, HTTP and USB, the simulated site; decoder children; JPEG.
//!
//! [`source::SourceSpec`] is an address, checked; [`stream::open`] makes a
//! [`stream::PictureStream`] of it. Files and USB cameras are read by an `ffmpeg`
//! child itself; of a network camera the session is ours and the child only decodes.
//! Pictures leave the child in NUT ([`nut`]) with their times.

mod child;
pub mod clip;
mod container;
pub mod downscale;
pub mod draw;
mod error;
mod flow;
mod gate;
pub mod jpeg;
pub mod limits;
mod multipart;
pub mod nut;
pub mod picture;
pub mod privacy;
mod probe;
mod reader;
mod scene;
mod session;
pub mod source;
pub mod stream;
mod units;

pub use error::StreamError;
pub use gate::Decoding;
pub use probe::FileFacts;
pub use reader::Decoded;
