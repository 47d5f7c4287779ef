//! The users of a recording, and how each gets factors and codes.

use serde_json::{Value, json};

use super::{DAY, IMPORTED, STRANGE, known::Person};
use crate::stage::{Enrolled, Stage, User};

/// A user with a login token that is requested like this.
pub async fn person(stage: &Stage, token: Value) -> (Person, User) {
    let user = stage.user_with(token.clone()).await;
    (Person { token, ..Person::default() }, user)
}

/// Begins a factor, with an assertion if the user has one already.
pub async fn begin(user: &User, wish: Value, assertion: Option<&str>) -> Value {
    let begun = match assertion {
        Some(assertion) => user.post_with(assertion, "/v1/factors", wish).await,
        None => user.post("/v1/factors", wish).await,
    };
    begun.expect(201)
}

/// Enrolls an app, with an assertion if the user has a factor.
pub async fn app(stage: &Stage, person: &mut Person, user: &User, assertion: Option<&str>) -> Enrolled {
    let wish = json!({"kind": "totp", "name": "Réd phone"});
    let begun = begin(user, wish, assertion).await;
    // It is activated some time after its begin.
    stage.advance(1).await;
    let app = user.finish(&begun).await;
    person.devices.insert(app.id.clone(), begun["totp"]["uri"].as_str().unwrap().to_owned());
    person.unused.extend(app.recovery_codes.iter().cloned());
    app
}

/// Enrolls a phone, with an assertion if the user has a factor.
async fn phone(stage: &Stage, person: &mut Person, user: &User, number: &str, assertion: Option<&str>) -> String {
    let wish = json!({"kind": "sms", "phone": number});
    let begun = begin(user, wish, assertion).await;
    let id = begun["id"].as_str().unwrap().to_owned();
    user.text(&id).await.expect(202);
    let activated = user.activate(&id, &stage.code_to(number).await).await.expect(200);
    let codes = activated["recovery_codes"].as_array().into_iter().flatten();
    person.unused.extend(codes.map(|code| code.as_str().unwrap().to_owned()));
    person.devices.insert(id.clone(), number.to_owned());
    id
}

/// A user with fifty wrong codes, which takes two days.
async fn locked(stage: &Stage) -> Person {
    let (mut locked, user) = person(stage, json!({"sub": "locked", "expires_in": 30 * DAY})).await;
    let app = app(stage, &mut locked, &user, None).await;
    for _ in 0..50 {
        let now = stage.advance(3600).await;
        user.verify(&app.id, &app.app.wrong_code(now)).await.refused(422, "code-rejected");
    }
    locked
}

/// Users with a first factor that is two days old. One of them is locked.
pub async fn over_two_days(stage: &Stage) -> Vec<Person> {
    let (mut several, user) = person(stage, json!({"sub": "several"})).await;
    let first = app(stage, &mut several, &user, None).await;
    let (mut mixed, user) = person(stage, json!({"sub": "mixed"})).await;
    let id = phone(stage, &mut mixed, &user, "+14155550126", None).await;
    let mut people = with_phones(stage).await;
    let locked = locked(stage).await;
    let user = stage.user("several").await;
    app(stage, &mut several, &user, Some(&user.prove(&first).await)).await;
    phone(stage, &mut several, &user, "+14155550124", Some(&user.prove(&first).await)).await;
    let user = stage.user("mixed").await;
    user.text(&id).await.expect(202);
    let verified = user.verify(&id, &stage.code_to("+14155550126").await).await.expect(200);
    app(stage, &mut mixed, &user, verified["assertion"].as_str()).await;
    people.extend([locked, several, mixed]);
    people
}

/// Users with apps.
pub async fn with_apps(stage: &Stage) -> Vec<Person> {
    let (mut one, user) = person(stage, json!({"sub": "app", "workspaces": ["acme"]})).await;
    app(stage, &mut one, &user, None).await;
    for code in one.unused.drain(..2) {
        user.redeem(&code).await.expect(200);
        one.used.push(code);
    }
    let (mut paper, user) = person(stage, json!({"sub": "paper"})).await;
    app(stage, &mut paper, &user, None).await;
    for sso in [false, true] {
        let token = json!({"sub": "paper", "workspaces": ["initech"], "sso": sso});
        stage.user_with(token).await.login().await;
    }
    let (mut recovered, user) = person(stage, json!({"sub": "recovered"})).await;
    app(stage, &mut recovered, &user, None).await;
    recovered.used.push(recovered.unused.remove(0));
    let redeemed = user.redeem(&recovered.used[0]).await.expect(200);
    app(stage, &mut recovered, &user, redeemed["assertion"].as_str()).await;
    vec![one, paper, recovered]
}

/// Users who were helped by an operator or an emailed code, and one with a new address.
pub async fn by_operator_or_mailbox(stage: &Stage) -> Vec<Person> {
    let op = stage.operator().await;
    let (mut imported, _) = person(stage, json!({"sub": "imported"})).await;
    let wish = json!({"user": "imported", "kind": "totp", "secret": IMPORTED, "email": "imported@example.com", "reason": "Moving in"});
    let id = op.post("import", wish).await.expect(201)["id"].as_str().unwrap().to_owned();
    let uri = format!("otpauth://totp/x?secret={IMPORTED}&algorithm=SHA1&digits=6&period=30");
    imported.devices.insert(id, uri);

    let long_ago = stage.now().await - 3600;
    let (reset, user) = person(stage, json!({"sub": "reset", "claims": {"auth_time": long_ago}})).await;
    user.enroll().await;
    op.act("reset", "reset").await.expect(200);

    let (mut mailbox, user) = person(stage, json!({"sub": "mailbox"})).await;
    app(stage, &mut mailbox, &user, None).await;
    user.email().await.expect(202);
    let redeemed = user.redeem(&stage.emailed_to("mailbox@example.com").await).await.expect(200);
    app(stage, &mut mailbox, &user, redeemed["assertion"].as_str()).await;

    let (mut emailed, user) = person(stage, json!({"sub": "emailed"})).await;
    app(stage, &mut emailed, &user, None).await;
    for _ in 0..3 {
        user.email().await.expect(202);
        stage.advance(60).await;
    }
    let (_, user) = person(stage, json!({"sub": "moved"})).await;
    let (mut moved, elsewhere) = person(stage, json!({"sub": "moved", "email": "moved@new.example"})).await;
    app(stage, &mut moved, &user, None).await;
    elsewhere.email().await.refused(403, "email-recovery-held");
    vec![imported, reset, mailbox, emailed, moved]
}

/// Users with a phone and no app.
async fn with_phones(stage: &Stage) -> Vec<Person> {
    let mut people = Vec::new();
    for (token, number) in [
        (json!({"sub": "us"}), "+14155550123"),
        (json!({"sub": "ca"}), "+14165550123"),
        (json!({"sub": "forbidden", "workspaces": ["acme"]}), "+14155550125"),
        (json!({"sub": "texted"}), "+12125550123"),
    ] {
        let (mut one, user) = person(stage, token).await;
        phone(stage, &mut one, &user, number, None).await;
        people.push(one);
    }
    people
}

/// Users with pending factors. One is a stranger who uses up the quota of texts.
pub async fn pending(stage: &Stage) -> Vec<Person> {
    let stranger = stage.user("stranger").await;
    let strange = stranger.begin_phone(STRANGE).await;
    for wait in [30, 60, 0] {
        stranger.text(&strange).await.expect(202);
        stage.advance(wait).await;
    }
    let (mut with_app, user) = person(stage, json!({"sub": "pending-app"})).await;
    let begun = begin(&user, json!({"kind": "totp"}), None).await;
    let uri = begun["totp"]["uri"].as_str().unwrap();
    with_app.devices.insert(begun["id"].as_str().unwrap().to_owned(), uri.to_owned());
    let (mut with_phone, user) = person(stage, json!({"sub": "pending-phone"})).await;
    let id = user.begin_phone("+14155550129").await;
    with_phone.sent = user.text(&id).await.expect(202);
    with_phone.devices.insert(id, "+14155550129".to_owned());
    vec![with_app, with_phone]
}

/// A user who must wait a whole minute after wrong codes of both counts.
pub async fn waiting(stage: &Stage) -> Person {
    let (mut waiting, user) = person(stage, json!({"sub": "waiting"})).await;
    let app = app(stage, &mut waiting, &user, None).await;
    for wrong in 0..6 {
        if wrong == 5 {
            stage.advance(30).await;
        }
        user.verify(&app.id, &user.wrong_code(&app.app).await).await.refused(422, "code-rejected");
        user.redeem("0000-0000-0000-0000").await.refused(422, "code-rejected");
    }
    waiting
}
