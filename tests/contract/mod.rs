//! Tests that hold the code to the contract, the documents and the settings.

mod assertions;
mod bad_input;
mod claims;
mod documents;
pub mod events;
mod gateway;
pub mod grants;
mod headers;
mod house;
mod logs;
mod mutants;
mod page;
mod phones;
mod pins;
mod properties;
mod round_trips;
mod sealed;
mod settings;
mod sso;
mod units;
