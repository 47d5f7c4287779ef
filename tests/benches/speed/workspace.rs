//! Policies and members of workspaces.

use serde_json::json;

use crate::{
    event::Ask,
    route::Route,
    user::User,
    world::{Again, World},
};

/// The most workspaces in a token.
pub const MOST: usize = 50;

/// Makes each of these workspaces require MFA. The owner sets the first policy, and the others are copies of its row.
pub async fn require_mfa(world: &World<'_>, owner: &User, workspaces: &[String]) {
    let wish = json!({"required": true, "grace_days": 0, "allowed_factors": ["totp", "sms"]});
    let put = Ask::new("PUT /v1/workspaces/{workspace_id}/policy");
    let put = Ask { parameter: Some("acme-0"), body: Some(wish), assertion: owner.assertion.as_deref(), ..put };
    let required = world.lambda("policy").await.ask(&put.by(owner)).await;
    assert_eq!(required.status, 200, "{}", required.body);
    let mut row = world.row("WORKSPACE#acme-0", "POLICY").await;
    assert!(row.is_object(), "no policy");
    for workspace in workspaces {
        row["pk"]["S"] = format!("WORKSPACE#{workspace}").into();
        world.put(&row).await;
    }
}

/// Gives the workspace of `ada` more members than a page shows.
pub async fn fill_page(world: &World<'_>, ada: &User) {
    Again::new(world, ada, Route::Login).ask(&mut world.lambda("policy").await).await;
    let mut row = world.row("MEMBERS#acme-0", "MEMBER#mfa#ada").await;
    for number in 0..100 {
        row["sk"]["S"] = format!("MEMBER#mfa#user-{number:07}").into();
        world.put(&row).await;
    }
}
