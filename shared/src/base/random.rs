//! Random bytes, drawn only here, from the operating system's CSPRNG. Rules take the bytes as arguments.

use data_encoding::BASE64URL_NOPAD;

use crate::base::error::Fault;

/// Draws `N` random bytes.
///
/// # Errors
/// A fault if the operating system has none. A missing secret is better than a guessable one.
#[expect(clippy::disallowed_methods, reason = "the one place that draws system randomness")]
pub fn bytes<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Fault::caused("draw random bytes", error))?;
    Ok(bytes)
}

/// Draws a unique id: 128 random bits in base64url, for a write's `by` or an assertion's `jti`.
pub fn id() -> Result<String, Fault> {
    Ok(BASE64URL_NOPAD.encode(&bytes::<16>()?))
}
