//! The change feed: what listeners hear, and how they catch up.

use std::collections::BTreeSet;
use std::time::Duration;

use app::desk::{Desk, Heard};
use kernel::{ConversationId, Timestamp};

use super::{Office, on_both_engines};

async fn a_listener_hears_what_moves_and_nothing_else(office: Office) {
    let (desk, org, actor) = (office.desk(), office.organisation, office.agent());
    let ids = office.load(2, 1).await;
    let mut changes = desk.changes(org);
    desk.resolve(org, ids[0], actor).await.unwrap();
    assert!(desk.resolve(org, ids[0], actor).await.is_err());
    desk.label(org, ids[1], actor, "refund").await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let next = tokio::time::timeout(Duration::from_secs(10), changes.next()).await.unwrap();
        heard.push(next.unwrap());
    }
    assert_eq!(heard, [Heard::Moved(ids[0]), Heard::Moved(ids[1])]);
}

async fn who_missed_something_learns_it_over_pages(office: Office) {
    let (desk, org, actor) = (office.desk(), office.organisation, office.agent());
    let ids = office.load(230, 1).await;
    let everything = all_since(&office, Timestamp::EPOCH, Duration::ZERO).await;
    assert_eq!(everything.len(), 230);
    assert_eq!(everything.into_iter().collect::<BTreeSet<_>>(), ids.iter().copied().collect());

    let gap = office.now();
    desk.add_note(org, ids[7], actor, "note").await.unwrap();
    office.later(Duration::from_secs(5));
    let last_heard = office.now();
    desk.label(org, ids[3], actor, "late").await.unwrap();
    assert_eq!(all_since(&office, gap, Duration::ZERO).await, [ids[7], ids[3]]);
    assert_eq!(all_since(&office, last_heard, Duration::ZERO).await, [ids[3]]);
    // The overlap reads again what may have become visible late.
    assert_eq!(all_since(&office, last_heard, Duration::from_secs(5)).await, [ids[7], ids[3]]);
}

async fn all_since(office: &Office, since: Timestamp, overlap: Duration) -> Vec<ConversationId> {
    let (mut ids, mut next) = (Vec::new(), None);
    loop {
        let page = office.desk().changed_since(office.organisation, since, overlap, next).await.unwrap();
        ids.extend(page.conversations.into_iter().map(|(id, _)| id));
        next = page.next;
        if next.is_none() {
            return ids;
        }
    }
}

async fn an_absorbed_conversation_leaves_everything_to_the_other(office: Office) {
    let (desk, org, actor) = (office.desk(), office.organisation, office.agent());
    let ids = office.load(2, 1).await;
    let (from, into) = (ids[1], ids[0]);
    desk.label(org, from, actor, "refund").await.unwrap();
    desk.add_note(org, from, actor, "kept").await.unwrap();
    let author = office.customer_of(from).await;
    let now = office.now();
    let absorb = move |tx: &mut db::Tx<'_>| Desk::absorb(tx, org, from, into, now);
    office.app.context.db.write("test.absorb", absorb).await.unwrap();

    let thread = desk.show(org, into, actor, app::desk::ThreadRequest { before: None, limit: 50 }).await.unwrap();
    assert_eq!(thread.messages, 2);
    assert_eq!(thread.items.len(), 4, "two messages, a note and the event of the label");
    assert_eq!(thread.labels, ["refund"]);
    assert_eq!(thread.participants.iter().map(|it| it.customer).collect::<Vec<_>>(), [author]);
    assert!(matches!(desk.resolve(org, from, actor).await, Err(app::desk::Error::NoConversation)));
    let concerns = move |tx: &mut db::Tx<'_>| Desk::concerns(tx, org, into, author);
    assert!(office.app.context.db.read("test.concerns", concerns).await.unwrap());
}

on_both_engines! {
    a_listener_hears_what_moves_and_nothing_else,
    who_missed_something_learns_it_over_pages,
    an_absorbed_conversation_leaves_everything_to_the_other,
}
