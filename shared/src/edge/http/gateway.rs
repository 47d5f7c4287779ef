//! Reads the events of an HTTP API, in payload format 2.0, for `lambda_http`. That crate fails on a claim that is not
//! a string, and it panics if path, host and query make no valid URI. This module makes such events readable.

use std::{collections::BTreeMap, future::Future};

use data_encoding::BASE64;
use lambda_http::{
    Adapter, Body, Error, LambdaEvent, Response, aws_lambda_events::apigw::ApiGatewayV2httpRequest, http::header::HOST,
    request::LambdaRequest, service_fn, tower::ServiceExt,
};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Number, Value, value::RawValue};

/// An event from the Lambda runtime.
struct Event(LambdaRequest);

/// Answers the function's events with `handle`, until the process ends.
///
/// # Errors
/// Fails if the Lambda Runtime API is unreachable.
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

/// Reads a request from an event's JSON text.
///
/// # Errors
/// Fails if the text is not an event of an HTTP API.
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

/// Parses an event. If that fails, it writes the claims as strings and parses the event again.
fn parse(event: &str) -> serde_json::Result<ApiGatewayV2httpRequest> {
    serde_json::from_str(event).or_else(|error| {
        let event = respelled(event, &["requestContext", "authorizer", "jwt", "claims"]);
        event.and_then(|event| serde_json::from_str(&event)).map_err(|_| error)
    })
}

/// Returns the text of an object, with the claims below `path` written as strings. All other text stays the same.
fn respelled(object: &str, path: &[&str]) -> serde_json::Result<String> {
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(object)?;
    let Some((name, path)) = path.split_first() else {
        // A claim that can't be parsed, such as 1e400, keeps its JSON text, so that it does not count as absent.
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

/// Removes the parts of the URI, which no route reads, but keeps the query's parameters. If a body is declared base64
/// and is not, it stays as it is.
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

/// Writes a claim as the gateway does: `true`, `1795478400`, `1.7954784e+09`, `[a b]`, an object as its JSON text. The
/// gateway omits null, so the result is `None`.
pub fn spelled(claim: &Value) -> Option<String> {
    match claim {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        // Go prints null in a list as `<nil>`, which is not a valid id.
        Value::Array(list) => {
            let each = list.iter().map(|one| spelled(one).unwrap_or_else(|| "<nil>".to_owned()));
            Some(format!("[{}]", each.collect::<Vec<_>>().join(" ")))
        }
        Value::Number(number) if number.is_f64() => Some(fraction(number)),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Some(claim.to_string()),
    }
}

/// Writes a number that has a point or an exponent in JSON, as Go prints it: with the fewest exact digits. Below 0.0001
/// and from 1,000,000 on, it has an exponent of at least two digits.
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
