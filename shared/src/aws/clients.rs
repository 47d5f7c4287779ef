//! The clients of the AWS services. To make them is half of what a cold start does by itself, so those that every function calls
//! are made once, and the others when they are first needed.

use std::{ops::Deref, sync::LazyLock};

use aws_sdk_dynamodb as dynamodb;
use aws_sdk_kms as kms;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;

/// Clients that share their connections, and what others are made from.
pub struct Clients {
    /// For texts and emails, each with a client of its own. A call is tried once, with the whole time that a call has. Where the
    /// response is lost, the message may have been sent, and a second try would send another.
    pub messages: SdkConfig,
    /// The table's client.
    pub dynamodb: dynamodb::Client,
    /// The keys' client.
    pub kms: kms::Client,
}

impl Clients {
    /// Makes both.
    pub fn new(config: &SdkConfig) -> Self {
        let messages = config.to_builder().retry_config(RetryConfig::disabled());
        let messages = match config.timeout_config() {
            Some(timeouts) => {
                let mut one_try = timeouts.to_builder();
                one_try.set_operation_attempt_timeout(timeouts.operation_timeout());
                messages.timeout_config(one_try.build())
            }
            None => messages,
        };
        Self { dynamodb: dynamodb::Client::new(config), kms: kms::Client::new(config), messages: messages.build() }
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
