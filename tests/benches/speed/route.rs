//! The requests that are measured. Each can be repeated, because the account is restored before it.

use serde_json::{Value, json};
use shared::base::clock::Clock;

use crate::{event::Ask, user::User};

/// A request of a user.
#[derive(Clone, PartialEq, Eq)]
pub enum Route {
    /// An app's code at a login.
    Verify,
    /// The login request after the password.
    Login,
    /// The request for a texted code.
    Text,
    /// A texted code.
    Texted,
    /// A recovery code.
    Recovery,
    /// The request for an emailed code.
    Email,
    /// An emailed code.
    Emailed,
    /// Begins another app.
    Begin,
    /// Begins another phone.
    BeginPhone,
    /// Activates an app.
    Activate,
    /// A page of a workspace's members, from a cursor on.
    Members(Option<String>),
}

impl Route {
    /// Its name in the report.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Login => "login",
            Self::Text => "text",
            Self::Texted => "texted code",
            Self::Recovery => "recovery",
            Self::Email => "email",
            Self::Emailed => "emailed code",
            Self::Begin => "begin",
            Self::BeginPhone => "begin a phone",
            Self::Activate => "activate",
            Self::Members(None) => "members, first page",
            Self::Members(Some(_)) => "members, deep page",
        }
    }

    /// The function that serves it.
    pub fn function(&self) -> &'static str {
        match self {
            Self::Verify | Self::Texted => "verify",
            Self::Login | Self::Members(_) => "policy",
            Self::Text => "send-sms",
            Self::Recovery | Self::Email | Self::Emailed => "recovery",
            Self::Begin | Self::BeginPhone | Self::Activate => "enroll",
        }
    }

    /// The status of its answer.
    pub fn status(&self) -> u64 {
        match self {
            Self::Verify
            | Self::Texted
            | Self::Login
            | Self::Recovery
            | Self::Emailed
            | Self::Activate
            | Self::Members(_) => 200,
            Self::Begin | Self::BeginPhone => 201,
            Self::Text | Self::Email => 202,
        }
    }

    /// The account that it needs.
    pub fn account<'a>(&self, user: &'a User) -> &'a Value {
        match self {
            Self::Texted | Self::Emailed => &user.code_sent,
            Self::Activate => &user.app_begun,
            _ => &user.account,
        }
    }

    /// Its event, with the current code.
    pub fn event(&self, user: &User) -> Value {
        let ask = match self {
            Self::Verify => Ask {
                parameter: user.app.as_ref().map(|(id, _)| id.as_str()),
                body: Some(json!({ "code": user.code() })),
                ..Ask::new("POST /v1/factors/{factor_id}/verify")
            },
            Self::Login => Ask::new("POST /v1/logins"),
            Self::Text => Ask { parameter: user.phone.as_deref(), ..Ask::new("POST /v1/factors/{factor_id}/texts") },
            Self::Texted => Ask {
                parameter: user.phone.as_deref(),
                body: Some(json!({ "code": user.sent_code })),
                ..Ask::new("POST /v1/factors/{factor_id}/verify")
            },
            Self::Email => Ask::new("POST /v1/recovery/emails"),
            Self::Emailed => {
                Ask { body: Some(json!({ "code": user.sent_code })), ..Ask::new("POST /v1/recovery/verify") }
            }
            Self::Recovery => {
                Ask { body: Some(json!({ "code": user.recovery_codes[0] })), ..Ask::new("POST /v1/recovery/verify") }
            }
            Self::Begin => Ask {
                body: Some(json!({"kind": "totp"})),
                assertion: user.assertion.as_deref(),
                ..Ask::new("POST /v1/factors")
            },
            Self::BeginPhone => Ask {
                body: Some(json!({"kind": "sms", "phone": "+14155550127"})),
                assertion: user.assertion.as_deref(),
                ..Ask::new("POST /v1/factors")
            },
            Self::Activate => {
                let (id, app) = user.begun.as_ref().unwrap();
                Ask {
                    parameter: Some(id.as_str()),
                    body: Some(json!({ "code": app.code(Clock::system().now().seconds()) })),
                    assertion: user.assertion.as_deref(),
                    ..Ask::new("POST /v1/factors/{factor_id}/activate")
                }
            }
            Self::Members(cursor) => Ask {
                parameter: Some("acme-0"),
                query: cursor.as_deref().map(|cursor| ("cursor", cursor)),
                assertion: user.assertion.as_deref(),
                ..Ask::new("GET /v1/workspaces/{workspace_id}/members")
            },
        };
        ask.by(user)
    }
}
