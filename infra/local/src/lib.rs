//! The local stack: the whole product on one machine. It has an embedded AWS, an API Gateway, an identity provider for
//! development, and the same functions that Lambda runs. It listens on loopback only, so other machines can't reach it.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use axum::Router;
use shared::base::{
    clock::Clock,
    settings::{Settings, setting},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    aws::Aws,
    clock::StackClock,
    data::Data,
    gateway::{Gateway, Routes},
    identity::IdentityProvider,
};

mod aws;
pub mod clock;
mod data;
mod dev;
mod gateway;
mod identity;
mod keys;
mod loopback;
mod page;
mod sdk;

pub use aws::Latency;
pub use data::DataError;
pub use gateway::Functions;

/// The options of a stack.
#[derive(Clone)]
pub struct Options {
    /// The API's port, or 0 for any free port.
    pub port: u16,
    /// The embedded AWS's port, or 0 for any free port.
    pub aws_port: u16,
    /// The data folder. Without one, the stack keeps its data in memory.
    pub data: Option<PathBuf>,
    /// The clock that the stack's clock runs ahead of.
    pub clock: Clock,
    /// The minimum duration of a function's AWS calls.
    pub latency: Latency,
    /// Settings of the functions that replace those of [`settings`].
    pub settings: Vec<(String, String)>,
}

/// A running stack. It ends when it is dropped. [`Stack::stop`] also waits for the end.
pub struct Stack {
    /// The API's URL, such as `http://127.0.0.1:8080`.
    pub api_url: String,
    /// The embedded AWS's URL, such as `http://127.0.0.1:4566`.
    pub aws_url: String,
    /// The functions behind the API.
    pub functions: Arc<Functions>,
    end: watch::Sender<()>,
    servers: [JoinHandle<()>; 2],
}

/// The reason why a stack could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process listens on the port.
    #[error("port {port} is in use. Choose another one with {flag}")]
    PortTaken {
        /// The port.
        port: u16,
        /// The flag that sets the port.
        flag: &'static str,
    },
    /// The stack can't listen on the port.
    #[error("could not listen on port {port}")]
    Listen {
        /// The port.
        port: u16,
        /// The cause.
        source: std::io::Error,
    },
    /// The data folder can't be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The embedded database failed.
    #[error("could not open the table")]
    Table(#[from] dynoxide::DynoxideError),
    /// The contract can't be read.
    #[error("could not read infra/openapi.yaml")]
    Contract(#[from] serde_saphyr::Error),
    /// A function did not start.
    #[error("could not start a function")]
    Function(#[from] shared::base::settings::SettingError),
}

impl Stack {
    /// Starts a stack, which accepts requests as soon as this function returns.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let (api, api_url) = listen(options.port, "--port").await?;
        let (aws, aws_url) = listen(options.aws_port, "--aws-port").await?;
        // The ports come first, so that a second stack with the same options gets the error about the port.
        let data = Data::open(options.data.as_deref())?;
        let clock = StackClock::open(options.clock, &data)?;
        let (keys, identity) = keys::Keys::open(&data)?;
        let identity = IdentityProvider::new(format!("{api_url}/dev"), identity, clock.clone());
        let cloud = Arc::new(Aws::open(&data, keys, clock.clone(), options.latency)?);
        let settings = settings(&api_url).with(options.settings);
        let routes = Routes::read(settings.find(&setting::OPERATOR_SCOPE).as_deref())?;
        let functions = Arc::new(Functions::start(&settings, &sdk::config(&aws_url), &clock.clock())?);
        let gateway = Arc::new(Gateway::new(routes, identity, functions.clone(), clock, cloud.clone()));
        let (end, ended) = watch::channel(());
        let servers = [serve(api, router(gateway), ended.clone()), serve(aws, aws::router(cloud), ended)];
        Ok(Self { api_url, aws_url, functions, end, servers })
    }

    /// Stops the stack. It waits until open requests are done and the ports and the folder are free.
    pub async fn stop(self) {
        drop(self.end);
        for server in self.servers {
            // A server that panicked has ended too.
            let _ = server.await;
        }
    }
}

/// Returns the routes of the API, the page and `/dev`.
fn router(gateway: Arc<Gateway>) -> Router {
    Router::new().nest("/dev", dev::router()).merge(page::router()).fallback(gateway::serve).with_state(gateway)
}

fn serve(listener: TcpListener, router: Router, mut ended: watch::Receiver<()>) -> JoinHandle<()> {
    let ended = async move {
        // Nobody sends a value. The channel closes when the stack ends.
        while ended.changed().await.is_ok() {}
    };
    let serving = axum::serve(listener, loopback::only(router)).with_graceful_shutdown(ended);
    tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "a server stopped with an error");
        }
    })
}

async fn listen(port: u16, flag: &'static str) -> Result<(TcpListener, String), StartError> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await;
    let listener = listener.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => StartError::PortTaken { port, flag },
        _ => StartError::Listen { port, source },
    })?;
    let address = listener.local_addr().map_err(|source| StartError::Listen { port, source })?;
    Ok((listener, format!("http://{address}")))
}

/// Returns the settings that a deployment would give the functions.
pub fn settings(api_url: &str) -> Settings {
    Settings::from_iter([
        ("MFA_TABLE", aws::TABLE),
        ("MFA_SEALING_KEY", keys::SEALING),
        ("MFA_CODE_KEYS", &format!("local={}", keys::CODES)),
        ("MFA_RECOVERY_KEYS", &format!("local={}", keys::RECOVERY)),
        ("MFA_DIGEST_KEYS", &format!("local={}", keys::DIGESTS)),
        ("MFA_SIGNING_KEYS", &format!("local={},next={}", keys::SIGNING, keys::SIGNING_NEXT)),
        ("MFA_ISSUER", api_url),
        ("MFA_AUDIENCE", "app"),
        ("MFA_APP_NAME", "Local App"),
        ("MFA_DOMAIN", "app.example.com"),
        ("MFA_EMAIL_FROM", "Local App <security@app.example.com>"),
        ("MFA_SSO_CLAIM", "sso"),
        ("MFA_OPERATORS", "op"),
        ("MFA_PASSWORD_RESET_CLAIM", "password_reset_at"),
    ])
}
