//! Opened threads: what is shown, what is masked, what is on record.

use std::time::Duration;

use app::Actor;
use app::desk::{Event, EventKind, Item, Message, Nature, READ_INTERVAL, Thread, ThreadRequest};
use kernel::ConversationId;

use super::{Office, on_both_engines};

async fn show(office: &Office, conversation: ConversationId, request: ThreadRequest) -> Thread {
    office.desk().show(office.organisation, conversation, office.agent(), request).await.unwrap()
}

const ALL: ThreadRequest = ThreadRequest { before: None, limit: 100 };

fn messages(thread: &Thread) -> Vec<&Message> {
    thread
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Message(message) => Some(&**message),
            Item::Note(_) | Item::Event(_) => None,
        })
        .collect()
}

async fn a_thread_tells_what_happened_in_the_order_of_time(office: Office) {
    let (desk, org, actor) = (office.desk(), office.organisation, office.agent());
    let conversation = office.conversation(1).await;
    let customer = office.customer_of(conversation).await;
    let minute = Duration::from_mins(1);
    desk.add_note(org, conversation, actor, "asked the carrier").await.unwrap();
    office.later(minute);
    desk.resolve(org, conversation, actor).await.unwrap();
    office.later(minute);
    office.receive(conversation, customer, Nature::Personal, "still nothing").await.unwrap();
    office.later(minute);
    desk.label(org, conversation, actor, "refund").await.unwrap();

    let thread = show(&office, conversation, ALL).await;
    let told: Vec<String> = thread
        .items
        .iter()
        .map(|item| match item {
            Item::Message(message) => format!("message {}", message.content.as_ref().unwrap().subject),
            Item::Note(note) => format!("note {} by {}", note.text.as_ref().unwrap(), note.author),
            Item::Event(Event { kind, actor, detail, .. }) => format!("{kind} {detail} by {actor}"),
        })
        .collect();
    assert!(thread.items.windows(2).all(|pair| pair[0].at() <= pair[1].at()));
    assert!(told[0].starts_with("message ") && told[0].contains("about order 0"));
    assert_eq!(told[1], format!("note asked the carrier by {actor}"));
    assert_eq!(told[2], format!("resolved  by {actor}"));
    let mut of_one_moment = told[3..5].to_vec();
    of_one_moment.sort();
    assert_eq!(of_one_moment, ["message Hello".to_owned(), format!("reopened  by {customer}")]);
    assert_eq!(told[5..], [format!("labelled refund by {actor}")]);
    assert_eq!((thread.labels, thread.messages), (vec!["refund".to_owned()], 2));
    assert!(thread.earlier.is_none());
}

async fn addresses_are_masked_and_words_are_not(office: Office) {
    let conversation = office.conversation(1).await;
    let customer = office.customer_of(conversation).await;
    office.receive(conversation, customer, Nature::Personal, "reach me at m@x.example").await.unwrap();
    let thread = show(&office, conversation, ALL).await;
    let message = *messages(&thread).last().unwrap();
    let content = message.content.as_ref().unwrap();
    let from = content.from.as_ref().unwrap();
    assert_eq!((from.name.as_deref(), from.address.as_str()), (Some("Maija"), "m•••@•••.fi"));
    assert!(!content.to[0].address.contains("shop") && !content.to[0].name.as_ref().unwrap().contains("shop"));
    assert!(content.message_id.is_none());
    assert_eq!(content.text, "reach me at m@x.example");
    assert_eq!(message.authentication, "pass,pass,none");
    let file = &message.attachments[0];
    assert_eq!(file.description.as_ref().unwrap().filename.as_deref(), Some("photo.jpg"));
}

async fn a_participant_is_marked(office: Office) {
    let ids = office.load(2, 1).await;
    let (org, conversation) = (office.organisation, ids[0]);
    let (owner, other) = (office.customer_of(ids[0]).await, office.customer_of(ids[1]).await);
    let now = office.now();
    let join = move |tx: &mut db::Tx<'_>| app::desk::Desk::join(tx, org, conversation, other, now);
    office.app.context.db.write("test.join", join).await.unwrap();
    office.receive(conversation, other, Nature::Personal, "I am her brother").await.unwrap();
    let thread = show(&office, conversation, ALL).await;
    assert_eq!((thread.customer, thread.participants[0].customer), (owner, other));
    assert!(thread.participants[0].name.is_some());
    assert_eq!(messages(&thread).iter().map(|it| it.by_participant).collect::<Vec<_>>(), [false, true]);
}

async fn a_look_is_on_record_once_in_a_quarter_of_an_hour(office: Office) {
    let (desk, org, actor) = (office.desk(), office.organisation, office.agent());
    let conversation = office.conversation(1).await;
    let customer = office.customer_of(conversation).await;
    let before = office.entries_about(customer).await;
    let look = async |actor| desk.show(org, conversation, actor, ALL).await.map(drop);
    look(actor).await.unwrap();
    look(actor).await.unwrap();
    assert_eq!(office.entries_about(customer).await, before + 1);
    look(Actor::Operator).await.unwrap();
    assert_eq!(office.entries_about(customer).await, before + 2);
    office.later(READ_INTERVAL);
    look(actor).await.unwrap();
    assert_eq!(office.entries_about(customer).await, before + 3);
}

async fn a_long_thread_is_read_from_its_end_page_by_page(office: Office) {
    let (desk, org, actor) = (office.desk(), office.organisation, office.agent());
    let conversation = office.conversation(1).await;
    for number in 0..24 {
        // Several of one moment, so that pages end between them.
        desk.add_note(org, conversation, actor, &number.to_string()).await.unwrap();
        if number % 5 == 0 {
            office.later(Duration::from_secs(1));
        }
    }
    let (mut notes, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let thread = show(&office, conversation, ThreadRequest { before, limit: 7 }).await;
        let page = thread.items.iter().filter_map(|item| match item {
            Item::Note(note) => note.text.as_ref().map(|text| text.parse::<u32>().unwrap()),
            Item::Message(_) | Item::Event(_) => None,
        });
        notes.splice(0..0, page);
        before = thread.earlier;
        pages += 1;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(pages, 4);
    notes.sort_unstable();
    assert_eq!(notes, (0..24).collect::<Vec<_>>());
}

async fn large_messages_share_a_page_only_as_far_as_its_bound(office: Office) {
    let conversation = office.conversation(1).await;
    let customer = office.customer_of(conversation).await;
    let large = "ä".repeat(3 * 1024 * 1024);
    for _ in 0..4 {
        office.later(Duration::from_secs(1));
        office.receive(conversation, customer, Nature::Personal, &large).await.unwrap();
    }
    let thread = show(&office, conversation, ALL).await;
    assert_eq!(messages(&thread).len(), 2, "16 MiB hold two of 6 MiB");
    let thread = show(&office, conversation, ThreadRequest { before: thread.earlier, ..ALL }).await;
    assert_eq!((messages(&thread).len(), thread.earlier), (3, None));
}

async fn what_an_erased_customer_wrote_shows_as_erased(office: Office) {
    let conversation = office.conversation(1).await;
    let customer = office.customer_of(conversation).await;
    office.receive(conversation, customer, Nature::Personal, "secret").await.unwrap();
    office.desk().add_note(office.organisation, conversation, office.agent(), "secret").await.unwrap();
    office.erase(customer).await;
    let thread = show(&office, conversation, ALL).await;
    assert_eq!(thread.items.len(), 3);
    assert!(thread.subject.is_none() && thread.customer_name.is_none());
    for item in &thread.items {
        match item {
            Item::Message(message) => {
                assert!(message.content.is_none());
                assert!(message.attachments.iter().all(|file| file.description.is_none()));
            }
            Item::Note(note) => assert!(note.text.is_none()),
            Item::Event(_) => {}
        }
    }
    let events =
        thread.items.iter().filter(|item| matches!(item, Item::Event(event) if event.kind == EventKind::Reopened));
    assert_eq!(events.count(), 0);
}

/// As if we had written it: sending comes later.
static SENT: db::Statement =
    db::Statement::new("it.SENT", "UPDATE message SET direction = 'out' WHERE org = $1 AND id = $2");

async fn a_bounce_marks_its_message_and_the_conversation_moves(office: Office) {
    let conversation = office.conversation(1).await;
    let customer = office.customer_of(conversation).await;
    let message = office.receive(conversation, customer, Nature::Personal, "hi").await.unwrap();
    office.later(Duration::from_mins(1));
    let (org, now) = (office.organisation, office.now());
    let refused = move |tx: &mut db::Tx<'_>| app::desk::Desk::mark_bounced(tx, org, message, now);
    assert!(!office.app.context.db.write("test.bounce", refused).await.unwrap(), "what came in cannot come back");
    let sent = move |tx: &mut db::Tx<'_>| tx.execute_one(&SENT, &[db::id(&org), db::id(&message)]);
    office.app.context.db.write("test.sent", sent).await.unwrap();
    let mark = move |tx: &mut db::Tx<'_>| app::desk::Desk::mark_bounced(tx, org, message, now);
    assert!(office.app.context.db.write("test.bounce", mark).await.unwrap());
    let thread = show(&office, conversation, ALL).await;
    assert_eq!(messages(&thread).last().unwrap().bounced_at, Some(now));
    let changed = office.desk().changed_since(org, now, Duration::ZERO, None).await.unwrap();
    assert_eq!(changed.conversations, [(conversation, now)]);
}

on_both_engines! {
    a_thread_tells_what_happened_in_the_order_of_time,
    addresses_are_masked_and_words_are_not,
    a_participant_is_marked,
    a_look_is_on_record_once_in_a_quarter_of_an_hour,
    a_long_thread_is_read_from_its_end_page_by_page,
    large_messages_share_a_page_only_as_far_as_its_bound,
    what_an_erased_customer_wrote_shows_as_erased,
    a_bounce_marks_its_message_and_the_conversation_moves,
}
