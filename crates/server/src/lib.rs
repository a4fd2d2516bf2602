//! The edge: REST, web sockets, login, the control room's page and figures.
//!
//! [`Server::start`] brings up store, engine and cameras, [`Server::run`]
//! answers. Everything under `/api` and `/ws` passes one gate and is closed
//! unless one table opens it. Absent: detection, SQL, rules.

mod alarms;
mod api;
mod app;
mod auth;
pub mod case;
mod changes;
mod checklists;
mod clock;
mod config;
mod descriptors;
mod extract;
mod faults;
mod guard;
mod health;
mod listener;
mod metrics;
mod observer;
mod outputs;
mod page;
mod problem;
mod progress;
mod router;
mod server;
mod service;
mod stall;
mod system_event;
mod tracks;
mod ws;

pub use api::openapi_json;
pub use app::simulated_site;
pub use config::{ServerConfig, ServerError, StartupCamera};
pub use server::{Server, serve};
pub use service::ServiceManager;
