//! Lists, cursors and counts.

use std::collections::HashSet;
use std::time::Duration;

use app::desk::{Assignee, Cursor, CursorError, Error, Filter, Nature, Order, Page, PageRequest, State};
use kernel::ConversationId;
use testkit::load::Shape;

use super::{Office, on_both_engines};

async fn list(office: &Office, filter: &Filter, order: Order, cursor: Option<Cursor>, limit: usize) -> Page {
    let request = PageRequest { order, cursor, limit };
    office.desk().list(office.organisation, filter.clone(), request).await.unwrap()
}

/// All rows of a filter, over pages of three.
async fn all(office: &Office, filter: Filter) -> Vec<ConversationId> {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let page = list(office, &filter, Order::NewestFirst, cursor, 3).await;
        ids.extend(page.rows.iter().map(|row| row.id));
        // A cursor goes out as text and comes back as text.
        cursor = page.next.map(|next| next.to_string().parse().unwrap());
        if cursor.is_none() {
            return ids;
        }
    }
}

async fn the_newest_come_first_and_the_oldest_when_asked(office: Office) {
    let ids = office.load(7, 1).await;
    let newest = list(&office, &Filter::default(), Order::NewestFirst, None, 100).await;
    assert!(newest.next.is_none());
    assert_eq!(newest.rows.iter().map(|row| row.id).rev().collect::<Vec<_>>(), ids);
    let oldest = list(&office, &Filter::default(), Order::OldestFirst, None, 4).await;
    assert_eq!(oldest.rows.iter().map(|row| row.id).collect::<Vec<_>>(), ids[..4]);
    let rest = list(&office, &Filter::default(), Order::OldestFirst, oldest.next, 4).await;
    assert_eq!(rest.rows.iter().map(|row| row.id).collect::<Vec<_>>(), ids[4..]);
    assert!(rest.next.is_none());

    let row = &newest.rows[0];
    assert!(row.subject.as_ref().unwrap().ends_with("about order 6"));
    assert!(row.customer_name.as_ref().unwrap().contains(' '));
    assert_eq!((row.state, row.channel.as_str(), row.messages), (State::New, "mail", 1));
}

async fn every_row_is_shown_once_over_pages_while_new_ones_arrive(office: Office) {
    let ids: HashSet<ConversationId> = office.load(40, 1).await.into_iter().collect();
    let (mut seen, mut cursor) = (Vec::new(), None);
    for seed in 2.. {
        let page = list(&office, &Filter::default(), Order::NewestFirst, cursor, 6).await;
        seen.extend(page.rows.iter().map(|row| row.id));
        // They begin after all that is there, so that they are at the head of the list.
        let shape = Shape { conversations: 1, seed, begins: office.now(), ..Shape::default() };
        office.load_shape(shape).await;
        office.later(Duration::from_secs(1));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), ids.len());
    assert_eq!(seen.into_iter().collect::<HashSet<_>>(), ids);
}

async fn rows_of_one_moment_are_told_apart(office: Office) {
    let apart = Duration::ZERO;
    let begins = office.now();
    let ids = office.load_shape(Shape { conversations: 10, apart, begins, ..Shape::default() }).await;
    let seen = all(&office, Filter::default()).await;
    assert_eq!(seen.len(), 10);
    assert_eq!(seen.into_iter().collect::<HashSet<_>>(), ids.into_iter().collect());
}

async fn each_condition_shows_what_meets_it(office: Office) {
    let (desk, org, actor) = (office.desk(), office.organisation, office.agent());
    let [one, other] = office.agents;
    let ids = office.load(12, 1).await;
    for (number, id) in ids.iter().enumerate() {
        if number % 2 == 0 {
            desk.assign(org, *id, actor, None, if number % 4 == 0 { one } else { other }).await.unwrap();
        }
        if number % 3 == 0 {
            desk.label(org, *id, actor, "refund").await.unwrap();
        }
        if number % 5 == 0 {
            desk.resolve(org, *id, actor).await.unwrap();
        }
    }
    let expect = |keep: &dyn Fn(usize) -> bool| -> Vec<ConversationId> {
        ids.iter().enumerate().rev().filter(|(number, _)| keep(*number)).map(|(_, id)| *id).collect()
    };
    let filter = Filter::default;
    let (agent, label) = (Assignee::Agent(one), Some("refund".to_owned()));
    let resolved = vec![State::Resolved];
    let working = vec![State::New, State::Open];
    let cases: [(Filter, &dyn Fn(usize) -> bool); 10] = [
        (Filter { states: resolved.clone(), ..filter() }, &|n| n % 5 == 0),
        (Filter { states: working.clone(), ..filter() }, &|n| n % 5 != 0),
        (Filter { assignee: Assignee::Nobody, ..filter() }, &|n| n % 2 == 1),
        (Filter { assignee: agent, ..filter() }, &|n| n % 4 == 0),
        (Filter { assignee: agent, states: resolved.clone(), ..filter() }, &|n| n % 20 == 0),
        (Filter { label: label.clone(), ..filter() }, &|n| n % 3 == 0),
        (Filter { label: label.clone(), states: working, ..filter() }, &|n| n % 3 == 0 && n % 5 != 0),
        (Filter { label: label.clone(), assignee: agent, ..filter() }, &|n| n % 12 == 0),
        (Filter { label, assignee: Assignee::Nobody, ..filter() }, &|n| n % 3 == 0 && n % 2 == 1),
        (Filter { channel: Some("mail".to_owned()), states: resolved, ..filter() }, &|n| n % 5 == 0),
    ];
    for (number, (filter, keep)) in cases.into_iter().enumerate() {
        assert_eq!(all(&office, filter).await, expect(keep), "case {number}");
    }
    for empty in [
        Filter { label: Some("never used".to_owned()), ..filter() },
        Filter { channel: Some("chat".to_owned()), ..filter() },
    ] {
        assert!(all(&office, empty).await.is_empty());
    }
}

async fn a_customer_is_listed_with_those_who_turned_out_to_be_the_same(office: Office) {
    let ids = office.load(4, 1).await;
    let one = office.customer_of(ids[0]).await;
    let two = office.customer_of(ids[2]).await;
    office.merge(two, one).await;
    let filter = Filter { customer: Some(one), ..Filter::default() };
    assert_eq!(all(&office, filter.clone()).await, [ids[2], ids[0]]);
    office.desk().resolve(office.organisation, ids[0], office.agent()).await.unwrap();
    let filter = Filter { states: vec![State::Resolved], ..filter };
    assert_eq!(all(&office, filter).await, [ids[0]]);
}

async fn what_gets_a_message_comes_to_the_head_of_its_lists(office: Office) {
    let (desk, org, actor) = (office.desk(), office.organisation, office.agent());
    let ids = office.load(3, 1).await;
    for id in &ids {
        desk.label(org, *id, actor, "refund").await.unwrap();
    }
    let customer = office.customer_of(ids[0]).await;
    office.receive(ids[0], customer, Nature::Personal, "hello?").await.unwrap();
    for label in [None, Some("refund".to_owned())] {
        let rows = all(&office, Filter { label, ..Filter::default() }).await;
        assert_eq!(rows, [ids[0], ids[2], ids[1]]);
    }
}

async fn an_erased_customer_has_a_row_without_words(office: Office) {
    let ids = office.load(2, 1).await;
    office.erase(office.customer_of(ids[0]).await).await;
    let page = list(&office, &Filter::default(), Order::OldestFirst, None, 10).await;
    assert_eq!(page.rows.len(), 2);
    assert!(page.rows[0].subject.is_none() && page.rows[0].customer_name.is_none());
    assert!(page.rows[1].subject.is_some() && page.rows[1].customer_name.is_some());
}

async fn counts_follow_every_step(office: Office) {
    let (desk, org, actor) = (office.desk(), office.organisation, office.agent());
    let ids = office.load(6, 1).await;
    desk.assign(org, ids[0], actor, None, office.agents[0]).await.unwrap();
    desk.resolve(org, ids[1], actor).await.unwrap();
    let count = async |assignee| {
        let counts = desk.counts(org, assignee).await.unwrap();
        State::ALL.map(|state| counts.of(state).to_string()).join(" ")
    };
    assert_eq!(count(Assignee::Any).await, "4 1 0 0 1");
    assert_eq!(count(Assignee::Nobody).await, "4 0 0 0 1");
    assert_eq!(count(Assignee::Agent(office.agents[0])).await, "0 1 0 0 0");
    assert_eq!(count(Assignee::Agent(office.agents[1])).await, "0 0 0 0 0");
}

async fn another_organisation_sees_nothing_of_it(office: Office) {
    let ids = office.load(3, 1).await;
    let other = <kernel::OrganisationId as kernel::Id>::new(office.now(), &kernel::SystemEntropy);
    let desk = office.desk();
    let page = desk.list(other, Filter::default(), PageRequest { limit: 10, ..PageRequest::default() }).await.unwrap();
    assert!(page.rows.is_empty());
    let refused = desk.resolve(other, ids[0], office.agent()).await;
    assert!(matches!(refused, Err(Error::NoConversation)));
    let refused = desk.show(other, ids[0], office.agent(), app::desk::ThreadRequest::default()).await;
    assert!(matches!(refused, Err(Error::NoConversation)));
}

async fn a_cursor_of_the_other_order_is_refused(office: Office) {
    office.load(3, 1).await;
    let page = list(&office, &Filter::default(), Order::NewestFirst, None, 1).await;
    let request = PageRequest { order: Order::OldestFirst, cursor: page.next, limit: 1 };
    let refused = office.desk().list(office.organisation, Filter::default(), request).await;
    assert!(matches!(refused, Err(Error::Cursor(CursorError::Order))));
}

on_both_engines! {
    the_newest_come_first_and_the_oldest_when_asked,
    every_row_is_shown_once_over_pages_while_new_ones_arrive,
    rows_of_one_moment_are_told_apart,
    each_condition_shows_what_meets_it,
    a_customer_is_listed_with_those_who_turned_out_to_be_the_same,
    what_gets_a_message_comes_to_the_head_of_its_lists,
    an_erased_customer_has_a_row_without_words,
    counts_follow_every_step,
    another_organisation_sees_nothing_of_it,
    a_cursor_of_the_other_order_is_refused,
}
