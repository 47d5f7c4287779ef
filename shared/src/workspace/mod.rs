//! Workspaces: the policy of each, and the members that it sees.

pub mod member;
pub mod policy;
