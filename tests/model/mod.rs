//! Random stories against a small model of the rules. A story is a list of steps: users use the API, alone and at once.
//! Owners set policies, operators help, time passes, AWS calls fail. The model shares no code with the product. A
//! failing story is shrunk to a short one.
//!
//! Every run plays the same stories. `MODEL_STORIES=1000 cargo test --workspace model` plays 1000 random ones.

use std::env;

use proptest::{
    collection::vec,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use self::{
    play::{Play, Tally},
    step::step,
};

mod could;
mod look;
mod play;
mod step;
mod truth;

/// How many stories run by default.
const STORIES: u32 = 30;
/// A story has fewer steps than this, and at least half as many.
const STEPS: usize = 120;

/// The outcomes that the stories must reach, or they test too little: a step (`*` is any), and its status or code.
const REACHED: &[(&str, &str)] = &[
    ("Activate", "200"),
    ("Activate", "code-rejected"),
    ("Activate", "enrollment-expired"),
    ("AtOnce", "200"),
    ("AtOnce", "code-used"),
    ("AtOnce", "too-many-attempts"),
    ("*", "not-allowed-by-workspace"),
    ("Begin", "201"),
    ("*", "login-too-old"),
    ("*", "factor-too-new"),
    ("Email", "202"),
    ("Email", "too-many-emails"),
    ("Enroll", "200"),
    ("*", "too-many-factors"),
    ("Import", "201"),
    ("Import", "user-has-factors"),
    ("Keys", "200"),
    ("List", "200"),
    ("LogIn", "200"),
    ("Members", "200"),
    ("Members", "assertion-required"),
    ("Operate", "200"),
    ("Operate", "user-not-found"),
    ("Prove", "200"),
    ("Recover", "200"),
    ("Recover", "code-used"),
    ("RecoverByEmail", "200"),
    ("RecoverByEmail", "code-expired"),
    ("RecoverByEmail", "code-rejected"),
    ("Remove", "200"),
    ("*", "last-factor"),
    ("Rename", "200"),
    ("Renew", "201"),
    ("Require", "200"),
    ("Require", "owner-needs-mfa"),
    ("Text", "202"),
    ("Text", "too-many-texts"),
    ("Together", "200"),
    ("Together", "201"),
    ("Together", "202"),
    ("Together", "code-rejected"),
    ("Verify", "200"),
    ("Verify", "code-rejected"),
    ("Verify", "code-used"),
    ("Verify", "factor-not-found"),
    ("Verify", "temporarily-unavailable"),
];

#[test]
fn every_story_keeps_the_rules() {
    let others = env::var("MODEL_STORIES").ok().map(|stories| stories.parse().unwrap());
    let cases = others.unwrap_or(STORIES);
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 10_000,
        max_shrink_time: 90_000,
        ..Config::default()
    };
    let mut runner = match others {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let story = vec(step(), STEPS / 2..STEPS);
    let tally = Tally::default();
    runner
        .run(&story, |steps| {
            runtime.block_on(async {
                let mut play = Play::new(tally.clone()).await;
                for step in steps {
                    play.go(&step).await;
                }
                play.end().await;
            });
            Ok(())
        })
        .unwrap();
    let tally = tally.lock().unwrap();
    for (step, outcome) in REACHED {
        let reached = tally.keys().any(|(of, is)| is == outcome && (of == step || *step == "*"));
        assert!(reached, "no {step} ended in {outcome}: {tally:?}");
    }
}
