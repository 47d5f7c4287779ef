//! Receives requests and answers them, for every function. The trait [`Lambda`] defines a function's entry point.

use std::{
    future::{Future, ready},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lambda_http::{Body, BoxFuture, Response};
use tokio::{join, time::timeout};
use tracing::{Instrument, info_span};

use crate::{
    aws::{
        clients::{self, Clients},
        table::Table,
    },
    base::{
        clock::Clock,
        error::{Error, Fault, Result, chain},
        settings::{SettingError, Settings, setting},
    },
    edge::{
        caller::{Admitted, Caller, Callers},
        http::{gateway, problem, reply::Reply, request::Request},
    },
    proof::assertion::keys::PublicKeys,
};

/// The longest that a start waits for AWS.
const PREPARING: Duration = Duration::from_secs(1);

/// A function of the deployment, which serves some of the API's routes.
pub trait Lambda: Sync {
    /// The API that receives and answers the function's requests.
    fn api(&self) -> &Api;

    /// Handles a request by its route. The future is boxed because futures of AWS calls are large and have deep types.
    fn route<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply>>;

    /// Prepares for the first event, then answers the events of the Lambda Runtime API until the process ends.
    ///
    /// # Errors
    /// Fails if that API is unreachable.
    fn serve(&self) -> impl Future<Output = Result<(), lambda_http::Error>> {
        async {
            self.prepare().await;
            gateway::serve(|event| self.handle(event)).await
        }
    }

    /// Does at a start what the first request would otherwise wait for. It takes at most a second, and changes nothing. A
    /// function that calls KMS twice at the same time opens another connection to it.
    fn prepare(&self) -> impl Future<Output = ()> {
        self.api().prepare(ready(Ok(())))
    }

    /// Answers one event from the gateway.
    fn handle(&self, event: lambda_http::Request) -> impl Future<Output = Response<Body>> + Send {
        async move {
            let request = self.api().receive(event);
            self.api().answer(&request, self.route(&request)).await
        }
    }
}

/// What every function needs to receive a request and to answer it.
pub struct Api {
    clock: Clock,
    callers: Callers,
    table: Table,
    issuer: String,
    cold: AtomicBool,
}

impl Api {
    /// Creates it from the settings `MFA_ISSUER`, `MFA_AUDIENCE`, the signing keys and the names of claims.
    pub fn new(settings: &Settings, aws: &Clients, clock: Clock) -> Result<Self, SettingError> {
        Ok(Self {
            clock,
            callers: Callers::new(settings, aws)?,
            table: Table::new(settings, aws)?,
            issuer: settings.get(&setting::ISSUER)?,
            cold: AtomicBool::new(true),
        })
    }

    /// Opens connections to the table and to the keys. Lambda gives a start a whole processor, and an event only a share
    /// of one, so a user waits less for the TLS handshakes here. Each connection needs a call of its own, and the calls
    /// change nothing. One fetches the signing key, which later requests need. `own` are the function's, at the same
    /// time. A failure is only logged, because the first request tries again.
    pub async fn prepare(&self, own: impl Future<Output = Result<(), Fault>>) {
        let connect = || self.table.connect();
        // A login reads three items at the same time.
        let calls = async { join!(connect(), connect(), connect(), self.keys().prefetch(), own) };
        let fault = match timeout(PREPARING, calls).await {
            Ok((a, b, c, key, own)) => [a, b, c, key, own].into_iter().find_map(Result::err).map(|fault| chain(&fault)),
            Err(_) => Some("a call of the start took more than a second".to_owned()),
        };
        if let Some(fault) = fault {
            tracing::warn!(fault, "the first request will open connections");
        }
    }

    /// Reads an event as a request that came now.
    fn receive(&self, event: lambda_http::Request) -> Request {
        Request::new(event, self.clock.now())
    }

    /// Answers a request, and logs one line about it. All lines of the request's log are in its span.
    async fn answer(&self, request: &Request, handled: BoxFuture<'_, Result<Reply>>) -> Response<Body> {
        let cold_start = self.cold.swap(false, Ordering::Relaxed);
        let (id, invocation, route) = (request.id(), request.invocation(), request.route());
        let span = info_span!("request", request_id = id, invocation, cold_start, route);
        async {
            let (outcome, calls) = clients::counted(handled).await;
            self.respond(request, outcome, calls)
        }
        .instrument(span)
        .await
    }

    /// Identifies the user after a login by password. It refuses a login by SSO, because the account belongs to all of
    /// the user's workspaces, and SSO does not vouch for all. If there is an assertion, it must be valid.
    pub async fn caller(&self, request: &Request) -> Result<Caller> {
        self.callers.read(request, Admitted::ByPassword).await
    }

    /// Identifies the user after any login, for routes that act only on the login's workspaces.
    pub async fn caller_also_by_sso(&self, request: &Request) -> Result<Caller> {
        self.callers.read(request, Admitted::All).await
    }

    /// The public keys that verify assertions.
    pub fn keys(&self) -> &PublicKeys {
        self.callers.keys()
    }

    fn respond(&self, request: &Request, outcome: Result<Reply>, calls: u32) -> Response<Body> {
        let duration_ms = self.clock.now().since(request.now).as_millis();
        let duration_ms = u64::try_from(duration_ms).unwrap_or(u64::MAX);
        let (code, reply) = match outcome {
            Ok(reply) => ("ok", reply),
            Err(Error::Refusal(refusal)) => problem::of_refusal(&refusal, &self.issuer),
            Err(Error::Fault(fault)) => {
                tracing::error!(fault = chain(&fault), "fault");
                problem::of_fault(&fault, &self.issuer)
            }
        };
        tracing::info!(
            status = reply.status.as_u16(),
            outcome = code,
            user = request.user(),
            duration_ms,
            calls,
            "request"
        );
        reply.into_response()
    }
}
