//! A function without rules: it makes a route's AWS calls and nothing else. The benchmark `speed` records the calls
//! that a function makes for a request, step by step. This program repeats them for each event, with the same SDK,
//! retries and time-outs. It copies each input, because a function also builds its own each time.

use std::{env, fs};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_types::{SdkConfig, app_name::AppName, region::Region};
use lambda_http::{Body, Error, Response, service_fn};
use shared::aws::boot::client_defaults;
use tokio::try_join;

use crate::{
    call::{Call, Clients},
    seen::Seen,
};

mod call;
mod seen;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let clients = Clients::new(&config()?);
    let seen: Vec<Vec<Seen>> = serde_json::from_slice(&fs::read(env::var("BARE_CALLS")?)?)?;
    let steps = seen.iter().map(|step| step.iter().map(|seen| clients.call(seen)).collect());
    let steps = steps.collect::<Result<Vec<Vec<Call>>, Error>>()?;
    lambda_http::run(service_fn(async |_| answer(&steps).await)).await
}

/// Makes the calls of a step at the same time, and one step after another.
async fn answer(steps: &[Vec<Call>]) -> Result<Response<Body>, Error> {
    for step in steps {
        match step.as_slice() {
            [a] => a().await?,
            [a, b] => _ = try_join!(a(), b())?,
            [a, b, c] => _ = try_join!(a(), b(), c())?,
            _ => return Err("not prepared to make so many calls at once".into()),
        }
    }
    Ok(Response::new(Body::from("{}")))
}

/// The clients of the functions, without Amazon's root certificates, because the benchmark's AWS speaks plain HTTP.
fn config() -> Result<SdkConfig, Error> {
    let [id, secret, session] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map(env::var);
    let credentials = Credentials::new(id?, secret?, session.ok(), None, "environment");
    Ok(client_defaults()
        .app_name(AppName::new("bare")?)
        .region(Region::new(env::var("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(Builder::new().build_http())
        .endpoint_url(env::var("AWS_ENDPOINT_URL")?)
        .build())
}
