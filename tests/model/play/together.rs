//! The step in which one user calls six routes at the same time.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::Play;
use crate::{
    model::{could::perhaps, step::Shown, truth::Factor},
    stage::Reply,
};

impl Play {
    pub(super) async fn together(&mut self, who: usize, factor: usize, code: Shown, recovery: usize) {
        let user = self.user(who).await;
        let Some(index) = self.choose(who, factor, |factor| factor.active) else { return };
        if !self.people[who].factors[index].active {
            // Beginning an app may drop a pending factor.
            return;
        }
        let id = self.people[who].factors[index].id.clone();
        let is_phone = |factor: &Factor| factor.active && factor.kind == "sms";
        let phone = self.choose(who, factor, is_phone).filter(|index| is_phone(&self.people[who].factors[*index]));
        let phone_id = phone.map(|index| self.people[who].factors[index].id.clone());
        let (code, recovery) = (self.shown(who, index, code), self.recovery(who, recovery));

        let due_recover = self.due_recover(who, recovery.known);
        let mut due_verify = vec![self.due_verify(who, who, index, &code, false)];
        let mut due_text = phone.map_or_else(Vec::new, |phone| self.due_text(who, phone));
        let right = self.due_verify(who, who, index, &code, true);
        if due_recover == Ok(200) {
            // The recovery code clears the failures, before or after the factor's code is compared.
            due_verify.push(right);
            if due_text == [Err((423, "locked"))] {
                due_text = vec![Ok(202), Err((429, "too-many-texts"))];
            }
            due_text.extend(phone.map(|_| Err((423, "locked"))));
        }
        if phone_id.as_ref() == Some(&id) && due_text.contains(&Ok(202)) {
            // If a new code was texted first, the shown code is wrong.
            due_verify.push(Err((422, "code-rejected")));
        }
        let mut dues = [vec![due_recover], vec![self.due_begin(who, "totp")], vec![self.due_rename(who, index)]];
        if self.is_disturbed() {
            // If an answer was lost and another write came between, the reply is `code-used`.
            let spent = Err((422, "code-used"));
            due_verify.extend((right == Ok(200)).then_some(spent));
            dues[0].extend((due_recover == Ok(200)).then_some(spent));
        }

        let post = |path: &str, body| user.request(Method::POST, path).json(&body);
        let verify = post(&format!("/v1/factors/{id}/verify"), json!({"code": code.text}));
        let redeem = post("/v1/recovery/verify", json!({"code": recovery.text}));
        let text = phone_id.as_ref().map(|id| user.request(Method::POST, &format!("/v1/factors/{id}/texts")));
        let login = user.request(Method::POST, "/v1/logins");
        let begin = self.request(who, Method::POST, "/v1/factors").await.json(&json!({"kind": "totp"}));
        let (rename, name) = self.renaming(who, &id).await;
        let before = self.stage.texts().await.len();
        let (verify, redeem, begin, rename, text, login) = tokio::join!(
            self.stage.send(verify),
            self.stage.send(redeem),
            self.stage.send(begin),
            self.stage.send(rename),
            self.perhaps_send(text),
            self.stage.send(login),
        );

        let mut could = self.could_at_once();
        could.try_code(right, &id, &verify);
        could.redeem(due_recover, &redeem);
        could.texts = phone_id.clone().filter(|_| text.as_ref().is_some_and(perhaps));
        self.holds_one_of(who, &verify, &due_verify);
        for (reply, due) in [&redeem, &begin, &rename].into_iter().zip(dues) {
            self.holds_one_of(who, reply, &due);
        }
        self.judge_login(who, &login);
        // First the new factor: its request carried the assertion from before this step.
        self.begun(who, None, &begin).await;
        self.renamed(who, &id, name, &rename);
        self.verified(who, &id, &code, &verify);
        if let (Some(id), Some(reply)) = (&phone_id, &text) {
            // The model assumes that the texted code is still there. `resync` drops it if the account has none.
            self.holds_one_of(who, reply, &due_text);
            self.texted(who, id, before, reply).await;
        }
        self.redeemed(who, &recovery, &redeem);
        self.resync(who, &could).await;
    }

    async fn perhaps_send(&self, request: Option<RequestBuilder>) -> Option<Reply> {
        match request {
            Some(request) => Some(self.stage.send(request).await),
            None => None,
        }
    }
}
