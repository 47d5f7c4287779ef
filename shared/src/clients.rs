//! The clients of the AWS services that every function calls, each made once: to make one is most of what a cold start does.

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
