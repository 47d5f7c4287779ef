//! The step in which a user logs in, by password or by SSO.

use serde_json::json;

use super::Play;
use crate::{
    model::step::{PEOPLE, WORKSPACES},
    stage::{Reply, claims},
};

impl Play {
    pub(super) async fn log_in(&mut self, who: usize, by_sso: bool) {
        if by_sso {
            self.people[who].was_seen = true;
            let ask = json!({"sub": PEOPLE[who], "workspaces": WORKSPACES[..1], "sso": true});
            let reply = self.stage.user_with(ask).await.post_nothing("/v1/logins").await;
            if self.holds(who, &reply, Ok(200)) {
                assert_eq!((&reply.body["decision"], &reply.body["reason"]), (&json!("allow"), &json!("sso")));
            }
            return;
        }
        let reply = self.user(who).await.post_nothing("/v1/logins").await;
        self.judge_login(who, &reply);
    }

    /// Checks the decision on a login by password against the policies and the user's factors.
    pub(super) fn judge_login(&mut self, who: usize, reply: &Reply) {
        self.people[who].was_seen = true;
        if !self.holds(who, reply, Ok(200)) {
            return;
        }
        let required = self.required(who);
        let (decision, reason) = required.decide(&self.people[who]);
        let is = (&reply.body["decision"], &reply.body["reason"]);
        assert_eq!(is, (&json!(decision), &json!(reason)), "{}", PEOPLE[who]);
        assert_eq!(reply.body.get("assertion").is_some(), decision == "allow", "{reply:?}");
        if decision == "allow" {
            let said = claims(&reply.body);
            assert_eq!((&said["sub"], &said["mfa"]), (&json!(PEOPLE[who]), &json!("not_required")));
        }
        if decision == "challenge" {
            let mut usable: Vec<_> = self.people[who]
                .active()
                .filter(|factor| required.is_usable(factor))
                .map(|factor| &factor.id)
                .collect();
            let mut listed: Vec<_> =
                reply.body["factors"].as_array().unwrap().iter().map(|factor| factor["id"].as_str().unwrap()).collect();
            usable.sort();
            listed.sort_unstable();
            assert_eq!(listed, usable);
        }
    }
}
