//! Steps of who decides for others: an owner says what a workspace requires, an operator helps.

use reqwest::Method;
use serde_json::json;

use super::Play;
use crate::model::{
    step::PEOPLE,
    truth::{DAY, Policy},
};

impl Play {
    pub(super) async fn require(&mut self, workspace: &'static str, required: bool, grace_days: u64, phones: bool) {
        let kinds: &[&str] = if phones { &["totp", "sms"] } else { &["totp"] };
        let wish = json!({"required": required, "grace_days": grace_days, "allowed_factors": kinds});
        let request = self.request(2, Method::PUT, &format!("/v1/workspaces/{workspace}/policy")).await.json(&wish);
        let reply = self.stage.send(request).await;
        self.leaks_nothing(2, &reply);
        if reply.status == 200 {
            assert!(self.people[2].active().next().is_some() || !required, "an owner without MFA: {reply:?}");
        }
        if reply.status == 200 || self.is_disturbed() {
            let user = self.user(2).await;
            self.stage.clear_faults().await;
            let shown = user.get(&format!("/v1/workspaces/{workspace}/policy")).await.expect(200);
            let since = self.policies[workspace].required.map_or(self.now, |(since, _)| since);
            let is_wish = shown["required"] == required && shown["grace_days"] == grace_days;
            assert!(is_wish || reply.status != 200, "{shown}");
            let policy = Policy {
                required: (shown["required"] == true)
                    .then(|| (since, since + shown["grace_days"].as_u64().unwrap() * DAY)),
                phones: shown["allowed_factors"].as_array().unwrap().len() == 2,
            };
            self.policies.insert(workspace, policy);
        }
    }

    pub(super) async fn operate(&mut self, whom: usize, act: &'static str) {
        let reply = self.stage.operator().await.act(act, PEOPLE[whom]).await;
        self.note(&reply);
        if reply.status == 200 {
            let person = &mut self.people[whom];
            person.guesses.clear();
            person.recovery_guesses.clear();
            if act != "unlock" {
                person.lose_all();
            }
            if act == "erase" {
                person.epoch = 0;
            }
        } else {
            let known = ["user-not-found", "temporarily-unavailable", "internal"].contains(&reply.code());
            assert!(known, "{act}: {reply:?}");
        }
        self.look(whom, &[&reply]).await;
    }
}
