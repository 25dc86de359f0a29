//! `demo`: the first thing that anybody types.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;

use db::Engine;
use serde_json::Value;

use super::program::{Installation, end};

#[test]
fn the_demonstration_ends_well_masks_addresses_and_touches_nothing_else() {
    let nothing = Installation::empty(Engine::Sqlite);
    let shown = nothing.run(&["demo", "--once"]).ok();
    assert!(shown.out.contains("ok: ") && shown.out.contains("2000 conversations of 500 customers"), "{}", shown.out);
    for (at, _) in shown.out.match_indices('@') {
        let domain = shown.out[at + 1..].chars().next().unwrap();
        assert_eq!(domain, '•', "an address is shown: {}", shown.out);
    }
    assert!(!nothing.data().exists() && !nothing.root_key().exists());

    // What it says to type works as it stands.
    let line = shown.out.lines().find_map(|line| line.strip_prefix("look around: ")).unwrap();
    let mut typed = std::process::Command::new("sh");
    assert!(end(typed.args(["-c", line]), b"").ok().out.contains("cnv_"));
    let line = shown.out.lines().find_map(|line| line.strip_prefix("remove it: ")).unwrap();
    assert!(line.trim().starts_with("rm -r ") && line.contains(nothing.path("").to_str().unwrap()), "{line}");
}

#[test]
fn a_link_of_the_demonstration_leads_to_a_desk_that_is_full_of_work() {
    let nothing = Installation::empty(Engine::Sqlite);
    let mut command = nothing.command();
    command.args(["demo", "--listen", "127.0.0.1:0", "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let shown: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(shown["verified"]["ok"], true);
    let host = shown["address"].as_str().unwrap().strip_prefix("http://").unwrap();
    let agents = shown["agents"].as_array().unwrap();
    assert_eq!(agents.len(), 3);
    for agent in agents {
        let (_, path) = agent["url"].as_str().unwrap().split_once(host).unwrap();
        // Twice: a link that was tried out must not be a dead end.
        let [_, entered] = [ask(host, path, ""), ask(host, path, "")];
        assert!(entered.starts_with("HTTP/1.1 303"), "{entered}");
        let cookie = entered.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        let desk = ask(host, "/desk/all", cookie.split(';').next().unwrap());
        assert!(desk.starts_with("HTTP/1.1 200") && desk.contains("/desk/all/cnv_"), "{desk}");
    }
    assert!(ask(host, "/demo/00000000000000000000000000000000", "").starts_with("HTTP/1.1 404"));
    assert!(ask(host, "/desk/all", "").starts_with("HTTP/1.1 "), "it answers");
    assert!(!ask(host, "/desk/all", "").contains("cnv_"), "nobody comes in without a link");
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(child.wait().unwrap().success());
}

/// The answer to a GET, head and body.
fn ask(host: &str, path: &str, cookie: &str) -> String {
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
    let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{cookie}\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
