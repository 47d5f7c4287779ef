//! A function that lacks a setting does not start, and its error names the setting.

use shared::{
    aws::{
        boot::{client_defaults, clients},
        clients::Clients,
    },
    base::{
        clock::Clock,
        settings::{SettingError, Settings, Unset, setting},
    },
};

const COMPLETE: [(&str, &str); 11] = [
    ("MFA_TABLE", "mfa"),
    ("MFA_SEALING_KEY", "alias/mfa-sealing"),
    ("MFA_SIGNING_KEYS", "a=alias/mfa-signing"),
    ("MFA_CODE_KEYS", "a=alias/mfa-codes"),
    ("MFA_RECOVERY_KEYS", "a=alias/mfa-recovery"),
    ("MFA_DIGEST_KEYS", "a=alias/mfa-digests"),
    ("MFA_ISSUER", "https://mfa.example.com"),
    ("MFA_AUDIENCE", "app"),
    ("MFA_APP_NAME", "App"),
    ("MFA_DOMAIN", "app.example.com"),
    ("MFA_EMAIL_FROM", "security@example.com"),
];

/// Starts each function with these settings. Returns its name and its error.
fn start(settings: &Settings) -> [(&'static str, Option<SettingError>); 5] {
    let (aws, clock) = (Clients::new(&client_defaults().build()), Clock::system());
    [
        ("enroll", enroll::Function::new(settings, &aws, clock.clone()).err()),
        ("policy", policy::Function::new(settings, &aws, clock.clone()).err()),
        ("recovery", recovery::Function::new(settings, &aws, clock.clone()).err()),
        ("send-sms", send_sms::Function::new(settings, &aws, clock.clone()).err()),
        ("verify", verify::Function::new(settings, &aws, clock).err()),
    ]
}

#[test]
fn each_setting_that_is_needed_is_named_when_it_is_missing() {
    assert!(start(&Settings::from_iter(COMPLETE)).iter().all(|(_, error)| error.is_none()));
    let required = setting::ALL.iter().filter(|setting| setting.unset == Unset::Required);
    assert!(required.clone().map(|setting| setting.name).eq(COMPLETE.map(|(name, _)| name)));
    for missing in required {
        let settings: Settings = COMPLETE.into_iter().filter(|(name, _)| *name != missing.name).collect();
        for (function, error) in start(&settings) {
            let needed = missing.functions.is_empty() || missing.functions.contains(&function);
            let expected = needed.then_some(SettingError::Missing(missing.name));
            assert_eq!(error, expected, "{function} without {}", missing.name);
        }
    }
}

#[test]
fn an_unreadable_setting_is_named_with_its_form() {
    for (name, bad) in [("MFA_SIGNING_KEYS", "alias/mfa-signing"), ("MFA_WORKSPACES", "sometimes")] {
        let settings: Settings = COMPLETE.into_iter().chain([(name, bad)]).collect();
        for (function, error) in start(&settings) {
            assert!(matches!(error, Some(SettingError::Invalid(named, _)) if named == name), "{function}: {error:?}");
        }
    }
}

#[test]
fn an_unreadable_setting_stops_only_its_function() {
    for (name, bad, function) in [
        ("MFA_TEXT_LIMITS", "user-day=many", "send-sms"),
        ("MFA_TEXT_MAX_PRICE", "free", "send-sms"),
        ("MFA_TEXT_MAX_PRICE", "-1", "send-sms"),
        ("MFA_TEXT_MAX_PRICE", "1e-2", "send-sms"),
        ("MFA_TEXT_ORIGINATION_NUMBERS", "+14155550100", "send-sms"),
        ("MFA_TEXT_ORIGINATION_NUMBERS", "US=+,CA=+15145550100", "send-sms"),
        ("MFA_TEXT_ORIGINATION_NUMBERS", "US=+1 415 555 0100,CA=+15145550100", "send-sms"),
        ("MFA_TEXT_ORIGINATION_NUMBERS", "US=+14155550100,US=+14155550101,CA=+15145550100", "send-sms"),
        ("MFA_TEXT_ORIGINATION_NUMBERS", "US=+14155550100,PR=+17875550100,CA=+15145550100", "send-sms"),
        ("MFA_TEXT_ORIGINATION_NUMBERS", "US=+14155550100,CA=+15145550100,", "send-sms"),
        ("MFA_EMAIL_LIMITS", "week=1", "recovery"),
        ("MFA_EMAIL_HOLD_HOURS", "a day", "recovery"),
        ("MFA_DOMAIN", "https://app.example.com", "send-sms"),
        ("MFA_APP_NAME", "An app with a name that is far too long for a text", "send-sms"),
    ] {
        let settings: Settings = COMPLETE.into_iter().chain([(name, bad)]).collect();
        let errors = start(&settings).into_iter().filter_map(|(function, error)| Some((function, error?)));
        let errors: Vec<_> = errors.collect();
        assert!(
            matches!(&errors[..], [(named, SettingError::Invalid(setting, _))] if *named == function && *setting == name),
            "{name}: {errors:?}"
        );
    }
}

/// A number of one country can't send to the other. Numbers of the United States serve its territories too.
#[test]
fn every_served_country_has_a_number_or_none_has() {
    let (us, ca, both) = ("US=+14155550100", "CA=612345", "US=+14155550100, CA=+15145550100");
    for (regions, numbers, fine) in [
        ("US,CA", both, true),
        ("US,CA", us, false),
        ("US,CA", ca, false),
        ("US,CA", "", true),
        ("US", us, true),
        ("US", ca, false),
        ("US", both, true),
        ("CA", ca, true),
        ("CA", us, false),
        ("US,PR,GU", us, true),
        ("PR", us, true),
        ("PR", ca, false),
        ("VI,CA", ca, false),
        ("AS,MP,CA", both, true),
    ] {
        let set = [("MFA_TEXT_REGIONS", regions), ("MFA_TEXT_ORIGINATION_NUMBERS", numbers)];
        for (function, error) in start(&COMPLETE.into_iter().chain(set).collect()) {
            let named = matches!(error, Some(SettingError::Invalid("MFA_TEXT_ORIGINATION_NUMBERS", _)));
            assert_eq!(named, !fine && function == "send-sms", "{function}: {regions} {numbers}: {error:?}");
        }
    }
}

#[test]
fn unreadable_regions_stop_the_functions_of_phones() {
    for (function, error) in start(&COMPLETE.into_iter().chain([("MFA_TEXT_REGIONS", "US,UK")]).collect()) {
        let named = matches!(error, Some(SettingError::Invalid("MFA_TEXT_REGIONS", _)));
        assert_eq!(named, ["enroll", "send-sms"].contains(&function), "{function}: {error:?}");
    }
}

#[test]
fn an_empty_place_among_operators_stops_their_functions() {
    for (bad, fine) in [("op,", false), (" ", false), ("op,,x", false), ("op, x", true), ("", true)] {
        let settings: Settings = COMPLETE.into_iter().chain([("MFA_OPERATORS", bad)]).collect();
        for (function, error) in start(&settings) {
            let named = matches!(error, Some(SettingError::Invalid("MFA_OPERATORS", _)));
            assert_eq!(named, !fine && ["enroll", "policy"].contains(&function), "{function}: {bad:?}");
        }
    }
}

#[test]
fn a_sender_that_is_no_address_stops_what_sends_email() {
    for bad in ["security", "Acme, Inc. <security@example.com>", "Acme\r\nBcc: eve@evil.example <security@example.com>"]
    {
        let settings: Settings = COMPLETE.into_iter().chain([("MFA_EMAIL_FROM", bad)]).collect();
        for (function, error) in start(&settings) {
            let sends = function != "send-sms";
            assert_eq!(matches!(error, Some(SettingError::Invalid("MFA_EMAIL_FROM", _))), sends, "{function}: {bad:?}");
        }
    }
}

/// The environment that Lambda gives to a function, with these variables.
fn lambda(others: &[(&'static str, &'static str)]) -> Settings {
    let given = [("AWS_REGION", "us-gov-west-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")];
    given.into_iter().chain(others.iter().copied()).collect()
}

#[test]
fn the_clients_call_fips_and_dual_stack_endpoints_if_told_to() {
    let (fips, dual) = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT");
    for (set, expected) in [
        (&[][..], [false, false]),
        (&[(fips, "true")], [true, false]),
        (&[(dual, "true")], [false, true]),
        (&[(fips, "false"), (dual, "false")], [false, false]),
    ] {
        let config = clients("verify", &lambda(set)).map(|clients| clients.emails).unwrap();
        assert_eq!([config.use_fips(), config.use_dual_stack()], expected.map(Some), "{set:?}");
    }
    for name in [fips, dual] {
        let error = clients("verify", &lambda(&[(name, "yes")])).err().unwrap();
        assert_eq!(error.to_string(), format!("the setting {name} must be: true or false"));
    }
}

#[test]
fn a_file_without_an_authority_is_none_to_trust() {
    for path in ["/nowhere/roots.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
        let error = clients("verify", &lambda(&[("MFA_EXTRA_ROOTS", path)])).err().unwrap();
        assert!(error.to_string().starts_with("the setting MFA_EXTRA_ROOTS must be"), "{error}");
    }
    let roots = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/src/aws/amazon_roots.pem");
    assert!(clients("verify", &lambda(&[("MFA_EXTRA_ROOTS", roots)])).is_ok());
}
