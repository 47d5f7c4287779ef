//! AWS never answers. With the time-outs of Lambda, a call gives up while there is still time to reply. The local stack
//! waits longer, because its machine may be busy.

#![expect(clippy::disallowed_methods, reason = "how long it took is what is held here")]

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use aws_types::region::Region;
use local::settings;
use shared::{
    account::store::Accounts,
    aws::{
        boot::client_defaults,
        clients::Clients,
        seal::{EncryptionContext, SealPurpose, Sealer},
    },
    base::ids::UserId,
    channel::{
        email::{self, address::EmailAddress},
        language::Language,
        sms,
        unsent::Unsent,
    },
    proof::{
        phone::{PhoneNumber, Regions},
        recovery_codes::RecoveryCode,
    },
};
use tokio::time::{Instant, timeout};

const ISSUER: &str = "https://mfa.example.com";

/// An AWS that never answers, and how often it was called.
#[derive(Clone, Debug, Default)]
struct Silence(Arc<AtomicUsize>);

impl HttpConnector for Silence {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        self.0.fetch_add(1, Ordering::SeqCst);
        HttpConnectorFuture::new(pending())
    }
}

impl Silence {
    fn clients(&self) -> Clients {
        let connector = SharedHttpConnector::new(self.clone());
        let config = client_defaults()
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("x", "x", None, None, "test")))
            .http_client(http_client_fn(move |_, _| connector.clone()));
        Clients::new(&config.build())
    }

    /// The result of a call with these clients, and how often it was tried. It must end long before the gateway's
    /// time-out.
    async fn of<T>(call: impl AsyncFnOnce(Clients) -> T) -> (T, usize) {
        let silence = Self::default();
        let result = timeout(Duration::from_secs(15), call(silence.clients())).await.expect("given up in time");
        (result, silence.0.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn a_call_that_nobody_answers_is_tried_once_more_and_given_up() {
    let user = UserId::try_from("ada".to_owned()).unwrap();
    let loaded =
        Silence::of(async |aws| Accounts::new(&settings(ISSUER), &aws).unwrap().load(&user).await.unwrap_err());
    let sealed = Silence::of(async |aws| {
        let binding = EncryptionContext { user: &user, item: "contact", purpose: SealPurpose::Email };
        Sealer::new(&settings(ISSUER), &aws).unwrap().seal(binding, b"secret").await.unwrap_err()
    });
    for (fault, tries) in <[_; 2]>::from(tokio::join!(loaded, sealed)) {
        // Each try has 2 s, and the call has 4 s, so there is no third try.
        assert_eq!(tries, 2, "{fault:?}");
        assert!(fault.retry_after().is_some(), "{fault:?}");
    }
}

#[tokio::test]
async fn an_unanswered_text_or_email_is_tried_once_for_four_seconds() {
    let texted = Silence::of(async |aws| {
        let number = PhoneNumber::parse("+14155550123", &Regions::new(&settings(ISSUER)).unwrap()).unwrap();
        let (sender, started) = (sms::sender::SmsSender::new(&settings(ISSUER), &aws).unwrap(), Instant::now());
        let sent = sender.send(&number, "123456 is your code").await;
        (sent, started.elapsed())
    });
    let emailed = Silence::of(async |aws| {
        let (to, code) = (EmailAddress::parse("ada@example.com").unwrap(), RecoveryCode::parse("k3xq-9f2m").unwrap());
        let (sender, started) = (email::sender::EmailSender::new(&settings(ISSUER), &aws).unwrap(), Instant::now());
        let sent = sender.code(&to, Language::English, &code, 10).await;
        (sent, started.elapsed())
    });
    for ((sent, waited), tries) in <[_; 2]>::from(tokio::join!(texted, emailed)) {
        assert!(matches!(sent, Err(Unsent::Unknown(_))) && tries == 1, "{tries} {sent:?}");
        // SES and SNS take a second or two at their slowest.
        assert!(waited >= Duration::from_secs(4), "{waited:?}");
    }
}
