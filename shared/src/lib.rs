//! The modules of serverless-mfa, as floors, lowest first. A file imports from its own floor or a lower one, never from
//! a higher one, and never in a circle. A test checks this.

pub mod base;

pub mod aws;

pub mod proof;

pub mod channel;

pub mod account;

pub mod workspace;

pub mod edge;
