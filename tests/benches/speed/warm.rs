//! Warm requests: a function and a program that makes the very same AWS calls and nothing else, asked in turn; and how many
//! of those calls follow one another.

use std::{fs, io::Write, time::Duration};

use local::Latency;
use serde_json::json;

use crate::{
    bars::Bars,
    binary::BARE,
    lambda::{Answer, Lambda},
    route::Route,
    samples::Samples,
    user::{Enrolment, User},
    wire::{Call, Wire},
    world::{Again, World},
};

/// The calls of a request, as steps.
pub struct Chain {
    /// What is asked.
    pub what: &'static str,
    /// The steps, each of calls that were under way at the same time.
    pub steps: Vec<Vec<Call>>,
    /// The most steps that it may have.
    pub limit: u32,
}

/// What was measured of a route.
pub struct Warm {
    /// What is asked.
    pub name: &'static str,
    /// The most milliseconds of the processor that it may take beyond its calls, where it is not held to a share of them.
    pub own: Option<f64>,
    /// What its chain of calls takes where AWS has the latency of [`Latency::REAL`], in milliseconds.
    pub chain: f64,
    /// The function's requests.
    pub function: Times,
    /// Its calls alone.
    pub bare: Times,
}

/// What was measured of a program's requests, in milliseconds.
#[derive(Default)]
pub struct Times {
    /// From the event to the reply.
    pub took: Samples,
    /// Of the processor.
    pub cpu: Samples,
}

impl Times {
    /// Adds a request.
    pub fn push(&mut self, answer: &Answer) {
        self.took.push_time(answer.took);
        self.cpu.push_time(answer.cpu);
    }
}

/// The chains of the routes that somebody waits for.
pub async fn chains(world: &World<'_>, ada: &User) -> Vec<Chain> {
    let bob = User::new("bob", 1);
    let mut chains = Vec::new();
    for (what, user, route, limit) in [
        ("verify", ada, Route::Verify, 3),
        ("recovery code, with the notice that follows it", ada, Route::Recovery, 4),
        ("login, challenged", ada, Route::Login, 2),
        ("login, allowed", &bob, Route::Login, 2),
        ("text", ada, Route::Text, 4),
        ("begin", ada, Route::Begin, 2),
        ("activation of another app, with the notice that follows it", ada, Route::Activate, 4),
    ] {
        let steps = seen(world, &Again::new(world, user, route)).await;
        chains.push(Chain { what, steps, limit });
    }
    chains
}

/// Holds the chains to their lengths.
pub fn hold_chains(chains: &[Chain], bars: &mut Bars) {
    for chain in chains {
        let steps = u32::try_from(chain.steps.len()).unwrap();
        bars.at_most(format!("calls in a row: {}", chain.what), steps.into(), chain.limit.into(), "");
    }
}

/// The calls that a function makes for a request once it is warm.
pub async fn seen(world: &World<'_>, again: &Again<'_>) -> Vec<Vec<Call>> {
    let wire = Wire::to(world.aws_url()).await;
    let mut lambda = world.lambda_on(again.route.function(), &wire.url, &[]).await;
    again.ask(&mut lambda).await;
    wire.take();
    again.ask(&mut lambda).await;
    wire.take()
}

/// Has each route answered so many times, and its calls made as often.
pub async fn measure(world: &World<'_>, ada: &User, rounds: usize) -> Vec<Warm> {
    let bob = User::new("bob", 1);
    fill_page(world, ada).await;
    let mut measured = Vec::new();
    for (name, user, route, own) in [
        ("verify", ada, Route::Verify, None),
        ("login, challenged", ada, Route::Login, None),
        ("login, allowed", &bob, Route::Login, None),
        ("text", ada, Route::Text, None),
        ("recovery", ada, Route::Recovery, None),
        ("activation", ada, Route::Activate, None),
        // Draws a QR code.
        ("begin", ada, Route::Begin, Some(3.0)),
        // Reads and writes a hundred members.
        ("members, a page", ada, Route::Members(None), Some(0.6)),
    ] {
        let again = Again::new(world, user, route);
        let steps = seen(world, &again).await;
        let mut function = world.lambda(again.route.function()).await;
        let mut bare = bare(world, &again, &steps).await;
        let mut warm = Warm::new(name, own, &steps);
        for round in 0..rounds + 10 {
            let function_first = round % 2 == 0;
            for is_function in [function_first, !function_first] {
                let (answer, times) = if is_function {
                    (again.ask(&mut function).await, &mut warm.function)
                } else {
                    (made(&again, &mut bare).await, &mut warm.bare)
                };
                // The first ten open connections and fill caches.
                if round >= 10 {
                    times.push(&answer);
                }
            }
            print!("\r  {}: round {} of {}", warm.name, round + 1, rounds + 10);
            std::io::stdout().flush().unwrap();
        }
        println!("\r  {}: {} ms, its calls alone {} ms", warm.name, warm.function.took, warm.bare.took);
        measured.push(warm);
    }
    measured
}

/// Gives the workspace more members than a page shows.
async fn fill_page(world: &World<'_>, ada: &User) {
    Again::new(world, ada, Route::Login).ask(&mut world.lambda("policy").await).await;
    let mut row = world.row("MEMBERS#acme-0", "MEMBER#mfa#ada").await;
    for number in 0..100 {
        row["sk"]["S"] = format!("MEMBER#mfa#user-{number:07}").into();
        world.put(&row).await;
    }
}

/// Holds a warm request to its calls.
pub fn hold(measured: &[Warm], bars: &mut Bars) {
    for warm in measured {
        if let Some(limit) = warm.own {
            let own = warm.function.cpu.less(&warm.bare.cpu).median();
            bars.at_most(
                format!("{}, warm, beyond its calls alone: the processor's time", warm.name),
                own,
                limit,
                " ms",
            );
            continue;
        }
        let took = warm.function.took.by(&warm.bare.took).median();
        let cpu = warm.function.cpu.by(&warm.bare.cpu).median();
        bars.at_most(format!("{}, warm, by its calls alone", warm.name), took, 1.15, " ×");
        bars.at_most(format!("{}, warm, by its calls alone: the processor's time", warm.name), cpu, 1.25, " ×");
    }
}

/// Holds what is left of a request where AWS takes as long as it does.
pub fn hold_slow(measured: &[Warm], bars: &mut Bars) {
    for warm in measured {
        let beyond = warm.beyond().median_at_most();
        let what = format!("{}, AWS as slow as it is, beyond its calls alone: the median at most", warm.name);
        bars.at_most(what, beyond, warm.own.unwrap_or_default().max(1.0), " ms");
    }
}

impl Warm {
    fn new(name: &'static str, own: Option<f64>, steps: &[Vec<Call>]) -> Self {
        let latency = |call: &Call| match call.service {
            "dynamodb" => Latency::REAL.dynamodb,
            "kms" => Latency::REAL.kms,
            "ses" => Latency::REAL.ses,
            _ => Latency::REAL.sns,
        };
        let steps = steps.iter().filter_map(|step| step.iter().map(latency).max());
        let chain = steps.sum::<Duration>().as_secs_f64() * 1e3;
        Self { name, own, chain, function: Times::default(), bare: Times::default() }
    }

    /// By how many milliseconds a request took longer than its calls alone beside it, or shorter.
    pub fn beyond(&self) -> Samples {
        self.function.took.less(&self.bare.took)
    }
}

/// Somebody with an app, a phone and recovery codes.
pub async fn ada(world: &World<'_>) -> User {
    let mut ada = User::new("ada", 1);
    let mut enrolment = Enrolment::start(world).await;
    enrolment.app(world, &mut ada).await;
    enrolment.phone(world, &mut ada, "+14155550123").await;
    enrolment.begin_app(world, &mut ada).await;
    ada
}

/// A program that makes these calls, held to it that they are the same.
pub async fn bare(world: &World<'_>, again: &Again<'_>, steps: &[Vec<Call>]) -> Lambda {
    let calls = steps.iter().map(|step| {
        let step = step.iter().map(|call| json!({"operation": call.operation, "body": call.body}));
        step.collect::<Vec<_>>()
    });
    let file = world.folder.path().join(format!("{}.json", again.route.name()));
    fs::write(&file, json!(calls.collect::<Vec<_>>()).to_string()).unwrap();
    let named = [("BARE_CALLS".to_owned(), file.display().to_string())];
    let wire = Wire::to(world.aws_url()).await;
    let mut watched = world.lambda_on(BARE, &wire.url, &named).await;
    made(again, &mut watched).await;
    let shape = |steps: &[Vec<Call>]| -> Vec<Vec<(String, usize)>> {
        steps.iter().map(|step| step.iter().map(|call| (call.operation.clone(), call.sent)).collect()).collect()
    };
    assert_eq!(shape(&wire.take()), shape(steps), "{} makes other calls than {}", BARE, again.route.function());
    world.lambda_on(BARE, world.aws_url(), &named).await
}

/// Has it make them.
pub async fn made(again: &Again<'_>, bare: &mut Lambda) -> Answer {
    let answer = again.ask_anyone(bare).await;
    assert_eq!(answer.status, 200, "{}", bare.log());
    answer
}
