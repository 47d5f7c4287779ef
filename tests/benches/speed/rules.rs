//! The rules by themselves, in instructions, which do not depend on the machine's load: valgrind counts those of this very
//! program applying one ten times, and a hundred and ten times; the difference is a hundred applications, for the start and
//! what is made once are in both.

use std::{collections::BTreeSet, env, hint::black_box, process::Command};

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::json;
use shared::{
    account::Account,
    assertion::{Expected, Unverified, token_hash},
    attempts::FACTORS,
    clock::Timestamp,
    code::Code,
    factor::Kind,
    http::claims::ClaimNames,
    phone::{PhoneNumber, Regions},
    policy::{Decision, Policy, Requirements, Wish},
    recovery::RecoveryCode,
    settings::Settings,
    totp::{TotpSecret, qr_svg},
    user::UserId,
};

/// The rules, and what each comes to.
pub const RULES: [(&str, &str); 9] = [
    ("attempts", "whether an attempt may be made"),
    ("claims", "a login token's claims, with a workspace"),
    ("totp", "which step a wrong code of an app is of: three are looked at"),
    ("texted", "whether a texted code is the right one"),
    ("recovery", "which of ten recovery codes a wrong one is"),
    ("policy", "the decision about a login to 50 workspaces with policies"),
    ("assertion", "an assertion's signature and claims"),
    ("phone", "a phone number as typed: whether it may be texted"),
    ("qr", "a QR code to scan"),
];

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Instructions of each rule, in their order; nothing where valgrind is not there.
pub fn count() -> Option<Vec<f64>> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("rules: left out, for valgrind is not installed");
        return None;
    }
    println!("rules: instructions, by valgrind");
    let counts = RULES.map(|(name, what)| {
        let count = (instructions(name, 110) - instructions(name, 10)) / 100.0;
        println!("  {count:>12.0}  {what}");
        count
    });
    Some(counts.into())
}

fn instructions(rule: &str, times: u32) -> f64 {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe().unwrap());
    let done = valgrind.args(["rule", rule, &times.to_string()]).output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{told}");
    let counted = told.lines().find_map(|line| line.split_once("Collected :")).unwrap().1;
    counted.trim().parse().unwrap()
}

/// Applies a rule so many times.
pub fn apply(rule: &str, times: u32) {
    let mut apply: Box<dyn FnMut()> = match rule {
        "attempts" => Box::new(|| _ = black_box(FACTORS.judge(black_box(7), NOW, NOW))),
        "claims" => {
            let claims =
                [("sub", "ada"), ("email", "ada@example.com"), ("email_verified", "true"), ("workspaces", "[acme]")];
            let claims = claims.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let names = ClaimNames::new(&Settings::default()).unwrap();
            Box::new(move || _ = black_box(names.read(black_box(&claims))))
        }
        "totp" => {
            let secret = TotpSecret::new(&[7; 20]);
            Box::new(move || assert!(secret.matching_step(black_box("000000"), NOW).is_none()))
        }
        "texted" => {
            let [right, wrong] = ["123456", "123457"].map(|code| Code::parse(code).unwrap());
            Box::new(move || assert!(!right.is(black_box(&wrong))))
        }
        "recovery" => {
            let codes: Vec<_> = (0..10).map(|number| code(&format!("k3xq9f2m7w4dh8r{number}"))).collect();
            let wrong = code("k3xq9f2m7w4dh8rz");
            Box::new(move || assert!(black_box(&wrong).index_in(&codes).is_none()))
        }
        "policy" => {
            let by = UserId::try_from("owner".to_owned()).unwrap();
            let wish =
                Wish { required: true, grace_days: 0, allowed_factors: BTreeSet::from(Kind::ALL), ..Wish::default() };
            let policies = vec![Policy::default().changed(wish, &by, NOW); 50];
            let account = Account::default();
            Box::new(move || {
                let requirements = Requirements::of(black_box(&policies), NOW);
                assert!(Decision::of(&account, false, &requirements).decision == Decision::Enroll);
            })
        }
        "assertion" => assertion(),
        "phone" => {
            let regions = Regions::new(&Settings::default()).unwrap();
            Box::new(move || assert!(PhoneNumber::parse(black_box("+1 (415) 555-2671"), &regions).is_ok()))
        }
        "qr" => {
            let uri = TotpSecret::new(&[7; 20]).uri("Local App", "ada@example.com");
            Box::new(move || assert!(qr_svg(black_box(&uri)).is_some()))
        }
        _ => panic!("there is no rule {rule}"),
    };
    for _ in 0..times {
        apply();
    }
}

fn code(spelled: &str) -> RecoveryCode {
    RecoveryCode::parse(spelled).unwrap()
}

fn assertion() -> Box<dyn FnMut()> {
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
