//! Cold starts. Each function's release binary and the hello-world start in turn, round after round.

use std::io::Write;

use crate::{
    bars::{Bars, worst},
    binary::{FUNCTIONS, HELLO},
    route::Route,
    samples::{Samples, turns},
    user::{Enrollment, User},
    warm, workspace,
    world::{Again, World},
};

/// The measurements of a program's starts.
pub struct Starts {
    /// The program.
    pub name: &'static str,
    /// The size of its binary in MB.
    pub size: f64,
    /// Milliseconds from the start of the process to its first poll.
    pub init: Samples,
    /// CPU milliseconds until that poll.
    pub init_cpu: Samples,
    /// Milliseconds for its first event.
    pub first: Samples,
    /// CPU milliseconds in total, until the first answer.
    pub cpu: Samples,
    /// Peak memory in MB, after its heavier events too.
    pub memory: Samples,
}

/// Starts each program `rounds` times.
pub async fn measure(world: &World<'_>, rounds: usize) -> Vec<Starts> {
    let ada = warm::ada(world).await;
    let mut zoe = User::new("zoe", workspace::MOST);
    Enrollment::start(world).await.app(world, &mut zoe).await;
    workspace::fill_page(world, &ada).await;
    workspace::require_mfa(world, &ada, &zoe.workspaces).await;
    let events = [Route::Activate, Route::Login, Route::Recovery, Route::Text, Route::Verify];
    let events = events.map(|route| Again::new(world, &ada, route));
    let others = [Route::Begin, Route::BeginPhone, Route::Email, Route::Members(None)];
    let others = others.map(|route| Again::new(world, &ada, route));
    let others = others.into_iter().chain([Route::Login, Route::Verify].map(|route| Again::new(world, &zoe, route)));
    let others: Vec<_> = others.collect();
    let mut starts: Vec<_> = [HELLO].into_iter().chain(FUNCTIONS).map(|name| Starts::new(name, world)).collect();
    // The first round fills caches and does not count.
    for round in 0..=rounds {
        for turn in turns(round, starts.len()) {
            let starts = &mut starts[turn];
            let mut lambda = world.lambda(starts.name).await;
            let init_cpu = lambda.cpu();
            let event = events.iter().find(|event| event.route.function() == starts.name);
            let answer = match (starts.name, event) {
                (HELLO, _) => events[0].ask_anyone(&mut lambda).await,
                (_, Some(event)) => event.ask(&mut lambda).await,
                (name, None) => panic!("no event for {name}"),
            };
            if round > 0 {
                starts.init.push_time(lambda.init);
                starts.init_cpu.push_time(init_cpu);
                starts.first.push_time(answer.took);
                starts.cpu.push_time(lambda.cpu());
            }
            for event in others.iter().filter(|event| event.route.function() == starts.name) {
                event.ask(&mut lambda).await;
            }
            starts.memory.push(lambda.peak_memory());
        }
        print!("\r  round {round} of {rounds}");
        std::io::stdout().flush().unwrap();
    }
    println!();
    for one in &starts {
        println!("  {:<9} init {} ms, first event {} ms", one.name, one.init, one.first);
    }
    starts
}

impl Starts {
    fn new(name: &'static str, world: &World<'_>) -> Self {
        Self {
            name,
            size: world.binaries.megabytes(name),
            init: Samples::default(),
            init_cpu: Samples::default(),
            first: Samples::default(),
            cpu: Samples::default(),
            memory: Samples::default(),
        }
    }
}

/// Holds the functions to the hello-world and to limits of size.
pub fn hold(starts: &[Starts], bars: &mut Bars) {
    let (hello, functions) = starts.split_first().unwrap();
    for one in functions {
        let ratio = one.init.by(&hello.init).median_at_most();
        bars.at_most(format!("init of {}, by hello's", one.name), ratio, 1.6, " ×");
    }
    let of_all = |measure: &dyn Fn(&Starts) -> f64| worst(functions.iter().map(measure));
    let cpu = of_all(&|one| one.cpu.by(&hello.cpu).median_at_most());
    bars.at_most("init and first event, by hello's: the processor's time, the most of the five", cpu, 3.5, " ×");
    bars.at_most("the largest binary", of_all(&|one| one.size), 10.0, " MB");
    bars.at_most("the highest peak of memory", of_all(&|one| one.memory.quantile(1.0)), 15.0, " MB");
}
