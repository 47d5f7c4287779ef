//! Reads the gateway's events, identifies the caller by the login token, and writes replies. Each function does this
//! through an [`api::Api`].

pub mod api;
pub mod caller;
pub mod http;
pub mod notifier;
