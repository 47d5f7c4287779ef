//! The course of a run. Users enroll, and log in step by step while the stack is killed. At the end, every factor and
//! code is checked.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::JoinSet, time::sleep};

use crate::{
    Arguments, judge,
    ledger::Uses,
    random::Rng,
    stack::Process,
    tally::VERIFY,
    user::{Act, User},
    world::{STEP, World},
};

/// The fewest requests in flight when the stack is killed.
const LOAD: usize = 16;
/// Users who enroll in each step.
const NEW: usize = 3;

/// Runs the whole test.
pub async fn run(arguments: &Arguments, seed: u64, world: &Arc<World>, stack: Process) {
    let clients = Arc::new(Semaphore::new(arguments.clients));
    let mut users = Vec::new();
    for number in 0..arguments.users {
        users.push(User::new(world.clone(), seed, number, number < arguments.guessed_at).await);
    }
    users = everyone(users, Act::Step, &clients).await;
    println!("{} users enrolled in {:.1} s", users.len(), world.tally.elapsed().as_secs_f64());

    let (started, from) = (world.tally.elapsed(), world.now());
    let killer =
        tokio::spawn(kill(world.clone(), stack, Rng::new(seed, u64::MAX), arguments.verifies, arguments.kills));
    let mut steps = 0;
    while steps * STEP < arguments.minutes * 60 || world.tally.verifies() < arguments.verifies || !killer.is_finished()
    {
        world.move_to((world.now() / STEP + 1) * STEP).await;
        for _ in 0..NEW {
            users.push(User::new(world.clone(), seed, users.len(), false).await);
        }
        let kills = world.kills();
        users = everyone(users, Act::Step, &clients).await;
        if world.kills() > kills {
            users = everyone(users, Act::AfterKill, &clients).await;
        }
        steps += 1;
        progress(world, steps, started);
    }
    let (took, minutes) = (world.tally.elapsed().saturating_sub(started), (world.now() - from) / 60);
    let verifies = world.tally.verifies();
    let (stack, starts) = killer.await.unwrap();

    judge::hold_table(world, &users).await;
    users.iter().for_each(User::hold_guesses);
    // Longer than the longest wait after wrong codes.
    world.move_to(world.now() + 3601).await;
    users = everyone(users, Act::End, &clients).await;
    let rows = judge::hold_table(world, &users).await;
    drop(stack);
    println!("\n{steps} steps, {minutes} minutes of logins in {:.0} s, {} users", took.as_secs_f64(), users.len());
    println!("{verifies} verifies, {:.0}/s; to the end of it all:", rate(verifies, took));
    print!("{}", world.tally.table());
    println!("a verify took {:.1?} (p50), {:.1?} (p99)", world.tally.verified_in(50), world.tally.verified_in(99));
    println!("{} kills; the stack answered again after {starts:.0?}", starts.len());
    summary(&users);
    println!("{rows} rows read; {} violations", world.tally.violations());
}

/// Lets all users act, `clients` of them at the same time. Returns them in the order in which they finish.
async fn everyone(users: Vec<User>, act: Act, clients: &Arc<Semaphore>) -> Vec<User> {
    let mut tasks = JoinSet::new();
    for mut user in users {
        let clients = clients.clone();
        tasks.spawn(async move {
            let _turn = clients.acquire().await.unwrap();
            user.act(act).await;
            user
        });
    }
    tasks.join_all().await
}

/// Kills the stack `kills` times, each after a random number of verifies and with requests in flight. Returns how long
/// each restart took.
async fn kill(
    world: Arc<World>,
    mut stack: Process,
    mut rng: Rng,
    verifies: usize,
    kills: usize,
) -> (Process, Vec<Duration>) {
    let mut moments: Vec<_> = (0..kills).map(|_| verifies / 100 + rng.index(verifies * 19 / 20)).collect();
    moments.sort_unstable();
    let mut starts = Vec::new();
    for moment in moments {
        while world.tally.verifies() < moment {
            sleep(Duration::from_millis(1)).await;
        }
        sleep(Duration::from_micros(rng.below(50_000))).await;
        while world.tally.under_way() < LOAD {
            sleep(Duration::from_micros(100)).await;
        }
        let under_way = world.tally.under_way();
        starts.push(world.kill(&mut stack).await);
        println!("  killed after {} verifies, {under_way} requests under way", world.tally.verifies());
    }
    (stack, starts)
}

fn progress(world: &World, steps: u64, started: Duration) {
    let tally = &world.tally;
    let took = tally.elapsed().saturating_sub(started);
    let (verifies, accepted) = (tally.verifies(), tally.count(VERIFY, "200"));
    println!(
        "  {:>4} s  step {steps}  {verifies} verifies ({:.0}/s), {accepted} accepted, {} kills, {} violations",
        took.as_secs(),
        rate(verifies, took),
        world.kills(),
        tally.violations()
    );
}

/// A count per second.
fn rate(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / took.as_secs_f64()
}

/// Prints what happened to the codes.
fn summary(users: &[User]) {
    let codes: Vec<_> = users.iter().flat_map(|user| user.ledger.all()).collect();
    let count = |is_so: fn(&&&Uses) -> bool| codes.iter().filter(is_so).count();
    println!(
        "{} codes shown: {} accepted in one answer, {} in more; of {} an answer was lost, and {} of those were used by then",
        codes.len(),
        count(|uses| uses.accepted == 1),
        count(|uses| uses.accepted > 1),
        count(|uses| uses.lost > 0),
        count(|uses| uses.lost > 0 && uses.accepted == 0 && uses.spent),
    );
}
