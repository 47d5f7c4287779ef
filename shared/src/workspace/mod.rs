//! Workspaces: what each requires, and what it sees of its members.

pub mod member;
pub mod policy;
