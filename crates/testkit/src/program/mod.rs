//! The built program as its users meet it: a process that serves, its REST
//! interface, its web sockets. Nothing of the program's own code is used.

mod client;
mod server;
mod socket;

pub use client::{Answer, Client};
pub use server::{Server, ServerFiles};
pub use socket::{Heard, Picture, Socket};

/// The variable that holds the first administrator's password.
pub const PASSWORD_VARIABLE: &str = "SAFE_YOLO_ADMIN_PASSWORD";
/// The administrator's password, where [`ServerFiles::serve`] sets it.
pub const PASSWORD: &str = "correct horse battery";
