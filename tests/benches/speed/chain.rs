//! The AWS calls of a warm request, as they went over the wire, and the most that they may be.

use std::time::Duration;

use local::Latency;

use crate::{
    bars::Bars,
    wire::{Call, Wire},
    world::{Again, World},
};

/// How often a request is looked at whose chain looks too long.
pub const LOOKS: usize = 5;

/// The calls of a request, as steps: those of one step were under way at the same time.
pub struct Chain(pub Vec<Vec<Call>>);

/// The most that a request may ask of AWS.
#[derive(Clone, Copy)]
pub struct Most {
    /// Calls that follow one another.
    pub in_a_row: u32,
    /// Calls in all.
    pub calls: u32,
    /// Units of DynamoDB, to read and to write.
    pub units: f64,
}

impl Chain {
    /// What a function asks of AWS for a request once it is warm. A busy machine may have two calls at once look as if one followed the other,
    /// but never the other way round: where more follow one another than may, it is looked again.
    pub async fn seen(world: &World<'_>, again: &Again<'_>, most: Most) -> Self {
        let mut seen = Self::look(world, again).await;
        for _ in 1..LOOKS {
            if seen.in_a_row() <= most.in_a_row {
                break;
            }
            seen = Self::look(world, again).await;
        }
        seen
    }

    /// What it was seen to ask this time.
    pub async fn look(world: &World<'_>, again: &Again<'_>) -> Self {
        let wire = Wire::to(world.aws_url()).await;
        let mut lambda = world.lambda_on(again.route.function(), &wire.url, &[]).await;
        again.ask(&mut lambda).await;
        wire.take();
        again.ask(&mut lambda).await;
        Self(wire.take())
    }

    /// Each call.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.0.iter().flatten()
    }

    /// How many follow one another.
    pub fn in_a_row(&self) -> u32 {
        self.0.len().try_into().unwrap()
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.calls().count().try_into().unwrap()
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

/// Holds a request, at each size that it was made at, to the most that it may ask.
pub fn hold(what: &str, chains: &[&Chain], most: Most, bars: &mut Bars) {
    let largest = |measure: &dyn Fn(&Chain) -> f64| chains.iter().map(|chain| measure(chain)).fold(f64::NAN, f64::max);
    bars.count(format!("calls in a row: {what}"), largest(&|chain| chain.in_a_row().into()), most.in_a_row.into());
    bars.count(format!("calls: {what}"), largest(&|chain| chain.count().into()), most.calls.into());
    bars.count(format!("units of DynamoDB: {what}"), largest(&Chain::units), most.units);
}
