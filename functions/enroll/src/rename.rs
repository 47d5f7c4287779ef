//! `PATCH /v1/factors/{factor_id}`: renames a factor.

use shared::{
    account::Account,
    base::error::{Fault, Result},
    edge::http::{body::missing, reply::Reply, request::Request},
    proof::{assertion::required, factor::Factor},
};

use crate::{Function, begin};

impl Function {
    pub(crate) async fn rename(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let (user, now) = (&caller.user, request.now);
        let mut fields = request.fields()?;
        let name = begin::name(&mut fields)?.ok_or_else(|| missing("name"))?;
        fields.end()?;
        let id = request.factor_id()?;

        let make = |account: &Account| {
            let is_active = account.factors.get(&id).is_some_and(Factor::is_active);
            required::of_factor(caller.assertion.as_ref(), account.epoch)?;
            if is_active {
                // A misleading name could make the user remove the wrong factor.
                required::strong(caller.assertion.as_ref(), account.epoch, now)?;
            }
            account.rename(&id, name.clone(), now)
        };
        let after = self.accounts.change(user, self.accounts.load(user).await?, make).await?;
        let factor = after.factors.get(&id).ok_or(Fault::new("find the factor just renamed"))?;
        Reply::ok(&factor.summary(&id))
    }
}
