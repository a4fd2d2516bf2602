//! The server as its clients see it: real store, real cameras, real HTTP.

mod access;
mod cameras;
mod events;
mod live;
mod openapi;
mod site;
mod zones;
