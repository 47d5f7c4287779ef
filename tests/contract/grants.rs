//! Holds the grants of the functions to the calls that they make.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{Stage, account_key};

const GRANTS: &str = include_str!("../../infra/grants.yaml");

/// Function, service, action, and the keys or the prefixes that it may touch.
pub type Grant = (String, String, String, Vec<String>);

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_granted_and_no_grant_is_idle() {
    // A code is redeemed at a new address, which then becomes the recovery address.
    let stage = Stage::with_settings(&[("MFA_EMAIL_HOLD_HOURS", "0")]).await;
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": ["acme"], "owned_workspaces": ["acme"]})).await;
    let first = ada.enroll().await;
    let verified = ada.verify(&first.id, &first.app.code(stage.now().await)).await.expect(200);
    let assertion = verified["assertion"].as_str().unwrap();
    stage.send(ada.request(Method::POST, "/v1/logins").header("mfa-assertion", assertion)).await.expect(200);
    let begun = ada.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    let second = ada.finish(&begun).await;
    ada.verify(&first.id, &first.app.wrong_code(stage.now().await)).await.refused(422, "code-rejected");
    let assertion = ada.prove(&second).await;
    ada.rename(&assertion, &first.id, "Old").await.expect(200);
    ada.remove(&assertion, &first.id).await.expect(200);
    let assertion = ada.prove(&second).await;
    let codes = ada.post_with(&assertion, "/v1/recovery/codes", json!({})).await.expect(201);
    ada.redeem(codes["recovery_codes"][0].as_str().unwrap()).await.expect(200);
    let policy = ada.request(Method::PUT, "/v1/workspaces/acme/policy").header("mfa-assertion", &assertion);
    stage.send(policy.json(&json!({"required": true}))).await.expect(200);
    ada.get("/v1/workspaces/acme/policy").await.expect(200);
    let members = ada.request(Method::GET, "/v1/workspaces/acme/members").header("mfa-assertion", &assertion);
    stage.send(members).await.expect(200);
    let moved = json!({"sub": "ada", "email": "ada@new.example", "workspaces": ["acme"]});
    let moved = stage.user_with(moved).await;
    moved.email().await.expect(202);
    moved.redeem(&stage.emailed_to("ada@new.example").await).await.expect(200);
    let locked = json!({
        "Key": account_key("ada"), "UpdateExpression": "SET failures = :last",
        "ExpressionAttributeValues": {":last": {"N": "49"}},
    });
    stage.dynamodb("UpdateItem", locked).await;
    stage.advance(3600).await;
    ada.verify(&second.id, &second.app.wrong_code(stage.now().await)).await.refused(422, "code-rejected");
    let eve = stage.user_with(json!({"sub": "eve", "workspaces": ["acme"]})).await;
    eve.login().await;
    let phone = eve.enroll_phone("+14155550123").await;
    eve.text(&phone).await.expect(202);
    let verified = eve.verify(&phone, &stage.code_to("+14155550123").await).await.expect(200);
    let path = format!("/v1/factors/{phone}/texts");
    eve.post_with(verified["assertion"].as_str().unwrap(), &path, json!({})).await.expect(202);
    stage.send(stage.request(Method::GET, "/.well-known/jwks.json")).await.expect(200);

    let op = stage.operator().await;
    for act in ["unlock", "reset", "erase"] {
        op.act(act, "ada").await.expect(200);
    }
    op.import("ada", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").await.expect(201);

    let calls = stage.send(stage.request(Method::GET, "/dev/calls")).await.expect(200);
    let calls: Vec<_> = calls["calls"].as_array().unwrap().iter().filter(|call| call["function"] != "").collect();
    let made: BTreeSet<_> = calls.iter().copied().flat_map(made).collect();
    assert_eq!(made, granted());
    let beside: BTreeSet<_> = calls.into_iter().flat_map(together).filter(|grant| !made.contains(grant)).collect();
    assert_eq!(beside, granted_of(|grant| list(grant, "beside").into_iter().map(|prefix| vec![prefix]).collect()));
}

/// Every grant whose call the tests must see.
pub fn granted() -> BTreeSet<Grant> {
    granted_of(touched)
}

/// The grants, each with what `touched` reads from its statement.
fn granted_of(touched: impl Fn(&Value) -> Vec<Vec<String>>) -> BTreeSet<Grant> {
    let grants: BTreeMap<String, BTreeMap<String, Vec<Value>>> = serde_saphyr::from_str(GRANTS).unwrap();
    let mut granted = BTreeSet::new();
    for (function, services) in &grants {
        for (service, statements) in services {
            for statement in statements {
                for action in statement["actions"].as_array().unwrap() {
                    for touched in touched(statement) {
                        granted.insert((function.clone(), service.clone(), text(action), touched));
                    }
                }
            }
        }
    }
    granted
}

/// A call as the grants that it needs.
pub fn made(call: &Value) -> Vec<Grant> {
    let grant = |action: &str, touches| (text(&call["function"]), text(&call["service"]), action.to_owned(), touches);
    if let Some(writes) = call["writes"].as_array() {
        let writes = writes.iter().map(|write| write.as_str().unwrap().split_once(' ').unwrap());
        return writes.map(|(action, prefix)| grant(action, vec![prefix.to_owned()])).collect();
    }
    // The key that signs and the next one share a grant.
    let touches = call["touches"].as_array().unwrap().iter().map(|id| text(id).replace("-next", "")).collect();
    vec![grant(call["operation"].as_str().unwrap(), touches)]
}

/// The grants of a transaction if AWS checks each of its actions against the keys of all.
fn together(call: &Value) -> Vec<Grant> {
    let writes = if call["writes"].is_array() { made(call) } else { vec![] };
    let with = |(function, service, action, _): &Grant, touches: &Grant| {
        (function.clone(), service.clone(), action.clone(), touches.3.clone())
    };
    writes.iter().flat_map(|write| writes.iter().map(move |other| with(write, other))).collect()
}

/// What a statement allows its actions to touch: prefixes of keys, or a KMS key, once for each purpose.
fn touched(grant: &Value) -> Vec<Vec<String>> {
    let key: Vec<_> = grant["key"].as_str().map(|key| format!("alias/mfa-{key}")).into_iter().collect();
    match (list(grant, "keys"), list(grant, "purpose")) {
        (prefixes, _) if !prefixes.is_empty() => prefixes.into_iter().map(|prefix| vec![prefix]).collect(),
        (_, purposes) if !purposes.is_empty() => {
            purposes.into_iter().map(|purpose| [key.clone(), vec![purpose]].concat()).collect()
        }
        _ => vec![key],
    }
}

fn list(grant: &Value, name: &str) -> Vec<String> {
    grant[name].as_array().into_iter().flatten().map(text).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
