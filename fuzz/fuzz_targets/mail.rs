//! Any bytes as a raw mail: read or refused, never a panic, and what is read keeps its promises.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::{base_subject, content_identity, parse};

#[allow(dead_code, unused_imports, reason = "each target uses a part of it")]
#[path = "../../crates/app/src/channels/mail/mod.rs"]
mod mail;

fuzz_target!(|raw: &[u8]| {
    content_identity(raw, &mut |_| {});
    let Ok(mail) = parse(raw) else { return };
    assert_eq!(mail.reply.trim().is_empty(), mail.text.trim().is_empty(), "a mail with a text has a reply");
    assert!(!mail.subject.contains(['\n', '\r', '\0']), "a subject is one line");
    assert!(mail.attachments.len() <= kernel::limits::MAIL_ATTACHMENTS);
    for name in mail.attachments.iter().filter_map(|part| part.filename.as_deref()) {
        assert!(!name.is_empty() && !name.contains(['/', '\\', '\0']), "a file name is no path");
    }
    let base = base_subject(&mail.subject);
    assert!(base.text.len() <= mail.subject.len());
});
