//! A body, sent to every route that has one. The function must not call a body malformed that the contract allows, nor
//! accept one that it forbids. No refusal quotes the input.

use std::{collections::BTreeSet, sync::LazyLock};

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::{assertion::genuine, event, functions::LOGIN_TOKEN};
use crate::{openapi, stage::Reply};

/// A secret that replaces the texts and unknown names of the input.
const PLANTED: &str = "K3XQ 9F2M 7W4D H8RA";

/// A route with a body: its function, and the names of its fields.
struct Route {
    key: String,
    function: String,
    fields: BTreeSet<String>,
}

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let routes = openapi::operations().into_iter().filter(|(_, operation)| !operation["requestBody"].is_null());
    let route = |(key, operation): (String, &'static Value)| {
        let schema = &openapi::resolved(&operation["requestBody"])["content"]["application/json"]["schema"];
        let fields = schema["properties"].as_object().into_iter().flat_map(Map::keys).cloned().collect();
        Route { key, function: operation["tags"][0].as_str().unwrap().to_owned(), fields }
    };
    let mut routes: Vec<_> = routes.map(route).collect();
    // The order of the routes must not depend on the order of a map.
    routes.sort_by(|one, other| one.key.cmp(&other.key));
    routes
});

/// The names of the fields of the route that a byte selects.
pub fn fields(route: u8) -> Vec<String> {
    of(route).fields.iter().cloned().collect()
}

fn of(byte: u8) -> &'static Route {
    &ROUTES[usize::from(byte.wrapping_sub(b'a')) % ROUTES.len()]
}

/// Checks a body. The first byte selects the route: `a` is the first.
pub fn check(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let route = of(*first);
    send(route, body);
    if let Ok(mut value) = serde_json::from_slice(body) {
        plant(&mut value, &route.fields);
        let reply = send(route, value.to_string().as_bytes());
        assert!(reply.status < 400 || !reply.body.to_string().contains(PLANTED), "{}: {reply:?}", route.key);
    }
}

fn send(route: &Route, body: &[u8]) -> Reply {
    event::answer(&route.key, &route.function, request(&route.key, body))
}

/// The request of a caller who may do anything.
fn request(route: &str, body: &[u8]) -> lambda_http::Request {
    let (method, path) = route.split_once(' ').unwrap();
    let operator = path.starts_with("/v1/operator/");
    let claims = json!({
        "sub": if operator { "op" } else { "ada" }, "scope": if operator { "mfa:operator" } else { "" },
        "email": "ada@example.com", "email_verified": "true", "workspaces": "[acme]", "owned_workspaces": "[acme]",
    });
    let event = json!({
        "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": "",
        "headers": {
            "authorization": format!("Bearer {LOGIN_TOKEN}"), "content-type": "application/json", "mfa-assertion": genuine(),
        },
        "pathParameters": {"factor_id": "01M86NP37KVJYCH5C44V5B7J55", "workspace_id": "acme"},
        "requestContext": {
            "authorizer": {"jwt": {"claims": claims}},
            "http": {"method": method, "path": path, "sourceIp": "203.0.113.7"},
            "routeKey": route, "stage": "$default",
        },
        "body": BASE64.encode(body), "isBase64Encoded": true,
    });
    shared::edge::http::gateway::read(&event.to_string()).unwrap()
}

/// Replaces every text, and every name that is not a field's, with the secret.
fn plant(value: &mut Value, fields: &BTreeSet<String>) {
    match value {
        Value::String(text) => PLANTED.clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(|value| plant(value, fields)),
        Value::Object(object) => {
            for (name, mut value) in std::mem::take(object) {
                plant(&mut value, fields);
                object.insert(if fields.contains(&name) { name } else { PLANTED.to_owned() }, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
