//! The AWS calls of a warm request: all calls, the calls in a row, and the units of DynamoDB. They are the same on
//! every machine, and a larger table changes none of them.

use data_encoding::BASE64URL_NOPAD;
use reqwest::Method;
use serde_json::{Value, json};

use super::round_trips::in_turn;
use crate::stage::{Enrolled, Reply, Stage, User, scanned};

/// Calls in a row, all calls, and DynamoDB units to read and to write.
type Asked = (usize, usize, f64);

/// The calls of a request, and the bytes of their bodies in both directions.
async fn asked(stage: &Stage, reply: &Reply) -> (Asked, f64) {
    assert!(reply.status < 300, "{reply:?}");
    let calls = stage.calls_of(&reply.request).await;
    let sum = |name: &str| calls.iter().filter_map(|call| call[name].as_f64()).sum::<f64>();
    ((in_turn(&calls).len(), calls.len(), sum("units")), sum("bytes"))
}

/// The login token of a user in the workspaces `acme-0`, `acme-1` and so on, who owns the first.
fn login(sub: &str, workspaces: usize) -> Value {
    let workspaces: Vec<_> = (0..workspaces).map(|number| format!("acme-{number}")).collect();
    json!({"sub": sub, "workspaces": workspaces, "owned_workspaces": ["acme-0"]})
}

/// Enrolls `apps` authenticator apps and these phones. Returns the first app.
async fn enroll(stage: &Stage, user: &User, apps: usize, phones: &[&str]) -> Enrolled {
    let first = user.enroll().await;
    for _ in 1..apps {
        user.enroll_another(&user.prove(&first).await).await;
    }
    for phone in phones {
        let assertion = user.prove(&first).await;
        let begun = user.post_with(&assertion, "/v1/factors", json!({"kind": "sms", "phone": phone})).await.expect(201);
        let id = begun["id"].as_str().unwrap();
        user.text(id).await.expect(202);
        user.activate(id, &stage.code_to(phone).await).await.expect(200);
    }
    first
}

async fn begin(user: &User, assertion: &str) -> Reply {
    user.post_with(assertion, "/v1/factors", json!({"kind": "totp"})).await
}

async fn members(user: &User, assertion: &str, query: &str) -> Reply {
    let request = user.request(Method::GET, &format!("/v1/workspaces/acme-0/members{query}"));
    user.send(request.header("mfa-assertion", assertion)).await
}

async fn row(stage: &Stage, pk: &str, sk: &str) -> Value {
    let row = stage.dynamodb("GetItem", json!({"Key": {"pk": {"S": pk}, "sk": {"S": sk}}})).await["Item"].take();
    assert!(row.is_object(), "{pk} {sk}");
    row
}

/// Writes a copy of a row for each value of one of its keys.
async fn copies(stage: &Stage, row: &Value, key: &str, values: impl Iterator<Item = String>) {
    let copy = |value: String| {
        let mut copy = row.clone();
        copy[key]["S"] = value.into();
        json!({"PutRequest": {"Item": copy}})
    };
    let copies: Vec<_> = values.map(copy).collect();
    for some in copies.chunks(25) {
        stage.dynamodb("BatchWriteItem", json!({"RequestItems": {"mfa": some}})).await;
    }
}

/// Adds members to `acme-0`, each a copy of Ada's row.
async fn add_members(stage: &Stage, numbers: std::ops::Range<usize>) {
    let ada = row(stage, "MEMBERS#acme-0", "MEMBER#mfa#ada").await;
    copies(stage, &ada, "sk", numbers.map(|number| format!("MEMBER#mfa#user-{number:07}"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_warm_request_asks_what_is_written_here() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::on(folder.path()).await;
    let ada = stage.user_with(login("ada", 1)).await;
    let app = enroll(&stage, &ada, 1, &["+14155550123"]).await;
    let factors = ada.get("/v1/factors").await.expect(200);
    let phone = factors["factors"].as_array().unwrap().iter().find(|factor| factor["kind"] == "sms").unwrap();
    let phone = phone["id"].as_str().unwrap().to_owned();
    ada.login().await;
    add_members(&stage, 0..100).await;
    drop(ada);
    stage.stop().await;

    let stage = Stage::slow_on(folder.path()).await;
    let ada = stage.user_with(login("ada", 1)).await;
    let newcomer = stage.user_with(login("bob", 1)).await;
    newcomer.login().await;
    let account = &stage.account("ada").await;
    // A function fetches the public key when it sees its first assertion.
    let assertion = &ada.prove(&app).await;
    members(&ada, assertion, "").await.expect(200);
    let (begun, other) = scanned(&begin(&ada, assertion).await.expect(201));
    let with_begun = &stage.account("ada").await;

    let now = stage.now().await;
    let (code, code_of_other) = (app.app.code(now), other.code(now));
    for (what, reply, expected) in [
        ("a code of an app", on(&stage, account, ada.verify(&app.id, &code)).await, (3, 5, 3.0)),
        ("a login that is challenged", on(&stage, account, ada.post_nothing("/v1/logins")).await, (1, 3, 3.0)),
        ("a login that is allowed", newcomer.post_nothing("/v1/logins").await, (2, 4, 3.0)),
        ("a text", on(&stage, account, ada.text(&phone)).await, (4, 8, 12.0)),
        ("a recovery code", on(&stage, account, ada.redeem(&app.recovery_codes[0])).await, (4, 7, 3.0)),
        ("a page of members", on(&stage, account, members(&ada, assertion, "")).await, (1, 3, 5.0)),
        ("the begin of an app", on(&stage, account, begin(&ada, assertion)).await, (2, 3, 2.0)),
        ("an activation", on(&stage, with_begun, ada.activate(&begun, &code_of_other)).await, (4, 9, 4.0)),
    ] {
        assert_eq!(asked(&stage, &reply).await.0, expected, "{what}: calls in a row, calls, units");
    }
}

/// Restores the account as earlier requests found it, then sends the request.
async fn on(stage: &Stage, account: &Value, request: impl Future<Output = Reply>) -> Reply {
    stage.dynamodb("PutItem", json!({ "Item": account })).await;
    request.await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_larger_table_costs_no_call_and_no_unit_whatever_a_user_has() {
    // Ada owns the workspace that grows. Zoe has the most factors and workspaces that a user can have. Yuri has three
    // pending factors too, and one active app fewer.
    const WHO: [(&str, usize, usize, &[&str]); 4] = [
        ("ada", 1, 1, &[]),
        ("xia", 10, 2, &["+14155550123"]),
        ("zoe", 50, 5, &["+14155550124", "+14155550125"]),
        ("yuri", 50, 4, &["+14155550126", "+14155550127"]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::on(folder.path()).await;
    let mut apps = Vec::new();
    for (sub, workspaces, count, phones) in WHO {
        let user = stage.user_with(login(sub, workspaces)).await;
        let app = enroll(&stage, &user, count, phones).await;
        if sub == "ada" {
            let wish = json!({"required": true, "grace_days": 0, "allowed_factors": ["totp", "sms"]});
            let put = user.request(Method::PUT, "/v1/workspaces/acme-0/policy").json(&wish);
            user.send(put.header("mfa-assertion", user.prove(&app).await)).await.expect(200);
            let policy = row(&stage, "WORKSPACE#acme-0", "POLICY").await;
            copies(&stage, &policy, "pk", (1..50).map(|number| format!("WORKSPACE#acme-{number}"))).await;
        }
        // One login writes the user's row in at most 32 workspaces.
        user.login().await;
        user.login().await;
        apps.push(app);
    }
    let yuri = stage.user_with(login("yuri", 50)).await;
    let assertion = yuri.prove(&apps[3]).await;
    for _ in 0..3 {
        begin(&yuri, &assertion).await.expect(201);
    }
    drop(yuri);
    stage.stop().await;

    let stage = Stage::slow_on(folder.path()).await;
    let mut users = Vec::new();
    for (sub, workspaces, ..) in WHO {
        users.push(stage.user_with(login(sub, workspaces)).await);
    }
    let account = stage.account("ada").await;
    let assertion = users[0].prove(&apps[0]).await;
    members(&users[0], &assertion, "").await.expect(200);
    let mut small = Vec::new();
    let mut before = (0, 0);
    for (accounts, people) in [(10, 200), (1_000, 2_000)] {
        copies(&stage, &account, "pk", (before.0..accounts).map(|number| format!("USER#user-{number:07}"))).await;
        add_members(&stage, before.1..people).await;
        before = (accounts, people);
        let now = stage.advance(30).await;
        let mut replies = Vec::new();
        for ((user, app), (verify, login)) in
            users.iter().zip(&apps).zip([(3.0, 3.0), (12.0, 12.0), (54.0, 52.0), (56.0, 52.0)])
        {
            replies.push((user.verify(&app.id, &app.app.code(now)).await, (3, 5, verify)));
            replies.push((user.post_nothing("/v1/logins").await, (1, 3, login)));
        }
        let middle = BASE64URL_NOPAD.encode(format!("mfa#user-{:07}", people / 2).as_bytes());
        for query in [String::new(), format!("?cursor={middle}")] {
            replies.push((members(&users[0], &assertion, &query).await, (1, 3, 5.0)));
        }
        let mut sizes = Vec::new();
        for (number, (reply, expected)) in replies.iter().enumerate() {
            let (asked, bytes) = asked(&stage, reply).await;
            assert_eq!(asked, *expected, "request {number}, {accounts} accounts: calls in a row, calls, units");
            sizes.push(bytes);
        }
        for (number, (bytes, small)) in sizes.iter().zip(&small).enumerate() {
            assert!(*bytes <= 1.02 * small, "request {number} grew from {small} to {bytes} bytes");
        }
        small = sizes;
    }
}
