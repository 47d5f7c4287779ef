//! The edge: an event of the gateway in, a reply out; and the caller, as the login token names them. What every function needs
//! for that is an [`api::Api`].

pub mod api;
pub mod caller;
pub mod http;
pub mod notifier;
