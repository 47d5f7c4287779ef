//! The AWS calls of a warm request, as they went over the wire. How many they may be, and how many in a row, the ordinary tests hold.

use std::time::Duration;

use local::Latency;

use crate::{
    wire::{Call, Wire},
    world::{Again, World},
};

/// How often a request is looked at, of which the shortest chain counts.
const LOOKS: usize = 3;

/// The calls of a request, as steps: those of one step were under way at the same time.
pub struct Chain(pub Vec<Vec<Call>>);

impl Chain {
    /// What a function asks of AWS for a request once it is warm. A busy machine may have two calls at once look as if one
    /// followed the other, but never the other way round: the shortest chain of several looks counts.
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

    /// Each call.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.0.iter().flatten()
    }

    /// Bytes of the bodies, there and back.
    pub fn bytes(&self) -> usize {
        self.calls().map(|call| call.sent + call.received).sum()
    }

    /// Units that they take of DynamoDB, to read and to write.
    pub fn units(&self) -> f64 {
        self.calls().map(|call| call.units).sum()
    }

    /// What they take where AWS has the latency of [`Latency::REAL`], in milliseconds.
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
