//! A fake AWS that answers at once, as for a user without data. Its KMS signs with a fixed key, so that an assertion
//! can be genuine.

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use aws_types::{SdkConfig, region::Region};
use data_encoding::BASE64;
use p256::{
    ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner},
    pkcs8::EncodePublicKey,
};
use serde_json::{Value, json};
use shared::aws::boot::client_defaults;

/// The key that assertions are signed with.
pub fn signing_key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

/// Clients that send every request to the fake.
pub fn config() -> SdkConfig {
    client_defaults()
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("x", "x", None, None, "fuzz")))
        .http_client(http_client_fn(|_, _| SharedHttpConnector::new(Nobody)))
        .build()
}

#[derive(Debug)]
struct Nobody;

impl HttpConnector for Nobody {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let (status, body) = answer(operation, request.body().bytes().unwrap_or_default());
        let status = StatusCode::try_from(status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body.to_string()))))
    }
}

fn answer(operation: &str, body: &[u8]) -> (u16, Value) {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let answer = match operation {
        // No account exists, so only the write that creates one meets its condition.
        "UpdateItem" if !asked["ConditionExpression"].as_str().is_some_and(|text| text.contains("not_exists(pk)")) => {
            return (400, json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}));
        }
        "BatchGetItem" => json!({"Responses": {}, "UnprocessedKeys": {}}),
        "Query" => json!({"Items": [], "Count": 0, "ScannedCount": 0}),
        "Encrypt" | "Decrypt" => json!({"CiphertextBlob": "AAAA", "Plaintext": "AAAA", "KeyId": "x"}),
        "GenerateMac" => json!({"Mac": BASE64.encode(&[7; 32]), "KeyId": "x"}),
        "GetPublicKey" => {
            let key = signing_key().verifying_key().to_public_key_der().unwrap();
            json!({"PublicKey": BASE64.encode(key.as_bytes()), "KeyId": "x"})
        }
        "Sign" => {
            let digest = BASE64.decode(asked["Message"].as_str().unwrap().as_bytes()).unwrap();
            let signature: Signature = signing_key().sign_prehash(&digest).unwrap();
            json!({"Signature": BASE64.encode(signature.to_der().as_bytes()), "KeyId": "x"})
        }
        // SES gets its operation in the path.
        "" => json!({"MessageId": "x"}),
        _ => json!({}),
    };
    (200, answer)
}
