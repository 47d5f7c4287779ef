//! What holds for whatever is sent: the parsers of everything that a client or an identity provider can spell.

use proptest::{collection::vec, prelude::*, string::string_regex};
use serde_json::{Map, Value, json};
use shared::{
    assertion::Unverified,
    code::Code,
    factor::{FactorId, FactorName},
    http::{Request, claims::ClaimNames},
    settings::Settings,
    user::{UserId, WorkspaceId},
};

/// A request with this body.
fn request(content_type: &str, body: &[u8]) -> Request {
    let event = json!({
        "version": "2.0", "routeKey": "POST /v1/factors", "rawPath": "/v1/factors", "rawQueryString": "",
        "headers": {"content-type": content_type},
        "requestContext": {"http": {"method": "POST", "path": "/v1/factors"}, "routeKey": "POST /v1/factors", "stage": "$default"},
        "body": data_encoding::BASE64.encode(body), "isBase64Encoded": true,
    });
    Request::new(lambda_http::request::from_str(&event.to_string()).unwrap(), shared::clock::Timestamp::default())
}

proptest! {
    #[test]
    fn a_code_is_accepted_only_as_six_ascii_digits_with_spaces_and_dashes(text in any::<String>()) {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let six = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 32;
        prop_assert_eq!(Code::parse(&text).map(|code| code.digits().to_owned()), six.then_some(digits));
    }

    #[test]
    fn a_code_survives_however_it_is_spaced(digits in string_regex("[0-9]{6}").unwrap(), gaps in vec(string_regex("[ -]{0,3}").unwrap(), 6)) {
        let typed: String = gaps.iter().zip(digits.chars()).flat_map(|(gap, digit)| gap.chars().chain([digit])).collect();
        let code = Code::parse(&typed).unwrap();
        prop_assert_eq!(code.digits(), digits);
    }

    #[test]
    fn an_id_that_is_accepted_is_spelled_as_ids_are(text in any::<String>()) {
        if let Ok(id) = UserId::try_from(text.clone()) {
            prop_assert!(id.as_str().bytes().all(|byte| (0x20..0x7f).contains(&byte)) && id.as_str() == text);
        }
        if WorkspaceId::try_from(text.clone()).is_ok() {
            prop_assert!(text.len() <= 64 && !text.contains([' ', '[', ']', '#']));
        }
        if let Some(id) = FactorId::parse(&text) {
            prop_assert!(text.len() == 26 && id.as_str() == text);
        }
    }

    #[test]
    fn a_name_that_is_accepted_can_break_no_line(text in any::<String>()) {
        if let Ok(name) = FactorName::try_from(text.clone()) {
            let name = String::from(name);
            prop_assert!(!name.chars().any(char::is_control) && (1..=64).contains(&name.chars().count()));
            prop_assert_eq!(name, text.trim());
        }
    }

    #[test]
    fn what_is_no_assertion_is_refused_and_breaks_nothing(text in any::<String>(), parts in vec(string_regex("[A-Za-z0-9_=-]{0,90}").unwrap(), 0..5)) {
        prop_assert!(Unverified::parse(&text).is_err());
        prop_assert!(Unverified::parse(&parts.join(".")).is_err());
    }

    #[test]
    fn a_body_is_read_or_refused_and_never_quoted(body in vec(any::<u8>(), 0..200), secret in string_regex("[A-Z2-7]{32}").unwrap()) {
        if let Ok(mut fields) = request("application/json", &body).fields() {
            let _ = fields.code();
            let _ = fields.end();
        }
        for body in [json!({"code": secret}), json!({"code": [secret]}), json!({secret.clone(): "123456", "code": "123456"}), json!([secret])] {
            let refusal = request("application/json", body.to_string().as_bytes()).fields().and_then(|mut fields| {
                fields.code()?;
                fields.end()
            });
            let refusal = format!("{:?}", refusal.unwrap_err());
            prop_assert!(!refusal.contains(&secret));
        }
    }

    #[test]
    fn every_unknown_field_is_refused(name in string_regex("[a-z_]{1,32}").unwrap().prop_filter("unknown", |name| name != "code")) {
        let body = Map::from_iter([("code".to_owned(), json!("123456")), (name.clone(), Value::Null)]);
        let mut fields = request("application/json", Value::Object(body).to_string().as_bytes()).fields().unwrap();
        fields.code().unwrap();
        let refusal = format!("{:?}", fields.end().unwrap_err());
        let quoted = format!("`{name}`");
        prop_assert!(refusal.contains(&quoted));
    }

    #[test]
    fn claims_are_read_or_refused(
        sub in any::<String>(), workspaces in any::<String>(), sso in any::<String>(), reset in any::<String>(),
    ) {
        let settings = Settings::from_iter([("MFA_SSO_CLAIM", "sso"), ("MFA_PASSWORD_RESET_CLAIM", "reset")]);
        let names = ClaimNames::new(&settings).unwrap();
        let claims = [("sub", sub), ("workspaces", workspaces), ("sso", sso), ("reset", reset)];
        let claims = claims.map(|(name, value)| (name.to_owned(), value)).into();
        let _ = names.read(&claims);
    }

    #[test]
    fn a_list_of_ids_reads_the_same_with_and_without_brackets(ids in vec(string_regex("[A-Za-z0-9._:-]{1,30}").unwrap(), 0..50)) {
        let names = ClaimNames::new(&Settings::default()).unwrap();
        let read = |list: String| {
            let claims = [("sub", "ada".to_owned()), ("workspaces", list)];
            names.read(&claims.map(|(name, value)| (name.to_owned(), value)).into()).map(|token| token.workspaces)
        };
        let plain = ids.join(" ");
        let expected: Vec<_> = ids.into_iter().map(|id| WorkspaceId::try_from(id).unwrap()).collect();
        prop_assert_eq!(read(format!("[{plain}]")).unwrap(), expected.clone());
        prop_assert_eq!(read(plain).unwrap(), expected);
    }
}
