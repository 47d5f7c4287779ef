//! A login by SSO acts on nothing that tenants share. The test covers every route of the contract, so no new route can
//! forget it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{openapi, stage::Stage};

/// The routes of a login by SSO: its login, and the policy and members of the workspaces that its SSO vouches for.
const OPEN: [&str; 4] = [
    "POST /v1/logins",
    "GET /v1/workspaces/{workspace_id}/policy",
    "PUT /v1/workspaces/{workspace_id}/policy",
    "GET /v1/workspaces/{workspace_id}/members",
];

/// Whether a route ignores SSO: the operator's routes and the public keys do.
fn reads_no_sso(route: &str) -> bool {
    route.contains("/operator/") || route.contains("/.well-known/")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_but_four_refuses_sso_before_it_acts() {
    let stage = Stage::new().await;
    let by_list =
        json!({"sub": "ada", "workspaces": ["acme", "globex"], "owned_workspaces": ["acme"], "sso": ["acme"]});
    let by_value = json!({"sub": "ada", "workspaces": ["acme"], "owned_workspaces": ["acme"], "sso": true});
    let of_another = json!({"sub": "ada", "workspaces": ["acme"], "owned_workspaces": ["acme"], "sso": ["evil"]});
    let without = json!({"sub": "ada", "workspaces": null, "owned_workspaces": ["acme"], "sso": ["acme"]});
    let unreadable = json!({"sub": "ada", "workspaces": ["acme"], "owned_workspaces": ["acme"], "sso": ["a,b"]});
    let cases = [
        (by_list, "sso-user", true),
        (by_value, "sso-user", true),
        (of_another, "sso-user", false),
        (without, "claim-missing", false),
        (unreadable, "claim-invalid", false),
    ];
    for (ask, code, vouches) in cases {
        let user = stage.user_with(ask.clone()).await;
        for (route, _) in openapi::operations() {
            let (method, path) = route.split_once(' ').unwrap();
            let path = path.replace("{workspace_id}", "acme").replace("{factor_id}", "01M86NP37KVJYCH5C44V5B7J55");
            let request = user.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
            // The body is invalid, because the function must judge the login before it.
            let reply = user.send(request.header("content-type", "application/json").body("[")).await;
            if reads_no_sso(&route) || (vouches && OPEN.contains(&route.as_str())) {
                assert_ne!(reply.code(), "sso-user", "{ask} {route}");
                continue;
            }
            assert_eq!((reply.status, reply.code()), (403, code), "{ask} {route}");
            assert_eq!(stage.calls_of(&reply.request).await, Vec::<Value>::new(), "{ask} {route}");
        }
    }
}

#[test]
fn only_the_function_of_the_open_routes_asks_for_logins_by_sso() {
    let asks: Vec<_> = super::house::sources("functions")
        .into_iter()
        .flat_map(|(path, text)| vec![path; text.matches("caller_also_by_sso").count()])
        .collect();
    assert_eq!(asks.len(), OPEN.len(), "{asks:?}");
    assert!(asks.iter().all(|path| path.to_str().unwrap().contains("functions/policy/")), "{asks:?}");
}
