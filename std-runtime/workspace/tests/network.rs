//! What tools reach of the network.
#![cfg(target_os = "linux")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::SocketAddr;

use common::{ErrorOrOutput as _, Project, namespaces, run};
use zerostack_workspace::sandbox::{Access, Network};
use zerostack_workspace::view::{View, ViewOptions};

fn view(project: &Project, network: &str) -> View {
    let network: Network = network.parse().unwrap();
    let access = Access { network: Some(network), ..Access::default() };
    View::open(project.path(), &ViewOptions { access, ..ViewOptions::default() }).unwrap()
}

/// A server on loopback that answers each connection with `seen` after a line.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nseen\n");
        }
    });
    port
}

/// A client that uses no proxy.
fn direct(port: u16) -> String {
    format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo x >&3 && cat <&3")
}

#[test]
fn tools_reach_named_hosts_by_the_proxy_and_nothing_else() {
    if !namespaces() {
        return;
    }
    let (port, project) = (server(), Project::with(&[]));
    let other = server();
    let view = view(&project, &format!("127.0.0.1:{port}"));
    assert!(view.layers().iter().any(|layer| layer.name == "network-proxy"));
    run(&view, &direct(port)).failure();
    // By hand, for curl may not be there.
    let by_proxy = |port| {
        format!(
            "proxy=${{http_proxy#http://}}; exec 3<>/dev/tcp/${{proxy%:*}}/${{proxy#*:}}; \
             printf 'GET http://127.0.0.1:{port}/ HTTP/1.1\\r\\n\\r\\n' >&3; cat <&3"
        )
    };
    let answer = run(&view, &by_proxy(port)).success();
    assert!(answer.ends_with("seen\n"), "{answer}");
    let answer = run(&view, &by_proxy(other)).success();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    // The other ports of this machine are not those of the namespace.
    run(&view, &direct(other)).failure();
    let connections = view.connections();
    let refused: Vec<_> = connections.iter().map(|it| it.refused.is_some()).collect();
    assert_eq!(refused, [false, true], "{connections:?}");
    assert_eq!(connections[0].to, format!("127.0.0.1:{port}"));
}

#[test]
fn a_network_that_is_on_is_the_users_and_is_named() {
    if !namespaces() {
        return;
    }
    let (port, project) = (server(), Project::with(&[]));
    let view = view(&project, "on");
    assert!(run(&view, &direct(port)).success().ends_with("seen\n"));
    let lacks: Vec<_> = view.layers().iter().filter_map(|layer| layer.lacks()).collect();
    assert!(lacks.contains(&"network-namespace: --net on".to_owned()), "{lacks:?}");
    // Abstract sockets are not separated by the namespace then.
    let name = format!("zerostack-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind_addr(&address).unwrap();
    let connect = format!(
        "python3 -c 'import socket; socket.socket(1).connect(\"\\0{name}\"); print(\"connected\")'"
    );
    let errors = run(&view, &connect).failure();
    assert!(errors.contains("not permitted"), "{errors}");
}

#[test]
fn without_a_word_there_is_no_network() {
    if !namespaces() {
        return;
    }
    let (port, project) = (server(), Project::with(&[]));
    for view in
        [view(&project, "off"), View::open(project.path(), &ViewOptions::default()).unwrap()]
    {
        run(&view, &direct(port)).failure();
        assert_eq!(run(&view, "env | grep -i _proxy || true").success(), "");
        assert!(view.connections().is_empty());
    }
}

#[test]
fn no_form_of_an_address_leads_to_a_private_one() {
    if !namespaces() {
        return;
    }
    let (port, project) =
        (server(), Project::with(&[("forms.py", include_str!("proxy_forms.py"))]));
    let forms = format!("python3 forms.py {port}");
    let said = run(&view(&project, "allowed.test"), &forms).success();
    assert_eq!(said, "80 forms\n");
    // They reach it where it is named.
    let said = run(&view(&project, &format!("127.0.0.1:{port}")), &forms).success();
    for form in ["reached by CONNECT 127.0.0.1\n", "reached by SOCKS5 version 4\n"] {
        assert!(said.contains(form), "{said}");
    }
}
