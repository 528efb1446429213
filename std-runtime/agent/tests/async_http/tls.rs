//! TLS, and proxies before it.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use zerostack_agent::provider::{Endpoint, Secret};
use zerostack_agent::transport::{HttpOptions, RootCertificates};
use zerostack_agent::{AsyncAgent, AsyncHttp, ErrorKind};

use crate::certified::config;
use crate::server::{Server, accept, chunked, failure, head, options, request, serve};

/// A certificate for `name` that only signs itself: what a server needs, and a file with it.
fn certified(name: &str) -> (Arc<ServerConfig>, tempfile::NamedTempFile) {
    certified_for(&[name])
}

fn certified_for(names: &[&str]) -> (Arc<ServerConfig>, tempfile::NamedTempFile) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let certified = rcgen::generate_simple_self_signed(names).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(certified.cert.pem().as_bytes()).unwrap();
    (config(&certified.cert, &certified.signing_key, rustls::ALL_VERSIONS), file)
}

fn trusting(file: &tempfile::NamedTempFile) -> HttpOptions {
    let path = file.path().to_owned();
    let named = RootCertificates { path, named_by: "SSL_CERT_FILE" };
    HttpOptions { root_certificates: vec![named], ..options() }
}

/// Answers each request of a connection with `Hi`.
fn answer<S: Read + Write>(config: &Arc<ServerConfig>, stream: S) {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    while let Some(_request) = request(&mut stream) {
        stream.write_all(chunked(9).as_bytes()).unwrap();
    }
    // The alert for a client that does not like the certificate.
    let _ = stream.flush();
}

/// Serves this many connections, one after the other.
fn secure(config: Arc<ServerConfig>, connections: usize) -> Server {
    serve(move |listener| (0..connections).for_each(|_| answer(&config, accept(&listener))))
}

/// An agent for the server, which it calls `host`.
fn agent(server: &Server, host: &str, options: HttpOptions) -> AsyncAgent {
    let url = server.url.replace("http://127.0.0.1", &format!("https://{host}"));
    agent_of(&url, options)
}

fn agent_of(url: &str, options: HttpOptions) -> AsyncAgent {
    let http = AsyncHttp::new(options).unwrap();
    let mut endpoint = Endpoint::local(url, "m");
    endpoint.key = Some(Secret::new("sk-hunter2"));
    AsyncAgent::builder(endpoint).http(http).build().unwrap()
}

#[tokio::test]
async fn one_connection_serves_all_turns_with_a_name_and_with_an_address() {
    for host in ["localhost", "127.0.0.1"] {
        let (config, file) = certified(host);
        // A second connection would not be accepted.
        let server = secure(config, 1);
        let mut agent = agent(&server, host, trusting(&file));
        for _ in 0..3 {
            assert_eq!(agent.ask("Hello").await.unwrap(), "Hi");
        }
        drop(agent);
        server.end();
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_a_lasting_error() {
    let (config, _) = certified("localhost");
    let (other, file) = certified("other.example");
    for (config, options, parts) in [
        (config, options(), ["issuer that is not trusted", "SSL_CERT_FILE"]),
        (other, trusting(&file), ["is not valid", "check the host name and the clock"]),
    ] {
        let server = secure(config, 1);
        let error = agent(&server, "localhost", options).ask("Hello").await.unwrap_err();
        let text = error.to_string();
        assert!(error.is_lasting() && text.contains("the certificate of localhost:"), "{text}");
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        server.end();
    }
}

#[tokio::test]
async fn tls_and_plain_ports_that_are_mixed_up_are_named() {
    let server = serve(|listener| {
        let mut stream = accept(&listener);
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = agent(&server, "localhost", options()).ask("Hello").await.unwrap_err();
    assert!(error.to_string().contains("does not speak TLS on this port"), "{error}");
    server.end();
    let server = secure(certified("localhost").0, 1);
    let reason = failure(server.agent().build().unwrap().run("Hello")).await;
    assert!(reason.contains("use https:// if this is a TLS port"), "{reason}");
    server.end();
}

#[tokio::test]
async fn roots_that_cannot_be_read_are_refused_at_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = AsyncHttp::new(trusting(&file)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
}

fn through(proxy: &Server, options: HttpOptions) -> HttpOptions {
    let place = proxy.url.replace("http://", "http://user:hunter2@").replace("/v1", "");
    HttpOptions {
        proxy: Some(Secret::new(place)),
        no_proxy: Some("direct.invalid".into()),
        ..options
    }
}

/// Takes the request for a tunnel and answers it with `status`.
fn tunnel(stream: &mut (impl Read + Write), status: &str) {
    let asked = head(stream).unwrap();
    assert!(asked.starts_with("CONNECT api.invalid:443 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nhost: api.invalid:443\r\n"), "{asked}");
    assert!(asked.contains("\r\nproxy-authorization: Basic dXNlcjpodW50ZXIy\r\n"), "{asked}");
    assert!(!asked.contains("sk-hunter2"), "{asked}");
    write!(stream, "HTTP/1.1 {status}\r\n\r\n").unwrap();
}

#[tokio::test]
async fn one_tunnel_through_a_proxy_serves_all_turns() {
    let (config, file) = certified("api.invalid");
    // The proxy is the server too.
    let proxy = serve(move |listener| {
        let mut stream = accept(&listener);
        tunnel(&mut stream, "200 Connection established");
        answer(&config, stream);
    });
    let options = through(&proxy, trusting(&file));
    assert!(!format!("{:?}", AsyncHttp::new(options.clone()).unwrap()).contains("hunter2"));
    let mut agent = agent_of("https://api.invalid/v1", options);
    for _ in 0..3 {
        assert_eq!(agent.ask("Hello").await.unwrap(), "Hi");
    }
    drop(agent);
    proxy.end();
}

#[tokio::test]
async fn a_proxy_may_speak_tls_itself() {
    let (config, file) = certified_for(&["127.0.0.1", "api.invalid"]);
    let proxy = serve(move |listener| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, accept(&listener));
        tunnel(&mut stream, "200 Connection established");
        answer(&config, stream);
    });
    let mut options = through(&proxy, trusting(&file));
    let place = options.proxy.unwrap().expose().replace("http:", "https:");
    options.proxy = Some(Secret::new(place));
    let mut agent = agent_of("https://api.invalid/v1", options);
    for _ in 0..2 {
        assert_eq!(agent.ask("Hello").await.unwrap(), "Hi");
    }
    drop(agent);
    proxy.end();
}

#[tokio::test]
async fn a_proxy_that_makes_no_tunnel_is_named() {
    for (answer, parts) in [
        ("407 Proxy Authentication Required", ["does not connect to api.invalid", "status 407"]),
        (
            "200 Connection established",
            ["api.invalid or the proxy 127.0.0.1:", "closed the connection"],
        ),
    ] {
        let proxy = serve(move |listener| {
            let mut stream = accept(&listener);
            tunnel(&mut stream, answer);
            // What the client says next, so that nothing is left unread at the end.
            let _ = stream.read(&mut [0; 4096]);
        });
        let mut agent = agent_of("https://api.invalid/v1", through(&proxy, options()));
        let reason = failure(agent.run("Hello")).await;
        assert!(parts.iter().all(|part| reason.contains(part)), "{reason}");
        assert!(!reason.contains("hunter2"), "{reason}");
        proxy.end();
    }
    // Nothing is sent to the proxy for this host.
    let proxy = serve(drop);
    let mut agent = agent_of("https://direct.invalid/v1", through(&proxy, options()));
    let reason = failure(agent.run("Hello")).await;
    assert!(reason.contains("cannot find the address of direct.invalid"), "{reason}");
    // It is down.
    let mut agent = agent_of("https://api.invalid/v1", through(&proxy, options()));
    proxy.end();
    let reason = failure(agent.run("Hello")).await;
    assert!(reason.contains("the proxy 127.0.0.1:") && reason.contains("refuses"), "{reason}");
    for place in ["socks5://user:hunter2@h:1", "not a url"] {
        let options = HttpOptions { proxy: Some(Secret::new(place)), ..options() };
        let error = agent_of("https://api.invalid/v1", options).ask("Hello").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
