//! Whatever agents and customers do in whatever order: only legal states are reached, and the
//! labels' copies, the counts and the lists tell the same as the conversations.

use std::time::Duration;

use app::desk::{Assignee, Error, Filter, Nature, PageRequest, State};
use kernel::ConversationId;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::{Engine, Office};

const CONVERSATIONS: usize = 3;
const LABELS: [&str; 2] = ["refund", "late"];

db::statements! { "invariants";
    COPIES = "SELECT c.state, c.activity_at, c.snoozed_until, l.state, l.activity_at
        FROM conversation AS c LEFT JOIN conversation_label AS l ON l.org = c.org AND l.conversation = c.id
        WHERE c.org = $1";
    COUNTED = "SELECT COUNT(*) FROM message WHERE org = $1 AND conversation = $2";
}

#[derive(Clone, Debug)]
enum Move {
    Resolve,
    Reopen,
    Wait,
    Snooze(u8),
    Wake(u8),
    Assign(bool),
    Unassign(bool),
    Label(bool),
    Unlabel(bool),
    Note,
    Receive(bool),
}

fn moves() -> impl Strategy<Value = Vec<(usize, Move)>> {
    let one = prop_oneof![
        Just(Move::Resolve),
        Just(Move::Reopen),
        Just(Move::Wait),
        (1..5u8).prop_map(Move::Snooze),
        (0..5u8).prop_map(Move::Wake),
        any::<bool>().prop_map(Move::Assign),
        any::<bool>().prop_map(Move::Unassign),
        any::<bool>().prop_map(Move::Label),
        any::<bool>().prop_map(Move::Unlabel),
        Just(Move::Note),
        any::<bool>().prop_map(Move::Receive),
    ];
    proptest::collection::vec((0..CONVERSATIONS, one), 1..25)
}

fn hold(engine: Engine, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let office = runtime.block_on(Office::open(engine));
    let mut seed = 0;
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let seeds = std::cell::RefCell::new(&mut seed);
    let outcome = runner.run(&moves(), |moves| {
        let seed = {
            let mut seeds = seeds.borrow_mut();
            **seeds += 1;
            **seeds
        };
        runtime.block_on(async {
            let ids = office.load(CONVERSATIONS, seed).await;
            for (which, step) in &moves {
                take(&office, ids[*which], step).await;
            }
            check(&office, &ids).await
        })
    });
    outcome.unwrap();
}

async fn take(office: &Office, id: ConversationId, step: &Move) {
    let (desk, org, actor) = (office.desk(), office.organisation, office.agent());
    let minutes = |count: u8| Duration::from_mins(u64::from(count));
    let label = |first: bool| LABELS[usize::from(first)];
    let before = office.row(id).await;
    let outcome = match step {
        Move::Resolve => desk.resolve(org, id, actor).await,
        Move::Reopen => desk.reopen(org, id, actor).await,
        Move::Wait => desk.wait(org, id, actor).await,
        Move::Snooze(count) => desk.snooze(org, id, actor, office.now().plus(minutes(*count))).await,
        Move::Wake(count) => {
            office.later(minutes(*count));
            desk.wake_due(org).await.map(drop)
        }
        Move::Assign(first) => desk.assign(org, id, actor, before.assignee, office.agents[usize::from(*first)]).await,
        Move::Unassign(first) => desk.unassign(org, id, actor, office.agents[usize::from(*first)]).await,
        Move::Label(first) => desk.label(org, id, actor, label(*first)).await,
        Move::Unlabel(first) => desk.unlabel(org, id, actor, label(*first)).await,
        Move::Note => desk.add_note(org, id, actor, "note").await.map(drop),
        Move::Receive(personal) => {
            let nature = if *personal { Nature::Personal } else { Nature::AutoReply };
            office.receive(id, before.customer, nature, "hello").await.map(drop)
        }
    };
    match outcome {
        Ok(()) => {}
        Err(Error::Illegal(illegal)) => {
            assert_eq!(illegal.state, before.state);
            assert_eq!(office.row(id).await.state, before.state);
        }
        Err(Error::Assigned(holder)) => assert_eq!(holder, before.assignee),
        Err(error) => panic!("{step:?}: {error}"),
    }
}

async fn check(office: &Office, ids: &[ConversationId]) -> Result<(), TestCaseError> {
    let org = office.organisation;
    let copies = move |tx: &mut db::Tx<'_>| {
        tx.query(&COPIES, &[db::id(&org)], |row| {
            let (state, copy): (String, Option<String>) = (row.text(0)?, row.opt_text(3)?);
            let (activity, copied) = (row.int(1)?, row.opt_int(4)?);
            Ok((state, activity, row.opt_int(2)?, copy, copied))
        })
    };
    let rows = office.app.context.db.read::<_, db::Error, _>("test.copies", copies).await.unwrap();
    for (state, activity, snoozed_until, copy, copied) in rows {
        prop_assert!(copy.is_none_or(|copy| copy == state));
        prop_assert!(copied.is_none_or(|copied| copied == activity));
        prop_assert_eq!(state == State::Snoozed.word(), snoozed_until.is_some());
    }
    for id in ids {
        let id = *id;
        let count = move |tx: &mut db::Tx<'_>| tx.query_one(&COUNTED, &[db::id(&org), db::id(&id)], |row| row.count(0));
        let messages = office.app.context.db.read::<_, db::Error, _>("test.count", count).await.unwrap();
        prop_assert_eq!(office.row(id).await.messages, messages);
    }
    for assignee in [Assignee::Any, Assignee::Nobody, Assignee::Agent(office.agents[0])] {
        let counts = office.desk().counts(org, assignee).await.unwrap();
        for state in State::ALL {
            let filter = Filter { states: vec![state], assignee, ..Filter::default() };
            let rows = all(office, filter).await;
            prop_assert_eq!(counts.of(state).number(), rows);
        }
    }
    Ok(())
}

async fn all(office: &Office, filter: Filter) -> u64 {
    let (mut rows, mut cursor) = (0, None);
    loop {
        let request = PageRequest { cursor, limit: 100, ..PageRequest::default() };
        let page = office.desk().list(office.organisation, filter.clone(), request).await.unwrap();
        rows += page.rows.len() as u64;
        cursor = page.next;
        if cursor.is_none() {
            return rows;
        }
    }
}

#[test]
fn everything_tells_the_same_on_sqlite() {
    hold(Engine::Sqlite, 24);
}

#[test]
fn everything_tells_the_same_on_postgres() {
    hold(Engine::Postgres, 8);
}
