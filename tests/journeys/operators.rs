//! An operator unlocks or resets a user, erases one, and imports users from another product.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    logs,
    stage::{Authenticator, Enrolled, Reply, Stage, User, account_key, at_once, claims},
};

const ADA: &str = "ada@example.com";
const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// The fields of an act's event: its name, user, operator and reason.
fn event(reply: &Reply) -> [Value; 4] {
    let lines = logs::of(&reply.request);
    let line = lines.iter().find(|line| line["event"].is_string()).unwrap_or_else(|| panic!("no event: {lines:?}"));
    ["event", "user", "operator", "reason"].map(|field| line[field].clone())
}

/// The list of members as an owner sees it, each as `user state`, and the summary.
async fn members(stage: &Stage, workspace: &str) -> (Vec<String>, Value) {
    let ask = json!({"sub": "boss", "workspaces": [workspace], "owned_workspaces": [workspace], "sso": true});
    let boss = stage.user_with(ask).await;
    let assertion = boss.login().await["assertion"].as_str().unwrap().to_owned();
    let request = boss.request(Method::GET, &format!("/v1/workspaces/{workspace}/members"));
    let listed = boss.send(request.header("mfa-assertion", assertion)).await.expect(200);
    let line = |member: &Value| format!("{} {}", member["user"].as_str().unwrap(), member["state"].as_str().unwrap());
    let others = listed["members"].as_array().unwrap().iter().filter(|member| member["user"] != "boss");
    (others.map(line).collect(), listed["summary"].clone())
}

async fn failed_so_often(stage: &Stage, sub: &str, failures: &str) {
    let ask = json!({
        "Key": account_key(sub),
        "UpdateExpression": "SET failures = :n, tried_at = :ago, recovery_failures = :n, recovery_tried_at = :ago",
        "ExpressionAttributeValues": {":n": {"N": failures}, ":ago": {"N": "0"}},
    });
    stage.dynamodb("UpdateItem", ask).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_unlocks_who_is_locked_out() {
    let stage = Stage::new().await;
    let (ada, op) = (stage.user("ada").await, stage.operator().await);
    let app = ada.enroll().await;
    failed_so_often(&stage, "ada", "100").await;
    ada.verify(&app.id, &app.app.code(stage.now().await)).await.refused(423, "locked");
    ada.redeem(&app.recovery_codes[0]).await.refused(423, "locked");

    let unlocked = op.act("unlock", "ada").await;
    assert_eq!(event(&unlocked), ["user.unlocked", "ada", "op", "They asked on the phone"].map(|text| json!(text)));
    let epoch = unlocked.expect(200)["mfa_epoch"].clone();
    let verified = ada.verify(&app.id, &app.app.code(stage.now().await)).await.expect(200);
    assert_eq!(claims(&verified)["mfa_epoch"], epoch, "no session ends");
    ada.redeem(&app.recovery_codes[0]).await.expect(200);
    let told = stage.emails_to(ADA).await;
    let notice = told.iter().find(|email| email["subject"] == "Local App: your account was unlocked").unwrap();
    let text = notice["text"].as_str().unwrap();
    assert!(
        !text.contains("IP address") && text.contains("If you know about this"),
        "the notice has no address of the operator"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_resets_who_has_lost_everything() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": ["acme", "globex"]})).await;
    let app = ada.enroll().await;
    ada.email().await.expect(202);
    let emailed = stage.emailed_to(ADA).await;
    let assertion = ada.prove(&app).await;
    ada.post_with(&assertion, "/v1/factors", json!({"kind": "totp"})).await.expect(201);
    failed_so_often(&stage, "ada", "50").await;
    let sso = stage.user_with(json!({"sub": "ada", "workspaces": ["initech"], "sso": true})).await;
    sso.login().await;
    assert_eq!(members(&stage, "acme").await.0, ["ada mfa"]);

    let before = claims(&json!({ "assertion": assertion }))["mfa_epoch"].as_u64().unwrap();
    let reset = op.act("reset", "ada").await;
    assert_eq!(event(&reset), ["user.reset", "ada", "op", "They asked on the phone"].map(|text| json!(text)));
    let epoch = reset.expect(200)["mfa_epoch"].as_u64().unwrap();
    assert!(epoch > before, "older sessions and assertions end");
    let account = stage.account("ada").await;
    assert_eq!(account["factors"]["M"], json!({}), "pending ones too");
    assert_eq!((&account["recovery"], &account["emailed"]), (&Value::Null, &Value::Null));
    assert_eq!((&account["failures"]["N"], &account["recovery_failures"]["N"]), (&json!("0"), &json!("0")));
    for workspace in ["acme", "globex"] {
        assert_eq!(
            members(&stage, workspace).await,
            (vec!["ada none".to_owned()], json!({"mfa": 0, "none": 1, "sso": 1}))
        );
    }
    assert_eq!(members(&stage, "initech").await.0, ["ada sso"]);
    ada.redeem(&app.recovery_codes[0]).await.refused(422, "code-rejected");
    ada.redeem(&emailed).await.refused(422, "code-rejected");
    ada.verify(&app.id, &app.app.code(stage.now().await)).await.refused(404, "factor-not-found");
    ada.rename(&assertion, &app.id, "x").await.refused(403, "assertion-invalid");

    let login = ada.login().await;
    assert_eq!((&login["decision"], &claims(&login)["mfa_epoch"]), (&json!("allow"), &json!(epoch)));
    assert_eq!(stage.subjects_to(ADA).await.last().unwrap(), "your two-step verification was reset");
    ada.enroll().await;
    assert_eq!(members(&stage, "acme").await.0, ["ada mfa"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_user_is_nobody_here_and_starts_over() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    let names: Vec<_> = (0..40).map(|index| format!("w{index:02}")).collect();
    let ask = json!({"sub": "ada", "workspaces": names});
    let ada = stage.user_with(ask.clone()).await;
    ada.enroll().await;
    ada.login().await;
    assert_eq!(members(&stage, "w39").await.0, ["ada mfa"]);
    let erased = op.act("erase", "ada").await;
    assert_eq!(event(&erased), ["user.erased", "ada", "op", "They asked on the phone"].map(|text| json!(text)));
    assert_eq!(erased.expect(200), json!({"mfa_epoch": 0}));
    let items = stage.dynamodb("Scan", json!({})).await["Items"].to_string();
    assert!(!items.contains("#ada\"") && !items.contains("\"ada\""), "{items}");
    assert_eq!(members(&stage, "w00").await, (vec![], json!({"mfa": 0, "none": 0, "sso": 1})));
    for act in ["unlock", "reset", "erase"] {
        op.act(act, "ada").await.refused(404, "user-not-found");
    }
    // A user without a factor can be erased, because a workspace lists them. A reset does not find them.
    let eve = stage.user_with(json!({"sub": "eve", "workspaces": ["acme"]})).await;
    eve.login().await;
    op.act("reset", "eve").await.refused(404, "user-not-found");
    op.act("erase", "eve").await.expect(200);
    assert_eq!(members(&stage, "acme").await.0, [""; 0]);

    let login = stage.user_with(ask).await.login().await;
    assert_eq!((&login["decision"], &claims(&login)["mfa_epoch"]), (&json!("allow"), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_that_fails_halfway_is_finished_by_the_next() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    let names: Vec<_> = (0..50).map(|index| format!("w{index:02}")).collect();
    for (spare, kind) in [(0, "refuse"), (1, "refuse"), (2, "refuse"), (1, "error"), (2, "drop_before")] {
        let ada = stage.user_with(json!({"sub": "ada", "workspaces": names})).await;
        ada.enroll().await;
        ada.login().await;
        stage.fault_after(spare, "dynamodb", "TransactWriteItems", kind, 10).await;
        let failed = op.act("erase", "ada").await;
        assert!(failed.status >= 500, "{spare} {kind}");
        assert_eq!(event(&failed)[0], "user.erased", "some of it is done: {spare} {kind}");
        stage.clear_faults().await;
        assert_ne!(stage.account("ada").await, Value::Null, "the account goes last: {spare} {kind}");
        op.act("erase", "ada").await.expect(200);
        let items = stage.dynamodb("Scan", json!({})).await["Items"].take();
        let left = items.as_array().unwrap().iter().filter(|item| item["sk"]["S"] != "SUMMARY");
        assert_eq!(left.collect::<Vec<_>>(), Vec::<&Value>::new(), "{spare} {kind}");
        let counts = items.as_array().unwrap().iter().flat_map(|item| item.as_object().unwrap().values());
        assert!(counts.filter_map(|value| value["N"].as_str()).all(|count| count == "0"), "{items}");
    }
    // Lost responses and conflicts with other writes do not stop an erasure.
    for kind in ["drop_after", "conflict"] {
        stage.user_with(json!({"sub": "ada", "workspaces": names})).await.enroll().await;
        stage.fault("dynamodb", "TransactWriteItems", kind, 2).await;
        op.act("erase", "ada").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_during_an_erase_leaves_nothing_wrong() {
    let stage = Stage::slow().await;
    let op = stage.operator().await;
    // Each AWS call takes 250 ms. In each round the login starts 25 ms later, so the order of the calls varies.
    let rounds = (0..16_u64).map(|round| {
        let (stage, op) = (stage.clone(), op.clone());
        async move {
            let (sub, workspace) = (format!("ada-{round}"), format!("w{round}"));
            let ada = stage.user_with(json!({"sub": sub, "workspaces": [workspace]})).await;
            ada.enroll().await;
            let erase = {
                let (op, sub) = (op.clone(), sub.clone());
                tokio::spawn(async move { op.act("erase", &sub).await })
            };
            tokio::time::sleep(std::time::Duration::from_millis(25 * round)).await;
            ada.login().await;
            assert!([200, 503].contains(&erase.await.unwrap().status));
            // The account is erased, so this login is by a user without a factor.
            ada.login().await;
            let rows = |state: &str| {
                json!({
                    "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
                    "ExpressionAttributeValues": {":pk": {"S": format!("MEMBERS#{workspace}")}, ":sk": {"S": state}},
                })
            };
            let count = async |state: &str| stage.dynamodb("Query", rows(state)).await["Count"].as_u64().unwrap();
            assert_eq!([count("MEMBER#mfa").await, count("MEMBER#none").await], [0, 1], "round {round}");
            let summary = json!({"Key": {"pk": {"S": format!("MEMBERS#{workspace}")}, "sk": {"S": "SUMMARY"}}});
            let summary = stage.dynamodb("GetItem", summary).await["Item"].take();
            assert_eq!((&summary["mfa"]["N"], &summary["none"]["N"]), (&json!("0"), &json!("1")), "round {round}");
        }
    });
    at_once(rounds.collect::<Vec<_>>()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_moves_in_with_their_app() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": ["acme"]})).await;
    let (pending, foreign) = ada.begin().await;
    let ask = json!({"user": "ada", "kind": "totp", "name": "Old phone", "secret": SECRET, "reason": "moving in"});
    let imported = op.post("import", ask.clone()).await;
    assert_eq!(event(&imported), ["factor.imported", "ada", "op", "moving in"].map(|text| json!(text)));
    assert_eq!(logs::of(&imported.request)[0]["weak"], false);
    let factor = imported.expect(201);
    assert_eq!(
        (&factor["name"], &factor["status"], &factor["kind"]),
        (&json!("Old phone"), &json!("active"), &json!("totp"))
    );
    let id = factor["id"].as_str().unwrap();
    assert_eq!(
        stage.account("ada").await["factors"]["M"][id]["M"].get("tries"),
        None,
        "only pending factors have a count of their own"
    );
    let epoch = async || stage.account("ada").await["epoch"]["N"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(epoch().await >= 1_800_000_000_000, "older sessions end");
    // The import removes a pending factor.
    ada.activate(&pending, &foreign.code(stage.now().await)).await.refused(404, "factor-not-found");

    let login = ada.login().await;
    assert_eq!(
        (&login["decision"], &login["recovery"]),
        (&json!("challenge"), &json!({"codes_left": 0, "low": true, "email_hint": "a•••@example.com"}))
    );
    let uri = format!("otpauth://totp/x?secret={SECRET}&algorithm=SHA1&digits=6&period=30");
    let app = Authenticator::scan(&uri);
    // Codes that could have been accepted by now are refused, because the same app may have been here before.
    for ahead in [0, 30] {
        ada.verify(id, &app.code(stage.now().await + ahead)).await.refused(422, "code-used");
    }
    stage.advance(60).await;
    let code = app.code(stage.now().await);
    let verified = ada.verify(id, &code).await.expect(200);
    ada.verify(id, &code).await.refused(422, "code-used");
    // There is no recovery address, so no code is emailed, and there was no notice.
    ada.email().await.refused(403, "email-recovery-held");
    assert_eq!(stage.emails_to(ADA).await.len(), 0);
    let codes =
        ada.post_with(verified["assertion"].as_str().unwrap(), "/v1/recovery/codes", json!({})).await.expect(201);
    ada.redeem(codes["recovery_codes"][0].as_str().unwrap()).await.expect(200);

    // The same secret again, in any spelling, changes nothing.
    let before = stage.account("ada").await;
    for spelled in [SECRET.to_owned(), SECRET.to_lowercase(), format!("{} {}====", &SECRET[..8], &SECRET[8..])] {
        let again = op.import("ada", &spelled).await;
        assert!(!logs::of(&again.request).iter().any(|line| line["event"].is_string()));
        let again = again.expect(200);
        assert_eq!((&again["id"], &again["name"]), (&factor["id"], &factor["name"]));
    }
    op.import("ada", "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU").await.refused(409, "user-has-factors");
    assert_eq!(stage.account("ada").await, before);
    // The same secret of another user is another factor.
    assert_ne!(op.import("bob", SECRET).await.expect(201)["id"], factor["id"]);
    // Import the app again after a reset. By now there is a recovery address. An already accepted code stays refused.
    stage.advance(30).await;
    let old = Enrolled { id: id.to_owned(), app, recovery_codes: vec![] };
    let assertion = ada.prove(&old).await;
    ada.enroll_another(&assertion).await;
    let app = old.app;
    let spent = app.code(stage.now().await);
    ada.verify(id, &spent).await.expect(200);
    let before = epoch().await;
    op.act("reset", "ada").await.expect(200);
    let reset = epoch().await;
    op.import("ada", SECRET).await.expect(201);
    assert!(before < reset && reset < epoch().await);
    ada.verify(id, &spent).await.refused(422, "code-used");
    assert_eq!(stage.subjects_to(ADA).await.last().unwrap(), "your authenticator app still works");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_secret_that_apps_can_have_is_imported() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    let base32 = |bytes: usize| data_encoding::BASE32_NOPAD.encode(&vec![7; bytes]);
    for (index, (bytes, weak)) in [(10, true), (13, true), (14, false), (64, false)].into_iter().enumerate() {
        let imported = op.import(&format!("user-{index}"), &base32(bytes)).await;
        assert_eq!((imported.status, &logs::of(&imported.request)[0]["weak"]), (201, &json!(weak)), "{bytes} bytes");
    }
    // 16 bytes are 26 letters. The last letter has two extra bits, which apps ignore.
    let (plain, odd) = ("A".repeat(26), format!("{}B", "A".repeat(25)));
    let id = op.import("odd", &plain).await.expect(201)["id"].clone();
    assert_eq!(op.import("odd", &odd).await.expect(200)["id"], id);
    for secret in [base32(9), base32(65), String::new(), "JBSWY3DPEHPK3PX1".to_owned(), "A".repeat(17), "A".repeat(300)]
    {
        let reply = op.import("eve", &secret).await;
        let detail = reply.refused(400, "invalid-request").body["detail"].as_str().unwrap();
        assert!(detail.contains("`secret`") && (secret.is_empty() || !detail.contains(&secret)), "{detail}");
    }
    // The text that Keycloak stores is not base32, but some of it could be read as another secret.
    for secret in ["xtpYlSXpfKtHF5vUCsMe", "JBSWY3DPEHPK3PXp", "jbsw-y3dp-ehpk-3pXp", "aB2c3D4e5F6g7H2i"] {
        let reply = op.import("eve", secret).await;
        let detail = reply.refused(400, "invalid-request").body["detail"].as_str().unwrap();
        assert!(detail.contains("`secret`") && detail.contains("Keycloak stores a secret's raw text"), "{detail}");
        assert!(!detail.contains(secret), "{detail}");
    }
    // Untrimmed cells of a spreadsheet. An operator can still erase such a name of an earlier import.
    for user in ["eve ", " eve", "\"eve\"", "\"eve", "eve\"", "'eve'", "eve'", " ", "\"", "' '"] {
        let reply = op.import(user, SECRET).await;
        let detail = reply.refused(400, "invalid-request").body["detail"].as_str().unwrap();
        assert!(detail.contains("`user`") && detail.contains("begin or end"), "{user:?}: {detail}");
        for act in ["unlock", "reset", "erase"] {
            let reply = op.act(act, user).await;
            assert!(reply.status == 200 || reply.code() == "user-not-found", "{act} {user:?}: {reply:?}");
        }
    }
    for user in ["o'hara", "a \"b\" c", "e v e"] {
        op.import(user, SECRET).await.expect(201);
    }
    let body =
        json!({"user": "yan", "kind": "totp", "secret": SECRET, "reason": "x", "email": " yan@bücher.example\t"});
    op.post("import", body).await.expect(201);
    assert_eq!(stage.subjects_to("yan@xn--bcher-kva.example").await, ["your authenticator app still works"]);
    for email in
        ["", "Eve <eve@example.com>", "not an address", "adä@example.com", "a@b", "ada@example.com, eve@evil.example"]
    {
        let body = json!({"user": "zoe", "kind": "totp", "secret": SECRET, "reason": "x", "email": email});
        let reply = op.post("import", body).await;
        let detail = reply.refused(403, "email-not-writable").body["detail"].as_str().unwrap();
        assert!(email.is_empty() || !detail.contains(email), "{detail}");
    }
    for (field, value) in [
        ("kind", json!("sms")),
        ("kind", json!("hotp")),
        ("user", json!("")),
        ("user", json!("a\nb")),
        ("name", json!("a\u{202e}b")),
        ("reason", json!("a\nb")),
        ("reason", json!("x".repeat(257))),
        ("reason", Value::Null),
        ("email", json!(["eve@example.com"])),
        ("digits", json!(8)),
        ("algorithm", json!("SHA256")),
    ] {
        let mut ask = json!({"user": "eve", "kind": "totp", "secret": SECRET, "reason": "Moving in"});
        ask[field] = value;
        let reply = op.post("import", ask).await;
        let detail = reply.refused(400, "invalid-request").body["detail"].as_str().unwrap();
        let named = if field == "kind" { "kind" } else { field };
        assert!(detail.contains(&format!("`{named}`")), "{detail}");
    }
    assert_eq!(stage.account("eve").await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_imports_at_once_make_one_factor() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    for round in 0..3 {
        let user = format!("ada-{round}");
        let imports = (0..50).map(|index| {
            let (op, user) = (op.clone(), user.clone());
            let secret = data_encoding::BASE32_NOPAD.encode(&[u8::try_from(index % 2).unwrap(); 20]);
            async move { op.import(&user, &secret).await }
        });
        let replies = at_once(imports).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
        assert!(replies.iter().all(|reply| matches!(reply.status, 200 | 201 | 409 | 503)), "{replies:?}");
        assert_eq!(stage.account(&user).await["factors"]["M"].as_object().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_needs_scope_and_place_and_acts_on_others() {
    let stage = Stage::with_settings(&[("MFA_OPERATORS", "op, support@clients,ada")]).await;
    let ada = stage.user("ada").await;
    ada.enroll().await;
    let before = stage.account("ada").await;
    let ask = json!({"user": "ada", "reason": "x"});
    let as_whom = async |token: Value| -> User { stage.user_with(token).await };
    let acts = ["unlock", "reset", "erase", "import"];
    let body = |act: &str| {
        let mut body = ask.clone();
        if act == "import" {
            (body["kind"], body["secret"]) = (json!("totp"), json!(SECRET));
        }
        body
    };
    // Without the scope, the gateway refuses.
    for token in [json!({"sub": "op"}), json!({"sub": "op", "scope": "openid mfa:operators"})] {
        let nobody = as_whom(token).await;
        for act in acts {
            let reply = nobody.post(&format!("/v1/operator/{act}"), body(act)).await;
            assert_eq!((reply.status, &reply.body), (403, &json!({"message": "Forbidden"})), "{act}");
        }
    }
    // With it, the function refuses callers who are not listed, or who act on themselves, by `sub` or by `client_id`.
    for token in [
        json!({"sub": "eve", "scope": "mfa:operator"}),
        json!({"sub": "opp", "scope": "mfa:operator", "claims": {"client_id": "web"}}),
        json!({"sub": "ada", "scope": "mfa:operator"}),
        json!({"sub": "ada", "scope": "mfa:operator", "claims": {"client_id": "op"}}),
        json!({"sub": "eve", "scope": "mfa:operator", "claims": {"client_id": "ada"}}),
    ] {
        let refused = as_whom(token.clone()).await;
        for act in acts {
            refused.post(&format!("/v1/operator/{act}"), body(act)).await.refused(403, "not-operator");
        }
    }
    assert_eq!(stage.account("ada").await, before);
    stage.user("bob").await.enroll().await;
    let bob = as_whom(json!({"sub": "bob", "scope": "mfa:operator", "claims": {"client_id": "op"}})).await;
    bob.post("/v1/operator/unlock", json!({"user": "bob", "reason": "x"})).await.refused(403, "not-operator");
    bob.post("/v1/operator/unlock", ask.clone()).await.expect(200);
    for token in [
        json!({"sub": "support@clients", "scope": "openid mfa:operator"}),
        json!({"sub": "x", "claims": {"client_id": "op", "scp": ["a", "mfa:operator"]}}),
    ] {
        as_whom(token).await.post("/v1/operator/unlock", ask.clone()).await.expect(200);
    }
    let op = stage.operator().await;
    for body in
        [json!({"user": "ada"}), json!({"user": "ada", "reason": " "}), json!({"user": "ada", "reason": "a\r\nb"})]
    {
        op.post("reset", body).await.refused(400, "invalid-request");
    }
    op.post("reset", json!({"reason": "x"})).await.refused(400, "invalid-request");
    assert_eq!(stage.account("ada").await["factors"], before["factors"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_checks_the_configured_scope_itself() {
    for (setting, scope, status) in [
        ("mfa:operator", "mfa:operator", 404),
        ("mfa:operator", "openid", 403),
        ("mfa:operator", "", 403),
        ("mfa/operator", "openid mfa/operator", 404),
        ("mfa/operator", "mfa:operator", 403),
    ] {
        let stage = Stage::with_settings(&[("MFA_OPERATOR_SCOPE", setting)]).await;
        let mut event = crate::contract::events::sample("policy/reset.json");
        event["requestContext"]["authorizer"]["jwt"]["claims"]["scope"] = scope.into();
        let (answered, _) = crate::contract::events::handle(&stage, "policy", &event).await;
        assert_eq!(answered, status, "{setting}: {scope}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_of_another_name_passes_the_gateway_and_the_function() {
    let stage = Stage::with_settings(&[("MFA_OPERATOR_SCOPE", "mfa/operator")]).await;
    stage.user("ada").await.enroll().await;
    for (scope, status) in [("openid mfa/operator", 200), ("mfa:operator", 403)] {
        let op = stage.user_with(json!({"sub": "op", "scope": scope})).await;
        let reply = op.post("/v1/operator/unlock", json!({"user": "ada", "reason": "x"})).await;
        assert_eq!(reply.status, status, "{scope}: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_reaches_every_workspace_and_holds_without_them() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    let names: Vec<_> = (0..40).map(|index| format!("w{index:02}")).collect();
    let ada = stage.user_with(json!({"sub": "ada", "workspaces": names})).await;
    let states = async || {
        let items = stage.dynamodb("Scan", json!({})).await["Items"].take();
        let count = |sk: &str| items.as_array().unwrap().iter().filter(|item| item["sk"]["S"] == sk).count();
        [count("MEMBER#mfa#ada"), count("MEMBER#none#ada")]
    };
    ada.enroll().await;
    ada.login().await;
    assert_eq!(states().await, [40, 0]);
    op.act("reset", "ada").await.expect(200);
    assert_eq!(states().await, [0, 40]);

    for kind in ["refuse", "error", "conflict"] {
        let ada = stage.user_with(json!({"sub": "ada", "workspaces": names})).await;
        ada.enroll().await;
        ada.login().await;
        stage.fault("dynamodb", "TransactWriteItems", kind, 20).await;
        let reset = op.act("reset", "ada").await;
        stage.clear_faults().await;
        assert!(reset.expect(200)["mfa_epoch"].is_u64(), "the app needs the epoch, because the reset is done");
        assert_eq!(states().await, [40, 0], "{kind}");
        ada.login().await;
        ada.login().await;
        assert_eq!(states().await, [0, 40], "the next logins write it: {kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_and_a_login_at_the_same_time_let_nobody_in_after_it() {
    let stage = Stage::new().await;
    let op = stage.operator().await;
    for _ in 0..5 {
        let ada = stage.user("ada").await;
        let app = ada.enroll().await;
        let code = app.app.code(stage.now().await);
        let id = app.id.clone();
        let checks = vec![ada; 10].into_iter().map(|ada| {
            let (id, code) = (id.clone(), code.clone());
            async move { ada.verify(&id, &code).await }
        });
        let reset = {
            let op = op.clone();
            tokio::spawn(async move { op.act("reset", "ada").await.expect(200)["mfa_epoch"].clone() })
        };
        let replies = at_once(checks).await;
        let epoch = reset.await.unwrap().as_u64().unwrap();
        for accepted in replies.iter().filter(|reply| reply.status == 200) {
            assert!(claims(&accepted.body)["mfa_epoch"].as_u64().unwrap() < epoch, "the app sees that it ended");
        }
        assert_eq!(stage.account("ada").await["factors"]["M"], json!({}));
    }
}
