//! Access to AWS for the floors above: the cold start, the clients, the table, and KMS, which seals, opens and derives.

pub mod boot;
pub mod clients;
pub mod derive;
pub mod expression;
pub mod item;
pub mod key;
pub mod seal;
pub mod table;
pub mod write;
