//! Steps of owners and operators: an owner sets a policy or lists members, an operator acts on a user.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use reqwest::Method;
use serde_json::{Value, json};

use super::Play;
use crate::{
    model::{
        could::{Could, perhaps},
        step::PEOPLE,
        truth::{DAY, Factor, Policy},
    },
    stage::Authenticator,
};

impl Play {
    pub(super) async fn require(&mut self, workspace: &'static str, required: bool, grace_days: u64, phones: bool) {
        let kinds: &[&str] = if phones { &["totp", "sms"] } else { &["totp"] };
        let wish = json!({"required": required, "grace_days": grace_days, "allowed_factors": kinds});
        let user = self.user(2).await;
        let due = self.due_require(2, required);
        let path = format!("/v1/workspaces/{workspace}/policy");
        let request = self.request(2, Method::PUT, &path).await.json(&wish);
        let reply = self.stage.send(request).await;
        self.holds(2, &reply, due);

        self.stage.clear_faults().await;
        let shown = user.get(&path).await.expect(200);
        let is = (shown["required"] == true, shown["allowed_factors"].as_array().unwrap().len() == 2);
        let before = self.policies[workspace].clone();
        let since = before.required.map_or(self.now, |(since, _)| since);
        let after = Policy { required: required.then_some((since, since + grace_days * DAY)), phones };
        let is_wish = is == (required, phones) && shown["grace_days"] == grace_days;
        let may_be = due == Ok(200) && perhaps(&reply);
        if may_be && is_wish {
            self.policies.insert(workspace, after);
        } else {
            let is_before = is == (before.required.is_some(), before.phones);
            assert!(reply.status != 200 && is_before, "{shown} after {reply:?}");
        }
    }

    pub(super) async fn operate(&mut self, whom: usize, act: &'static str) {
        let person = &self.people[whom];
        let unknown = Err((404, "user-not-found"));
        let due = match act {
            _ if person.has_account => vec![Ok(200)],
            // A workspace's list of members may include the user, and erasing them removes that.
            "erase" if person.was_seen => vec![Ok(200), unknown],
            _ => vec![unknown],
        };
        let reply = self.stage.operator().await.act(act, PEOPLE[whom]).await;
        self.holds_one_of(whom, &reply, &due);
        let mut could = Could::default();
        if due.contains(&Ok(200)) && perhaps(&reply) {
            let person = &self.people[whom];
            could.clears = [true, true];
            if act != "unlock" {
                could.loses = person.active().map(|factor| factor.id.clone()).collect();
                (could.codes, could.emailed, could.erases) = (true, true, act == "erase");
            }
        }
        if reply.status == 200 {
            let person = &mut self.people[whom];
            person.guesses.clear();
            person.recovery_guesses.clear();
            if act != "unlock" {
                person.lose_all();
            }
            if act == "reset" {
                person.reset_at = Some(self.now);
            }
            if act == "erase" {
                person.reset_at = None;
                (person.epoch, person.has_account, person.has_contact, person.was_seen) = (0, false, false, false);
                (person.texts, person.emails) = (Vec::new(), Vec::new());
            }
        }
        self.look(whom, &could).await;
    }

    /// Imports an app, or the same app again if the user still has it.
    pub(super) async fn import(&mut self, whom: usize) {
        let person = &self.people[whom];
        let had = person.imported.clone().filter(|(id, _)| person.active().any(|factor| factor.id == *id));
        let due = match had {
            Some(_) => Ok(200),
            None if person.active().next().is_some() => Err((409, "user-has-factors")),
            None => Ok(201),
        };
        self.names += 1;
        let new = || BASE32_NOPAD.encode(format!("an app elsewhere {:03}", self.names).as_bytes());
        let secret = had.map_or_else(new, |(_, secret)| secret);
        let reply = self.stage.operator().await.import(PEOPLE[whom], &secret).await;
        self.holds(whom, &reply, due);
        let could = Could { imports: due == Ok(201) && perhaps(&reply), ..Could::default() };
        if reply.status == 201 {
            let id = reply.body["id"].as_str().unwrap().to_owned();
            let uri = format!("otpauth://totp/app?secret={secret}&algorithm=SHA1&digits=6&period=30");
            let person = &mut self.people[whom];
            (person.has_account, person.emailed) = (true, None);
            person.imported = Some((id.clone(), secret));
            person.factors = vec![Factor {
                id,
                kind: "totp",
                app: Some(Authenticator::scan(&uri)),
                phone: None,
                name: None,
                active: true,
                begun_at: self.now,
                tries: 0,
                // Codes up to now are refused, because the same app may have been active here before.
                last_step: self.now / 30 + 1,
                texted: None,
                enrolled_by: "import".to_owned(),
                since: self.now,
            }];
        }
        self.look(whom, &could).await;
    }

    /// Checks that every listed user is a member, and that the summary counts each state.
    pub(super) async fn members(&mut self, workspace: &'static str) {
        self.user(2).await;
        let due = self.strong(2).map(|()| 200);
        let request = self.request(2, Method::GET, &format!("/v1/workspaces/{workspace}/members")).await;
        let reply = self.stage.send(request).await;
        // The owner sees ids of other users, but not their addresses.
        if self.holds_one_of(2, &reply, &[due]) && reply.status == 200 {
            let members = reply.body["members"].as_array().unwrap();
            for state in ["mfa", "none", "sso"] {
                let listed = members.iter().filter(|member| member["state"] == state).count();
                assert_eq!(reply.body["summary"][state], Value::from(listed), "{reply:?}");
            }
            let is_of = |member: &Value| {
                let who = PEOPLE.iter().position(|person| member["user"] == *person);
                who.is_some_and(|who| self.people[who].was_seen && (who == 2 || workspace == "acme"))
            };
            assert!(members.iter().all(is_of), "{reply:?}");
        }
    }

    /// Checks that the published keys include the key of every assertion in the model.
    pub(super) async fn keys(&mut self) {
        let reply = self.stage.send(self.stage.request(Method::GET, "/.well-known/jwks.json")).await;
        if self.holds(0, &reply, Ok(200)) {
            for proof in self.people.iter().filter_map(|person| person.proof.as_ref()) {
                let header = BASE64URL_NOPAD.decode(proof.token.split('.').next().unwrap().as_bytes()).unwrap();
                let header: Value = serde_json::from_slice(&header).unwrap();
                let mut keys = reply.body["keys"].as_array().unwrap().iter();
                assert!(keys.any(|key| key["kid"] == header["kid"]), "{header} of {reply:?}");
            }
        }
    }
}
