//! Root key and keyring: made once, never overwritten, and told plainly when they do not fit.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use db::Engine;
use testkit::ENGINES;

use super::letter;
use super::program::Installation;

fn keys(desk: &Installation) -> [Vec<u8>; 2] {
    [fs::read(desk.root_key()).unwrap(), fs::read(desk.keyring()).unwrap()]
}

#[test]
fn init_makes_private_keys_apart_from_the_data_and_never_makes_them_again() {
    for engine in ENGINES {
        let desk = Installation::empty(engine);
        let made = desk.init("Elm Clinic").ok().json();
        assert_eq!(made["root_key"], desk.root_key().to_str().unwrap());
        assert_eq!(made["keyring"], desk.keyring().to_str().unwrap());
        assert!(made["organisation"].as_str().unwrap().starts_with("org_"));
        for private in [desk.root_key(), desk.keyring()] {
            assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600, "{}", private.display());
            assert!(!private.starts_with(desk.data()));
        }
        let before = keys(&desk);
        desk.init("Elm Clinic").refused(73, "of this name");
        assert!(keys(&desk) == before, "{engine:?}: a refused init changes no key");
        desk.init("Oak Clinic").ok();
        assert!(fs::read(desk.root_key()).unwrap() == before[0], "one more organisation has the same root key");
        desk.run(&["verify"]).refused(2, "--organisation");
        assert_eq!(desk.answer(&["verify", "--organisation", "Oak Clinic"])["ok"], true);
    }
}

#[test]
fn a_missing_or_foreign_key_is_told_and_nothing_new_is_made_in_its_place() {
    for engine in ENGINES {
        let desk = Installation::on(engine);
        let mine = keys(&desk);
        let other = Installation::on(Engine::Sqlite);
        let serve = ["serve", "--listen", "127.0.0.1:0"];

        fs::copy(other.root_key(), desk.root_key()).unwrap();
        desk.run(&serve).refused(78, "root key does not open this keyring");
        desk.run(&["verify"]).refused(78, "root key does not open this keyring");
        // Both keys of other data fit each other and not the rows.
        fs::copy(other.keyring(), desk.keyring()).unwrap();
        desk.run(&serve).refused(78, "belongs to other data");
        desk.init("Oak Clinic").refused(78, "belongs to other data");

        fs::write(desk.root_key(), &mine[0]).unwrap();
        fs::remove_file(desk.keyring()).unwrap();
        desk.run(&serve).refused(78, "there is no keyring at");
        let words = if engine == Engine::Sqlite { "there is no keyring at" } else { "belongs to other data" };
        desk.init("Oak Clinic").refused(78, words);

        fs::write(desk.keyring(), &mine[1]).unwrap();
        fs::remove_file(desk.root_key()).unwrap();
        desk.run(&serve).refused(78, "there is no root key file");
        desk.init("Oak Clinic").refused(78, "there is no root key file");
        assert!(!desk.root_key().exists());

        fs::write(desk.root_key(), &mine[0]).unwrap();
        fs::set_permissions(desk.root_key(), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(desk.answer(&["verify"])["ok"], true, "{engine:?}: with its own keys all is well");
    }
}

#[test]
fn a_rotation_leaves_everything_readable_and_destroys_the_old_epoch() {
    for engine in ENGINES {
        let desk = Installation::on(engine);
        desk.mail(&letter("a@x.example", "Before", "1@x.example")).ok();
        let server = desk.serve();
        let rotated = desk.answer(&["rotate"]);
        assert_eq!((&rotated["epoch"], &rotated["destroyed"]), (&2.into(), &serde_json::json!([1])));
        assert_eq!(desk.conversations()[0]["subject"], "Before");
        desk.mail(&letter("a@x.example", "After", "2@x.example")).ok();
        server.stop().ok();
        assert_eq!(desk.conversations().len(), 2, "{engine:?}");
    }
}

#[test]
fn doctor_weighs_what_it_finds() {
    let desk = Installation::on(Engine::Sqlite);
    let weight = |answer: &serde_json::Value, what: &str| {
        let findings = answer["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["what"] == what).unwrap()["weight"].as_str().unwrap().to_owned()
    };
    let well = desk.answer(&["doctor"]);
    assert_eq!((weight(&well, "root key"), weight(&well, "audit log")), ("ok".to_owned(), "ok".to_owned()));
    fs::set_permissions(desk.data(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(weight(&desk.answer(&["doctor"]), "folder"), "weak");
    fs::set_permissions(desk.root_key(), fs::Permissions::from_mode(0o644)).unwrap();
    let ill = desk.run(&["doctor", "--json"]).refused(1, "to be mended");
    assert_eq!(weight(&ill.json(), "root key"), "bad");
}
