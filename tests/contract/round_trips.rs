//! The AWS calls of each route, in the order in which they follow one another. This order decides how long a user
//! waits.

use std::{collections::BTreeSet, sync::Mutex};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    openapi,
    stage::{Reply, Stage, account_key, scanned},
};

/// The routes whose calls were checked.
static LOOKED_AT: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

// This is one test, because only all parts together check every route.
#[tokio::test(flavor = "multi_thread")]
async fn no_route_of_the_contract_has_more_calls_follow_one_another_than_it_must() {
    tokio::join!(
        a_verify_is_a_reserve_then_a_look_then_commit_and_signature_together(),
        the_other_routes_wait_as_little(),
        a_text_is_four_steps_and_a_code_of_it_three(),
        a_recovery_code_and_an_emailed_one_are_three_steps_and_a_notice(),
        an_address_that_is_new_and_a_lock_cost_no_step_but_the_notices(),
        policies_are_read_beside_the_account_and_cost_no_step(),
        an_owners_and_an_operators_routes_wait_as_little(),
        the_public_keys_are_fetched_once(),
    );
    let all = openapi::operations().into_iter().map(|(route, _)| route);
    assert_eq!(
        LOOKED_AT.lock().unwrap().iter().map(|route| (*route).to_owned()).collect::<BTreeSet<_>>(),
        all.collect()
    );
}

async fn steps(stage: &Stage, reply: &Reply) -> Vec<Vec<String>> {
    LOOKED_AT.lock().unwrap().extend(reply.route);
    in_turn(&stage.calls_of(&reply.request).await)
}

/// Groups calls into steps. The calls of one step run at the same time.
pub fn in_turn(calls: &[Value]) -> Vec<Vec<String>> {
    let time = |call: &Value, name: &str| call[name].as_f64().unwrap();
    let mut steps: Vec<Vec<&Value>> = Vec::new();
    for call in calls {
        match steps.last_mut() {
            Some(step) if step.iter().all(|other| time(call, "started_at") < time(other, "ended_at")) => {
                step.push(call);
            }
            _ => steps.push(vec![call]),
        }
    }
    let name = |call: &&Value| call["operation"].as_str().unwrap().to_owned();
    steps
        .iter()
        .map(|step| {
            let mut names: Vec<_> = step.iter().map(name).collect();
            names.sort();
            names
        })
        .collect()
}

async fn a_verify_is_a_reserve_then_a_look_then_commit_and_signature_together() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let code = enrolled.app.code(stage.now().await);
    let reply = ada.verify(&enrolled.id, &code).await;
    assert_eq!(reply.status, 200);
    let calls = stage.calls_of(&reply.request).await;
    assert!(calls.iter().all(|call| call["function"] == "verify"), "{calls:?}");
    assert_eq!(steps(&stage, &reply).await, [vec!["UpdateItem"], vec!["Decrypt"], vec!["Sign", "UpdateItem"]]);

    let wrong = ada.verify(&enrolled.id, &enrolled.app.wrong_code(stage.now().await)).await;
    assert_eq!(steps(&stage, &wrong).await, [vec!["UpdateItem"], vec!["Decrypt"]], "a wrong code signs nothing");
}

async fn the_other_routes_wait_as_little() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let login = ada.post_nothing("/v1/logins").await;
    assert_eq!(steps(&stage, &login).await, [["GetItem"], ["Sign"]]);

    let begun = ada.post("/v1/factors", json!({"kind": "totp"})).await;
    assert_eq!(steps(&stage, &begun).await, [vec!["Encrypt", "GetItem"], vec!["UpdateItem"]]);

    let (id, app) = scanned(&begun.body);
    let activated = ada.activate(&id, &app.code(stage.now().await)).await;
    // The notice follows the commit, so it is a fourth step.
    let expected =
        [vec!["UpdateItem"], vec!["Decrypt", "Encrypt", "GenerateMac"], vec!["Sign", "UpdateItem"], vec!["SendEmail"]];
    assert_eq!(steps(&stage, &activated).await, expected);

    let challenge = ada.post_nothing("/v1/logins").await;
    assert_eq!(steps(&stage, &challenge).await, [["GetItem"]]);
    let list = ada.get("/v1/factors").await;
    assert_eq!(steps(&stage, &list).await, [["GetItem"]]);
    for reply in [&login, &begun, &challenge, &list] {
        let calls = stage.calls_of(&reply.request).await;
        let reads: Vec<_> = calls.iter().filter(|call| call["operation"] == "GetItem").collect();
        assert!(
            reads.len() == 1 && reads[0]["consistent"] == true,
            "a read that decides is strongly consistent: {reads:?}"
        );
    }
}

async fn a_text_is_four_steps_and_a_code_of_it_three() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let begun = ada.post("/v1/factors", json!({"kind": "sms", "phone": "+14155550123"})).await;
    let expected = [vec!["Encrypt", "GenerateMac", "GenerateMac", "GetItem"], vec!["UpdateItem"]];
    assert_eq!(steps(&stage, &begun).await, expected);
    let id = begun.body["id"].as_str().unwrap();

    let four = [
        vec!["GenerateMac", "GetItem"],
        vec!["Decrypt", "GenerateMac", "TransactWriteItems"],
        vec!["CheckIfPhoneNumberIsOptedOut"],
        vec!["Publish"],
    ];
    let text = ada.text(id).await;
    assert_eq!(steps(&stage, &text).await, four);
    let calls = stage.calls_of(&text.request).await;
    let read = calls.iter().find(|call| call["operation"] == "GetItem").unwrap();
    assert_eq!((&read["function"], &read["consistent"]), (&json!("send-sms"), &json!(true)));
    let activated = ada.activate(id, &stage.code_to("+14155550123").await).await;
    let expected = [
        vec!["UpdateItem"],
        vec!["Encrypt", "GenerateMac", "GenerateMac"],
        vec!["Sign", "UpdateItem"],
        vec!["SendEmail"],
    ];
    assert_eq!(steps(&stage, &activated).await, expected);

    let text = ada.text(id).await;
    assert_eq!(steps(&stage, &text).await, four);
    stage.advance(30).await;
    let again = ada.text(id).await;
    assert_eq!(steps(&stage, &again).await, four, "the same code again takes as long");
    let verified = ada.verify(id, &stage.code_to("+14155550123").await).await;
    let expected = [vec!["UpdateItem"], vec!["GenerateMac"], vec!["Sign", "UpdateItem"]];
    assert_eq!(steps(&stage, &verified).await, expected);
}

async fn a_recovery_code_and_an_emailed_one_are_three_steps_and_a_notice() {
    let stage = Stage::slow().await;
    let ada = stage.user("ada").await;
    let enrolled = ada.enroll().await;
    let redeemed = ada.redeem(&enrolled.recovery_codes[0]).await;
    let expected = [vec!["UpdateItem"], vec!["Decrypt", "GenerateMac"], vec!["Sign", "UpdateItem"], vec!["SendEmail"]];
    assert_eq!(steps(&stage, &redeemed).await, expected);

    let emailed = ada.email().await;
    let expected = [
        vec!["GenerateMac", "GetItem", "GetItem"],
        vec!["Decrypt"],
        vec!["GenerateMac", "UpdateItem"],
        vec!["SendEmail"],
    ];
    assert_eq!(steps(&stage, &emailed).await, expected);
    let redeemed = ada.redeem(&stage.emailed_to("ada@example.com").await).await;
    assert_eq!(steps(&stage, &redeemed).await, emailed_one(1));

    let assertion = &ada.prove(&enrolled).await;
    let codes = ada.post_with(assertion, "/v1/recovery/codes", json!({})).await;
    let without_key = |mut steps: Vec<Vec<String>>| {
        // A function fetches the public key when it sees its first assertion.
        steps.retain(|step| step != &["GetPublicKey"]);
        steps
    };
    let expected = [vec!["GenerateMac", "GetItem"], vec!["Decrypt", "UpdateItem"], vec!["SendEmail"]];
    assert_eq!(without_key(steps(&stage, &codes).await), expected);
    let removed = ada.remove(assertion, &enrolled.id).await;
    let expected = [vec!["GetItem", "GetItem"], vec!["Decrypt", "UpdateItem"], vec!["SendEmail", "Sign"]];
    assert_eq!(without_key(steps(&stage, &removed).await), expected);
}

/// The steps in which an emailed code is redeemed and a notice goes to `told` addresses.
fn emailed_one(told: usize) -> [Vec<&'static str>; 4] {
    let look = vec!["Decrypt", "Encrypt", "GenerateMac"];
    [vec!["GetItem", "UpdateItem"], look, vec!["Sign", "UpdateItem"], vec!["SendEmail"; told]]
}

async fn an_address_that_is_new_and_a_lock_cost_no_step_but_the_notices() {
    let stage = Stage::slow().await;
    stage.user("ada").await.enroll().await;
    let moved = async || stage.user_with(json!({"sub": "ada", "email": "ada@new.example"})).await;
    moved().await.email().await.refused(403, "email-recovery-held");
    stage.advance(24 * 3600).await;
    let ada = moved().await;
    ada.email().await.expect(202);
    let redeemed = ada.redeem(&stage.emailed_to("ada@new.example").await).await;
    assert_eq!(steps(&stage, &redeemed).await, emailed_one(2));

    let bob = stage.user("bob").await;
    let enrolled = bob.enroll().await;
    let one_left = json!({
        "Key": account_key("bob"), "UpdateExpression": "SET failures = :most, tried_at = :ever",
        "ExpressionAttributeValues": {":most": {"N": "49"}, ":ever": {"N": "0"}},
    });
    stage.dynamodb("UpdateItem", one_left).await;
    let wrong = enrolled.app.wrong_code(stage.now().await);
    let locked = bob.verify(&enrolled.id, &wrong).await;
    assert_eq!(steps(&stage, &locked).await, [vec!["UpdateItem"], vec!["Decrypt", "Decrypt"], vec!["SendEmail"]]);
}

async fn policies_are_read_beside_the_account_and_cost_no_step() {
    let stage = Stage::slow().await;
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": ["acme", "globex"]})).await;
    let login = ada.post_nothing("/v1/logins").await;
    // The user's membership rows are read in the same step, and written beside the signature.
    let reads = vec!["BatchGetItem", "GetItem", "GetItem"];
    assert_eq!(steps(&stage, &login).await, [reads.clone(), vec!["Sign", "TransactWriteItems"]]);
    let calls = stage.calls_of(&login.request).await;
    assert!(calls.iter().filter(|call| call["consistent"] != true).count() == 2);
    let again = ada.post_nothing("/v1/logins").await;
    assert_eq!(steps(&stage, &again).await, [reads.clone(), vec!["Sign"]], "an up-to-date row is not written");
    let (id, app) = ada.begin().await;
    let activated = ada.activate(&id, &app.code(stage.now().await)).await;
    let expected = [
        vec!["BatchGetItem", "GetItem", "UpdateItem"],
        vec!["Decrypt", "Encrypt", "GenerateMac"],
        vec!["Sign", "UpdateItem"],
        vec!["SendEmail", "TransactWriteItems"],
    ];
    assert_eq!(steps(&stage, &activated).await, expected);
    let challenge = ada.post_nothing("/v1/logins").await;
    assert_eq!(steps(&stage, &challenge).await, std::slice::from_ref(&reads));
    let removed = ada.remove(activated.body["assertion"].as_str().unwrap(), &id).await;
    // A removal needs every policy that binds the account. It reads the user's workspaces first, so it takes one step
    // more.
    let expected = [
        vec!["GetPublicKey"],
        vec!["GetItem", "GetItem"],
        vec!["BatchGetItem"],
        vec!["Decrypt", "UpdateItem"],
        vec!["SendEmail", "Sign", "TransactWriteItems"],
    ];
    assert_eq!(steps(&stage, &removed).await, expected);
    let enrolled = ada.enroll().await;
    let verified = ada.verify(&enrolled.id, &enrolled.app.code(stage.now().await)).await;
    let expected = [vec!["BatchGetItem", "UpdateItem"], vec!["Decrypt"], vec!["Sign", "UpdateItem"]];
    assert_eq!(steps(&stage, &verified).await, expected);
    let redeemed = ada.redeem(&enrolled.recovery_codes[0]).await;
    assert_eq!(steps(&stage, &redeemed).await[0], ["BatchGetItem", "UpdateItem"]);
    let emailed = ada.email().await;
    let expected = [
        vec!["GenerateMac", "GetItem", "GetItem"],
        vec!["BatchGetItem"],
        vec!["Decrypt"],
        vec!["GenerateMac", "UpdateItem"],
        vec!["SendEmail"],
    ];
    assert_eq!(steps(&stage, &emailed).await, expected);
    let redeemed = ada.redeem(&stage.emailed_to("ada@example.com").await).await;
    let look = vec!["BatchGetItem", "Decrypt", "Encrypt", "GenerateMac"];
    let expected = [vec!["GetItem", "UpdateItem"], look, vec!["Sign", "UpdateItem"], vec!["SendEmail"]];
    assert_eq!(steps(&stage, &redeemed).await, expected, "the policies are read in the step of the code");
    // A factor that was begun with an emailed code makes the function read the policies. Other proofs do not.
    let begun =
        ada.post_with(redeemed.body["assertion"].as_str().unwrap(), "/v1/factors", json!({"kind": "totp"})).await;
    let of_mailbox = ada.finish(&begun.body).await;
    stage.advance(24 * 3600 - 60).await;
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": ["acme", "globex"]})).await;
    for (factor, reads) in [(&enrolled, 0), (&of_mailbox, 2)] {
        let assertion = ada.prove(factor).await;
        let codes = ada.post_with(&assertion, "/v1/recovery/codes", json!({})).await;
        assert_eq!(codes.status, 201);
        let mut expected = vec![vec!["GenerateMac", "GetItem"], vec!["GetItem"], vec!["BatchGetItem"]];
        expected.truncate(1 + reads);
        expected.extend([vec!["Decrypt", "UpdateItem"], vec!["SendEmail"]]);
        let steps: Vec<_> = steps(&stage, &codes).await.into_iter().filter(|step| step != &["GetPublicKey"]).collect();
        assert_eq!(steps, expected);
    }
    let sso = stage.user_with(json!({"sub": "bob", "workspaces": ["acme"], "sso": true})).await;
    let login = sso.post_nothing("/v1/logins").await;
    let expected = [vec!["GetItem", "GetItem"], vec!["Sign", "TransactWriteItems"]];
    assert_eq!(steps(&stage, &login).await, expected, "a login by SSO reads no policies");
}

async fn an_owners_and_an_operators_routes_wait_as_little() {
    let stage = Stage::slow().await;
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": ["acme"], "owned_workspaces": ["acme"]})).await;
    let enrolled = ada.enroll().await;
    stage.advance(30).await;
    let assertion = ada.prove(&enrolled).await;

    let ask = |method, path: &str| ada.request(method, path).header("mfa-assertion", &assertion);
    let wish = json!({"required": true, "grace_days": 0, "allowed_factors": ["totp"], "allow_email_recovery": true});
    let put = stage.send(ask(Method::PUT, "/v1/workspaces/acme/policy").json(&wish)).await;
    let expected = [vec!["GetPublicKey"], vec!["GetItem", "GetItem"], vec!["PutItem"]];
    assert_eq!(steps(&stage, &put).await, expected);
    let get = ada.get("/v1/workspaces/acme/policy").await;
    assert_eq!(steps(&stage, &get).await, [["GetItem"]]);
    let members = stage.send(ask(Method::GET, "/v1/workspaces/acme/members")).await;
    assert_eq!(steps(&stage, &members).await, [["GetItem", "GetItem", "Query"]]);
    let renamed = ada.rename(&assertion, &enrolled.id, "Mine").await;
    assert_eq!(steps(&stage, &renamed).await, [["GetPublicKey"], ["GetItem"], ["UpdateItem"]]);

    let operator = stage.operator().await;
    let unlocked = operator.act("unlock", "ada").await;
    assert_eq!(steps(&stage, &unlocked).await, [["GetItem"], ["UpdateItem"], ["Decrypt"], ["SendEmail"]]);
    let reset = operator.act("reset", "ada").await;
    let expected =
        [vec!["GetItem"], vec!["UpdateItem"], vec!["Decrypt", "GetItem"], vec!["SendEmail", "TransactWriteItems"]];
    assert_eq!(steps(&stage, &reset).await, expected);
    let imported = operator.import("ada", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").await;
    let expected = [vec!["GenerateMac", "GetItem"], vec!["Decrypt", "Encrypt"], vec!["UpdateItem"], vec!["SendEmail"]];
    assert_eq!(steps(&stage, &imported).await, expected);
    let erased = operator.act("erase", "ada").await;
    let expected = [
        vec!["GetItem"],
        vec!["Decrypt"],
        vec!["GetItem", "GetItem"],
        vec!["TransactWriteItems"],
        vec!["TransactWriteItems"],
        vec!["SendEmail"],
    ];
    assert_eq!(steps(&stage, &erased).await, expected);
}

async fn the_public_keys_are_fetched_once() {
    let stage = Stage::slow().await;
    let mut fetched = Vec::new();
    for _ in 0..3 {
        let reply = stage.send(stage.request(Method::GET, "/.well-known/jwks.json")).await;
        fetched.push(steps(&stage, &reply).await);
    }
    assert_eq!(fetched, [vec![vec!["GetPublicKey"]; 2], vec![], vec![]], "one call for each key");
}
