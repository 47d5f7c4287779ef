//! A KMS key is replaced. Codes of the old key are valid until the settings no longer have its label.

use serde_json::{Value, json};

use crate::{
    contract::events::by_sample,
    logs,
    stage::{OneOfEach, Reply, Stage, account_key},
};

const PHONE: &str = "+14155550123";

/// Checks that the function could not check a code, that the log says why, and that no attempt is counted.
async fn not_looked_at(stage: &Stage, sub: &str, reply: Reply) {
    reply.refused(500, "internal");
    let lines = logs::of(&reply.request);
    let told = |line: &Value| line.to_string().contains("find the key that a code was derived with");
    assert!(lines.iter().any(told), "{lines:?}");
    let account = stage.account(sub).await;
    for count in [&account["failures"], &account["recovery_failures"], &account["emailed"]["M"]["tries"]] {
        assert!(count.is_null() || count["N"] == "0", "{account}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_key_made_is_accepted_until_its_label_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::on(folder.path()).await;
    let app = stage.user("ada").await.enroll().await;
    let phone = stage.user("bob").await.enroll_phone(PHONE).await;
    // A code is bound to a login. The sample events have the same login before and after the restart.
    by_sample(&stage, "recovery/email.json", "ada", None, None).await.expect(202);
    by_sample(&stage, "send-sms/text.json", "bob", Some(&phone), None).await.expect(202);
    let (emailed, texted) = (stage.emailed_to("ada@example.com").await, stage.code_to(PHONE).await);
    stage.stop().await;

    // The new key of each ring is the other ring's old key, because any key will do.
    let codes = ("MFA_CODE_KEYS", "2027=alias/mfa-recovery,local=alias/mfa-codes");
    let recovery = ("MFA_RECOVERY_KEYS", "2027=alias/mfa-codes,local=alias/mfa-recovery");
    let stage = Stage::on_with(folder.path(), &[codes, recovery]).await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    by_sample(&stage, "verify/verify.json", "bob", Some(&phone), Some(&texted)).await.expect(200);
    by_sample(&stage, "recovery/redeem.json", "ada", None, Some(&emailed)).await.expect(200);
    ada.redeem(&app.recovery_codes[0]).await.expect(200);
    // New codes use the new key.
    stage.advance(60).await;
    bob.text(&phone).await.expect(202);
    assert_eq!(stage.account("bob").await["factors"]["M"][&phone]["M"]["code"]["M"]["key"]["S"], "2027");
    bob.verify(&phone, &stage.code_to(PHONE).await).await.expect(200);
    drop((ada, bob));
    stage.stop().await;

    let [codes, recovery] =
        [("MFA_CODE_KEYS", "2027=alias/mfa-recovery"), ("MFA_RECOVERY_KEYS", "2027=alias/mfa-codes")];
    let stage = Stage::on_with(folder.path(), &[codes, recovery]).await;
    let reply = stage.user("ada").await.redeem(&app.recovery_codes[1]).await;
    not_looked_at(&stage, "ada", reply).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_names_another_key_opens_nothing() {
    let stage = Stage::new().await;
    let OneOfEach { ada, bob, app, emailed, phone, texted } = stage.one_of_each(PHONE).await;
    for (sub, path) in [("ada", "recovery"), ("ada", "emailed"), ("bob", &format!("factors.{phone}.code"))] {
        // The path needs placeholders, because an id may begin with a digit.
        let parts: Vec<_> = path.split('.').chain(["key"]).enumerate().collect();
        let names: Value =
            parts.iter().map(|(at, part)| (format!("#p{at}"), json!(part))).collect::<serde_json::Map<_, _>>().into();
        let path = parts.iter().map(|(at, _)| format!("#p{at}")).collect::<Vec<_>>().join(".");
        let ask = json!({
            "Key": account_key(sub), "UpdateExpression": format!("SET {path} = :key"),
            "ExpressionAttributeNames": names, "ExpressionAttributeValues": {":key": {"S": "another"}},
        });
        stage.dynamodb("UpdateItem", ask).await;
    }
    not_looked_at(&stage, "ada", ada.redeem(&app.recovery_codes[0]).await).await;
    not_looked_at(&stage, "ada", ada.redeem(&emailed).await).await;
    not_looked_at(&stage, "bob", bob.verify(&phone, &texted).await).await;
}
