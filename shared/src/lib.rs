//! The nouns of serverless-mfa, one module each. A noun's `mod.rs` holds its rule and is pure: time and randomness come
//! in as arguments. The file beside it, where there is one, makes the few AWS calls that make the rule hold.
//!
//! Who may know whom (a test reads the `use` lines and holds this):
//! - [`user`], [`clock`], [`line`](mod@line), [`settings`], [`calls`] and [`clients`] know nothing of ours, [`event`] knows user and line,
//!   [`random`] error, [`error`] and [`window`] clock; anyone may know these ten;
//! - [`totp`], [`phone`], [`code`], [`sealed`], [`attempts`], [`boot`] know only those;
//! - [`factor`] knows totp, phone, code and sealed; [`assertion`] knows factor; [`email`] knows sealed; [`recovery`] knows code and email; [`texts`]
//!   knows phone; [`message`] knows code, phone, email and recovery;
//! - [`account`] knows factor, recovery, attempts, code, sealed, email and texts;
//! - [`member`] knows account and factor; [`policy`] those, assertion and member; [`http`] knows assertion, code and email;
//! - a store, deriver, signer or sender knows what its noun may, [`table`], and one SDK client.

pub mod account;
pub mod assertion;
pub mod attempts;
pub mod boot;
pub mod calls;
pub mod clients;
pub mod clock;
pub mod code;
pub mod email;
pub mod error;
pub mod event;
pub mod factor;
pub mod http;
pub mod line;
pub mod member;
pub mod message;
pub mod phone;
pub mod policy;
pub mod random;
pub mod recovery;
pub mod sealed;
pub mod settings;
pub mod table;
pub mod texts;
pub mod totp;
pub mod user;
pub mod window;
