//! `demo`: the first thing that anybody types.

use db::Engine;

use super::program::{Installation, end};

#[test]
fn the_demonstration_ends_well_masks_addresses_and_touches_nothing_else() {
    let nothing = Installation::empty(Engine::Sqlite);
    let shown = nothing.run(&["demo"]).ok();
    assert!(shown.out.contains("ok: ") && shown.out.contains("60 mails"), "{}", shown.out);
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
