//! What a user can prove, and how: factors, codes, recovery codes, their lockout, and the assertion that says it was proven.

pub mod assertion;
pub mod code;
pub mod factor;
pub mod lockout;
pub mod phone;
pub mod recovery_codes;
pub mod totp;
