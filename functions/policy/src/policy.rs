//! `GET` and `PUT /v1/workspaces/{workspace_id}/policy`: shows and sets the workspace's policy, for its owners.

use std::{cmp::Ordering, collections::BTreeSet};

use serde::Serialize;
use shared::{
    account::store::SAVES,
    base::{
        audit::AuditEvent,
        clock::Timestamp,
        error::{Error, Fault, Refusal, Result},
        ids::{UserId, WorkspaceId},
    },
    edge::{
        caller::Caller,
        http::{
            body::Fields,
            reply::Reply,
            request::{IfMatch, Request},
        },
    },
    proof::factor::Kind,
    workspace::policy::{Direction, LONGEST_GRACE, Policy, PolicyRules},
};

use crate::Function;

/// The form of `grace_days`.
const GRACE: &str = "a whole number from 0 to 30";
/// The form of `allowed_factors`.
const KINDS: &str = "a list of kinds: `totp`, `sms`";

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    rules: &'a PolicyRules,
    required_from: Option<String>,
    updated_by: Option<&'a UserId>,
    updated_at: Option<String>,
}

impl Function {
    pub(crate) async fn show_policy(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller_also_by_sso(request).await?;
        let workspace = owned(&caller, request)?;
        show(&self.policies.load(&workspace).await?)
    }

    pub(crate) async fn set_policy(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller_also_by_sso(request).await?;
        let workspace = owned(&caller, request)?;
        let rules = rules(request.fields()?)?;
        let (account, mut policy) = tokio::try_join!(self.accounts.load(&caller.user), self.policies.load(&workspace))?;
        if rules.required && !account.has_factor() && !caller.by_sso() {
            return Err(Refusal::OwnerNeedsMfa.into());
        }
        self.prove(&caller, &account, &workspace, request).await?;

        let if_match = request.if_match();
        for _ in 0..SAVES {
            if !if_match.allows(policy.version) {
                return Err(Refusal::PolicyChanged.into());
            }
            let next = policy.changed(rules.clone(), &caller.user, request.now);
            match self.policies.save(&workspace, &policy, &next).await {
                // A request without `If-Match` overwrites any other change.
                Err(Error::Refusal(Refusal::PolicyChanged)) if if_match == IfMatch::Any => {
                    policy = self.policies.load(&workspace).await?;
                }
                saved => {
                    saved?;
                    let how = match policy.direction(&next) {
                        Direction::Raised => "raised",
                        Direction::Lowered => "lowered",
                        Direction::Same => "same",
                    };
                    AuditEvent::PolicyChanged.log_workspace(&caller.user, &workspace, how);
                    return show(&next);
                }
            }
        }
        Err(Fault::contended("save a policy").into())
    }
}

/// The workspace of the path, if the caller owns it. After a login by SSO, the SSO must also vouch for it.
pub(crate) fn owned(caller: &Caller, request: &Request) -> Result<WorkspaceId, Refusal> {
    let workspace = WorkspaceId::try_from(request.path("workspace_id")).map_err(|_| Refusal::NotOwner)?;
    let vouched = !caller.by_sso() || caller.workspaces().contains(&workspace);
    if vouched && caller.token.owned_workspaces.contains(&workspace) { Ok(workspace) } else { Err(Refusal::NotOwner) }
}

fn rules(mut fields: Fields) -> Result<PolicyRules, Refusal> {
    let default = PolicyRules::default();
    let required = fields.optional("required", "true or false")?;
    let grace_days = match fields.optional::<f64>("grace_days", GRACE)? {
        // JSON Schema counts `7.0` as a whole number too.
        Some(days) => (0..=LONGEST_GRACE).find(|whole| f64::from(*whole).partial_cmp(&days) == Some(Ordering::Equal)),
        None => Some(default.grace_days),
    };
    let grace_days = grace_days.ok_or_else(|| Refusal::invalid(format!("The field `grace_days` must be {GRACE}.")))?;
    // Parsed by name, because serde would accept `{"totp":null}` as a kind too.
    let names = fields.optional::<Vec<String>>("allowed_factors", KINDS)?;
    let kinds = |names: Vec<String>| names.iter().map(|name| Kind::parse(name)).collect::<Option<BTreeSet<_>>>();
    let unknown = || Refusal::invalid(format!("The field `allowed_factors` must be {KINDS}."));
    let allowed = names.map(|names| kinds(names).ok_or_else(unknown)).transpose()?;
    let allow_email_recovery = fields.optional("allow_email_recovery", "true or false")?;
    fields.end()?;
    // Authenticator apps are always allowed, so that nobody depends on a phone carrier.
    let allowed_factors = allowed.map_or(default.allowed_factors, |kinds| &kinds | &BTreeSet::from([Kind::Totp]));
    Ok(PolicyRules {
        required: required.unwrap_or(default.required),
        grace_days,
        allowed_factors,
        allow_email_recovery: allow_email_recovery.unwrap_or(default.allow_email_recovery),
    })
}

fn show(policy: &Policy) -> Result<Reply> {
    let shown = Shown {
        rules: &policy.rules,
        required_from: policy.required_from.map(Timestamp::rfc3339),
        updated_by: policy.updated_by.as_ref(),
        updated_at: policy.updated_at.map(Timestamp::rfc3339),
    };
    Ok(Reply::ok(&shown)?.of_version(policy.version))
}
