//! HTTP for the functions: the gateway's events, requests and their bodies, replies, and problems.

pub mod body;
pub mod gateway;
pub mod problem;
pub mod reply;
pub mod request;
