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
    /// The starts with the smallest memory of the same function without [`shared::edge::api::Lambda::prepare`].
    pub unprepared: Starts,
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
    /// The CPU time until the first answer.
    pub cpu: Samples,
    /// The times of the events after it.
    pub warm: Samples,
}

/// Starts each function `rounds` times with each memory.
pub async fn measure(world: &World<'_>, rounds: usize, quotas: &[Quota]) -> Vec<Function> {
    let tls = Tls::before(world.aws_url(), world.folder.path()).await;
    let ada = warm::ada(world).await;
    let mut zoe = User::new("zoe", workspace::MOST);
    Enrollment::start(world).await.app(world, &mut zoe).await;
    workspace::fill_page(world, &ada).await;
    workspace::require_mfa(world, &ada, &zoe.workspaces).await;
    let routes = [Route::Activate, Route::Login, Route::Recovery, Route::Text, Route::Verify];
    let events = routes.map(|route| Again::new(world, &ada, route));
    let others = [Route::Begin, Route::BeginPhone, Route::Email, Route::Members(None)];
    let others = others.map(|route| Again::new(world, &ada, route)).into_iter();
    let others: Vec<_> =
        others.chain([Route::Login, Route::Verify].map(|route| Again::new(world, &zoe, route))).collect();
    let mut functions = Vec::new();
    for name in FUNCTIONS {
        let event = events.iter().find(|event| event.route.function() == name).unwrap();
        let latency = Chain::seen(world, event).await.latency();
        functions.push(Function {
            name,
            size: world.binaries.megabytes(name),
            latency,
            peak: Samples::default(),
            at: MEMORY.map(Starts::new).into(),
            unprepared: Starts::new(MEMORY[0]),
        });
    }
    // The first round fills caches and does not count.
    for round in 0..=rounds {
        for turn in turns(round, functions.len() * (MEMORY.len() + 1)) {
            let function = &mut functions[turn % FUNCTIONS.len()];
            let event = events.iter().find(|event| event.route.function() == function.name).unwrap();
            let memory = turn / FUNCTIONS.len();
            let program = if memory < MEMORY.len() { function.name } else { UNPREPARED };
            let starts = function.at.get_mut(memory).unwrap_or(&mut function.unprepared);
            let mut lambda = world.lambda_as(program, function.name, &tls.environment).await;
            if let Some(quota) = quotas.iter().find(|quota| quota.memory == starts.memory) {
                quota.limit(lambda.process());
            }
            if round == 0 {
                event.ask(&mut lambda).await;
                continue;
            }
            starts.add(&mut lambda, event, &tls).await;
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
        for starts in function.at.iter().chain([&function.unprepared]) {
            println!(
                "  {:<9} {:>5} MB: init {} ms, first event {} ms, next ones {} ms",
                function.name, starts.memory, starts.init, starts.first, starts.warm
            );
        }
    }
    functions
}

impl Starts {
    fn new(memory: u32) -> Self {
        let [init, first, both, cpu, warm] = std::array::from_fn(|_| Samples::default());
        Self { memory, init, first, both, cpu, warm }
    }

    async fn add(&mut self, lambda: &mut Lambda, event: &Again<'_>, tls: &Tls) {
        let first = event.ask(lambda).await.took;
        self.init.push_time(lambda.init);
        self.first.push_time(first);
        self.both.push_time(lambda.init + first);
        self.cpu.push_time(lambda.cpu());
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

/// Limits what a user waits for while a function starts, by what the same user waits for otherwise.
pub fn hold(functions: &[Function], bars: &mut Bars) {
    let of_all = |measure: &dyn Fn(&Function) -> f64| worst(functions.iter().map(measure));
    let at_default = of_all(&|one| one.with(DEFAULT).first.by(&one.with(WHOLE).first).median_at_most());
    bars.at_most(format!("the first event with {DEFAULT} MB, by that with a whole processor"), at_default, 1.15, " ×");
    let smallest = MEMORY[0];
    let at_least = of_all(&|one| one.at[0].first.median_at_most() / one.at[0].warm.median());
    bars.at_most(format!("the first event with {smallest} MB, by the next ones"), at_least, 1.15, " ×");
    let unprepared = of_all(&|one| {
        let [ours, theirs] = [&one.at[0], &one.unprepared].map(|starts| starts.both.beyond(one.latency));
        ours.by(&theirs).median_at_most()
    });
    let what = format!("start and first event with {smallest} MB, beyond AWS's latency, by those without connections");
    bars.at_most(what, unprepared, 0.7, " ×");
    bars.at_most("the largest binary", of_all(&|one| one.size), 10.0, " MB");
    bars.at_most("the highest peak of memory", of_all(&|one| one.peak.quantile(1.0)), 15.0, " MB");
}
