//! Tests that hold the code to the contract, the documents and the settings.

mod assertions;
mod bad_input;
mod benchmark;
mod claims;
pub mod documents;
pub mod events;
mod gateway;
mod generated;
pub mod grants;
mod headers;
mod house;
mod logs;
mod mutants;
mod page;
mod phones;
mod pins;
mod properties;
pub mod round_trips;
mod sealed;
mod settings;
mod sso;
mod units;
