//! The rules by themselves, built as the functions are. `rules` lists them; `rules totp 10` applies one ten times, for who
//! counts the instructions.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "run by a benchmark, which shows what it says"
)]

use std::{collections::BTreeSet, env, hint::black_box};

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::json;
use shared::{
    account::Account,
    base::{clock::Timestamp, ids::UserId, settings::Settings},
    edge::caller::claims::ClaimNames,
    proof::{
        assertion::{Expected, Unverified, token_hash},
        code::Code,
        factor::Kind,
        lockout::FACTORS,
        phone::{PhoneNumber, Regions},
        recovery_codes::RecoveryCode,
        totp::{TotpSecret, qr_svg},
    },
    workspace::policy::{Decision, Policy, PolicyRules, Requirements},
};

/// A rule, made ready to be applied again and again.
type Rule = Box<dyn FnMut()>;

/// The name of a rule, what it decides, the most instructions that it may take, and what makes it ready.
type Listed = (&'static str, &'static str, u32, fn() -> Rule);

/// The rules.
const RULES: [Listed; 9] = [
    ("attempts", "whether an attempt may be made", 1_700, attempts),
    ("claims", "a login token's claims, with a workspace", 3_000, claims),
    ("totp", "which step a wrong code of an app is of: three are looked at", 24_000, totp),
    ("texted", "whether a texted code is the right one", 180, texted),
    ("recovery", "which of ten recovery codes a wrong one is", 3_400, recovery),
    ("policy", "the decision about a login to 50 workspaces with policies", 12_000, policy),
    ("assertion", "an assertion's signature and claims", 950_000, assertion),
    ("phone", "a phone number as typed: whether it may be texted", 200_000, phone),
    ("qr", "a QR code to scan", 15_500_000, qr),
];

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => RULES.iter().for_each(|(name, what, most, _)| println!("{name}: {most}: {what}")),
        [name, times] => apply(name, times.parse().unwrap()),
        _ => panic!("a rule, and how many times"),
    }
}

/// Applies a rule so many times.
fn apply(name: &str, times: u32) {
    let rule = RULES.iter().find(|rule| rule.0 == name).unwrap_or_else(|| panic!("there is no rule {name}"));
    let mut apply = rule.3();
    for _ in 0..times {
        apply();
    }
}

fn attempts() -> Rule {
    Box::new(|| _ = black_box(FACTORS.judge(black_box(7), NOW, NOW)))
}

fn claims() -> Rule {
    let claims = [("sub", "ada"), ("email", "ada@example.com"), ("email_verified", "true"), ("workspaces", "[acme]")];
    let claims = claims.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let names = ClaimNames::new(&Settings::default()).unwrap();
    Box::new(move || _ = black_box(names.read(black_box(&claims))))
}

fn totp() -> Rule {
    let secret = TotpSecret::new(&[7; 20]);
    Box::new(move || assert!(secret.matching_step(black_box("000000"), NOW).is_none()))
}

fn texted() -> Rule {
    let [right, wrong] = ["123456", "123457"].map(|code| Code::parse(code).unwrap());
    Box::new(move || assert!(!right.is(black_box(&wrong))))
}

fn recovery() -> Rule {
    let code = |spelled: &str| RecoveryCode::parse(spelled).unwrap();
    let codes: Vec<_> = (0..10).map(|number| code(&format!("k3xq9f2m7w4dh8r{number}"))).collect();
    let wrong = code("k3xq9f2m7w4dh8rz");
    Box::new(move || assert!(black_box(&wrong).index_in(&codes).is_none()))
}

fn policy() -> Rule {
    let by = UserId::try_from("owner".to_owned()).unwrap();
    let wish = PolicyRules {
        required: true,
        grace_days: 0,
        allowed_factors: BTreeSet::from(Kind::ALL),
        ..PolicyRules::default()
    };
    let policies = vec![Policy::default().changed(wish, &by, NOW); 50];
    let account = Account::default();
    Box::new(move || {
        let requirements = Requirements::of(black_box(&policies), NOW);
        assert!(Decision::of(&account, &requirements).decision == Decision::Enroll);
    })
}

fn phone() -> Rule {
    let regions = Regions::new(&Settings::default()).unwrap();
    Box::new(move || assert!(PhoneNumber::parse(black_box("+1 (415) 555-2671"), &regions).is_ok()))
}

fn qr() -> Rule {
    let uri = TotpSecret::new(&[7; 20]).uri("Local App", "ada@example.com");
    Box::new(move || assert!(qr_svg(black_box(&uri)).is_some()))
}

fn assertion() -> Rule {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let (user, ath) = (UserId::try_from("ada".to_owned()).unwrap(), token_hash("a.login.token"));
    let header = json!({"alg": "ES256", "typ": "mfa+jwt", "kid": "local"});
    let claims = json!({
        "iss": "https://mfa.example.com", "aud": "app", "sub": "ada", "iat": NOW.seconds(), "exp": NOW.seconds() + 300,
        "jti": "01M86NP37KVJYCH5C44V5B7J55", "mfa": "passed", "amr": ["otp", "mfa"], "workspaces": ["acme"],
        "mfa_epoch": 1, "ath": ath,
    });
    let [header, claims] = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
    let signed = format!("{header}.{claims}");
    let signature: Signature = key.sign(signed.as_bytes());
    let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()));
    let key = *key.verifying_key();
    Box::new(move || {
        let expected = Expected { issuer: "https://mfa.example.com", audience: "app", user: &user, ath: &ath };
        assert!(Unverified::parse(black_box(&token)).and_then(|token| token.verify(&key, &expected, NOW)).is_ok());
    })
}
