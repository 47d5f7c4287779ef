//! The floors of serverless-mfa, lowest first. A file imports from its own floor or from a lower one, never from a higher one
//! and never in a circle; a test reads the `use` lines and holds this.

pub mod base;

pub mod aws;

pub mod proof;

pub mod channel;

pub mod account;

pub mod workspace;

pub mod edge;
