//! What holds for whatever is sent: the parsers of everything that a client or an identity provider can spell.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, string::string_regex};
use serde_json::{Map, Value, json};
use shared::{
    account::Account,
    base::{
        clock::Timestamp,
        error::Refusal,
        ids::{UserId, WorkspaceId},
        settings::Settings,
    },
    channel::{language::Language, sms::words::SmsWords},
    edge::{
        caller::{
            claims::ClaimNames,
            login_token::{LoginToken, Sso},
        },
        http::request::Request,
    },
    proof::{
        assertion::{LoginReason, Unverified},
        code::Code,
        factor::{FactorId, FactorName, Kind},
        phone::{PhoneNumber, Regions},
    },
    workspace::policy::{Decision, Policy, PolicyRules, Requirements},
};

/// A request with this body.
fn request(content_type: &str, body: &[u8]) -> Request {
    let event = json!({
        "version": "2.0", "routeKey": "POST /v1/factors", "rawPath": "/v1/factors", "rawQueryString": "",
        "headers": {"content-type": content_type},
        "requestContext": {"http": {"method": "POST", "path": "/v1/factors"}, "routeKey": "POST /v1/factors", "stage": "$default"},
        "body": data_encoding::BASE64.encode(body), "isBase64Encoded": true,
    });
    Request::new(shared::edge::http::gateway::read(&event.to_string()).unwrap(), Timestamp::default())
}

/// A login token's claims, read with SSO and the reset time configured.
fn read(claims: &[(&str, &str)]) -> Result<LoginToken, Refusal> {
    let settings = Settings::from_iter([("MFA_SSO_CLAIM", "sso"), ("MFA_PASSWORD_RESET_CLAIM", "reset")]);
    let claims = claims.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ClaimNames::new(&settings).unwrap().read(&claims.collect())
}

/// Text of the strategy that a regular expression is.
fn spelled(pattern: &str) -> impl Strategy<Value = String> + use<> {
    string_regex(pattern).unwrap()
}

/// Lists, things that are nearly lists, and anything else.
fn listish() -> impl Strategy<Value = String> {
    prop_oneof![
        spelled(r"\[[A-Za-z0-9._:-]{1,9}( [A-Za-z0-9._:-]{1,9}){0,4}\]"),
        spelled(r"[\[\] a-c,/#é]{0,12}"),
        any::<String>()
    ]
}

/// Codes, things that are nearly codes, and anything else.
fn codish() -> impl Strategy<Value = String> {
    prop_oneof![spelled("[0-9]{6}"), spelled("[0-9 -]{4,12}"), spelled("[0-9a٣３+.]{5,7}"), any::<String>()]
}

/// JSON of any shape.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        codish().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let field =
            prop_oneof![Just("code".to_owned()), Just("name".to_owned()), spelled("[a-z_]{1,8}"), any::<String>()];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((field, inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_code_is_accepted_only_as_six_ascii_digits_with_spaces_and_dashes(text in codish()) {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let six = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 32;
        prop_assert_eq!(Code::parse(&text).map(|code| code.digits().to_owned()), six.then_some(digits));
    }

    #[test]
    fn a_code_survives_however_it_is_spaced(digits in spelled("[0-9]{6}"), gaps in vec(spelled("[ -]{0,3}"), 6)) {
        let typed: String = gaps.iter().zip(digits.chars()).flat_map(|(gap, digit)| gap.chars().chain([digit])).collect();
        let code = Code::parse(&typed).unwrap();
        prop_assert_eq!(code.digits(), digits);
    }

    #[test]
    fn an_id_is_accepted_exactly_where_it_is_spelled_as_ids_are(text in prop_oneof![spelled("[ -~]{1,255}"), spelled("[ -~é\n]{0,4}"), any::<String>()]) {
        let printable = (1..=255).contains(&text.len()) && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        prop_assert_eq!(UserId::try_from(text.clone()).is_ok(), printable);
        let plain = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
        prop_assert_eq!(WorkspaceId::try_from(text).is_ok(), plain);
    }

    #[test]
    fn a_factors_id_reads_back_and_no_other_spelling_of_it_does(millis in 0..(1_u64 << 48), random in any::<[u8; 10]>()) {
        let id = FactorId::new(Timestamp::from_millis(millis), random);
        prop_assert_eq!(FactorId::parse(id.as_str()), Some(id.clone()));
        let lower = id.as_str().to_lowercase();
        prop_assert!(lower == id.as_str() || FactorId::parse(&lower).is_none());
        let longer = format!("{}0", id.as_str());
        prop_assert!(FactorId::parse(&longer).is_none());
    }

    #[test]
    fn a_name_that_is_accepted_can_break_no_line_and_turn_none(text in prop_oneof![any::<String>(), spelled("[a-z\u{200e}\u{202e}\u{2028}\u{2066}\n ]{1,9}")]) {
        if let Ok(name) = FactorName::try_from(text.clone()) {
            let name = String::from(name);
            let turns = |c: char| matches!(c, '\u{200e}' | '\u{2028}' | '\u{202e}' | '\u{2066}');
            prop_assert!(!name.chars().any(|c| c.is_control() || turns(c)) && (1..=64).contains(&name.chars().count()));
            prop_assert_eq!(name, text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}'));
        }
    }

    #[test]
    fn what_is_no_assertion_is_refused_and_breaks_nothing(
        text in any::<String>(), header in json_value(), claims in json_value(), signature in vec(any::<u8>(), 0..70),
    ) {
        prop_assert!(Unverified::parse(&text).is_err());
        let part = |bytes: &[u8]| data_encoding::BASE64URL_NOPAD.encode(bytes);
        let token = format!("{}.{}.{}", part(header.to_string().as_bytes()), part(claims.to_string().as_bytes()), part(&signature));
        prop_assert!(Unverified::parse(&token).is_err());
    }

    #[test]
    fn an_assertion_with_one_claim_of_another_type_is_refused(claim in 0..10_usize, value in json_value()) {
        let mut claims = json!({
            "iss": "i", "aud": "a", "sub": "ada", "iat": 1, "exp": 2, "jti": "j", "mfa": "passed", "amr": ["otp", "mfa"],
            "workspaces": ["acme"], "mfa_epoch": 3, "ath": "h",
        });
        let names = ["iss", "aud", "sub", "iat", "exp", "jti", "mfa", "amr", "workspaces", "mfa_epoch"];
        let part = |value: &Value| data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let header = part(&json!({"alg": "ES256", "typ": "mfa+jwt", "kid": "local"}));
        let signature = data_encoding::BASE64URL_NOPAD.encode(&[1; 64]);
        let good = format!("{header}.{}.{signature}", part(&claims));
        prop_assert!(Unverified::parse(&good).is_ok(), "the whole one is taken apart");
        let same_type = std::mem::discriminant(&claims[names[claim]]) == std::mem::discriminant(&value);
        claims[names[claim]] = value;
        let token = format!("{header}.{}.{signature}", part(&claims));
        prop_assert!(same_type || Unverified::parse(&token).is_err(), "{}", claims);
    }

    #[test]
    fn a_body_gives_its_code_exactly_where_it_is_an_object_with_nothing_but_a_code(body in json_value()) {
        let read = request("application/json", body.to_string().as_bytes()).fields().and_then(|mut fields| {
            let code = fields.code()?;
            fields.end()?;
            Ok(code.digits().to_owned())
        });
        let only = body.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.get("code")?.as_str());
        let expected = only.and_then(Code::parse).map(|code| code.digits().to_owned());
        prop_assert_eq!(read.ok(), expected);
    }

    #[test]
    fn bytes_that_are_no_json_object_are_refused(body in vec(any::<u8>(), 1..200)) {
        let object = serde_json::from_slice::<Map<String, Value>>(&body).is_ok();
        prop_assert_eq!(request("application/json", &body).fields().is_ok(), object);
    }

    #[test]
    fn no_refusal_of_a_body_quotes_it(secret in spelled("[A-Z2-7]{32}")) {
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
    fn every_unknown_field_is_refused_by_name(name in spelled("[a-z_]{1,32}").prop_filter("unknown", |name| name != "code")) {
        let body = Map::from_iter([("code".to_owned(), json!("123456")), (name.clone(), Value::Null)]);
        let mut fields = request("application/json", Value::Object(body).to_string().as_bytes()).fields().unwrap();
        fields.code().unwrap();
        let (refusal, quoted) = (format!("{:?}", fields.end().unwrap_err()), format!("`{name}`"));
        prop_assert!(refusal.contains(&quoted));
    }

    #[test]
    fn workspaces_are_read_exactly_where_every_one_is_an_id(list in listish()) {
        let inner = list.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&list);
        let expected: Option<Vec<_>> =
            inner.split_whitespace().map(|id| WorkspaceId::try_from(id.to_owned()).ok()).collect();
        // One that is named twice counts once.
        let first = |ids: Vec<WorkspaceId>| {
            let mut seen = BTreeSet::new();
            ids.into_iter().filter(|id| seen.insert(id.clone())).collect::<Vec<_>>()
        };
        let expected = expected.map(first).filter(|ids| ids.len() <= 50 && list.len() <= 2048);
        match read(&[("sub", "ada"), ("workspaces", &list)]) {
            Ok(token) => prop_assert_eq!(Some(token.workspaces), expected),
            Err(refusal) => {
                prop_assert_eq!(refusal, Refusal::ClaimInvalid("workspaces".to_owned()));
                prop_assert_eq!(expected, None);
            }
        }
    }

    #[test]
    fn sso_vouches_for_no_workspace_that_the_user_is_not_in(workspaces in spelled(r"\[[a-d]( [a-d]){0,3}\]"), sso in listish()) {
        let read = read(&[("sub", "ada"), ("workspaces", &workspaces), ("sso", &sso)]);
        let is_list = sso.starts_with('[');
        match read.map(|token| (token.sso, token.workspaces)) {
            Ok((Sso::No, _)) => prop_assert!(sso != "true" && (!is_list || sso.trim_matches(['[', ']', ' ']).is_empty()), "{}", sso),
            Ok((Sso::Yes(vouched), all)) => {
                prop_assert!(!vouched.is_empty() && vouched.iter().all(|id| all.contains(id)));
                prop_assert!(sso == "true" || is_list, "{}", sso);
            }
            Err(refusal) => {
                prop_assert!(is_list, "{}", sso);
                prop_assert!([Refusal::SsoUser, Refusal::ClaimInvalid("sso".to_owned())].contains(&refusal), "{:?}", refusal);
            }
        }
    }

    #[test]
    fn a_reset_time_is_read_in_both_renderings(seconds in 0..4_102_444_800_u64, other in any::<String>()) {
        #[expect(clippy::cast_precision_loss, reason = "whole seconds of this century are exact")]
        let scientific = format!("{:e}", seconds as f64);
        for text in [seconds.to_string(), scientific.replacen('e', "e+", 1)] {
            let token = read(&[("sub", "ada"), ("workspaces", ""), ("reset", &text)]).unwrap();
            prop_assert_eq!(token.password_reset_at.map(Timestamp::seconds), Some(seconds), "{}", text);
        }
        if other.parse::<f64>().is_err() {
            let refusal = read(&[("sub", "ada"), ("workspaces", ""), ("reset", &other)]).unwrap_err();
            prop_assert_eq!(refusal, Refusal::ClaimInvalid("reset".to_owned()));
        }
    }

    #[test]
    fn a_phone_number_is_what_was_typed_without_what_was_between_or_nothing(typed in phonish()) {
        if let Ok(number) = PhoneNumber::parse(&typed, &Regions::new(&Settings::default()).unwrap()) {
            let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(number.e164(), format!("+{digits}"));
            prop_assert!(typed.starts_with('+') && digits.starts_with('1') && digits.len() == 11);
            prop_assert!(typed[1..].chars().all(|c| c.is_ascii_digit() || " .-()".contains(c)), "{:?}", typed);
        }
    }

    #[test]
    fn any_languages_are_read_as_one_of_ours(header in any::<String>(), tag in "[a-z]{2}(-[A-Z]{2})?", weight in "[0-9.]{0,4}") {
        Language::accepted(Some(&header));
        let ours = Language::accepted(Some(&format!("{tag};q={weight}")));
        let french = tag.starts_with("fr") && weight.parse().is_ok_and(|weight: f32| weight > 0.0 && weight <= 1.0);
        prop_assert_eq!(ours == Language::French, french);
    }

    /// Of any workspaces the strictest wins: together they let nothing through that one of them alone would not.
    #[test]
    fn no_set_of_policies_is_weaker_than_the_strictest_of_them(policies in vec(policy(), 0..6), kinds in vec(any::<bool>(), 2)) {
        let kinds = Kind::ALL.into_iter().zip(kinds).filter(|(_, has)| *has).map(|(kind, _)| kind);
        let account = account_with(&kinds.collect::<Vec<_>>());
        let all = Requirements::of(&policies, NOW);
        let together = Decision::of(&account, &all);
        for one in &policies {
            let alone = Requirements::of([one], NOW);
            let decided = Decision::of(&account, &alone);
            prop_assert!(strength(together.reason) >= strength(decided.reason), "{:?} {:?}", together, decided);
            if let (Some(together), Some(alone)) = (together.enroll_by, decided.enroll_by) {
                prop_assert!(together <= alone);
            }
            prop_assert!(all.methods().iter().all(|kind| alone.may_enrol(*kind)));
            prop_assert!(all.is_required() || !alone.is_required());
            prop_assert!(!all.allow_email() || alone.allow_email());
            for factor in account.factors.values() {
                prop_assert!(!all.is_usable(factor) || alone.is_usable(factor));
            }
            if let (Some(by), Some(alone)) = (together.enroll_by, decided.enroll_by) {
                prop_assert!(by <= alone);
            }
        }
        prop_assert!(all.may_enrol(Kind::Totp), "nobody is left without a way");
    }

    /// Whatever the app is called: one segment, letters of GSM-7 alone, the lifetime, and the code's line last.
    #[test]
    fn every_text_is_one_segment_of_gsm_7(name in nameish(), number in 0..1_000_000_u32, minutes in 1..=10_u64) {
        let settings = [("MFA_APP_NAME", name.as_str()), ("MFA_DOMAIN", &"d".repeat(41))];
        let texts = SmsWords::new(&Settings::from_iter(settings)).unwrap();
        let code = format!("{number:06}");
        for language in Language::ALL {
            let text = texts.code(language, &Code::parse(&code).unwrap(), minutes);
            prop_assert!(text.chars().count() <= 160 && text.chars().all(|c| SEPTETS.contains(c)), "{:?}", text);
            let last = format!("\n@{} #{code}", "d".repeat(41));
            prop_assert!(text.ends_with(&last) && text.contains(&format!("{minutes} min")), "{:?}", text);
            prop_assert_eq!(text.lines().count(), 3);
        }
    }
}

/// The basic character set of GSM-7 (3GPP TS 23.038, table 6.2.1), row by row of its columns, without the escape.
const SEPTETS: &str = "@\u{394} 0\u{a1}P\u{bf}p\u{a3}_!1AQaq$\u{3a6}\"2BRbr\u{a5}\u{393}#3CScs\u{e8}\u{39b}\u{a4}4DTdt\
    \u{e9}\u{3a9}%5EUeu\u{f9}\u{3a0}&6FVfv\u{ec}\u{3a8}'7GWgw\u{f2}\u{3a3}(8HXhx\u{c7}\u{398})9IYiy\n\u{39e}*:JZjz\
    \u{d8}+;K\u{c4}k\u{e4}\u{f8}\u{c6},<L\u{d6}l\u{f6}\r\u{e6}-=M\u{d1}m\u{f1}\u{c5}\u{df}.>N\u{dc}n\u{fc}\u{e5}\u{c9}/?O\u{a7}o\u{e0}";

/// Numbers, things that are nearly numbers, and anything else.
fn phonish() -> impl Strategy<Value = String> {
    prop_oneof![
        spelled(r"\+1[ .()-]{0,2}[2-9][0-9]{2}[ .()-]{0,2}[2-9][0-9]{2}[ .-]?[0-9]{4}"),
        spelled(r"\+?[0-9]{1,3}[ .()-]{0,3}[0-9a-z٣３;x#,*]{0,12}"),
        any::<String>()
    ]
}

/// What an app may be called: 1 to 30 characters.
fn nameish() -> impl Strategy<Value = String> {
    prop_oneof![spelled(r"\PC{1,30}"), spelled(r"[a-zA-Z\[\]{}|^~€\\@#\r\n ]{1,30}"), spelled(r"(.|\n){1,30}")]
}

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// How much a decision asks for.
fn strength(reason: LoginReason) -> u32 {
    match reason {
        LoginReason::MfaNotEnabled => 0,
        LoginReason::GracePeriod => 1,
        LoginReason::MfaEnabled | LoginReason::RequiredByWorkspace => 2,
        LoginReason::MethodNotAllowed => 3,
        LoginReason::Sso | LoginReason::Other => panic!("no decision by password gives {reason:?}"),
    }
}

/// Any policy, its date around now.
fn policy() -> impl Strategy<Value = Policy> {
    (any::<bool>(), 0..8_u64, any::<bool>(), any::<bool>()).prop_map(|(required, from, sms, email)| {
        let allowed = if sms { vec![Kind::Totp, Kind::Sms] } else { vec![Kind::Totp] };
        let rules = PolicyRules {
            required,
            allowed_factors: allowed.into_iter().collect(),
            allow_email_recovery: email,
            ..PolicyRules::default()
        };
        let from = Timestamp::from_seconds(NOW.seconds() - 2 + from);
        Policy { rules, required_from: required.then_some(from), ..Policy::default() }
    })
}

/// An account with an active factor of each of these kinds.
fn account_with(kinds: &[Kind]) -> Account {
    let factor = |kind: Kind| {
        let kind = serde_json::to_value(kind).unwrap();
        let phone = json!({"hint": "+1 ••• ••• 0123", "number_digest": "n", "exchange_digest": "e"});
        let phone = if kind == "sms" { phone } else { Value::Null };
        let factor = json!({
            "kind": kind, "status": "active", "name": "x", "created_at": 0, "sealed": [], "phone": phone,
        });
        serde_json::from_value(factor).unwrap()
    };
    let ids = (1..).map(|index| FactorId::new(NOW, [index; 10]));
    Account { factors: ids.zip(kinds.iter().copied().map(factor)).collect(), ..Account::default() }
}
