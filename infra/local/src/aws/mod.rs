//! The embedded AWS: the parts of AWS that the functions use, on one endpoint. Any AWS SDK can call it. It does not
//! check signatures, because it serves only this machine.

use std::{panic::resume_unwind, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use dynoxide::DynoxideError;
use tokio::{task::spawn_blocking, time::sleep};

use self::{
    calls::Calls,
    dynamodb::Table,
    faults::Faults,
    kms::Kms,
    outbox::Outbox,
    service::{Answer, Kind, Service},
};
use crate::{clock::StackClock, data::Data, keys::Keys, sdk::REQUEST_HEADER};

pub mod calls;
mod dynamodb;
pub mod faults;
mod kms;
pub mod outbox;
mod service;
mod ses;
mod sns;

pub use dynamodb::TABLE;

/// How long a call hangs, with the fault [`Kind::Hang`]. It is longer than any client waits.
const HANG: Duration = Duration::from_mins(1);
/// How late a call is applied, with the fault [`Kind::Late`].
const LATE: Duration = Duration::from_secs(1);

/// The services.
pub struct Aws {
    /// The record of the calls.
    pub calls: Calls,
    /// The ordered faults.
    pub faults: Faults,
    /// The sent texts and emails.
    pub outbox: Outbox,
    table: Table,
    kms: Kms,
    clock: StackClock,
    latency: Latency,
}

/// The minimum duration of a function's calls, by service.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    /// DynamoDB: the table.
    pub dynamodb: Duration,
    /// KMS: the keys.
    pub kms: Duration,
    /// SES: the emails.
    pub ses: Duration,
    /// SNS: the texts.
    pub sns: Duration,
}

impl Latency {
    /// About the latency of AWS.
    pub const REAL: Self = Self {
        dynamodb: Duration::from_millis(4),
        kms: Duration::from_millis(6),
        ses: Duration::from_millis(60),
        sns: Duration::from_millis(60),
    };

    /// The same duration for all services.
    pub const fn of_all(each: Duration) -> Self {
        Self { dynamodb: each, kms: each, ses: each, sns: each }
    }

    fn of(self, service: Service) -> Duration {
        match service {
            Service::Dynamodb => self.dynamodb,
            Service::Kms => self.kms,
            Service::Ses => self.ses,
            Service::Sns => self.sns,
        }
    }
}

impl Aws {
    /// Opens the services, with the stored data.
    pub fn open(data: &Data, keys: Keys, clock: StackClock, latency: Latency) -> Result<Self, DynoxideError> {
        Ok(Self {
            calls: Calls::new(),
            faults: Faults::default(),
            outbox: Outbox::default(),
            table: Table::open(data)?,
            kms: Kms::new(keys),
            clock,
            latency,
        })
    }

    /// Applies a call. It uses a blocking thread, because calls to the table wait for its one lock.
    async fn apply(self: Arc<Self>, service: Service, operation: String, body: Bytes) -> Answer {
        let done = spawn_blocking(move || match service {
            Service::Dynamodb => self.table.call(&operation, &body),
            Service::Kms => self.kms.call(&operation, &body),
            Service::Ses => ses::call(&self.outbox, self.clock.now(), &body),
            Service::Sns => sns::call(&self.outbox, self.clock.now(), &operation, &body),
        });
        done.await.unwrap_or_else(|_| Answer::error(500, "InternalServerError", "The service failed."))
    }
}

/// Returns the endpoint for all services.
pub fn router(aws: Arc<Aws>) -> Router {
    Router::new().fallback(call).with_state(aws)
}

async fn call(State(aws): State<Arc<Aws>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (prefix, operation) = header("x-amz-target").split_once('.').unwrap_or_default();
    let (service, operation) = match prefix {
        "DynamoDB_20120810" => (Service::Dynamodb, operation.to_owned()),
        "TrentService" => (Service::Kms, operation.to_owned()),
        "" if uri.path() == ses::PATH => (Service::Ses, "SendEmail".to_owned()),
        "" if header(CONTENT_TYPE.as_str()).starts_with("application/x-www-form-urlencoded") => {
            (Service::Sns, sns::operation(&body))
        }
        _ => return answer(Answer::error(400, "UnknownOperationException", "This service is not supported.")),
    };
    let operation = operation.as_str();
    let (call, on) = aws.calls.begin(header(REQUEST_HEADER), header("user-agent"), service, operation, &body);
    // Latency and faults apply only to the functions' calls. Other clients, such as tests, see the data as it is.
    let by_function = !calls::app_name(header("user-agent")).is_empty();
    let latency = aws.latency.of(service);
    // Even a sleep of zero would last until the timer's next tick.
    if by_function && !latency.is_zero() {
        sleep(latency).await;
    }
    let invocation = header("amz-sdk-invocation-id");
    let fault = if by_function { aws.faults.strike(service, operation, invocation, &on) } else { None };
    match fault {
        Some(Kind::Hang) => sleep(HANG).await,
        Some(Kind::Late) => sleep(LATE).await,
        _ => {}
    }
    let result = match fault {
        None | Some(Kind::Late | Kind::DropAfter) => {
            Some(aws.clone().apply(service, operation.to_owned(), body.clone()).await)
        }
        Some(kind) => faults::answer(kind, service, operation, &body),
    };
    aws.calls.end(call, result.as_ref());
    match result {
        Some(result) if fault != Some(Kind::DropAfter) => answer(result),
        // Ends the connection's task without an answer, and without the message of a panic.
        _ => resume_unwind(Box::new("the connection breaks")),
    }
}

fn answer(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if answer.body.starts_with('<') { "text/xml" } else { "application/x-amz-json-1.1" };
    (status, [(CONTENT_TYPE, kind)], answer.body).into_response()
}
