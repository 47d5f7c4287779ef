//! The contents of `known.json`: the answers of the version that made a recording, and the devices of its users.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::stage::{Authenticator, Stage, User, claims};

/// The contents of `known.json`.
#[derive(Default, Serialize, Deserialize)]
pub struct Known {
    pub people: Vec<Person>,
    /// The request for each login token, and the answer to a login with it.
    pub logins: Vec<(Value, Value)>,
    /// The members of `acme`.
    pub members: Value,
    /// The policies of the workspaces.
    pub policies: Value,
    /// The seconds until `texted` could ask for the next text.
    pub texts_wait: u64,
}

/// A user of a recording.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// The request for their login token.
    pub token: Value,
    /// The `mfa_epoch` of their assertions.
    pub epoch: u64,
    /// The answer that lists their factors.
    pub listed: Value,
    /// The URI of each app and the number of each phone, by the factor's id.
    pub devices: BTreeMap<String, String>,
    /// The app whose code was accepted last, if one was accepted in the last minute.
    pub app_used_last: String,
    /// The answer to their last request for a sent code, if that code was not used.
    pub sent: Value,
    /// Used recovery codes.
    pub used: Vec<String>,
    /// Unused recovery codes.
    pub unused: Vec<String>,
}

impl Known {
    /// The user of this name, with a login token.
    pub async fn user(&self, stage: &Stage, sub: &str) -> (&Person, User) {
        let person = self.people.iter().find(|person| person.sub() == sub).unwrap();
        (person, stage.user_with(person.token.clone()).await)
    }
}

impl Person {
    /// Their name.
    pub fn sub(&self) -> &str {
        self.token["sub"].as_str().unwrap()
    }

    /// The id of the factor that is listed first.
    pub fn first(&self) -> &str {
        self.factors()[0]["id"].as_str().unwrap()
    }

    /// Their factors.
    pub fn factors(&self) -> &[Value] {
        self.listed["factors"].as_array().unwrap()
    }

    /// Checks that the code that was sent last is sent again, if there is one. It then expires when that one did.
    pub fn is_sent_again(&self, again: &Value) {
        if self.sent.is_object() {
            assert_eq!(again["expires_at"], self.sent["expires_at"]);
        }
    }

    /// Proves a factor, or activates it. Returns the assertion.
    pub async fn prove(&self, stage: &Stage, user: &User, factor: &Value) -> String {
        let id = factor["id"].as_str().unwrap();
        let device = &self.devices[id];
        let code = if factor["kind"] == "totp" {
            Authenticator::scan(device).code(stage.now().await)
        } else {
            self.is_sent_again(&user.text(id).await.expect(202));
            stage.code_to(device).await
        };
        let pending = factor["status"] == "pending";
        let proven = if pending { user.activate(id, &code).await } else { user.verify(id, &code).await }.expect(200);
        let said = claims(&proven);
        if !pending {
            let mfa = if self.sub() == "forbidden" { "enroll_only" } else { "passed" };
            assert_eq!((&said["mfa"], &said["mfa_epoch"]), (&json!(mfa), &json!(self.epoch)), "{said}");
            assert_eq!(said["enrolled_by"], factor["enrolled_by"], "{said}");
            let spent = if factor["kind"] == "totp" { "code-used" } else { "code-expired" };
            user.verify(id, &code).await.refused(422, spent);
        }
        proven["assertion"].as_str().unwrap().to_owned()
    }
}
