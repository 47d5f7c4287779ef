//! The headers of a request: how a function reads the spellings that clients send.

use reqwest::Method;
use serde_json::json;

use crate::stage::{Stage, User};

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_json_is_read_with_whatever_parameters_its_type_has() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    for (content_type, taken) in [
        ("application/json", true),
        ("application/json; charset=utf-8", true),
        ("application/json; charset=\"utf-8\"", true),
        ("application/json;charset=UTF8", true),
        ("Application/Json ;", true),
        ("application/json; version=2; q=\"a;charset=latin1\"", true),
        ("application/json; charset=iso-8859-1", false),
        ("application/json; charset=utf-16; charset=utf-8", false),
        ("application/vnd.api+json", false),
        ("text/json", false),
    ] {
        let request = ada.request(Method::POST, "/v1/logins").header("content-type", content_type).body("{}");
        let reply = stage.send(request).await;
        if taken {
            reply.expect(200);
        } else {
            reply.refused(415, "unsupported-media-type");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_tag_of_a_list_in_if_match_will_do() {
    let stage = Stage::new().await;
    let owner = json!({"sub": "ada", "workspaces": ["acme"], "owned_workspaces": ["acme"]});
    let ada: User = stage.user_with(owner).await;
    let enrolled = ada.enroll().await;
    let policy = "/v1/workspaces/acme/policy";
    let mut version = 0;
    for (tags, matches) in [
        ("\"V\", \"99\"", true),
        ("\"99\",\"V\"", true),
        ("\"x,y\" , \"V\"", true),
        (", \"V\",", true),
        ("\"V\"", true),
        ("*", true),
        (" * ", true),
        ("\"98\", \"99\"", false),
        ("W/\"V\"", false),
        ("W/\"V\", \"99\"", false),
        ("\"99\", W/\"V\"", false),
        ("V", false),
        ("\"V", false),
        ("\"0V\"", false),
        ("\"99, V\"", false),
        ("", false),
    ] {
        let sent = tags.replace('V', &version.to_string());
        let assertion = ada.prove(&enrolled).await;
        let request = ada.request(Method::PUT, policy).header("if-match", &sent).header("mfa-assertion", assertion);
        let reply = stage.send(request.json(&json!({"required": false}))).await;
        if matches {
            version = reply.header("etag").trim_matches('"').parse::<u64>().unwrap();
            reply.expect(200);
        } else {
            reply.refused(412, "policy-changed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locale_is_read_as_its_language() {
    for (asked, words) in [
        ("fr_CA", "votre code"),
        ("FR_ca;q=0.8, de", "votre code"),
        ("es_419, en;q=0.5", "tu clave"),
        ("de_DE, fr_FR;q=0.1", "votre code"),
        ("zh_Hant_TW, es_MX", "tu clave"),
        ("frr_DE", "your code"),
    ] {
        let stage = Stage::new().await;
        let ada = stage.user("ada").await;
        let phone = ada.begin_phone("+14155550123").await;
        let request = ada.request(Method::POST, &format!("/v1/factors/{phone}/texts"));
        stage.send(request.header("accept-language", asked)).await.expect(202);
        let text = stage.texts().await[0]["body"].as_str().unwrap().to_owned();
        assert!(text.contains(words), "{asked}: {text}");
    }
}
