//! Everything that proves who a user is: factors, codes and recovery codes. Also the lockout after wrong codes, and the
//! assertion that this service signs.

pub mod assertion;
pub mod code;
pub mod factor;
pub mod lockout;
pub mod phone;
pub mod recovery_codes;
pub mod totp;
