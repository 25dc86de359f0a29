//! A running server: the entries that it opens, the commands beside it, and how it ends.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use db::Engine;
use testkit::ENGINES;

use super::letter;
use super::program::{Installation, end, program};

#[test]
fn a_service_takes_mail_by_http_and_by_pipe_and_ends_in_good_order() {
    for engine in ENGINES {
        let desk = Installation::on(engine);
        let token = desk.answer(&["token", "create", "--scope", "mail:write"])["token"].as_str().unwrap().to_owned();
        let server = desk.serve();
        assert_eq!(server.ready["pid"], server.pid());
        for path in ["/health/live", "/health/ready", "/metrics"] {
            assert_eq!(server.request("GET", path, None, b"").0, 200, "{path}");
        }
        let mail = letter("a@x.example", "By HTTP", "1@x.example");
        let post = |token: Option<&str>| server.request("POST", "/api/v1/inbound/mail", token, &mail);
        assert_eq!((post(None).0, post(Some("dwt_nonsense")).0), (401, 401));
        let (status, body) = post(Some(&token));
        assert!(status == 201 && body.contains("\"received\""), "{status} {body}");
        // The same mail by another entry is the same mail.
        assert_eq!(desk.mail(&mail).ok().json()["outcome"], "duplicate");
        assert_eq!(desk.mail(&letter("a@x.example", "By pipe", "2@x.example")).ok().json()["outcome"], "received");
        assert_eq!(desk.conversations().len(), 2);
        let ended = server.stop().ok();
        assert!(ended.err.contains("stopped"), "{}", ended.err);
        assert_eq!(desk.conversations().len(), 2, "{engine:?}: nothing went with the server");
    }
}

#[test]
fn beside_a_running_server_mail_needs_neither_home_nor_keys() {
    let desk = Installation::on(Engine::Sqlite);
    let _server = desk.serve();
    let mail = letter("a@x.example", "From a bare pipe", "1@x.example");
    let data = desk.data();
    let bare = |data: &std::path::Path| {
        let mut command = Command::new(program());
        command.env_clear().args(["mail", "--json", "--data"]).arg(data);
        end(&mut command, &mail)
    };
    assert_eq!(bare(&data).ok().json()["outcome"], "received");
    bare(&desk.path("elsewhere")).refused(75, "doorward init");
}

#[test]
fn a_second_server_on_the_folder_is_refused_and_told_who_holds_it() {
    let desk = Installation::on(Engine::Sqlite);
    let server = desk.serve();
    let second = desk.run(&["serve", "--listen", "127.0.0.1:0"]);
    second.refused(75, &format!("doorward serve (process {}", server.pid()));
    assert_eq!(server.request("GET", "/health/ready", None, b"").0, 200);
}

#[test]
fn what_was_answered_survives_the_loss_of_power() {
    for engine in ENGINES {
        let desk = Installation::on(engine);
        let server = desk.serve();
        let taken = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for sender in 0..4 {
                let (desk, taken) = (&desk, &taken);
                scope.spawn(move || {
                    for number in 0..5 {
                        let id = format!("{sender}.{number}@x.example");
                        let from = format!("{sender}@x.example");
                        desk.mail(&letter(&from, &format!("{sender} {number}"), &id)).ok();
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        server.kill();
        let again = desk.serve();
        assert_eq!(desk.conversations().len(), taken.load(Ordering::Relaxed), "{engine:?}");
        assert_eq!(desk.answer(&["verify"])["ok"], true);
        again.stop().ok();
    }
}
