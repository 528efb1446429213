//! TLS: certificates of an unknown issuer, plain and TLS ports mixed up, proxies.

mod certified;

use std::ffi::OsString;
use std::io::{Cursor, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use certified::config;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use zerostack_agent::provider::Secret;
use zerostack_agent::transport::{Cancel, Http, HttpOptions, Post, RootCertificates, Transport};
use zerostack_agent::{Error, ErrorKind};
use zerostack_scripted::{Script, Scripted};

/// A TLS server for `name` with a certificate that only signs itself. Answers every request
/// with `hello`. Gives its port and the certificate.
fn tls_server(name: &str, versions: &[&'static rustls::SupportedProtocolVersion]) -> (u16, String) {
    let certified = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    serve_tls(&certified.cert, &certified.signing_key, versions)
}

/// The same with this certificate.
fn serve_tls(
    certificate: &rcgen::Certificate,
    key: &rcgen::KeyPair,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> (u16, String) {
    let config = config(certificate, key, versions);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(&config, stream.unwrap());
        }
    });
    (port, certificate.pem())
}

/// Answers the requests of one connection, as many as come.
fn answer(config: &Arc<ServerConfig>, stream: TcpStream) {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    loop {
        let mut request = Vec::new();
        let mut piece = [0; 512];
        while !request.ends_with(b"\r\n\r\n{}") {
            match stream.read(&mut piece) {
                Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
                // The client is done, did not like the certificate, or speaks no TLS.
                _ => {
                    let _ = stream.flush();
                    return;
                }
            }
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    }
}

fn post(options: HttpOptions, url: &str) -> Result<String, Error> {
    let options = HttpOptions {
        connect_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        ..options
    };
    post_by(&mut Http::new(options, Cancel::new()), url)
}

fn post_by(http: &mut Http, url: &str) -> Result<String, Error> {
    let headers = [("authorization", "Bearer sk-hunter2")];
    let post = Post { url, headers: &headers, body_len: 2 };
    let mut response = http.post(&post, &mut Cursor::new("{}"))?;
    let mut piece = [0; 64];
    let mut body = Vec::new();
    loop {
        match response.body.receive(&mut piece)? {
            0 => return Ok(String::from_utf8(body).unwrap()),
            read => body.extend_from_slice(&piece[..read]),
        }
    }
}

fn trusting(path: &Path) -> HttpOptions {
    let named = RootCertificates { path: path.to_owned(), named_by: "SSL_CERT_FILE" };
    HttpOptions { root_certificates: vec![named], ..HttpOptions::default() }
}

#[track_caller]
fn assert_error(error: &Error, kind: ErrorKind, parts: &[&str]) {
    let message = error.to_string();
    assert_eq!(error.kind(), kind, "{message}");
    assert!(!message.contains("hunter2") && !message.contains('\n'), "{message}");
    for part in parts {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}

#[test]
fn an_unknown_issuer_is_refused_until_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (port, certificate) = tls_server("localhost", &[version]);
        let url = format!("https://localhost:{port}/v1/messages");
        let error = post(HttpOptions::default(), &url).unwrap_err();
        let host = format!("localhost:{port}");
        assert_error(&error, ErrorKind::Provider, &[&host, "issuer", "SSL_CERT_FILE"]);
        std::fs::write(&path, certificate).unwrap();
        assert_eq!(post(trusting(&path), &url).unwrap(), "hello");
    }
}

#[test]
fn one_connection_serves_all_rounds() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let config = config(&certified.cert, &certified.signing_key, rustls::ALL_VERSIONS);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        // A second connection is refused.
        drop(listener);
        answer(&config, stream);
    });
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, certified.cert.pem()).unwrap();
    let mut http = Http::new(trusting(&roots), Cancel::new());
    for round in 0..3 {
        assert_eq!(post_by(&mut http, &url).unwrap(), "hello", "round {round}");
    }
}

#[test]
fn the_certificate_of_an_authority_as_a_servers_says_how_to_make_it() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = parameters.self_signed(&key).unwrap();
    let (port, pem) = serve_tls(&certificate, &key, rustls::ALL_VERSIONS);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    std::fs::write(&path, pem).unwrap();
    let error = post(trusting(&path), &format!("https://localhost:{port}/")).unwrap_err();
    let parts = ["localhost", "authority", "basicConstraints=CA:FALSE", "SSL_CERT_FILE"];
    assert_error(&error, ErrorKind::Provider, &parts);
    assert!(error.is_lasting());
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let (port, certificate) = tls_server("other.example", rustls::ALL_VERSIONS);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    std::fs::write(&path, certificate).unwrap();
    let error = post(trusting(&path), &format!("https://localhost:{port}/")).unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["localhost", "not valid", "host name"]);
}

#[test]
fn a_file_of_roots_that_is_no_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing here").unwrap();
    let broken = folder.path().join("broken.pem");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").unwrap();
    for path in [&empty, &broken, &folder.path().join("missing.pem")] {
        let error = post(trusting(path), "https://localhost:1/").unwrap_err();
        let parts = ["SSL_CERT_FILE", path.to_str().unwrap()];
        assert_error(&error, ErrorKind::Configuration, &parts);
        // Plain HTTP does not even look at it.
        let provider = Scripted::start(Script::new().text("hi")).unwrap();
        post(trusting(path), &provider.base_url()).unwrap();
    }
}

#[test]
fn each_variable_names_authorities_and_a_wrong_value_is_reported() {
    let (port, certificate) = tls_server("localhost", rustls::ALL_VERSIONS);
    let url = format!("https://localhost:{port}/");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["plain", "hashed", "none", "other"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    std::fs::write(at("ca.pem"), &certificate).unwrap();
    std::fs::write(at("plain/ca.crt"), &certificate).unwrap();
    std::fs::write(at("plain/README"), "no certificate").unwrap();
    std::fs::create_dir(at("plain/folder.pem")).unwrap();
    // Of a folder that was hashed, only the hashes count.
    std::fs::write(at("hashed/5d3033c5.0"), &certificate).unwrap();
    std::fs::write(at("hashed/ca.pem"), "-----BEGIN CERTIFICATE-----\n!\n").unwrap();
    let other = rcgen::generate_simple_self_signed(["else".to_owned()]).unwrap();
    std::fs::write(at("other/ca.pem"), other.cert.pem()).unwrap();
    let set = |variable: &'static str, value: OsString| {
        let env = move |name: &str| (name == variable).then(|| value.clone());
        post(HttpOptions::from_env(&env).unwrap(), &url)
    };
    let list = |names: &[&str]| std::env::join_paths(names.iter().map(|name| at(name))).unwrap();
    for (variable, value) in [
        ("SSL_CERT_FILE", at("ca.pem").into()),
        ("REQUESTS_CA_BUNDLE", at("ca.pem").into()),
        ("REQUESTS_CA_BUNDLE", at("plain").into()),
        ("SSL_CERT_DIR", at("plain").into()),
        ("SSL_CERT_DIR", at("hashed").into()),
        ("SSL_CERT_DIR", list(&["other", "plain"])),
        ("SSL_CERT_DIR", list(&["missing", "plain"])),
    ] {
        assert_eq!(set(variable, value).unwrap(), "hello", "{variable}");
    }
    for (variable, name, why) in [
        ("SSL_CERT_FILE", "missing", "No such file"),
        ("SSL_CERT_FILE", "plain", "it is a folder; name it in SSL_CERT_DIR"),
        ("REQUESTS_CA_BUNDLE", "missing", "No such file"),
        ("REQUESTS_CA_BUNDLE", "none", "no file with a PEM certificate"),
        ("SSL_CERT_DIR", "missing", "No such file"),
        ("SSL_CERT_DIR", "none", "no file with a PEM certificate"),
        ("SSL_CERT_DIR", "ca.pem", "it is no folder; name it in SSL_CERT_FILE"),
    ] {
        let error = set(variable, at(name).into()).unwrap_err();
        let path = at(name);
        assert_error(&error, ErrorKind::Configuration, &[variable, path.to_str().unwrap(), why]);
    }
    let error = set("SSL_CERT_DIR", at("other").into()).unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["the certificate of localhost"]);
    // An empty variable is none.
    assert_error(&set("SSL_CERT_FILE", OsString::new()).unwrap_err(), ErrorKind::Provider, &[]);
}

#[test]
fn tls_to_a_plain_port_says_so() {
    let provider = Scripted::start(Script::new().text("hi")).unwrap();
    let url = provider.base_url().replace("http:", "https:");
    let error = post(HttpOptions::default(), &url).unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["127.0.0.1:", "does not speak TLS", "http://"]);
    assert!(provider.requests().is_empty());
}

#[test]
fn plain_to_a_tls_port_says_so() {
    let (port, _) = tls_server("localhost", rustls::ALL_VERSIONS);
    let url = format!("http://localhost:{port}/v1");
    let error = post(HttpOptions::default(), &url).unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["localhost:", "http"]);
}

#[test]
fn https_goes_through_the_proxy_and_loopback_does_not() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://user:hunter2@{}", listener.local_addr().unwrap());
    let refusing = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut piece = [0; 512];
            let read = stream.read(&mut piece).unwrap();
            head.extend_from_slice(&piece[..read]);
        }
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8(head).unwrap()
    });
    let options = HttpOptions {
        proxy: Some(Secret::new(proxy)),
        no_proxy: Some("direct.invalid, *.corp".to_owned()),
        ..HttpOptions::default()
    };
    // Direct: the proxy would answer 403, and it waits for one connection only.
    let (port, _) = tls_server("localhost", rustls::ALL_VERSIONS);
    let error = post(options.clone(), &format!("https://localhost:{port}/")).unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["the certificate of localhost"]);
    let provider = Scripted::start(Script::new().text("hi")).unwrap();
    post(options.clone(), &provider.base_url()).unwrap();
    for host in ["direct.invalid", "a.corp"] {
        let error = post(options.clone(), &format!("https://{host}/")).unwrap_err();
        assert_error(&error, ErrorKind::Provider, &[host, "cannot find the address"]);
    }
    // Through the proxy, which resolves the name itself.
    let error = post(options, "https://api.invalid/v1").unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["api.invalid", "proxy", "403", "HTTPS_PROXY"]);
    let head = refusing.join().unwrap();
    assert!(head.starts_with("CONNECT api.invalid:443 HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("sk-hunter2"), "{head}");
}

#[test]
fn a_proxy_that_breaks_off_is_named() {
    for (answer, part) in [
        ("hello\r\n\r\n", "did not answer in HTTP"),
        ("HTTP/1.1 200 Connection established\r\n\r\n", "closed the connection"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let proxy = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.extend_from_slice(&byte);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            // What the client says next, so that nothing is left unread at the end.
            let _ = stream.read(&mut [0; 4096]);
        });
        let options = HttpOptions {
            proxy: Some(Secret::new(format!("http://{place}"))),
            ..HttpOptions::default()
        };
        let error = post(options, "https://api.invalid/v1").unwrap_err();
        let place = format!("the proxy {place}");
        assert_error(&error, ErrorKind::Provider, &["api.invalid", &place, part]);
        proxy.join().unwrap();
    }
}

#[test]
fn one_tunnel_through_the_proxy_serves_all_rounds() {
    let certified = rcgen::generate_simple_self_signed(["api.invalid".to_owned()]).unwrap();
    let config = config(&certified.cert, &certified.signing_key, rustls::ALL_VERSIONS);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // A second tunnel is refused.
        drop(listener);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend_from_slice(&byte);
        }
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        // The proxy is the server too: what is behind it does not matter here.
        answer(&config, stream);
    });
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, certified.cert.pem()).unwrap();
    let options = HttpOptions { proxy: Some(Secret::new(proxy)), ..trusting(&roots) };
    let mut http = Http::new(options, Cancel::new());
    for round in 0..3 {
        let answer = post_by(&mut http, "https://api.invalid/").unwrap();
        assert_eq!(answer, "hello", "round {round}");
    }
}

#[test]
fn a_proxy_that_is_none_is_named() {
    for proxy in ["socks5://user:hunter2@h:1", "not a url", "ftp://h"] {
        let options = HttpOptions { proxy: Some(Secret::new(proxy)), ..HttpOptions::default() };
        let error = post(options, "https://api.invalid/").unwrap_err();
        assert_error(&error, ErrorKind::Configuration, &["HTTPS_PROXY", "http://host:port"]);
    }
}
