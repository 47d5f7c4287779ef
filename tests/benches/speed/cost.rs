//! The cost of a million logins by each method. It is AWS's list prices, times the calls on the wire and the functions'
//! time with AWS's real latency. The table goes into `infra/guide/costs.md`.

use crate::{
    chain::Chain,
    cold::DEFAULT,
    route::Route,
    user::{Enrollment, User},
    warm,
    wire::{Call, Wire},
    world::{Again, World},
};

/// List prices in us-east-1, in US dollars per million, as of mid-2026. Each names its page.
mod price {
    /// Requests of an HTTP API ("Amazon API Gateway pricing") and of Lambda ("AWS Lambda Pricing").
    pub const REQUESTS: f64 = 1.00 + 0.20;
    /// GB-seconds of Lambda on arm64 ("AWS Lambda Pricing").
    pub const GB_SECONDS: f64 = 13.3334;
    /// On-demand reads of up to 4 KB and writes of up to 1 KB ("Amazon DynamoDB pricing").
    pub const READS: f64 = 0.125;
    pub const WRITES: f64 = 0.625;
    /// Calls of KMS with a symmetric or HMAC key, and with a P-256 key ("AWS KMS Pricing").
    pub const KMS: f64 = 3.00;
    pub const SIGN: f64 = 15.00;
    /// Emails ("Amazon SES pricing").
    pub const EMAILS: f64 = 100.00;
    /// Bytes of the log, at 0.50 a GB ("Amazon CloudWatch pricing").
    pub const LOG_BYTES: f64 = 0.0005;
}

/// Bytes that AWS logs for a request: the gateway's line in the format of `api.tf`, and Lambda's lines `platform.start`
/// and `platform.report`.
const AWS_LINES: usize = 280 + 150 + 240;

/// Dollars for a million times as many milliseconds of Lambda with `memory` MB. It bills started milliseconds.
pub fn of_time(milliseconds: f64, memory: u32) -> f64 {
    milliseconds.ceil() / 1e3 * f64::from(memory) / 1024.0 * price::GB_SECONDS
}

/// The parts of one login's cost.
#[derive(Default)]
pub struct Cost {
    /// How the user proved the second factor.
    pub method: &'static str,
    requests: u32,
    /// Lambda's time for all requests together.
    milliseconds: f64,
    /// DynamoDB's units, as it reports them.
    reads: f64,
    writes: f64,
    kms: u32,
    signs: u32,
    emails: u32,
    texts: u32,
    log_bytes: usize,
}

/// Measures a login by each method. Each of its requests is timed `rounds` times.
pub async fn measure(world: &World<'_>, rounds: u32) -> Vec<Cost> {
    let app = warm::ada(world).await;
    let phone = texted(world).await;
    let mailbox = emailed(world).await;
    let newcomer = User::new("bob", 1);
    let mut costs = Vec::new();
    for (method, user, routes) in [
        ("nothing asked for", &newcomer, vec![Route::Login]),
        ("an authenticator app", &app, vec![Route::Login, Route::Verify]),
        ("a text", &phone, vec![Route::Login, Route::Text, Route::Texted]),
        ("a recovery code", &app, vec![Route::Login, Route::Recovery]),
        ("an emailed code", &mailbox, vec![Route::Login, Route::Email, Route::Emailed]),
    ] {
        let mut cost = Cost { method, ..Cost::default() };
        for route in routes {
            cost.add(world, &Again::new(world, user, route), rounds).await;
        }
        costs.push(cost);
    }
    costs.push(daily(world, &app).await);
    for cost in &costs {
        println!("  {}: {:.2} dollars a million", cost.method, cost.dollars());
    }
    costs
}

/// The cost of the membership row that the first login of a user's day writes.
async fn daily(world: &World<'_>, user: &User) -> Cost {
    let mut cost = Cost { method: "the first of a user's day, besides", ..Cost::default() };
    let mut seen = world.row(&format!("USER#{}", user.sub), "SEEN").await;
    for workspace in seen["workspaces"]["M"].as_object_mut().unwrap().values_mut() {
        let day = &mut workspace["M"]["day"]["N"];
        *day = (day.as_str().unwrap().parse::<u64>().unwrap() - 1).to_string().into();
    }
    world.put(&seen).await;
    let wire = Wire::to(world.aws_url()).await;
    let mut lambda = world.lambda_on(Route::Login.function(), &wire.url, &[]).await;
    Again::new(world, user, Route::Login).ask(&mut lambda).await;
    for call in wire.take().iter().flatten().filter(|call| call.operation == "TransactWriteItems") {
        cost.count(call);
    }
    assert!(cost.writes > 0.0, "nothing was written");
    cost
}

/// A user who was texted a code.
async fn texted(world: &World<'_>) -> User {
    let number = "+14155550124";
    let mut user = User::new("tess", 1);
    Enrollment::start(world).await.phone(world, &mut user, number).await;
    Again::new(world, &user, Route::Text).ask(&mut world.lambda("send-sms").await).await;
    user.sent_code = Some(world.texted(number).await);
    user.code_sent = world.account(&user).await;
    user
}

/// A user who was emailed a code.
async fn emailed(world: &World<'_>) -> User {
    let mut user = User::new("emma", 1);
    Enrollment::start(world).await.app(world, &mut user).await;
    Again::new(world, &user, Route::Email).ask(&mut world.lambda("recovery").await).await;
    user.sent_code = Some(world.emailed(&user.address()).await);
    user.code_sent = world.account(&user).await;
    user
}

impl Cost {
    async fn add(&mut self, world: &World<'_>, again: &Again<'_>, rounds: u32) {
        self.requests += 1;
        for call in Chain::seen(world, again).await.calls() {
            self.count(call);
        }
        let mut lambda = world.lambda(again.route.function()).await;
        again.ask(&mut lambda).await;
        let logged = lambda.logged();
        // Lambda bills each request by the started millisecond.
        let mut billed = 0.0;
        for _ in 0..rounds {
            billed += (again.ask(&mut lambda).await.took.as_secs_f64() * 1e3).ceil();
        }
        self.milliseconds += billed / f64::from(rounds);
        self.log_bytes += (lambda.logged() - logged) / rounds as usize + AWS_LINES;
    }

    fn count(&mut self, call: &Call) {
        match (call.service, call.operation.as_str()) {
            ("dynamodb", "GetItem" | "BatchGetItem") => self.reads += call.units,
            ("dynamodb", "UpdateItem" | "TransactWriteItems") => self.writes += call.units,
            ("kms", "Sign") => self.signs += 1,
            ("kms", _) => self.kms += 1,
            ("ses", _) => self.emails += 1,
            ("sns", "Publish") => self.texts += 1,
            ("sns", "CheckIfPhoneNumberIsOptedOut") => {}
            other => panic!("a call without a price: {other:?}"),
        }
    }

    /// Dollars for a million logins, without the price of the text itself.
    pub fn dollars(&self) -> f64 {
        self.parts().iter().map(|(_, dollars)| dollars).sum()
    }

    /// The amount and the dollars of each part.
    fn parts(&self) -> [(String, f64); 6] {
        let Self { requests, milliseconds, reads, writes, kms, signs, emails, log_bytes, .. } = self;
        let bytes = u32::try_from(*log_bytes).unwrap();
        let of = |count: u32, price: f64| f64::from(count) * price;
        [
            (requests.to_string(), of(*requests, price::REQUESTS)),
            (format!("{milliseconds:.0} ms"), of_time(*milliseconds, DEFAULT)),
            (format!("{reads} read, {writes} written"), reads * price::READS + writes * price::WRITES),
            (format!("{kms} + {signs} signed"), of(*kms, price::KMS) + of(*signs, price::SIGN)),
            (emails.to_string(), of(*emails, price::EMAILS)),
            (format!("{:.1} KB", f64::from(bytes) / 1000.0), of(bytes, price::LOG_BYTES)),
        ]
    }
}

/// The table for `infra/guide/costs.md`.
pub fn table(costs: &[Cost]) -> String {
    let head = "| a login by | requests | Lambda | DynamoDB, units | KMS | emails | log | a million |\n|---|---|---|---|---|---|---|---|\n";
    let line = |cost: &Cost| {
        let parts = cost.parts().map(|(much, dollars)| format!("{much}: {dollars:.2}")).join(" | ");
        let texts = if cost.texts > 0 { ", and the texts" } else { "" };
        format!("| {} | {parts} | **{:.0}**{texts} |\n", cost.method, cost.dollars())
    };
    head.to_owned() + &costs.iter().map(line).collect::<String>()
}
