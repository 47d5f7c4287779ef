//! SMS pumping: an attacker causes texts, to earn money with some numbers or to bother somebody. Tests each quota, when
//! its window ends, and many requests at once.

use lambda_http::{Body, Response};
use serde_json::{Value, json};

use crate::{
    contract::events::sample,
    logs,
    stage::{Reply, Stage, User, at_once},
};

const PHONE: &str = "+14155550123";
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// A stage with these quotas on texts. All other quotas are too wide to matter.
async fn stage(limits: &str) -> Stage {
    let wide = "resend=0,user-10m=1000,user-day=1000,number-hour=1000,number-day=1000,pending-number-hour=1000,\
                pending-number-day=1000,address-hour=off,exchange-hour=1000,exchange-day=1000,deployment-day=100000";
    let narrow: Vec<_> = limits.split(',').map(|limit| limit.split('=').next().unwrap()).collect();
    let kept = wide.split(',').filter(|limit| !narrow.contains(&limit.split('=').next().unwrap()));
    let all = kept.chain([limits]).collect::<Vec<_>>().join(",");
    Stage::with_settings(&[("MFA_TEXT_LIMITS", &all)]).await
}

/// Moves the clock to 1 s after the start of the next `window` (UTC).
async fn next(stage: &Stage, window: u64) {
    let now = stage.now().await;
    stage.advance(window - now % window + 1).await;
}

/// Checks that this quota refused the text, until the end of its window (UTC).
#[track_caller]
fn refused_by(reply: &Reply, limit: &str, now: u64, window: u64) {
    assert_eq!(reply.refused(429, "too-many-texts").body["limit"], limit);
    assert_eq!(reply.header("retry-after"), (window - now % window).to_string());
    let lines = logs::of(&reply.request);
    assert!(lines.iter().any(|line| line["event"] == "text.refused" && line["why"] == limit), "{lines:?}");
}

/// The number of accepted texts. Checks that this quota refused the others.
fn sent(replies: &[Reply], limit: &str) -> usize {
    for reply in replies.iter().filter(|reply| reply.status != 202) {
        assert_eq!(reply.refused(429, "too-many-texts").body["limit"], limit);
    }
    replies.iter().filter(|reply| reply.status == 202).count()
}

/// Asks for all of these texts at the same time.
async fn texts(asks: impl IntoIterator<Item = (User, String)>) -> Vec<Reply> {
    at_once(asks.into_iter().map(|(user, id)| async move { user.text(&id).await })).await
}

/// `count` users, each with a pending phone.
async fn with_pending(stage: &Stage, count: usize, number: impl Fn(usize) -> String) -> Vec<(User, String)> {
    let mut pending = Vec::new();
    for index in 0..count {
        let user = stage.user(&format!("user-{index}")).await;
        let id = user.begin_phone(&number(index)).await;
        pending.push((user, id));
    }
    pending
}

/// Checks the number of texts that were sent.
async fn all_arrived(stage: &Stage, sent: usize) {
    assert_eq!(stage.texts().await.len(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_to_one_factor_are_one_text() {
    let stage = Stage::with_settings(&[("MFA_TEXT_LIMITS", "address-hour=off")]).await;
    let ada = stage.user("ada").await;
    let id = ada.begin_phone(PHONE).await;
    let replies = texts(vec![(ada, id); 50]).await;
    assert_eq!(sent(&replies, "factor"), 1);
    all_arrived(&stage, 1).await;
    // Without a quota on addresses, the function makes no digest of them.
    let sent = replies.iter().find(|reply| reply.status == 202).unwrap();
    let calls = stage.calls_of(&sent.request).await;
    assert!(!calls.iter().any(|call| call.to_string().contains("alias/mfa-digests")), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_has_expired_is_waited_for_no_longer() {
    let stage = stage("resend=900").await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    stage.advance(599).await;
    ada.text(&id).await.refused(429, "too-many-texts");
    stage.advance(1).await;
    ada.text(&id).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_gets_five_texts_in_ten_minutes_and_ten_a_day() {
    let stage = stage("resend=30/60/120/300,user-10m=5,user-day=10").await;
    let ada = stage.user("ada").await;
    next(&stage, DAY).await;
    let mut count = 0;
    // Each text goes to another phone, because a second text to one phone has a wait.
    for round in 0..2 {
        for index in 0..5 {
            let id = ada.begin_phone(&format!("+1415555{round}{index}00")).await;
            ada.text(&id).await.expect(202);
            count += 1;
        }
        let id = ada.begin_phone(PHONE).await;
        if round == 0 {
            refused_by(&ada.text(&id).await, "user", stage.now().await, 600);
            next(&stage, 600).await;
        } else {
            refused_by(&ada.text(&id).await, "user", stage.now().await, DAY);
            next(&stage, 600).await;
            let id = ada.begin_phone(PHONE).await;
            refused_by(&ada.text(&id).await, "user", stage.now().await, DAY);
        }
    }
    all_arrived(&stage, count).await;
    next(&stage, DAY).await;
    let ada = stage.user("ada").await;
    let id = ada.begin_phone(PHONE).await;
    ada.text(&id).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_over_a_users_phones_stay_within_their_limit() {
    let stage = stage("user-10m=20").await;
    let ada = stage.user("ada").await;
    let mut ids = Vec::new();
    for index in 0..3 {
        ids.push(ada.begin_phone(&format!("+1415555012{index}")).await);
    }
    let asks = (0..51).map(|index| (ada.clone(), ids[index % 3].clone()));
    assert_eq!(sent(&texts(asks).await, "user"), 20);
    all_arrived(&stage, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_gets_five_an_hour_and_ten_a_day_over_all_its_users() {
    let stage = stage("number-hour=5,number-day=10").await;
    next(&stage, DAY).await;
    // Many users have the same active number, as in a company.
    let mut users = Vec::new();
    for index in 0..50 {
        let user = stage.user(&format!("user-{index}")).await;
        let id = user.enroll_phone(PHONE).await;
        users.push((user, id));
    }
    let before = stage.texts().await.len();
    let replies = texts(users.clone()).await;
    assert_eq!(sent(&replies, "number"), 5);
    let (user, id) = &users[0];
    refused_by(&user.text(id).await, "number", stage.now().await, HOUR);
    next(&stage, HOUR).await;
    let replies = texts(users.clone()).await;
    assert_eq!(sent(&replies, "number"), 5);
    next(&stage, HOUR).await;
    refused_by(&user.text(id).await, "number", stage.now().await, DAY);
    all_arrived(&stage, before + 10).await;
    next(&stage, DAY).await;
    stage.user("user-0").await.text(id).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_use_up_nobodys_texts() {
    let stage = stage("number-hour=5,pending-number-hour=3,pending-number-day=5").await;
    next(&stage, DAY).await;
    let ada = stage.user("ada").await;
    let hers = ada.enroll_phone(PHONE).await;
    next(&stage, HOUR).await;
    let strangers = with_pending(&stage, 50, |_| PHONE.to_owned()).await;
    let before = stage.texts_to(PHONE).await.len();
    assert_eq!(sent(&texts(strangers).await, "number"), 3);
    next(&stage, HOUR).await;
    let strangers = with_pending(&stage, 50, |_| PHONE.to_owned()).await;
    let (stranger, theirs) = strangers[0].clone();
    // Ada's enrollment used one of the five of this day.
    assert_eq!(sent(&texts(strangers).await, "number"), 1);
    refused_by(&stranger.text(&theirs).await, "number", stage.now().await, DAY);
    assert_eq!(stage.texts_to(PHONE).await.len(), before + 4);

    for _ in 0..5 {
        ada.text(&hers).await.expect(202);
    }
    let code = stage.code_to(PHONE).await;
    ada.verify(&hers, &code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_gets_twenty_pending_texts_an_hour() {
    let stage = stage("exchange-hour=20,exchange-day=30").await;
    next(&stage, DAY).await;
    // Ada's active phone in this exchange gets texts, whatever happens.
    let ada = stage.user("ada").await;
    let hers = ada.enroll_phone("+14155559999").await;
    let pending = with_pending(&stage, 50, |index| format!("+14155551{index:03}")).await;
    let (user, id) = pending[0].clone();
    assert_eq!(sent(&texts(pending).await, "exchange"), 19, "and one was Ada's enrollment");
    refused_by(&user.text(&id).await, "exchange", stage.now().await, HOUR);
    let elsewhere = user.begin_phone("+14155561000").await;
    user.text(&elsewhere).await.expect(202);
    ada.text(&hers).await.expect(202);

    next(&stage, HOUR).await;
    let pending = with_pending(&stage, 50, |index| format!("+14155552{index:03}")).await;
    let (user, id) = pending[0].clone();
    assert_eq!(sent(&texts(pending).await, "exchange"), 10);
    refused_by(&user.text(&id).await, "exchange", stage.now().await, DAY);
    ada.text(&hers).await.expect(202);
    next(&stage, DAY).await;
    let user = stage.user("user-0").await;
    let id = user.begin_phone("+14155553000").await;
    user.text(&id).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployment_stops_hard_and_pending_phones_may_use_half() {
    let stage = stage("deployment-day=40").await;
    next(&stage, DAY).await;
    let ada = stage.user("ada").await;
    let hers = ada.enroll_phone("+14165550100").await;
    let pending = with_pending(&stage, 50, |index| format!("+1415{:03}1234", 200 + index)).await;
    let (user, id) = pending[0].clone();
    assert_eq!(sent(&texts(pending).await, "deployment"), 19, "and one was Ada's enrollment");
    refused_by(&user.text(&id).await, "deployment", stage.now().await, DAY);

    for _ in 0..20 {
        ada.text(&hers).await.expect(202);
    }
    refused_by(&ada.text(&hers).await, "deployment", stage.now().await, DAY);
    // Repeated requests cost little: the function remembers for 1 minute that all 16 rows are full.
    for (later, looks) in [(0, 0), (30, 0), (31, 16)] {
        stage.advance(later).await;
        let refused = ada.text(&hers).await;
        refused_by(&refused, "deployment", stage.now().await, DAY);
        let calls = stage.calls_of(&refused.request).await;
        assert_eq!(calls.iter().filter(|call| call["operation"] == "TransactWriteItems").count(), looks);
    }
    // It forgets this at the end of the day, even if less than a minute has passed.
    let now = stage.now().await;
    stage.advance(DAY - now % DAY - 30).await;
    refused_by(&stage.user("ada").await.text(&hers).await, "deployment", stage.now().await, DAY);
    stage.advance(30).await;
    stage.user("ada").await.text(&hers).await.expect(202);
    all_arrived(&stage, 41).await;

    next(&stage, DAY).await;
    stage.user("ada").await.text(&hers).await.expect(202);
    let user = stage.user("user-0").await;
    let id = user.begin_phone(PHONE).await;
    user.text(&id).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_goes_on_past_full_rows_and_other_writes() {
    let stage = stage("deployment-day=16").await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    for _ in 0..11 {
        ada.text(&id).await.expect(202);
    }
    // 12 of 16 rows are full. A row with a conflicting write does not count as full.
    for _ in 0..3 {
        stage.fault_after(1, "dynamodb", "TransactWriteItems", "conflict", 2).await;
        ada.text(&id).await.expect(202);
        stage.clear_faults().await;
    }
    ada.text(&id).await.expect(202);
    assert_eq!(ada.text(&id).await.refused(429, "too-many-texts").body["limit"], "deployment");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployments_total_is_no_one_row() {
    let stage = stage("user-day=1000").await;
    let ada = stage.user("ada").await;
    let id = ada.enroll_phone(PHONE).await;
    for _ in 0..40 {
        ada.text(&id).await.expect(202);
    }
    let rows = counts(&stage).await;
    let rows = rows.iter().filter(|row| row["pk"]["S"].as_str().unwrap().starts_with("TEXTS#all#")).count();
    // 40 random draws miss more than 8 of the 16 rows in one of 100 million runs.
    assert!(rows >= 8, "{rows}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_longer_of_two_windows() {
    let stage = stage("pending-number-hour=1,pending-number-day=1").await;
    let ada = stage.user("ada").await;
    let id = ada.begin_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    refused_by(&ada.text(&id).await, "number", stage.now().await, DAY);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_to_active_phones_stop_at_the_deployments_total() {
    let stage = stage("deployment-day=70,deployment-pending-day=50").await;
    let mut active = Vec::new();
    for index in 0..50 {
        let user = stage.user(&format!("user-{index}")).await;
        let id = user.enroll_phone(&format!("+1415{:03}1234", 200 + index)).await;
        active.push((user, id));
    }
    assert_eq!(sent(&texts(active).await, "deployment"), 20);
    all_arrived(&stage, 70).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_zero_allows_none() {
    for (limit, subject) in [
        ("user-day=0", "user"),
        ("pending-number-hour=0", "number"),
        ("exchange-day=0", "exchange"),
        ("deployment-day=0", "deployment"),
        ("deployment-pending-day=0", "deployment"),
    ] {
        let stage = stage(limit).await;
        let ada = stage.user("ada").await;
        let id = ada.begin_phone(PHONE).await;
        assert_eq!(ada.text(&id).await.refused(429, "too-many-texts").body["limit"], subject, "{limit}");
        all_arrived(&stage, 0).await;
    }
}

/// Asks the function for a text, from the source address `address`. `forwarded` is the header `x-forwarded-for`.
async fn text_from(stage: &Stage, user: &str, id: &str, address: &str, forwarded: &str) -> Reply {
    let mut event = sample("send-sms/text.json");
    event["pathParameters"]["factor_id"] = id.into();
    event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = user.into();
    event["requestContext"]["http"]["sourceIp"] = address.into();
    event["headers"]["x-forwarded-for"] = forwarded.into();
    let request = shared::edge::http::gateway::read(&event.to_string()).unwrap();
    let response: Response<Body> = stage.stack.functions.call("send-sms", request).await.unwrap();
    Reply::of(&response)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_asks_for_twenty_an_hour_whatever_the_headers_say() {
    let stage = stage("address-hour=20").await;
    let pending = with_pending(&stage, 60, |index| format!("+1415{:03}1234", 200 + index)).await;
    let asks = pending.iter().enumerate().take(50).map(|(index, (_, id))| {
        let (stage, id) = (stage.clone(), id.clone());
        let (user, forwarded) = (format!("user-{index}"), format!("198.51.100.{index}"));
        async move { text_from(&stage, &user, &id, "203.0.113.7", &forwarded).await }
    });
    let replies = at_once(asks).await;
    assert_eq!(sent(&replies, "address"), 20);

    // A /64 of IPv6 is one client. An IPv4 address is the same client in both spellings. Other addresses are other
    // clients.
    let from =
        async |index: usize, address| text_from(&stage, &format!("user-{index}"), &pending[index].1, address, "").await;
    assert_eq!(from(50, "::ffff:203.0.113.7").await.refused(429, "too-many-texts").body["limit"], "address");
    assert_eq!(from(50, "203.0.113.8").await.status, 202);
    for _ in 0..10 {
        assert_eq!(from(51, "2001:db8:1:2::1").await.status, 202);
        assert_eq!(from(52, "2001:db8:1:2:ffff:ffff:ffff:ffff").await.status, 202);
    }
    from(53, "2001:db8:1:2:3:4:5:6").await.refused(429, "too-many-texts");
    assert_eq!(from(53, "2001:db8:1:3::1").await.status, 202);
    next(&stage, HOUR).await;
    let id = stage.user("user-54").await.begin_phone(PHONE).await;
    assert_eq!(text_from(&stage, "user-54", &id, "203.0.113.7", "").await.status, 202);

    // A request from an unreadable address fails, because it can't be counted.
    assert_eq!(text_from(&stage, "user-54", &id, "nowhere", "").await.status, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_limit_refuses_is_counted_by_none() {
    let stage = stage("exchange-hour=1").await;
    let ada = stage.user("ada").await;
    let first = ada.begin_phone(PHONE).await;
    ada.text(&first).await.expect(202);
    let before = counts(&stage).await;
    let account = stage.account("ada").await;
    let second = ada.begin_phone("+14155550124").await;
    for _ in 0..3 {
        assert_eq!(ada.text(&second).await.refused(429, "too-many-texts").body["limit"], "exchange");
    }
    assert_eq!(counts(&stage).await, before);
    assert_eq!(stage.account("ada").await["texts"], account["texts"]);
    assert_eq!(stage.account("ada").await["factors"]["M"][&second]["M"]["code"], Value::Null);
}

/// Every row that counts texts.
async fn counts(stage: &Stage) -> Vec<Value> {
    let ask = json!({
        "FilterExpression": "begins_with(pk, :texts)", "ExpressionAttributeValues": {":texts": {"S": "TEXTS#"}},
    });
    stage.dynamodb("Scan", ask).await["Items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_count_are_swept_after_their_window_and_not_before() {
    let stage = Stage::new().await;
    let ada = stage.user("ada").await;
    let id = ada.begin_phone(PHONE).await;
    ada.text(&id).await.expect(202);
    let rows = counts(&stage).await;
    // The number's hour and day, the address's hour, the exchange's hour and day, and 1 of 16 rows of the deployment's
    // day.
    assert_eq!(rows.len(), 6);
    let now = stage.now().await;
    for row in rows {
        let expires: u64 = row["expires_at"]["N"].as_str().unwrap().parse().unwrap();
        let window = if row["sk"]["S"].as_str().unwrap().starts_with("DAY#") { DAY } else { HOUR };
        assert_eq!(expires, now - now % window + window + 2 * DAY, "{row}");
    }
}
