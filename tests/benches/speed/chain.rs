//! The AWS calls of a warm request, as seen on the wire. Ordinary tests limit their number and how many follow one
//! another.

use std::time::Duration;

use local::Latency;

use crate::{
    wire::{Call, Wire},
    world::{Again, World},
};

/// How often a request is observed. The shortest chain counts.
const LOOKS: usize = 3;

/// The calls of a request, in steps. The calls of one step run at the same time.
pub struct Chain(pub Vec<Vec<Call>>);

impl Chain {
    /// The calls that a warm function makes for a request. On a busy machine, two calls at once can look like a
    /// sequence, but not the other way round. So the shortest of several chains counts.
    pub async fn seen(world: &World<'_>, again: &Again<'_>) -> Self {
        let wire = Wire::to(world.aws_url()).await;
        let mut lambda = world.lambda_on(again.route.function(), &wire.url, &[]).await;
        again.ask(&mut lambda).await;
        wire.take();
        let mut shortest: Option<Self> = None;
        for _ in 0..LOOKS {
            again.ask(&mut lambda).await;
            let seen = Self(wire.take());
            if shortest.as_ref().is_none_or(|shortest| seen.0.len() < shortest.0.len()) {
                shortest = Some(seen);
            }
        }
        shortest.unwrap()
    }

    /// All calls.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.0.iter().flatten()
    }

    /// Bytes of the bodies in both directions.
    pub fn bytes(&self) -> usize {
        self.calls().map(|call| call.sent + call.received).sum()
    }

    /// DynamoDB units, to read and to write.
    pub fn units(&self) -> f64 {
        self.calls().map(|call| call.units).sum()
    }

    /// The milliseconds that they take with [`Latency::REAL`].
    pub fn latency(&self) -> f64 {
        let latency = |call: &Call| match call.service {
            "dynamodb" => Latency::REAL.dynamodb,
            "kms" => Latency::REAL.kms,
            "ses" => Latency::REAL.ses,
            _ => Latency::REAL.sns,
        };
        let steps = self.0.iter().filter_map(|step| step.iter().map(latency).max());
        steps.sum::<Duration>().as_secs_f64() * 1e3
    }
}
