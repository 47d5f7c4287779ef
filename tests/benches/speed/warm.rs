//! Warm requests: a function and a program that makes the same AWS calls and nothing else, in turn.

use std::{fs, io::Write};

use serde_json::{Value, json};

use crate::{
    bars::{Bars, worst},
    binary::BARE,
    chain::Chain,
    lambda::{Answer, Lambda},
    route::Route,
    samples::Samples,
    user::{Enrollment, User},
    wire::{Call, Wire},
    workspace,
    world::{Again, World},
};

/// The first requests, which open connections and fill caches. They do not count.
pub const WARMING: usize = 10;

/// How often the program's calls may be compared until they match.
const LOOKS: usize = 5;

/// The one request that draws a QR code.
const BEGIN: &str = "begin";

/// The measurements of a route.
pub struct Warm {
    /// The request.
    pub name: &'static str,
    /// The CPU time that it may take, by that of its calls alone. `None` for a request that does little but its calls.
    pub own: Option<f64>,
    /// Its AWS calls.
    pub chain: Chain,
    /// The times of the function.
    pub function: Times,
    /// The times of its calls alone.
    pub bare: Times,
}

/// The times of a program's requests, in milliseconds.
#[derive(Default)]
pub struct Times {
    /// From the event to the reply.
    pub took: Samples,
    /// CPU time.
    pub cpu: Samples,
}

impl Times {
    /// Adds a request.
    pub fn push(&mut self, answer: &Answer) {
        self.took.push_time(answer.took);
        self.cpu.push_time(answer.cpu);
    }
}

/// Measures each route `rounds` times, and its calls alone as often. Logins take few milliseconds and are measured
/// three times as often, against chance.
pub async fn measure(world: &World<'_>, ada: &mut User, rounds: usize) -> Vec<Warm> {
    let bob = User::new("bob", 1);
    workspace::fill_page(world, ada).await;
    let mut enrollment = Enrollment::start(world).await;
    let mut measured = Vec::new();
    for (name, enrolled, route, own) in [
        ("verify", true, Route::Verify, None),
        ("login, challenged", true, Route::Login, None),
        ("login, allowed", false, Route::Login, None),
        ("text", true, Route::Text, None),
        ("recovery", true, Route::Recovery, None),
        ("activation", true, Route::Activate, None),
        (BEGIN, true, Route::Begin, Some(3.5)),
        // Reads and writes a hundred members.
        ("members, a page", true, Route::Members(None), Some(1.5)),
    ] {
        ada.renew(world, &mut enrollment).await;
        let user = if enrolled { &*ada } else { &bob };
        let rounds = if route == Route::Login { 3 * rounds } else { rounds };
        let again = Again::new(world, user, route);
        let chain = Chain::seen(world, &again).await;
        let mut function = world.lambda(again.route.function()).await;
        let mut bare = bare(world, &again, &chain).await;
        let mut warm = Warm { name, own, chain, function: Times::default(), bare: Times::default() };
        for round in 0..rounds + WARMING {
            let function_first = round % 2 == 0;
            for is_function in [function_first, !function_first] {
                let (answer, times) = if is_function {
                    (again.ask(&mut function).await, &mut warm.function)
                } else {
                    (made(&again, &mut bare).await, &mut warm.bare)
                };
                if round >= WARMING {
                    times.push(&answer);
                }
            }
            print!("\r  {}: round {} of {}", warm.name, round + 1, rounds + WARMING);
            std::io::stdout().flush().unwrap();
        }
        println!("\r  {}: {} ms, its calls alone {} ms", warm.name, warm.function.took, warm.bare.took);
        measured.push(warm);
    }
    measured
}

/// Compares warm requests with their calls alone.
pub fn hold(measured: &[Warm], bars: &mut Bars) {
    let (by_calls, more): (Vec<_>, Vec<_>) = measured.iter().partition(|warm| warm.own.is_none());
    for Warm { name, function, bare, .. } in &by_calls {
        let took = function.took.by(&bare.took).median_at_most();
        // A login makes its calls in one or two steps, so what the function itself does weighs the most there.
        let limit = if name.starts_with("login") { 1.2 } else { 1.15 };
        bars.at_most(format!("{name}, warm, by its calls alone"), took, limit, " ×");
    }
    let cpu = worst(by_calls.iter().map(|warm| warm.function.cpu.by(&warm.bare.cpu).median_at_most()));
    bars.at_most("the most of these six, warm, by its calls alone: the processor's time", cpu, 1.25, " ×");
    for Warm { name, own, function, bare, .. } in more {
        let cpu = function.cpu.by(&bare.cpu).median_at_most();
        bars.at_most(
            format!("{name}, warm, by its calls alone: the processor's time"),
            cpu,
            own.unwrap_or_default(),
            " ×",
        );
    }
}

/// Limits how much longer a request takes than its calls, with AWS's real latency. The measure is the processor's time
/// of those calls, so that a slow machine has the same limits as a fast one.
pub fn hold_slow(measured: &[Warm], bars: &mut Bars) {
    let (begin, others): (Vec<_>, Vec<_>) = measured.iter().partition(|warm| warm.name == BEGIN);
    for (which, warm, limit) in [(BEGIN, begin, 2.0), ("the most of the other seven", others, 0.5)] {
        let beyond = worst(warm.iter().map(|warm| warm.beyond().median_at_most() / warm.bare.cpu.median()));
        let what = format!("{which}, AWS as slow as it is, beyond its calls alone, by their processor's time");
        bars.at_most(what, beyond, limit, " ×");
    }
}

impl Warm {
    /// By how many milliseconds each request took longer than its calls alone.
    pub fn beyond(&self) -> Samples {
        self.function.took.less(&self.bare.took)
    }
}

/// A user with an app, a phone and recovery codes.
pub async fn ada(world: &World<'_>) -> User {
    let mut ada = User::new("ada", 1);
    let mut enrollment = Enrollment::start(world).await;
    enrollment.app(world, &mut ada).await;
    enrollment.phone(world, &mut ada, "+14155550123").await;
    enrollment.begin_app(world, &mut ada).await;
    ada
}

/// A program that makes these calls. Checks that they are the same.
pub async fn bare(world: &World<'_>, again: &Again<'_>, chain: &Chain) -> Lambda {
    let calls = chain.0.iter().map(|step| {
        let step = step.iter().map(|call| json!({"operation": call.operation, "body": call.body}));
        step.collect::<Vec<_>>()
    });
    let file = world.folder.path().join(format!("{}.json", again.route.name()));
    fs::write(&file, json!(calls.collect::<Vec<_>>()).to_string()).unwrap();
    let named = [("BARE_CALLS".to_owned(), file.display().to_string())];
    let wire = Wire::to(world.aws_url()).await;
    let mut watched = world.lambda_on(BARE, &wire.url, &named).await;
    let asked = said(&chain.0);
    let mut says = Vec::new();
    for _ in 0..LOOKS {
        made(again, &mut watched).await;
        says = said(&wire.take());
        if says == asked {
            break;
        }
    }
    assert_eq!(says, asked, "{} makes other calls than {}", BARE, again.route.function());
    world.lambda_on(BARE, world.aws_url(), &named).await
}

/// The content of calls, without the SDK's random token of each transaction and the order of a text's attributes.
fn said(steps: &[Vec<Call>]) -> Vec<Vec<Value>> {
    let said = |call: &Call| {
        let body = call.body.as_object().unwrap().iter().filter(|(name, _)| *name != "ClientRequestToken");
        let mut body: Vec<_> =
            body.map(|(name, value)| (name.replace(char::is_numeric, ""), value.to_string())).collect();
        body.sort();
        json!([call.operation, body])
    };
    steps.iter().map(|step| step.iter().map(said).collect()).collect()
}

/// Makes the calls once.
pub async fn made(again: &Again<'_>, bare: &mut Lambda) -> Answer {
    let answer = again.ask_anyone(bare).await;
    assert_eq!(answer.status, 200, "{}", bare.log());
    answer
}
