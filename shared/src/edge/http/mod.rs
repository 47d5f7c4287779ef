//! HTTP: an event of the gateway as a request, its body, the reply, and failures as problems.

pub mod body;
pub mod gateway;
pub mod problem;
pub mod reply;
pub mod request;
