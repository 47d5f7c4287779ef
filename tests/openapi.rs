//! The contract as a judge: every reply that a test gets is held to it.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::stage::Reply;

/// The contract.
pub static CONTRACT: LazyLock<Value> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("../infra/openapi.yaml")).unwrap());

/// What an operation may answer, by route and status; `default` is a problem.
struct Answer {
    route: String,
    status: String,
    content_type: String,
    schema: Validator,
}

static ANSWERS: LazyLock<Vec<Answer>> = LazyLock::new(|| {
    let mut answers = Vec::new();
    for (route, operation) in operations() {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let answer = resolved(answer);
            for (content_type, content) in answer["content"].as_object().unwrap() {
                let mut schema = content["schema"].clone();
                schema["components"] = CONTRACT["components"].clone();
                answers.push(Answer {
                    route: route.clone(),
                    status: status.clone(),
                    content_type: content_type.clone(),
                    schema: jsonschema::options().should_validate_formats(true).build(&schema).unwrap(),
                });
            }
        }
    }
    answers
});

/// Every operation, by its route as the gateway keys it.
pub fn operations() -> Vec<(String, &'static Value)> {
    let paths = CONTRACT["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, operations)| {
            let operations = operations.as_object().unwrap().iter();
            operations.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
        })
        .collect()
}

fn resolved(object: &'static Value) -> &'static Value {
    match object["$ref"].as_str() {
        Some(reference) => CONTRACT.pointer(reference.trim_start_matches('#')).unwrap(),
        None => object,
    }
}

/// Whether a path is of the form of a template.
fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(name, part)| name.starts_with('{') && !part.is_empty() || name == part)
}

/// Holds a reply to what the contract says of its operation.
#[track_caller]
pub fn judge(method: &str, path: &str, reply: &Reply) {
    let route = ANSWERS.iter().map(|answer| answer.route.as_str()).find(|route| {
        let (known, template) = route.split_once(' ').unwrap();
        known == method && matches(template, path)
    });
    let gateways = reply.body.as_object().is_some_and(|body| body.len() == 1 && body.contains_key("message"));
    let Some(route) = route.filter(|_| !gateways) else { return };
    let of = |status: &str| ANSWERS.iter().find(|answer| answer.route == route && answer.status == status);
    let answer = of(&reply.status.to_string()).or_else(|| of("default")).unwrap();
    assert_eq!(reply.header("content-type"), answer.content_type, "{route}: {reply:?}");
    let errors: Vec<_> = answer.schema.iter_errors(&reply.body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{route} answers what the contract does not know: {errors:?}: {reply:?}");
    if answer.status == "default" {
        assert_eq!(reply.body["status"], json!(reply.status), "{route}: {reply:?}");
    }
}
