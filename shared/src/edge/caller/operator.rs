//! Identifies operators: machines or people who run this deployment. Their token must have the scope, and the settings
//! must list them, because many identity providers give any scope to anyone who asks. No other claims of the token are
//! read.

use crate::{
    base::{
        audit::Reason,
        error::Refusal,
        ids::UserId,
        settings::{SettingError, Settings, setting},
    },
    edge::http::{body::Fields, request::Request},
};

/// The operators, as the settings list them.
pub struct Operators {
    ids: Vec<String>,
    scope: String,
}

/// The operator who sent a request.
pub struct Operator {
    /// The id in the settings: the token's `sub` or its `client_id`.
    pub id: UserId,
    sub: Option<UserId>,
}

impl Operators {
    /// Reads the operators' ids and scope from the settings. By default there are no operators.
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        let listed = settings.find(&setting::OPERATORS).unwrap_or_default();
        let ids: Vec<_> = listed.split(',').map(|id| id.trim().to_owned()).collect();
        if !listed.is_empty() && ids.iter().any(String::is_empty) {
            return Err(setting::OPERATORS.invalid("ids with commas between them, none of them empty"));
        }
        let scope = settings.get(&setting::OPERATOR_SCOPE)?;
        Ok(Self { ids, scope })
    }

    /// Identifies the operator who sent the request. It requires the scope, which the gateway has already checked.
    pub fn admit(&self, request: &Request) -> Result<Operator, Refusal> {
        let claims = request.claims().ok_or(Refusal::Unauthenticated)?;
        let id = |name: &str| claims.get(name).and_then(|id| UserId::try_from(id.clone()).ok());
        // The gateway renders a list in brackets.
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
    /// Reads the field `user`, the user to act on. It refuses the operator's own id.
    pub fn acts_on(&self, fields: &mut Fields) -> Result<UserId, Refusal> {
        let user = UserId::try_from(fields.text("user")?);
        let user =
            user.map_err(|_| Refusal::invalid("The field `user` must be 1 to 255 printable ASCII characters."))?;
        if user == self.id || Some(&user) == self.sub.as_ref() { Err(Refusal::NotOperator) } else { Ok(user) }
    }
}

/// Reads the field `reason`, which every act of an operator requires.
pub fn reason(fields: &mut Fields) -> Result<Reason, Refusal> {
    Reason::parse(&fields.text("reason")?).ok_or_else(|| Refusal::invalid(REASON))
}

const REASON: &str = "The field `reason` must be one line of 1 to 256 characters, without control characters.";
