//! `GET /v1/factors`: lists the user's factors, and says how many recovery codes are left.

use serde::Serialize;
use shared::{
    base::error::Result,
    edge::http::{reply::Reply, request::Request},
    proof::{factor::FactorSummary, recovery_codes::RecoveryStatus},
};

use crate::Function;

#[derive(Serialize)]
struct Factors<'a> {
    factors: Vec<FactorSummary<'a>>,
    recovery: RecoveryStatus,
}

impl Function {
    pub(crate) async fn list(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let account = self.accounts.load(&caller.user).await?;
        Reply::ok(&Factors {
            factors: account.listed(request.now).into_iter().map(|(id, factor)| factor.summary(id)).collect(),
            recovery: account.recovery_status(),
        })
    }
}
