//! An event of the gateway: of an HTTP API, in payload format 2.0. It is read here for `lambda_http`, which types every claim as a
//! string, and which panics on a path, a host or a query that makes no URI. Here no claim, path or query ends a request.

use std::{collections::BTreeMap, future::Future};

use data_encoding::BASE64;
use lambda_http::{
    Adapter, Body, Error, LambdaEvent, Response, aws_lambda_events::apigw::ApiGatewayV2httpRequest, http::header::HOST,
    request::LambdaRequest, service_fn, tower::ServiceExt,
};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Number, Value, value::RawValue};

/// An event as the runtime hands it over.
struct Event(LambdaRequest);

/// Answers the function's events with `handle`, until the process ends.
///
/// # Errors
/// The Lambda Runtime API is out of reach.
pub async fn serve<R>(handle: impl Fn(lambda_http::Request) -> R) -> Result<(), Error>
where
    R: Future<Output = Response<Body>> + Send,
{
    let answer = service_fn(|request| {
        let reply = handle(request);
        async { Ok::<_, Error>(reply.await) }
    });
    let events = |event: LambdaEvent<Event>| LambdaEvent::new(event.payload.0, event.context);
    lambda_runtime::run(Adapter::from(answer).map_request(events)).await
}

/// The request that an event's JSON text holds.
///
/// # Errors
/// The text is no event of an HTTP API.
pub fn read(event: &str) -> serde_json::Result<lambda_http::Request> {
    Ok(lambda_request(event)?.into())
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(event: D) -> Result<Self, D::Error> {
        lambda_request(<&RawValue>::deserialize(event)?.get()).map(Self).map_err(de::Error::custom)
    }
}

fn lambda_request(event: &str) -> serde_json::Result<LambdaRequest> {
    Ok(LambdaRequest::ApiGatewayV2(without_uri(parse(event)?)))
}

/// Reads an event; a second time, with its claims spelled, only where the first reading fails.
fn parse(event: &str) -> serde_json::Result<ApiGatewayV2httpRequest> {
    serde_json::from_str(event).or_else(|error| {
        let event = respelled(event, &["requestContext", "authorizer", "jwt", "claims"]);
        event.and_then(|event| serde_json::from_str(&event)).map_err(|_| error)
    })
}

/// The text of an object, with the claims spelled that are below it at `path`. All else in it stays as it is, to the letter.
fn respelled(object: &str, path: &[&str]) -> serde_json::Result<String> {
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(object)?;
    let Some((name, path)) = path.split_first() else {
        // One that can't be read, such as 1e400, says what its text does: a claim that is there is never taken for absent.
        let spelled = |raw: &RawValue| {
            serde_json::from_str(raw.get()).map_or(Some(raw.get().to_owned()), |claim| spelled(&claim))
        };
        let claims = fields.iter().filter_map(|(name, claim)| Some((name, spelled(claim)?)));
        return serde_json::to_string(&claims.collect::<BTreeMap<_, _>>());
    };
    if let Some(field) = fields.get_mut(*name) {
        *field = RawValue::from_string(respelled(field.get(), path)?)?;
    }
    serde_json::to_string(&fields)
}

/// The event without what would make its URI, which no route reads. The query is kept by its names. A body that is declared
/// base64 and is none is kept as it is.
fn without_uri(mut event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpRequest {
    event.raw_path = None;
    event.request_context.domain_name = None;
    event.headers.remove(HOST);
    if let Some(query) = event.raw_query_string.take() {
        let Ok(parameters) = query.parse();
        event.query_string_parameters = parameters;
    }
    event.is_base64_encoded &= event.body.as_ref().is_some_and(|body| BASE64.decode(body.as_bytes()).is_ok());
    event
}

/// A claim as the gateway spells it: `true`, `1795478400`, `1.7954784e+09`, `[a b]`, an object as its JSON text. It leaves out
/// null: `None`.
pub fn spelled(claim: &Value) -> Option<String> {
    match claim {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        // A list with null in it names something that is no id, as Go prints it.
        Value::Array(list) => {
            let each = list.iter().map(|one| spelled(one).unwrap_or_else(|| "<nil>".to_owned()));
            Some(format!("[{}]", each.collect::<Vec<_>>().join(" ")))
        }
        Value::Number(number) if number.is_f64() => Some(fraction(number)),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Some(claim.to_string()),
    }
}

/// A number that JSON spells with a point or an exponent, as Go prints it: the shortest digits, with an exponent of two digits
/// below 0.0001 and from 1,000,000 on.
fn fraction(number: &Number) -> String {
    let number = number.as_f64().unwrap_or_default();
    let text = format!("{number:e}");
    match text.split_once('e').and_then(|(digits, exponent)| Some((digits, exponent.parse::<i32>().ok()?))) {
        Some((digits, exponent @ (..-4 | 6..))) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_is_spelled_as_the_gateway_does() {
        for (claim, spelling) in [
            (json!("a b"), "a b"),
            (json!(["a", "b c"]), "[a b c]"),
            (json!([]), "[]"),
            (json!(["a", null, 7]), "[a <nil> 7]"),
            (json!(true), "true"),
            (json!(1_795_478_400), "1795478400"),
            (json!(-1), "-1"),
            (json!(1_795_478_400.0), "1.7954784e+09"),
            (json!(1.5), "1.5"),
            (json!(7.0), "7"),
            (json!(0.000_015), "1.5e-05"),
            (json!({"a": 1, "b": ["x"]}), r#"{"a":1,"b":["x"]}"#),
        ] {
            assert_eq!(spelled(&claim).unwrap(), spelling);
        }
        assert_eq!(spelled(&Value::Null), None);
    }
}
