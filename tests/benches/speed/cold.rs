//! The first events of each function, as a user waits for them. They have TLS, AWS's real latency, and the share of a
//! processor that Lambda gives to an event. A start has a whole processor, as in Lambda.

use std::io::Write;

use crate::{
    bars::{Bars, worst},
    binary::{FUNCTIONS, UNPREPARED},
    chain::Chain,
    lambda::Lambda,
    quota::{Quota, WHOLE},
    route::Route,
    samples::{Samples, turns},
    tls::Tls,
    user::{Enrollment, User},
    warm, workspace,
    world::{Again, World},
};

/// The sizes of memory in MB, the smallest first.
pub const MEMORY: [u32; 5] = [128, 256, 512, 1_024, WHOLE];

/// The default of a deployment, in MB.
pub const DEFAULT: u32 = 256;

/// Those of the functions without connections.
pub const UNPREPARED_WITH: [u32; 2] = [MEMORY[0], DEFAULT];

/// The events of each start after the first.
const FURTHER: usize = 5;

/// A function's starts, and the size of its binary.
pub struct Function {
    /// The function.
    pub name: &'static str,
    /// The size of its binary in MB.
    pub size: f64,
    /// AWS's latency in an event, in milliseconds.
    pub latency: f64,
    /// The peak of memory in MB, after heavier events too.
    pub peak: Samples,
    /// Its starts with each size of memory.
    pub at: Vec<Starts>,
    /// The same without [`shared::edge::api::Lambda::prepare`], with the smallest memory and the default.
    pub unprepared: Vec<Starts>,
}

/// The starts of a program with this memory. Times are in milliseconds.
pub struct Starts {
    /// The memory in MB.
    pub memory: u32,
    /// The time from the start of the process to its first poll.
    pub init: Samples,
    /// The time of its first event.
    pub first: Samples,
    /// Both together.
    pub both: Samples,
    /// The times of the events after it.
    pub warm: Samples,
}

/// Starts each function `rounds` times with each memory.
pub async fn measure(world: &World<'_>, rounds: usize, quotas: &[Quota]) -> Vec<Function> {
    let tls = Tls::before(world.aws_url(), world.folder.path()).await;
    let mut ada = warm::ada(world).await;
    let mut zoe = User::new("zoe", workspace::MOST);
    let mut enrollment = Enrollment::start(world).await;
    enrollment.app(world, &mut zoe).await;
    workspace::fill_page(world, &ada).await;
    workspace::require_mfa(world, &ada, &zoe.workspaces).await;
    let mut functions = Vec::new();
    for name in FUNCTIONS {
        functions.push(Function {
            name,
            size: world.binaries.megabytes(name),
            latency: Chain::seen(world, &event(world, &ada, name)).await.latency(),
            peak: Samples::default(),
            at: MEMORY.map(Starts::new).into(),
            unprepared: UNPREPARED_WITH.map(Starts::new).into(),
        });
    }
    // The first round fills caches and does not count.
    for round in 0..=rounds {
        ada.renew(world, &mut enrollment).await;
        let others = others(world, &ada, &zoe);
        for turn in turns(round, functions.len() * (MEMORY.len() + UNPREPARED_WITH.len())) {
            let function = &mut functions[turn % FUNCTIONS.len()];
            let event = event(world, &ada, function.name);
            let (program, starts) = match (turn / FUNCTIONS.len()).checked_sub(MEMORY.len()) {
                None => (function.name, &mut function.at[turn / FUNCTIONS.len()]),
                Some(unprepared) => (UNPREPARED, &mut function.unprepared[unprepared]),
            };
            let mut lambda = world.lambda_as(program, function.name, &tls.environment).await;
            if let Some(quota) = quotas.iter().find(|quota| quota.memory == starts.memory) {
                quota.limit(lambda.process());
            }
            if round == 0 {
                event.ask(&mut lambda).await;
                continue;
            }
            starts.add(&mut lambda, &event, &tls).await;
            if program == function.name && starts.memory == WHOLE {
                for event in others.iter().filter(|event| event.route.function() == function.name) {
                    event.ask(&mut lambda).await;
                }
                function.peak.push(lambda.peak_memory());
            }
        }
        print!("\r  round {round} of {rounds}");
        std::io::stdout().flush().unwrap();
    }
    println!();
    for function in &functions {
        for starts in function.at.iter().chain(&function.unprepared) {
            println!(
                "  {:<9} {:>5} MB: init {} ms, first event {} ms, next ones {} ms",
                function.name, starts.memory, starts.init, starts.first, starts.warm
            );
        }
    }
    functions
}

/// The event that is measured of a function.
fn event<'a>(world: &'a World<'_>, ada: &'a User, function: &str) -> Again<'a> {
    let mut routes = [Route::Activate, Route::Login, Route::Recovery, Route::Text, Route::Verify].into_iter();
    Again::new(world, ada, routes.find(|route| route.function() == function).unwrap())
}

/// The heavier events, after which the peak of memory is read.
fn others<'a>(world: &'a World<'_>, ada: &'a User, zoe: &'a User) -> Vec<Again<'a>> {
    let ada = [Route::Begin, Route::BeginPhone, Route::Email, Route::Members(None)].map(|route| (ada, route));
    let zoe = [Route::Login, Route::Verify].map(|route| (zoe, route));
    ada.into_iter().chain(zoe).map(|(user, route)| Again::new(world, user, route)).collect()
}

impl Starts {
    fn new(memory: u32) -> Self {
        let [init, first, both, warm] = std::array::from_fn(|_| Samples::default());
        Self { memory, init, first, both, warm }
    }

    async fn add(&mut self, lambda: &mut Lambda, event: &Again<'_>, tls: &Tls) {
        let first = event.ask(lambda).await.took;
        self.init.push_time(lambda.init);
        self.first.push_time(first);
        self.both.push_time(lambda.init + first);
        for _ in 0..FURTHER {
            tls.forget_messages().await;
            self.warm.push_time(event.ask(lambda).await.took);
        }
    }
}

impl Function {
    /// The starts with this memory.
    pub fn with(&self, memory: u32) -> &Starts {
        self.at.iter().find(|starts| starts.memory == memory).unwrap()
    }
}

/// Limits what a user waits for while a function starts. Few starts are measured, and a processor's share comes in steps
/// of 20 ms. So these bars limit the median.
pub fn hold(functions: &[Function], bars: &mut Bars) {
    let smallest = MEMORY[0];
    let by_whole = |one: &Function, memory| one.with(memory).first.by(&one.with(WHOLE).first).median();
    let by_unprepared = |one: &Function| one.at[0].both.by(&one.unprepared[0].both).median();
    let of_all = |measure: &dyn Fn(&Function) -> f64| worst(functions.iter().map(measure));
    let of_verify =
        |measure: &dyn Fn(&Function) -> f64| worst(functions.iter().filter(|one| one.name == "verify").map(measure));
    for (memory, which, measured, limit) in [
        (smallest, "of verify", of_verify(&|one| by_whole(one, smallest)), 1.15),
        (smallest, "of the five, the most", of_all(&|one| by_whole(one, smallest)), 1.4),
        (DEFAULT, "of the five, the most", of_all(&|one| by_whole(one, DEFAULT)), 1.15),
    ] {
        bars.at_most(format!("first event with {memory} MB, by a whole processor's: {which}"), measured, limit, " ×");
    }
    for (which, measured, limit) in
        [("of verify", of_verify(&by_unprepared), 0.7), ("of the five, the most", of_all(&by_unprepared), 1.0)]
    {
        let what = format!("start and first event with {smallest} MB, by those without connections: {which}");
        bars.at_most(what, measured, limit, " ×");
    }
    bars.at_most("the largest binary", of_all(&|one| one.size), 10.0, " MB");
    bars.at_most("the highest peak of memory", of_all(&|one| one.peak.quantile(1.0)), 15.0, " MB");
}
