//! The clients of the AWS services. To make them is half of what a cold start does by itself, so those that every function calls
//! are made once, and the others when they are first needed.

use std::{ops::Deref, sync::LazyLock};

use aws_sdk_dynamodb as dynamodb;
use aws_sdk_kms as kms;
use aws_types::SdkConfig;

/// Clients that share their connections, and what others are made from.
pub struct Clients {
    /// The configuration: for who sends texts or emails, each with a client of its own.
    pub config: SdkConfig,
    /// The table's client.
    pub dynamodb: dynamodb::Client,
    /// The keys' client.
    pub kms: kms::Client,
}

impl Clients {
    /// Makes both.
    pub fn new(config: SdkConfig) -> Self {
        Self { dynamodb: dynamodb::Client::new(&config), kms: kms::Client::new(&config), config }
    }
}

/// A client that is made when it is first used.
pub struct Late<C>(LazyLock<C, Box<dyn FnOnce() -> C + Send>>);

impl<C> Late<C> {
    /// Says how to make it.
    pub fn new(make: impl FnOnce() -> C + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(make)))
    }
}

impl<C> Deref for Late<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}
