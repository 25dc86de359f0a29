//! HashiCorp Vault Transit, played from recorded exchanges over a loopback socket.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use envelope::provider::{Answer, TransitProvider, TransitSettings, Transport, TransportError, UreqTransport};
use envelope::{CryptoEntropy, KeyProvider, Keyring, KeyringError, ProviderError, SecretKey};

use super::keyring::organisation;

const CONTEXT: &[u8] = b"what the key is for";
/// How long the client waits in these tests.
const LIMIT: Duration = Duration::from_millis(400);

struct Request {
    line: String,
    headers: String,
    body: serde_json::Value,
}

/// Stands for a response that never comes.
const SILENCE: &str = "silence";

/// A service that plays one recorded response per connection.
struct Service {
    address: String,
    requests: Receiver<Request>,
}

fn service(responses: Vec<String>) -> Service {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, requests) = channel();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for response in responses {
            let (mut stream, _) = listener.accept().unwrap();
            sender.send(request(&mut stream)).unwrap();
            if response == SILENCE {
                silent.push(stream);
            } else {
                stream.write_all(response.as_bytes()).unwrap();
            }
        }
        // Silent connections stay open until the client has given up.
        std::thread::sleep(LIMIT * 4);
    });
    Service { address, requests }
}

fn request(stream: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap().to_ascii_lowercase();
    let (line, headers) = head.split_once("\r\n").unwrap();
    let length = headers.lines().find_map(|header| header.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    Request { line: line.to_owned(), headers: headers.to_owned(), body: serde_json::from_slice(&body).unwrap() }
}

fn response(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nCache-Control: no-store\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn provider(service: &Service) -> TransitProvider<UreqTransport> {
    let transport = UreqTransport::with_timeout(&service.address, None, LIMIT).unwrap();
    TransitProvider::new(transport.in_namespace("desk"), &settings()).unwrap()
}

fn settings() -> TransitSettings {
    TransitSettings { mount: "transit".to_owned(), key: "doorward".to_owned(), token: "hvs.secret".to_owned() }
}

fn key() -> SecretKey {
    SecretKey::from_slice(&[7; 32]).unwrap()
}

fn bound_plaintext(key: &[u8], context: &[u8]) -> String {
    use sha2::Digest as _;
    STANDARD.encode([key, &sha2::Sha256::digest(context)].concat())
}

const ENCRYPTED: &str = r#"{"request_id":"9b1e0b3c","lease_id":"","renewable":false,"lease_duration":0,"data":{"ciphertext":"vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==","key_version":1},"wrap_info":null,"warnings":null,"auth":null,"mount_type":"transit"}"#;

fn decrypted(plaintext: &str) -> String {
    format!(
        r#"{{"request_id":"1f","lease_id":"","renewable":false,"lease_duration":0,"data":{{"plaintext":"{plaintext}"}},"wrap_info":null,"warnings":null,"auth":null}}"#
    )
}

#[test]
fn a_key_is_wrapped_and_unwrapped_by_the_service() {
    let plaintext = bound_plaintext(&[7; 32], CONTEXT);
    let service = service(vec![response("200 OK", ENCRYPTED), response("200 OK", &decrypted(&plaintext))]);
    let provider = provider(&service);
    let wrapped = provider.wrap(CONTEXT, &key(), &CryptoEntropy).unwrap();
    assert!(wrapped.starts_with(b"vault:v1:"));
    assert_eq!(provider.unwrap(CONTEXT, &wrapped).unwrap().expose(), &[7; 32]);

    let encrypt = service.requests.recv().unwrap();
    assert_eq!(encrypt.line, "post /v1/transit/encrypt/doorward http/1.1");
    assert!(encrypt.headers.contains("x-vault-token: hvs.secret"));
    assert!(encrypt.headers.contains("x-vault-namespace: desk"));
    assert_eq!(encrypt.body["plaintext"], plaintext);
    assert_eq!(encrypt.body["associated_data"], STANDARD.encode(CONTEXT));
    let decrypt = service.requests.recv().unwrap();
    assert_eq!(decrypt.line, "post /v1/transit/decrypt/doorward http/1.1");
    assert_eq!(decrypt.body["ciphertext"], str::from_utf8(&wrapped).unwrap());
    assert_eq!(decrypt.body["associated_data"], STANDARD.encode(CONTEXT));
}

#[test]
fn a_service_that_ignores_associated_data_cannot_swap_keys() {
    let plaintext = bound_plaintext(&[7; 32], b"another context");
    let service = service(vec![response("200 OK", &decrypted(&plaintext))]);
    let swapped = provider(&service).unwrap(CONTEXT, b"vault:v1:AAAA");
    assert!(matches!(swapped, Err(ProviderError::WrongKey)));
}

fn refusal(status: &str, body: &str) -> ProviderError {
    let service = service(vec![response(status, body)]);
    provider(&service).unwrap(CONTEXT, b"vault:v1:AAAA").err().unwrap()
}

#[test]
fn every_refusal_says_what_to_do() {
    let error = refusal("403 Forbidden", r#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#);
    assert!(matches!(&error, ProviderError::Denied(message) if message.contains("permission denied")));
    assert!(!error.to_string().contains('\n') && !error.to_string().contains("hvs.secret"));

    let error = refusal("503 Service Unavailable", r#"{"errors":["Vault is sealed"]}"#);
    assert!(matches!(error, ProviderError::Unavailable { status: 503, message } if message == "Vault is sealed"));
    let error = refusal("500 Internal Server Error", "<html>upstream gone</html>");
    assert!(matches!(error, ProviderError::Unavailable { status: 500, message } if message.is_empty()));
    let error = refusal("429 Too Many Requests", r#"{"errors":["quota"]}"#);
    assert!(matches!(error, ProviderError::Unavailable { status: 429, .. }));

    let error = refusal("400 Bad Request", r#"{"errors":["cipher: message authentication failed"]}"#);
    assert!(matches!(error, ProviderError::WrongKey));
    let error = refusal("404 Not Found", r#"{"errors":["no handler for route \"transit/decrypt/doorward\""]}"#);
    assert!(matches!(error, ProviderError::NoSuchKey(message) if message.contains("no handler")));

    // A redirect is not followed: the token goes to the configured address alone.
    let error = refusal("307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/", "{}");
    assert!(matches!(error, ProviderError::Unavailable { status: 307, .. }));
}

#[test]
fn answers_in_no_known_form_are_errors() {
    for body in ["", "{}", "[]", r#"{"data":{}}"#, r#"{"data":{"plaintext":7}}"#, "\u{0}"] {
        assert!(matches!(refusal("200 OK", body), ProviderError::Malformed(_)), "{body}");
    }
    for plaintext in ["", "AAAA", "not base64", &STANDARD.encode([7; 32]), &STANDARD.encode([7; 65])] {
        assert!(matches!(refusal("200 OK", &decrypted(plaintext)), ProviderError::WrongKey), "{plaintext}");
    }
    let endless = format!(r#"{{"data":{{"plaintext":"{}"}}}}"#, "A".repeat(1_000_000));
    assert!(matches!(refusal("200 OK", &endless), ProviderError::Malformed(_)));
}

#[test]
fn a_service_that_does_not_answer_is_given_up() {
    let service =
        service(vec![SILENCE.to_owned(), "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned(), String::new()]);
    let provider = provider(&service);
    let silent = provider.unwrap(CONTEXT, b"vault:v1:AAAA");
    assert!(matches!(silent, Err(ProviderError::TimedOut)), "{:?}", silent.err());
    for broken in ["half an answer", "no answer"] {
        let error = provider.unwrap(CONTEXT, b"vault:v1:AAAA").err();
        assert!(matches!(error, Some(ProviderError::TimedOut | ProviderError::Unreachable(_))), "{broken}: {error:?}");
    }
}

#[test]
fn a_service_that_is_not_there_or_speaks_no_tls_cannot_be_reached() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    for address in [format!("http://{closed}"), format!("https://{plain}")] {
        let transport = UreqTransport::with_timeout(&address, None, LIMIT).unwrap();
        let error = TransitProvider::new(transport, &settings()).unwrap().unwrap(CONTEXT, b"vault:v1:AAAA").err();
        assert!(matches!(error, Some(ProviderError::Unreachable(_))), "{address}: {error:?}");
    }
}

#[test]
fn names_and_tokens_that_would_change_the_request_are_refused() {
    struct Nobody;
    impl Transport for Nobody {
        fn post(&self, _: &str, _: &str, _: &[u8]) -> Result<Answer, TransportError> {
            panic!("nothing may be sent")
        }
    }
    let with = |mount: &str, key: &str, token: &str| {
        let settings = TransitSettings { mount: mount.to_owned(), key: key.to_owned(), token: token.to_owned() };
        TransitProvider::new(Nobody, &settings).is_ok()
    };
    assert!(with("secrets/transit/", "doorward-1", "hvs.x"));
    for (mount, key, token) in [
        ("", "k", "t"),
        ("transit", "", "t"),
        ("transit", "k", ""),
        ("transit", "../sys/seal", "t"),
        ("..", "k", "t"),
        ("a//b", "k", "t"),
        ("transit", "k?x", "t"),
        ("transit", "k", "t\r\nX-Other: 1"),
    ] {
        assert!(!with(mount, key, token), "{mount} {key} {token:?}");
    }
}

#[test]
fn a_keyring_under_a_sealed_service_says_that_it_is_sealed_and_not_that_the_key_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring.json");
    let sealed = || response("503 Service Unavailable", r#"{"errors":["Vault is sealed"]}"#);
    let wrong = response("400 Bad Request", r#"{"errors":["cipher: message authentication failed"]}"#);
    let service = service(vec![response("200 OK", ENCRYPTED), sealed(), sealed(), wrong]);
    let provider: Arc<dyn KeyProvider> = Arc::new(provider(&service));
    let keyring = Keyring::create(&path, Arc::clone(&provider), Arc::new(CryptoEntropy)).unwrap();
    let is_sealed =
        |error| matches!(error, Some(KeyringError::Provider(ProviderError::Unavailable { status: 503, .. })));
    assert!(is_sealed(keyring.add_organisation(organisation(1)).err()));
    assert!(is_sealed(Keyring::open(&path, Arc::clone(&provider), Arc::new(CryptoEntropy)).err()));
    let opened = Keyring::open(&path, provider, Arc::new(CryptoEntropy));
    assert!(matches!(opened, Err(KeyringError::WrongRootKey { .. })));
}
