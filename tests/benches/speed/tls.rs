//! AWS behind TLS, as a function meets it: an end for each service, and a certificate chain as long as Amazon's. Its
//! cryptography is aws-lc, the fastest at hand, because AWS's own takes no time of the function's machine.

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::NoServerSessionStorage,
        version::TLS13,
    },
};

/// The services, and the address of each. A client keeps no connection of one address for another.
const SERVICES: [(&str, &str); 4] =
    [("DYNAMODB", "127.0.0.1"), ("KMS", "127.0.0.2"), ("SESV2", "127.0.0.3"), ("SNS", "127.0.0.4")];

/// The services for texts and emails.
const MESSAGES: [&str; 2] = ["SESV2", "SNS"];

/// The time that a new connection takes for the way: a round trip for TCP and one for TLS, half a millisecond each.
const ROUND_TRIPS: Duration = Duration::from_millis(1);

/// The names of the chain. As with Amazon's, the server sends all but the first, and clients trust the third.
const CHAIN: [&str; 5] = [
    "/C=US/O=Example Technologies, Inc./OU=Example Class 2 Certification Authority",
    "/C=US/ST=Arizona/L=Scottsdale/O=Example Technologies, Inc./CN=Example Services Root Certificate Authority - G2",
    "/C=US/O=Example/CN=Example Root CA 1",
    "/C=US/O=Example/CN=Example RSA 2048 M01",
    "/CN=dynamodb.us-east-1.example.com",
];

/// The names of a service's certificate.
const NAMES: &str = "subjectAltName=DNS:dynamodb.us-east-1.example.com,DNS:dynamodb.us-east-1.api.example.com,\
     DNS:*.ddb.us-east-1.example.com,DNS:streams.dynamodb.us-east-1.example.com,DNS:vpce.dynamodb.us-east-1.example.com,\
     IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3,IP:127.0.0.4";

/// The ends. They take no new connection when this is dropped.
pub struct Tls {
    /// The variables with which a function finds and trusts them.
    pub environment: Vec<(String, String)>,
    forget: watch::Sender<()>,
    servers: Vec<JoinHandle<()>>,
}

impl Tls {
    /// Opens the ends before the AWS at this URL. The certificates are in `folder`.
    pub async fn before(aws: &str, folder: &Path) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(server(folder)));
        let aws = aws.trim_start_matches("http://").to_owned();
        let roots = folder.join("trusted.pem").display().to_string();
        let environment = vec![("MFA_EXTRA_ROOTS".to_owned(), roots)];
        let mut ends = Self { environment, forget: watch::Sender::new(()), servers: Vec::new() };
        for (service, ip) in SERVICES {
            let listener = TcpListener::bind((ip, 0)).await.unwrap();
            let url = format!("https://{}", listener.local_addr().unwrap());
            ends.environment.push((format!("AWS_ENDPOINT_URL_{service}"), url));
            let (acceptor, aws, forget) = (acceptor.clone(), aws.clone(), ends.forget.clone());
            ends.servers.push(tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    let (passed, mut forgotten) = (pass_on(client, acceptor.clone(), aws.clone()), forget.subscribe());
                    tokio::spawn(async move {
                        tokio::select! {
                            () = passed => {}
                            _ = forgotten.changed(), if MESSAGES.contains(&service) => {}
                        }
                    });
                }
            }));
        }
        ends
    }

    /// Closes the connections for messages, as a function itself does after a second. Waits until it has noticed.
    pub async fn forget_messages(&self) {
        self.forget.send_replace(());
        sleep(Duration::from_millis(20)).await;
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
    }
}

async fn pass_on(client: TcpStream, acceptor: TlsAcceptor, aws: String) {
    client.set_nodelay(true).unwrap();
    sleep(ROUND_TRIPS).await;
    // A process that ends may leave a handshake unfinished.
    let Ok(mut client) = acceptor.accept(client).await else { return };
    let mut aws = TcpStream::connect(aws).await.unwrap();
    aws.set_nodelay(true).unwrap();
    let _ = copy_bidirectional(&mut client, &mut aws).await;
}

/// TLS 1.3 without resumption: each connection takes a whole handshake.
fn server(folder: &Path) -> ServerConfig {
    for (number, name) in CHAIN.iter().enumerate() {
        let names = if number + 1 == CHAIN.len() {
            &["-addext", "basicConstraints=critical,CA:FALSE", "-addext", NAMES][..]
        } else {
            &[]
        };
        let issuer = number.checked_sub(1).map(|issuer| issuer.to_string());
        certificate(folder, &number.to_string(), name, issuer.as_deref(), names);
    }
    let trusted = ["req", "-x509", "-days", "2", "-subj", CHAIN[2], "-key", "2.key", "-out", "trusted.pem"];
    openssl(folder, &trusted);
    let chain = (1..CHAIN.len())
        .rev()
        .map(|number| CertificateDer::from_pem_file(folder.join(format!("{number}.pem"))).unwrap());
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{}.key", CHAIN.len() - 1))).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let server = server.with_protocol_versions(&[&TLS13]).unwrap().with_no_client_auth();
    let mut server = server.with_single_cert(chain.collect(), key).unwrap();
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    server
}

/// Makes a certificate with a key of its own, signed by `issuer` or by itself.
fn certificate(folder: &Path, file: &str, name: &str, issuer: Option<&str>, more: &[&str]) {
    let [pem, key] = ["pem", "key"].map(|ending| format!("{file}.{ending}"));
    let mut arguments = vec![
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", name, "-out", &pem, "-keyout", &key,
    ];
    let signer =
        issuer.map(|issuer| ["-CA".to_owned(), format!("{issuer}.pem"), "-CAkey".to_owned(), format!("{issuer}.key")]);
    arguments.extend(signer.iter().flatten().map(String::as_str));
    arguments.extend(more);
    openssl(folder, &arguments);
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let made = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("openssl does not run: {error}"));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
