//! `GET /v1/workspaces/{workspace_id}/members`: shows the workspace's owners which members have MFA. Owners see each
//! member's state and kinds of factors. They see no factor itself, and nothing of other workspaces.

use std::collections::BTreeSet;

use serde::Serialize;
use shared::{
    base::{
        error::{Refusal, Result},
        ids::UserId,
    },
    edge::http::{reply::Reply, request::Request},
    proof::factor::Kind,
    workspace::member::{Cursor, MemberCounts, MemberState},
};

use crate::{Function, policy::owned};

#[derive(Serialize)]
struct Listed<'a> {
    summary: MemberCounts,
    members: Vec<Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Shown<'a> {
    user: &'a UserId,
    state: MemberState,
    factors: BTreeSet<Kind>,
    last_seen: String,
}

impl Function {
    pub(crate) async fn list_members(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller_also_by_sso(request).await?;
        let workspace = owned(&caller, request)?;
        let (state, cursor) = asked(request)?;
        let (account, summary, page) = tokio::try_join!(
            self.accounts.load(&caller.user),
            self.members.summary(&workspace),
            self.members.page(&workspace, state, cursor.as_ref())
        )?;
        self.prove(&caller, &account, &workspace, request).await?;
        let shown = page.members.iter().map(|(user, state, member)| Shown {
            user,
            state: *state,
            // An SSO row from an older release may still list factors.
            factors: if *state == MemberState::Sso { BTreeSet::new() } else { member.factors.clone() },
            last_seen: member.day.date(),
        });
        Reply::ok(&Listed { summary, members: shown.collect(), next_cursor: page.next.as_ref().map(Cursor::spelled) })
    }
}

/// Reads the query: the state to list, or all, and where the page begins.
fn asked(request: &Request) -> Result<(Option<MemberState>, Option<Cursor>)> {
    let [state, cursor] = request.query(["state", "cursor"])?;
    let state = state.map(|state| {
        MemberState::parse(&state)
            .ok_or_else(|| Refusal::invalid("The parameter `state` must be `mfa`, `none` or `sso`."))
    });
    let state = state.transpose()?;
    let cursor = cursor.map(|cursor| Cursor::parse(&cursor).filter(|cursor| cursor.is_of(state)).ok_or_else(foreign));
    Ok((state, cursor.transpose()?))
}

fn foreign() -> Refusal {
    Refusal::invalid("The parameter `cursor` must be the `next_cursor` of a page of the same list.")
}
