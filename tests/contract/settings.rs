//! A function that lacks a setting does not start, and says which one it is.

use shared::{
    boot::client_defaults,
    clock::Clock,
    settings::{SettingError, Settings},
};

const COMPLETE: [(&str, &str); 7] = [
    ("MFA_TABLE", "mfa"),
    ("MFA_SEALING_KEY", "alias/mfa-sealing"),
    ("MFA_RECOVERY_KEYS", "a=alias/mfa-recovery"),
    ("MFA_SIGNING_KEYS", "a=alias/mfa-signing"),
    ("MFA_ISSUER", "https://mfa.example.com"),
    ("MFA_AUDIENCE", "app"),
    ("MFA_APP_NAME", "App"),
];

/// What starting each function comes to, with its needs.
fn start(settings: &Settings) -> [(&'static str, Option<SettingError>); 3] {
    let (aws, clock) = (client_defaults().build(), Clock::system());
    [
        ("enroll", enroll::Function::new(settings, &aws, clock.clone()).err()),
        ("policy", policy::Function::new(settings, &aws, clock.clone()).err()),
        ("verify", verify::Function::new(settings, &aws, clock).err()),
    ]
}

#[test]
fn each_setting_that_is_needed_is_named_when_it_is_missing() {
    assert!(start(&Settings::from_iter(COMPLETE)).iter().all(|(_, error)| error.is_none()));
    let own =
        [("MFA_SEALING_KEY", "policy"), ("MFA_RECOVERY_KEYS", "policy verify"), ("MFA_APP_NAME", "policy verify")];
    for (missing, _) in COMPLETE {
        let settings: Settings = COMPLETE.into_iter().filter(|(name, _)| *name != missing).collect();
        let spared = own.iter().find(|(name, _)| *name == missing).map_or("", |(_, functions)| functions);
        for (function, error) in start(&settings) {
            let expected = (!spared.contains(function)).then_some(SettingError::Missing(missing));
            assert_eq!(error, expected, "{function} without {missing}");
        }
    }
}

#[test]
fn a_setting_that_cannot_be_read_is_named_with_the_form_it_must_have() {
    for (name, bad) in [("MFA_SIGNING_KEYS", "alias/mfa-signing"), ("MFA_WORKSPACES", "sometimes")] {
        let settings: Settings = COMPLETE.into_iter().chain([(name, bad)]).collect();
        for (function, error) in start(&settings) {
            assert!(matches!(error, Some(SettingError::Invalid(named, _)) if named == name), "{function}: {error:?}");
        }
    }
}
