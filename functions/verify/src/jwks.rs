//! `GET /.well-known/jwks.json`: shows the public keys. It needs no login token, because anyone may know them.

use std::time::Duration;

use serde::Serialize;
use shared::{base::error::Result, edge::http::reply::Reply, proof::assertion::keys::Jwk};

use crate::Function;

/// How long clients may cache the key set. A new signing key is published this long before it signs.
const LIFE: Duration = Duration::from_hours(1);

#[derive(Serialize)]
struct KeySet {
    keys: Vec<Jwk>,
}

impl Function {
    pub(crate) async fn jwks(&self) -> Result<Reply> {
        let keys = self.api.keys().jwks().await?;
        Ok(Reply::ok(&KeySet { keys })?.cached_for(LIFE))
    }
}
