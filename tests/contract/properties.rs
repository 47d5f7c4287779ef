//! Properties that hold for any input. proptest draws what a client or an identity provider can send, and the fuzz
//! targets' checks judge it.

use proptest::{collection::vec, prelude::*, sample::select, string::string_regex};
use serde_json::{Map, Value, json};
use shared::{
    account::Account,
    base::{clock::Timestamp, settings::Settings},
    channel::{language::Language, sms::words::SmsWords},
    edge::http::request::Request,
    proof::{
        assertion::LoginReason,
        code::Code,
        factor::{FactorId, Kind},
    },
    workspace::policy::{Policy, PolicyRules, decision::Decision, requirements::Requirements},
};

use crate::fuzz::{assertion, body, claims, codes, phone};

fn request(content_type: &str, body: &[u8]) -> Request {
    let event = json!({
        "version": "2.0", "routeKey": "POST /v1/factors", "rawPath": "/v1/factors", "rawQueryString": "",
        "headers": {"content-type": content_type},
        "requestContext": {"http": {"method": "POST", "path": "/v1/factors"}, "routeKey": "POST /v1/factors", "stage": "$default"},
        "body": data_encoding::BASE64.encode(body), "isBase64Encoded": true,
    });
    Request::new(shared::edge::http::gateway::read(&event.to_string()).unwrap(), Timestamp::default())
}

/// A strategy for texts that match a regular expression.
fn spelled(pattern: &str) -> impl Strategy<Value = String> + use<> {
    string_regex(pattern).unwrap()
}

/// Lists, near misses of lists, and any other text.
fn listish() -> impl Strategy<Value = String> {
    prop_oneof![
        spelled(r"\[[A-Za-z0-9._:-]{1,9}( [A-Za-z0-9._:-]{1,9}){0,4}\]"),
        spelled(r"[\[\] a-c,/#é]{0,12}"),
        any::<String>()
    ]
}

/// Codes, near misses of codes, and any other text.
fn codish() -> impl Strategy<Value = String> {
    prop_oneof![spelled("[0-9]{6}"), spelled("[0-9 -]{4,12}"), spelled("[0-9a٣３+.]{5,7}"), any::<String>()]
}

/// What a user types or a client sends as one text, and near misses.
fn textish() -> impl Strategy<Value = String> {
    prop_oneof![
        codish(),
        spelled("[ -]{0,2}([0-9][ -]{0,3}){6}"),
        spelled("([0-9a-zA-Z]{4}[ -]?){2,4}"),
        spelled("[A-Z2-7]{14,40}=?"),
        spelled("[ -~]{1,255}"),
        spelled("[ -~é\n]{0,4}"),
        spelled("[A-Za-z0-9._:-]{1,66}"),
        spelled("[A-Za-z0-9._:-]{0,3}[ -~é\n][A-Za-z0-9._:-]{0,3}"),
        spelled("[a-z\u{200e}\u{202e}\u{2028}\u{2066}\n ]{1,9}"),
    ]
}

/// Claims, most of them readable.
fn claims() -> impl Strategy<Value = Value> {
    let ids = || spelled(r"\[[a-d]( [a-d]){0,3}\]");
    let list = move || prop_oneof![4 => ids(), 1 => listish()];
    let sso = prop_oneof![ids(), Just("true".to_owned()), listish()];
    #[expect(clippy::cast_precision_loss, reason = "whole seconds of this century are exact")]
    let scientific = (0..4_102_444_800_u64).prop_map(|seconds| format!("{:e}", seconds as f64).replacen('e', "e+", 1));
    let seconds = (0..300_000_000_000_u64).prop_map(|seconds| seconds.to_string());
    let moment = prop_oneof![3 => scientific, 3 => seconds, 1 => any::<String>()];
    let sub = prop_oneof![4 => spelled("[ -~]{1,255}"), 1 => any::<String>()];
    (sub, list(), list(), sso, moment).prop_map(|(sub, workspaces, owned, sso, reset)| {
        json!({"sub": sub, "workspaces": workspaces, "owned_workspaces": owned, "sso": sso, "password_reset_at": reset})
    })
}

/// A byte that tells how an assertion is made, and the data for it.
fn assertionish() -> impl Strategy<Value = Vec<u8>> {
    let signed = |(header, claims): (Value, Value)| format!("\u{2}{header}\n{claims}").into_bytes();
    let other = prop_oneof![codish().prop_map(Value::from), any::<u64>().prop_map(Value::from), json_value()];
    let claim = (0..11_usize, other).prop_map(|(place, value)| {
        let (header, mut claims) = assertion::words();
        *claims.as_object_mut().unwrap().values_mut().nth(place).unwrap() = value;
        (header, claims)
    });
    prop_oneof![
        1 => any::<String>().prop_map(|text| format!("\0{text}").into_bytes()),
        1 => vec(any::<u8>(), 0..12).prop_map(|edits| [vec![1], edits].concat()),
        1 => (json_value(), json_value()).prop_map(signed),
        3 => claim.prop_map(signed),
    ]
}

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

/// A byte that selects a route, and a body for it: some of its fields with values of any shape, or no JSON.
fn bodyish() -> impl Strategy<Value = Vec<u8>> {
    let fields = |route: u8| {
        // Some routes have no field of their own.
        let known = [body::fields(route), vec!["code".to_owned()]].concat();
        let field = prop_oneof![4 => select(known), 1 => spelled("[a-z_]{1,8}")];
        let fields = vec((field, json_value()), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect()));
        let bodies = prop_oneof![4 => fields, 1 => json_value()].prop_map(|body| body.to_string().into_bytes());
        let bodies = prop_oneof![5 => bodies, 1 => vec(any::<u8>(), 0..200)];
        bodies.prop_map(move |body| [vec![route], body].concat())
    };
    any::<u8>().prop_flat_map(fields)
}

proptest! {
    #[test]
    fn a_text_is_read_exactly_and_steers_no_line(text in textish()) {
        codes::check(text.as_bytes());
    }

    #[test]
    fn claims_are_read_exactly_and_sso_vouches_for_no_more(claims in claims()) {
        claims::check(claims.to_string().as_bytes());
    }

    #[test]
    fn a_phone_number_is_what_was_typed(typed in phonish()) {
        phone::check(typed.as_bytes());
    }

    #[test]
    fn only_genuine_words_are_an_assertion(data in assertionish()) {
        assertion::check(&data);
    }

    #[test]
    fn a_body_is_taken_as_the_contract_says_and_never_quoted(data in bodyish()) {
        body::check(&data);
    }

    #[test]
    fn a_factors_id_reads_back_and_no_other_spelling_of_it_does(millis in 0..(1_u64 << 48), random in any::<[u8; 10]>()) {
        let id = FactorId::new(Timestamp::from_millis(millis), random);
        prop_assert_eq!(FactorId::parse(id.as_str()), Some(id.clone()));
        for other in [id.as_str().to_lowercase(), format!("{}0", id.as_str())] {
            codes::check(other.as_bytes());
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
    fn any_languages_are_read_as_one_of_ours(header in any::<String>(), tag in "[a-z]{2}(-[A-Z]{2})?", weight in "[0-9.]{0,4}") {
        Language::accepted(Some(&header));
        let ours = Language::accepted(Some(&format!("{tag};q={weight}")));
        let french = tag.starts_with("fr") && weight.parse().is_ok_and(|weight: f32| weight > 0.0 && weight <= 1.0);
        prop_assert_eq!(ours == Language::French, french);
    }

    /// The strictest policy wins: workspaces together never allow what one of them alone forbids.
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
            prop_assert!(all.methods().iter().all(|kind| alone.may_enroll(*kind)));
            prop_assert!(all.is_required() || !alone.is_required());
            prop_assert!(!all.allow_email() || alone.allow_email());
            for factor in account.factors.values() {
                prop_assert!(!all.is_usable(factor) || alone.is_usable(factor));
            }
        }
        prop_assert!(all.may_enroll(Kind::Totp), "an app is always allowed");
    }

    /// For any app name, a text is one segment of GSM-7, states the code's lifetime, and ends with the code's line.
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

/// The basic character set of GSM-7, column by column, without the escape character (3GPP TS 23.038, table 6.2.1).
const SEPTETS: &str = "@\u{394} 0\u{a1}P\u{bf}p\u{a3}_!1AQaq$\u{3a6}\"2BRbr\u{a5}\u{393}#3CScs\u{e8}\u{39b}\u{a4}4DTdt\
    \u{e9}\u{3a9}%5EUeu\u{f9}\u{3a0}&6FVfv\u{ec}\u{3a8}'7GWgw\u{f2}\u{3a3}(8HXhx\u{c7}\u{398})9IYiy\n\u{39e}*:JZjz\
    \u{d8}+;K\u{c4}k\u{e4}\u{f8}\u{c6},<L\u{d6}l\u{f6}\r\u{e6}-=M\u{d1}m\u{f1}\u{c5}\u{df}.>N\u{dc}n\u{fc}\u{e5}\u{c9}/?O\u{a7}o\u{e0}";

/// Phone numbers, near misses of them, and any other text.
fn phonish() -> impl Strategy<Value = String> {
    prop_oneof![
        spelled(r"\+1[ .()-]{0,2}[2-9][0-9]{2}[ .()-]{0,2}[2-9][0-9]{2}[ .-]?[0-9]{4}"),
        spelled(r"\+1[2-9][0-9]{2}[ -~٣３]?[2-9][0-9]{2}[ -~٣３]?[0-9]{4}[ -~٣３]?"),
        spelled(r"\+?[0-9]{1,3}[ .()-]{0,3}[0-9a-z٣３;x#,*]{0,12}"),
        any::<String>()
    ]
}

/// Names that an app can have: 1 to 30 characters.
fn nameish() -> impl Strategy<Value = String> {
    prop_oneof![spelled(r"\PC{1,30}"), spelled(r"[a-zA-Z\[\]{}|^~€\\@#\r\n ]{1,30}"), spelled(r"(.|\n){1,30}")]
}

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A rank of how much a decision asks of the user.
fn strength(reason: LoginReason) -> u32 {
    match reason {
        LoginReason::MfaNotEnabled => 0,
        LoginReason::GracePeriod => 1,
        LoginReason::MfaEnabled | LoginReason::RequiredByWorkspace => 2,
        LoginReason::MethodNotAllowed => 3,
        LoginReason::Sso | LoginReason::Other => panic!("no decision by password gives {reason:?}"),
    }
}

/// Any policy, with a date around `NOW`.
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
