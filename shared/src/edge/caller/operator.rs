//! Who runs this deployment: a machine or a person with an operator's scope, whom the settings list too, for many identity
//! providers let anyone ask for any scope. Nothing else of their token is read.

use crate::{
    base::{
        audit::Reason,
        error::Refusal,
        ids::UserId,
        settings::{SettingError, Settings},
    },
    edge::http::{body::Fields, request::Request},
};

/// Who may act on users.
pub struct Operators {
    ids: Vec<String>,
    scope: String,
}

/// An operator, as their token names them.
pub struct Operator {
    /// The id that the settings list: the token's `sub`, or its `client_id`.
    pub id: UserId,
    sub: Option<UserId>,
}

impl Operators {
    /// Takes from the settings `MFA_OPERATORS` (the `sub` or `client_id` of each, with commas between; none unless set) and
    /// `MFA_OPERATOR_SCOPE` (`mfa:operator` unless set).
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        let listed = settings.optional("MFA_OPERATORS").unwrap_or_default();
        let ids: Vec<_> = listed.split(',').map(|id| id.trim().to_owned()).collect();
        if !listed.is_empty() && ids.iter().any(String::is_empty) {
            return Err(SettingError::Invalid("MFA_OPERATORS", "id,id"));
        }
        let scope = settings.optional("MFA_OPERATOR_SCOPE").unwrap_or_else(|| "mfa:operator".to_owned());
        Ok(Self { ids, scope })
    }

    /// The operator who makes the request, if its token has the scope and the settings list it. The gateway has looked at the
    /// scope before.
    pub fn admit(&self, request: &Request) -> Result<Operator, Refusal> {
        let claims = request.claims().ok_or(Refusal::Unauthenticated)?;
        let id = |name: &str| claims.get(name).and_then(|id| UserId::try_from(id.clone()).ok());
        // A list is rendered in brackets.
        let scopes = claims.get("scope").or_else(|| claims.get("scp")).map_or("", String::as_str);
        let mut scopes = scopes.trim_start_matches('[').trim_end_matches(']').split_whitespace();
        let (sub, client) = (id("sub"), id("client_id"));
        let listed = [&sub, &client].into_iter().flatten().find(|id| self.ids.iter().any(|one| one == id.as_str()));
        match listed {
            Some(id) if scopes.any(|scope| scope == self.scope) => Ok(Operator { id: id.clone(), sub }),
            _ => Err(Refusal::NotOperator),
        }
    }
}

impl Operator {
    /// The user whom the field `user` names: anyone but the operator.
    pub fn acts_on(&self, fields: &mut Fields) -> Result<UserId, Refusal> {
        let user = UserId::try_from(fields.text("user")?);
        let user =
            user.map_err(|_| Refusal::invalid("The field `user` must be 1 to 255 printable ASCII characters."))?;
        if user == self.id || Some(&user) == self.sub.as_ref() { Err(Refusal::NotOperator) } else { Ok(user) }
    }
}

/// The field `reason`: every act of an operator has one.
pub fn reason(fields: &mut Fields) -> Result<Reason, Refusal> {
    Reason::parse(&fields.text("reason")?).ok_or_else(|| Refusal::invalid(REASON))
}

const REASON: &str = "The field `reason` must be 1 to 256 characters, without control characters.";
