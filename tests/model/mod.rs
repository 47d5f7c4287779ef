//! Random stories against a small model of what must be true. A story is a list of steps: users begin, prove, guess, text,
//! recover and remove, alone and at once; owners set policies, operators help, time passes, AWS fails. The model knows
//! nothing of the code: it holds a reply to what the rules say, and shrinks a story that breaks them to one that can be read.
//!
//! The same stories are told each time; `MODEL_STORIES=1000 cargo test --workspace model` tells so many others.

use std::env;

use proptest::{
    collection::vec,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use self::{
    play::{Play, Tally},
    step::step,
};

mod look;
mod play;
mod step;
mod truth;

/// How many stories are told unless said otherwise, and how long they are.
const STORIES: u32 = 30;
const STEPS: usize = 120;

/// What the stories must have come to, or they show little.
const REACHED: &[(&str, &str)] = &[
    ("Activate", "200"),
    ("Activate", "code-rejected"),
    ("Activate", "enrollment-expired"),
    ("AtOnce", "200"),
    ("AtOnce", "code-used"),
    ("AtOnce", "too-many-attempts"),
    ("Begin", "not-allowed-by-workspace"),
    ("Enrol", "too-many-factors"),
    ("Operate", "200"),
    ("Recover", "200"),
    ("Recover", "code-used"),
    ("Remove", "200"),
    ("Remove", "last-factor"),
    ("Renew", "201"),
    ("Require", "200"),
    ("Require", "owner-needs-mfa"),
    ("Text", "too-many-texts"),
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
        let reached = tally.contains_key(&((*step).to_owned(), (*outcome).to_owned()));
        assert!(reached, "no {step} ended in {outcome}: {tally:?}");
    }
}
