//! A later release is rolled back. The table has kinds of rows, and attributes, that this release does not know.

use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{Enrolled, Stage, User, account_key, claims, scanned};

/// The id of a factor of an unknown kind.
const PASSKEY: &str = "01M86NP37KVJYCH5C44V5B7J55";

/// A passkey as a later release may store it, with every type of attribute.
fn passkey(status: &str) -> Value {
    json!({"M": {
        "kind": {"S": "passkey"}, "status": {"S": status}, "name": {"S": "Laptop"}, "enrolled_by": {"S": "otp"},
        "created_at": {"N": "1800000000000"}, "activated_at": {"N": "1800000000000"}, "sign_count": {"N": "-7"},
        "credential": {"M": {"id": {"B": "AQIDBA=="}, "key": {"B": "/+7dzA=="}, "algorithms": {"L": [{"N": "-257"}, {"N": "0.5"}]}}},
        "transports": {"SS": ["hybrid", "internal"]}, "flags": {"NS": ["1", "4"]}, "digests": {"BS": ["AQ=="]},
        "backed_up": {"BOOL": true}, "attested": {"NULL": true}, "code": {"S": "none"}, "tries": {"M": {}},
    }})
}

/// Updates an item directly in the table, as another release would.
async fn write(stage: &Stage, key: Value, update: &str, names: Value, values: Value) {
    let mut ask = json!({"Key": key, "UpdateExpression": update});
    for (name, given) in [("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)] {
        if given != json!({}) {
            ask[name] = given;
        }
    }
    stage.dynamodb("UpdateItem", ask).await;
}

async fn add(stage: &Stage, sub: &str, factor: Value) {
    let (names, values) = (json!({"#id": PASSKEY}), json!({":factor": factor}));
    write(stage, account_key(sub), "SET factors.#id = :factor", names, values).await;
}

/// The unknown factor in the table. It is null if it is gone.
async fn kept(stage: &Stage, sub: &str) -> Value {
    stage.account(sub).await["factors"]["M"][PASSKEY].clone()
}

/// A user with an app and a passkey.
async fn with_both(stage: &Stage, sub: &str) -> (User, Enrolled) {
    let user = stage.user_with(json!({"sub": sub, "workspaces": ["acme"], "owned_workspaces": ["acme"]})).await;
    let app = user.enroll().await;
    add(stage, sub, passkey("active")).await;
    (user, app)
}

/// A user whose only factor is a passkey, and their recovery codes.
async fn with_a_passkey_alone(stage: &Stage, sub: &str) -> (User, Enrolled) {
    let (user, app) = with_both(stage, sub).await;
    write(stage, account_key(sub), "REMOVE factors.#id", json!({"#id": app.id}), json!({})).await;
    (user, app)
}

async fn set_policy(user: &User, assertion: &str, rules: Value) -> Value {
    let request = user.request(Method::PUT, "/v1/workspaces/acme/policy").header("mfa-assertion", assertion);
    user.send(request.json(&rules)).await.expect(200)
}

async fn members(user: &User, assertion: &str) -> Value {
    let request = user.request(Method::GET, "/v1/workspaces/acme/members").header("mfa-assertion", assertion);
    user.send(request).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_logs_in_with_the_factor_that_is_known() {
    let stage = Stage::new().await;
    let (ada, app) = with_both(&stage, "ada").await;
    let login = ada.login().await;
    assert_eq!((&login["decision"], &login["reason"]), (&json!("challenge"), &json!("mfa_enabled")));
    assert_eq!((login["factors"].as_array().unwrap().len(), &login["factors"][0]["id"]), (1, &json!(app.id)));
    let assertion = ada.prove(&app).await;
    let listed = ada.get("/v1/factors").await.expect(200);
    assert_eq!((listed["factors"].as_array().unwrap().len(), &listed["factors"][0]["id"]), (1, &json!(app.id)));
    let listed = members(&ada, &assertion).await;
    assert_eq!((&listed["members"][0]["state"], &listed["members"][0]["factors"]), (&json!("mfa"), &json!(["totp"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_reaches_an_unknown_factor_by_its_id() {
    let stage = Stage::new().await;
    for status in ["active", "pending", "suspended"] {
        let (user, app) = with_both(&stage, status).await;
        add(&stage, status, passkey(status)).await;
        let assertion = user.prove(&app).await;
        user.verify(PASSKEY, "123456").await.refused(404, "factor-not-found");
        user.activate(PASSKEY, "123456").await.refused(404, "factor-not-found");
        user.text(PASSKEY).await.refused(404, "factor-not-found");
        user.rename(&assertion, PASSKEY, "Mine").await.refused(404, "factor-not-found");
        user.remove(&assertion, PASSKEY).await.refused(404, "factor-not-found");
        assert_eq!(kept(&stage, status).await, passkey(status));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guess_at_an_unknown_factor_is_counted_nowhere() {
    let stage = Stage::new().await;
    for status in ["active", "pending"] {
        let (user, _) = with_both(&stage, status).await;
        // The kind is known, so the table allows an attempt. The name makes the row unreadable.
        let unreadable = json!({"M": {
            "kind": {"S": "totp"}, "status": {"S": status}, "name": {"S": "two\nlines"}, "tries": {"N": "0"},
            "created_at": {"N": (stage.now().await * 1000).to_string()}, "sealed": {"B": "AQ=="},
        }});
        add(&stage, status, unreadable.clone()).await;
        let before = stage.account(status).await;
        user.verify(PASSKEY, "123456").await.refused(404, "factor-not-found");
        user.activate(PASSKEY, "123456").await.refused(404, "factor-not-found");
        let after = stage.account(status).await;
        assert_eq!(kept(&stage, status).await, unreadable);
        assert_eq!(after.get("failures").map_or("0", count), before.get("failures").map_or("0", count), "{status}");
    }
}

/// The digits of a number in the table.
fn count(number: &Value) -> &str {
    number["N"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_unknown_is_passed_over_however_many_are_in_it() {
    let stage = Stage::new().await;
    let (ada, app) = with_both(&stage, "ada").await;
    let assertion = ada.prove(&app).await;
    ada.login().await;
    for number in 0..250 {
        let member = json!({"M": {"state": {"S": "adrift"}, "factors": {"L": []}, "day": {"N": "20000"}}});
        let item =
            json!({"pk": {"S": "MEMBERS#acme"}, "sk": {"S": format!("MEMBER#adrift#{number:03}")}, "member": member});
        stage.dynamodb("PutItem", json!({"Item": item})).await;
    }
    let request = ada.request(Method::GET, "/v1/workspaces/acme/members").header("mfa-assertion", &assertion);
    let reply = ada.send(request).await;
    let calls = stage.calls_of(&reply.request).await;
    let listed = reply.expect(200);
    assert_eq!((listed["members"].as_array().unwrap().len(), &listed["members"][0]["user"]), (1, &json!("ada")));
    assert_eq!(calls.iter().filter(|call| call["operation"] == "Query").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_but_a_reset_touches_an_unknown_factor() {
    let stage = Stage::new().await;
    let (ada, app) = with_both(&stage, "ada").await;
    let untouched = async |after: &str| assert_eq!(kept(&stage, "ada").await, passkey("active"), "after {after}");
    let assertion = ada.prove(&app).await;
    untouched("a right code").await;
    ada.verify(&app.id, &ada.wrong_code(&app.app).await).await.refused(422, "code-rejected");
    untouched("a wrong code").await;
    ada.rename(&assertion, &app.id, "Old").await.expect(200);
    untouched("a new name").await;
    let renewed = ada.post_with(&assertion, "/v1/recovery/codes", json!({})).await.expect(201);
    untouched("new recovery codes").await;
    ada.redeem(renewed["recovery_codes"][0].as_str().unwrap()).await.expect(200);
    untouched("a recovery code").await;
    ada.email().await.expect(202);
    untouched("an email").await;
    ada.redeem(&stage.emailed_to("ada@example.com").await).await.expect(200);
    untouched("an emailed code").await;
    set_policy(&ada, &assertion, json!({"required": true, "grace_days": 0})).await;
    untouched("a policy").await;
    let other = ada.enroll_another(&assertion).await;
    untouched("another app").await;
    assert!(other.recovery_codes.is_empty(), "they come with the first factor");
    let assertion = ada.prove(&other).await;
    let phone = json!({"kind": "sms", "phone": "+14155550123"});
    let phone = ada.post_with(&assertion, "/v1/factors", phone).await.expect(201)["id"].as_str().unwrap().to_owned();
    ada.text(&phone).await.expect(202);
    untouched("a text").await;
    ada.activate(&phone, &stage.code_to("+14155550123").await).await.expect(200);
    untouched("a phone").await;
    let assertion = ada.prove(&other).await;
    ada.remove(&assertion, &app.id).await.expect(200);
    untouched("a removal").await;
    let operator = stage.operator().await;
    operator.act("unlock", "ada").await.expect(200);
    untouched("an unlock").await;
    operator.import("ada", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").await.refused(409, "user-has-factors");
    untouched("an import").await;
    operator.act("reset", "ada").await.expect(200);
    assert_eq!(stage.account("ada").await["factors"]["M"], json!({}));
    assert_eq!(ada.login().await["reason"], "required_by_workspace");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_takes_an_unknown_factor_with_the_rest() {
    let stage = Stage::new().await;
    with_a_passkey_alone(&stage, "ada").await;
    stage.operator().await.act("erase", "ada").await.expect(200);
    assert!(stage.account("ada").await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_an_unknown_factor_alone_is_never_let_in_by_the_password() {
    let stage = Stage::new().await;
    let (boss, boss_app) = with_both(&stage, "boss").await;
    let assertion = boss.prove(&boss_app).await;
    for status in ["active", "suspended"] {
        let (user, _) = with_a_passkey_alone(&stage, status).await;
        add(&stage, status, passkey(status)).await;
        for rules in [
            json!({"required": false}),
            json!({"required": true, "grace_days": 30}),
            json!({"required": true, "grace_days": 0, "allow_email_recovery": false}),
        ] {
            set_policy(&boss, &assertion, rules.clone()).await;
            let login = user.login().await;
            let decided = (&login["decision"], &login["reason"], &login["factors"]);
            assert_eq!(decided, (&json!("enroll"), &json!("method_not_allowed"), &json!([])), "{status}, {rules}");
            assert_eq!((&login["recovery"]["codes_left"], login.get("assertion")), (&json!(10), None));
            for kind in [json!({"kind": "totp"}), json!({"kind": "sms", "phone": "+14155550123"})] {
                user.post("/v1/factors", kind).await.refused(403, "assertion-required");
            }
        }
        let listed = user.get("/v1/factors").await.expect(200);
        assert_eq!((&listed["factors"], &listed["recovery"]["codes_left"]), (&json!([]), &json!(10)));
        set_policy(&boss, &assertion, json!({"required": false})).await;
        let listed = members(&boss, &assertion).await;
        assert_eq!(listed["summary"]["none"], 0, "{listed}");
        let imported = stage.operator().await.import(status, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").await;
        imported.refused(409, "user-has-factors");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_an_unknown_factor_alone_comes_in_by_a_recovery_code_or_an_emailed_one_and_another_factor() {
    let stage = Stage::new().await;
    for by_email in [false, true] {
        let sub = if by_email { "bob" } else { "ada" };
        let (user, lost) = with_a_passkey_alone(&stage, sub).await;
        let redeemed = if by_email {
            user.email().await.expect(202);
            user.redeem(&stage.emailed_to("bob@example.com").await).await.expect(200)
        } else {
            user.redeem(&lost.recovery_codes[4]).await.expect(200)
        };
        assert_eq!(claims(&redeemed)["mfa"], "enroll_only", "{sub}");
        let assertion = redeemed["assertion"].as_str().unwrap();
        let begun = user.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
        let (id, app) = scanned(&begun);
        let activated = user.activate(&id, &app.code(stage.now().await)).await.expect(200);
        assert_eq!((&claims(&activated)["mfa"], activated.get("recovery_codes")), (&json!("passed"), None), "{sub}");
        assert_eq!(user.login().await["decision"], "challenge");
        assert_eq!(kept(&stage, sub).await, passkey("active"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_codes_stay_when_the_last_known_factor_is_removed() {
    let stage = Stage::new().await;
    let (ada, app) = with_both(&stage, "ada").await;
    let assertion = ada.prove(&app).await;
    set_policy(&ada, &assertion, json!({"required": true, "grace_days": 0})).await;
    ada.remove(&assertion, &app.id).await.expect(200);
    let login = ada.login().await;
    assert_eq!((&login["decision"], &login["recovery"]["codes_left"]), (&json!("enroll"), &json!(10)));
    ada.redeem(&app.recovery_codes[0]).await.expect(200);
    assert_eq!(kept(&stage, "ada").await, passkey("active"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_pending_factor_counts_for_nothing_and_goes_when_a_factor_becomes_active() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let (id, app) = ada.begin().await;
    add(&stage, "ada", passkey("pending")).await;
    assert_eq!(ada.login().await["reason"], "mfa_not_enabled");
    let activated = ada.activate(&id, &app.code(stage.now().await)).await.expect(200);
    assert_eq!(activated["recovery_codes"].as_array().unwrap().len(), 10);
    assert!(kept(&stage, "ada").await.is_null(), "anybody with the password may have begun it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_that_was_begun_in_an_unknown_way_logs_in_and_counts_as_a_first_one() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let app = ada.enroll().await;
    let names = json!({"#id": app.id});
    let values = json!({":way": {"S": "passkey"}});
    write(&stage, account_key("ada"), "SET factors.#id.enrolled_by = :way", names, values).await;
    let verified = ada.verify(&app.id, &app.app.code(stage.now().await)).await.expect(200);
    assert_eq!(
        (&verified["factor"]["enrolled_by"], &claims(&verified)["enrolled_by"]),
        (&json!("first"), &json!("first"))
    );
    let account = stage.account("ada").await;
    assert_eq!(
        account["factors"]["M"][&app.id]["M"]["enrolled_by"],
        json!({"S": "passkey"}),
        "it stays as it was written"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_attributes_are_ignored_in_every_row() {
    let stage = Stage::new().await;
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": ["acme"], "owned_workspaces": ["acme"]})).await;
    let app = ada.enroll().await;
    let assertion = ada.prove(&app).await;
    let begun =
        ada.post_with(&assertion, "/v1/factors", json!({"kind": "sms", "phone": "+14155550123"})).await.expect(201);
    let phone = begun["id"].as_str().unwrap();
    ada.text(phone).await.expect(202);
    ada.email().await.expect(202);
    set_policy(&ada, &assertion, json!({"required": true})).await;
    ada.login().await;
    // Add an attribute to every map of every item, unless the map's keys are ids.
    for item in stage.dynamodb("Scan", json!({})).await["Items"].as_array().unwrap() {
        let mut item = item.clone();
        enrich(&mut item);
        stage.dynamodb("PutItem", json!({"Item": item})).await;
    }
    ada.redeem(&stage.emailed_to("ada@example.com").await).await.expect(200);
    ada.activate(phone, &stage.code_to("+14155550123").await).await.expect(200);
    assert_eq!(ada.login().await["factors"].as_array().unwrap().len(), 2);
    let assertion = ada.prove(&app).await;
    ada.rename(&assertion, &app.id, "Work").await.expect(200);
    ada.redeem(&app.recovery_codes[0]).await.expect(200);
    ada.text(phone).await;
    stage.advance(3600).await;
    ada.text(phone).await.expect(202);
    ada.email().await.expect(202);
    let assertion = ada.prove(&app).await;
    members(&ada, &assertion).await;
    ada.get("/v1/workspaces/acme/policy").await.expect(200);
    ada.remove(&assertion, phone).await.expect(200);
    stage.operator().await.act("reset", "ada").await.expect(200);
    stage.operator().await.act("erase", "ada").await.expect(200);
}

/// Adds an attribute to each map of an item whose keys are names of attributes.
fn enrich(attributes: &mut Value) {
    let map = attributes.as_object_mut().unwrap();
    let by_id = |key: &str| ["factors", "workspaces", "used"].contains(&key);
    for (key, value) in map.iter_mut() {
        let Some(inner) = value.get_mut("M") else { continue };
        if by_id(key) {
            inner.as_object_mut().unwrap().values_mut().filter_map(|entry| entry.get_mut("M")).for_each(enrich);
        } else {
            enrich(inner);
        }
    }
    map.insert("later".to_owned(), json!({"M": {"by": {"SS": ["a", "b"]}, "raw": {"B": "AQ=="}}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_kind_that_a_policy_allows_loosens_nothing_and_shows_nowhere() {
    let stage = Stage::new().await;
    let boss = stage.user_with(json!({"sub": "boss", "workspaces": ["acme"], "owned_workspaces": ["acme"]})).await;
    let app = boss.enroll().await;
    let assertion = boss.prove(&app).await;
    set_policy(&boss, &assertion, json!({"required": true, "grace_days": 0, "allowed_factors": ["totp"]})).await;
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": ["acme"]})).await;
    for (kinds, methods) in [
        (json!([{"S": "passkey"}, {"S": "totp"}]), json!(["totp"])),
        (json!([{"S": "passkey"}, {"S": "sms"}]), json!(["totp", "sms"])),
        (json!([{"S": "passkey"}]), json!(["totp"])),
    ] {
        let key = json!({"pk": {"S": "WORKSPACE#acme"}, "sk": {"S": "POLICY"}});
        write(&stage, key, "SET allowed_factors = :kinds", json!({}), json!({":kinds": {"L": kinds}})).await;
        let login = ada.login().await;
        assert_eq!((&login["reason"], &login["methods"]), (&json!("required_by_workspace"), &methods));
        assert_eq!(boss.login().await["decision"], "challenge");
        let shown = boss.get("/v1/workspaces/acme/policy").await.expect(200);
        assert!(!shown["allowed_factors"].as_array().unwrap().contains(&json!("passkey")), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_kind_of_a_members_factor_is_left_out_of_the_list() {
    let stage = Stage::new().await;
    let (ada, app) = with_both(&stage, "ada").await;
    let (kinds, names) = (json!({":kinds": {"L": [{"S": "passkey"}, {"S": "totp"}]}}), json!({"#member": "member"}));
    let row = json!({"pk": {"S": "MEMBERS#acme"}, "sk": {"S": "MEMBER#mfa#ada"}});
    write(&stage, row, "SET #member.factors = :kinds", names, kinds.clone()).await;
    let seen = json!({"pk": {"S": "USER#ada"}, "sk": {"S": "SEEN"}});
    write(&stage, seen, "SET workspaces.acme.factors = :kinds", json!({}), kinds).await;
    let assertion = ada.prove(&app).await;
    let listed = members(&ada, &assertion).await;
    assert_eq!((&listed["members"][0]["user"], &listed["members"][0]["factors"]), (&json!("ada"), &json!(["totp"])));
    assert_eq!(ada.login().await["decision"], "challenge");
    ada.remove(&assertion, &app.id).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_in_an_unknown_state_is_left_out_of_the_list_and_found_by_the_next_login_and_an_erase() {
    let stage = Stage::new().await;
    let (boss, app) = with_both(&stage, "boss").await;
    for sub in ["ada", "bob"] {
        let user = stage.user_with(json!({"sub": sub, "workspaces": ["acme"]})).await;
        user.enroll().await;
        // Move the user as a release that knows this state would.
        let seen = json!({"pk": {"S": format!("USER#{sub}")}, "sk": {"S": "SEEN"}});
        let (names, parked) = (json!({"#state": "state"}), json!({":state": {"S": "parked"}}));
        write(&stage, seen, "SET workspaces.acme.#state = :state", names, parked).await;
        let key = json!({"pk": {"S": "MEMBERS#acme"}, "sk": {"S": format!("MEMBER#mfa#{sub}")}});
        let mut row = stage.dynamodb("GetItem", json!({"Key": key})).await["Item"].take();
        stage.dynamodb("DeleteItem", json!({"Key": key})).await;
        row["sk"]["S"] = format!("MEMBER#parked#{sub}").into();
        row["member"]["M"]["state"]["S"] = "parked".into();
        stage.dynamodb("PutItem", json!({"Item": row})).await;
        let summary = json!({"pk": {"S": "MEMBERS#acme"}, "sk": {"S": "SUMMARY"}});
        let update = "SET mfa = mfa - :one, parked = if_not_exists(parked, :zero) + :one";
        write(&stage, summary, update, json!({}), json!({":one": {"N": "1"}, ":zero": {"N": "0"}})).await;
    }
    let assertion = boss.prove(&app).await;
    let shown = async || {
        let listed = members(&boss, &assertion).await;
        let users: Vec<_> = listed["members"].as_array().unwrap().iter().map(|one| one["user"].clone()).collect();
        (json!(users), listed["summary"].clone())
    };
    assert_eq!(shown().await, (json!(["boss"]), json!({"mfa": 1, "none": 0, "sso": 0})));
    stage.user_with(json!({"sub": "ada", "workspaces": ["acme"]})).await.login().await;
    assert_eq!(shown().await, (json!(["ada", "boss"]), json!({"mfa": 2, "none": 0, "sso": 0})));
    stage.operator().await.act("erase", "bob").await.expect(200);
    let left = stage.dynamodb("Scan", json!({})).await["Items"].to_string();
    assert!(!left.contains("#bob") && !left.contains("parked#"), "{left}");
    assert!(left.contains(r#""parked":{"N":"0"}"#), "neither is counted anymore: {left}");
}
