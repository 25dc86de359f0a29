//! States, assignees, labels and notes, one agent after another and two at once.

use std::time::Duration;

use app::Actor;
use app::desk::{CONVERSATION_LABELS, Error, Illegal, LONGEST_SNOOZE, Nature, State, Step};
use kernel::{AgentId, ConversationId, Id, SystemEntropy};

use super::office::MORNING;
use super::{Office, on_both_engines};

const HOUR: Duration = Duration::from_hours(1);

async fn a_matter_is_settled_and_opened_again_by_the_customer(office: Office) {
    let (desk, org, agent) = (office.desk(), office.organisation, office.agent());
    let conversation = office.conversation(1).await;
    let customer = office.customer_of(conversation).await;
    assert_eq!(office.state(conversation).await, State::New);
    desk.resolve(org, conversation, agent).await.unwrap();
    assert_eq!(office.state(conversation).await, State::Resolved);

    office.receive(conversation, customer, Nature::AutoReply, "out of office").await.unwrap();
    assert_eq!(office.state(conversation).await, State::Resolved, "a program opens nothing again");
    office.receive(conversation, customer, Nature::Personal, "it broke again").await.unwrap();
    assert_eq!(office.state(conversation).await, State::Open);
    assert_eq!(office.row(conversation).await.messages, 3);
}

async fn an_illegal_step_names_the_state_and_changes_nothing(office: Office) {
    let (desk, org, agent) = (office.desk(), office.organisation, office.agent());
    let conversation = office.conversation(1).await;
    let customer = office.customer_of(conversation).await;
    desk.resolve(org, conversation, agent).await.unwrap();
    let entries = office.entries_about(customer).await;
    for (step, refused) in [
        (Step::Resolve, desk.resolve(org, conversation, agent).await),
        (Step::Wait, desk.wait(org, conversation, agent).await),
        (Step::Snooze, desk.snooze(org, conversation, agent, MORNING.plus(HOUR)).await),
        (Step::TakeUp, desk.assign(org, conversation, agent, None, office.agents[0]).await),
    ] {
        let expected = Illegal { state: State::Resolved, step };
        assert!(matches!(refused, Err(Error::Illegal(illegal)) if illegal == expected), "{step:?}");
    }
    assert_eq!(office.entries_about(customer).await, entries);
    assert_eq!(office.state(conversation).await, State::Resolved);
    let nowhere = ConversationId::new(MORNING, &SystemEntropy);
    assert!(matches!(desk.resolve(org, nowhere, agent).await, Err(Error::NoConversation)));
}

async fn every_change_leaves_an_entry_about_its_customer(office: Office) {
    let (desk, org, agent) = (office.desk(), office.organisation, office.agent());
    let conversation = office.conversation(1).await;
    let customer = office.customer_of(conversation).await;
    let before = office.entries_about(customer).await;
    desk.assign(org, conversation, agent, None, office.agents[0]).await.unwrap();
    desk.label(org, conversation, agent, "refund").await.unwrap();
    desk.unlabel(org, conversation, agent, "refund").await.unwrap();
    desk.add_note(org, conversation, agent, "call back").await.unwrap();
    desk.wait(org, conversation, agent).await.unwrap();
    desk.reopen(org, conversation, agent).await.unwrap();
    desk.snooze(org, conversation, agent, MORNING.plus(HOUR)).await.unwrap();
    desk.resolve(org, conversation, agent).await.unwrap();
    desk.unassign(org, conversation, agent, office.agents[0]).await.unwrap();
    assert_eq!(office.entries_about(customer).await, before + 9);
    // What is so already is no change.
    desk.unlabel(org, conversation, agent, "refund").await.unwrap();
    assert_eq!(office.entries_about(customer).await, before + 9);
}

async fn a_snoozed_conversation_wakes_when_its_time_comes(office: Office) {
    let (desk, org, agent) = (office.desk(), office.organisation, office.agent());
    let ids = office.load(3, 1).await;
    for past in [MORNING, MORNING.minus(HOUR), MORNING.plus(LONGEST_SNOOZE).plus(HOUR)] {
        assert!(matches!(desk.snooze(org, ids[0], agent, past).await, Err(Error::SnoozeTime)));
    }
    desk.snooze(org, ids[0], agent, MORNING.plus(HOUR)).await.unwrap();
    desk.snooze(org, ids[1], agent, MORNING.plus(HOUR * 3)).await.unwrap();
    assert_eq!(office.row(ids[0]).await.snoozed_until, Some(MORNING.plus(HOUR)));
    assert_eq!(desk.wake_due(org).await.unwrap(), 0);
    office.later(HOUR);
    assert_eq!(desk.wake_due(org).await.unwrap(), 1);
    assert_eq!(office.state(ids[0]).await, State::Open);
    assert_eq!(office.row(ids[0]).await.snoozed_until, None);
    assert_eq!(office.state(ids[1]).await, State::Snoozed);

    let customer = office.customer_of(ids[1]).await;
    office.receive(ids[1], customer, Nature::Personal, "any news?").await.unwrap();
    assert_eq!(office.state(ids[1]).await, State::Open);
    office.later(HOUR * 3);
    assert_eq!(desk.wake_due(org).await.unwrap(), 0, "who was woken by the customer sleeps no more");
}

async fn more_than_a_batch_wakes_at_once(office: Office) {
    let (desk, org, agent) = (office.desk(), office.organisation, office.agent());
    let ids = office.load(150, 1).await;
    for id in &ids {
        desk.snooze(org, *id, agent, MORNING.plus(HOUR)).await.unwrap();
    }
    office.later(HOUR);
    assert_eq!(desk.wake_due(org).await.unwrap(), 150);
    assert_eq!(desk.wake_due(org).await.unwrap(), 0);
}

async fn a_conversation_goes_from_agent_to_agent(office: Office) {
    let (desk, org, agent) = (office.desk(), office.organisation, office.agent());
    let [one, other] = office.agents;
    let conversation = office.conversation(1).await;
    desk.assign(org, conversation, agent, None, one).await.unwrap();
    assert_eq!(office.state(conversation).await, State::Open, "somebody has looked at it");
    let late = desk.assign(org, conversation, Actor::Agent(other), None, other).await;
    assert!(matches!(late, Err(Error::Assigned(Some(holder))) if holder == one));
    desk.assign(org, conversation, agent, Some(one), other).await.unwrap();
    assert_eq!(office.row(conversation).await.assignee, Some(other));
    assert!(matches!(desk.unassign(org, conversation, agent, one).await, Err(Error::Assigned(_))));
    desk.unassign(org, conversation, agent, other).await.unwrap();
    assert_eq!(office.row(conversation).await.assignee, None);
    let stranger = AgentId::new(MORNING, &SystemEntropy);
    assert!(matches!(desk.assign(org, conversation, agent, None, stranger).await, Err(Error::NoAgent)));
}

async fn labels_are_made_when_first_used_and_bounded(office: Office) {
    let (desk, org, agent) = (office.desk(), office.organisation, office.agent());
    let conversation = office.conversation(1).await;
    for number in 0..CONVERSATION_LABELS {
        desk.label(org, conversation, agent, &format!("label {number:02}")).await.unwrap();
    }
    assert!(matches!(desk.label(org, conversation, agent, "one more").await, Err(Error::TooManyLabels)));
    desk.label(org, conversation, agent, " label  07 ").await.unwrap();
    assert_eq!(office.row(conversation).await.labels.len(), CONVERSATION_LABELS);
    assert_eq!(desk.labels(org).await.unwrap().len(), CONVERSATION_LABELS);
    desk.unlabel(org, conversation, agent, "label 07").await.unwrap();
    assert!(!office.row(conversation).await.labels.contains(&"label 07".to_owned()));
}

async fn a_note_is_bounded_and_ends_with_its_customer(office: Office) {
    let (desk, org, agent) = (office.desk(), office.organisation, office.agent());
    let conversation = office.conversation(1).await;
    let customer = office.customer_of(conversation).await;
    let too_long = "x".repeat(kernel::limits::NOTE_BYTES + 1);
    for text in ["", " \n", &too_long] {
        assert!(matches!(desk.add_note(org, conversation, agent, text).await, Err(Error::NoteText)));
    }
    desk.add_note(org, conversation, agent, &too_long[1..]).await.unwrap();
    office.erase(customer).await;
    assert!(matches!(desk.add_note(org, conversation, agent, "late").await, Err(Error::Vault(_))));
    // The work on the matter of an erased customer can still be ended, on the organisation's record.
    let before = office.entries_about(org).await;
    desk.resolve(org, conversation, agent).await.unwrap();
    assert_eq!(office.entries_about(org).await, before + 1);
}

async fn of_two_who_resolve_at_once_one_is_told_that_it_is_done(office: Office) {
    let (desk, org) = (office.desk(), office.organisation);
    let [one, other] = office.agents.map(Actor::Agent);
    for id in office.load(20, 1).await {
        let customer = office.customer_of(id).await;
        let before = office.entries_about(customer).await;
        let outcomes: [_; 2] = tokio::join!(desk.resolve(org, id, one), desk.resolve(org, id, other)).into();
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let expected = Illegal { state: State::Resolved, step: Step::Resolve };
        assert!(outcomes.iter().any(|it| matches!(it, Err(Error::Illegal(illegal)) if *illegal == expected)));
        assert_eq!(office.entries_about(customer).await, before + 1);
    }
}

async fn of_two_who_take_it_at_once_one_has_it_and_the_other_learns_who(office: Office) {
    let (desk, org) = (office.desk(), office.organisation);
    let [one, other] = office.agents;
    for id in office.load(20, 1).await {
        let outcomes: [_; 2] = tokio::join!(
            desk.assign(org, id, Actor::Agent(one), None, one),
            desk.assign(org, id, Actor::Agent(other), None, other)
        )
        .into();
        let holder = office.row(id).await.assignee.unwrap();
        for (agent, outcome) in [one, other].into_iter().zip(outcomes) {
            match outcome {
                Ok(()) => assert_eq!(agent, holder),
                Err(Error::Assigned(by)) => assert!(agent != holder && by == Some(holder)),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

async fn a_mail_that_comes_while_agents_work_is_neither_lost_nor_in_the_way(office: Office) {
    let (desk, org, agent) = (office.desk(), office.organisation, office.agent());
    for id in office.load(20, 1).await {
        let customer = office.customer_of(id).await;
        let (taken, written, resolved) = tokio::join!(
            desk.assign(org, id, agent, None, office.agents[0]),
            office.receive(id, customer, Nature::Personal, "one more thing"),
            desk.resolve(org, id, agent)
        );
        written.unwrap();
        resolved.unwrap();
        let row = office.row(id).await;
        assert_eq!(row.messages, 2);
        assert!([State::Open, State::Resolved].contains(&row.state), "{}", row.state);
        match taken {
            Ok(()) => assert_eq!(row.assignee, Some(office.agents[0])),
            Err(Error::Illegal(illegal)) => assert_eq!((illegal.state, row.assignee), (State::Resolved, None)),
            Err(error) => panic!("{error}"),
        }
    }
}

async fn one_new_label_that_many_use_at_once_is_one_label(office: Office) {
    let (desk, org, agent) = (office.desk(), office.organisation, office.agent());
    let ids = office.load(12, 1).await;
    let work = ids.iter().map(|id| desk.label(org, *id, agent, "recall"));
    for outcome in futures_util::future::join_all(work).await {
        outcome.unwrap();
    }
    assert_eq!(desk.labels(org).await.unwrap(), ["recall"]);
    for id in ids {
        assert_eq!(office.row(id).await.labels, ["recall"]);
    }
}

on_both_engines! {
    a_matter_is_settled_and_opened_again_by_the_customer,
    an_illegal_step_names_the_state_and_changes_nothing,
    every_change_leaves_an_entry_about_its_customer,
    a_snoozed_conversation_wakes_when_its_time_comes,
    more_than_a_batch_wakes_at_once,
    a_conversation_goes_from_agent_to_agent,
    labels_are_made_when_first_used_and_bounded,
    a_note_is_bounded_and_ends_with_its_customer,
    of_two_who_resolve_at_once_one_is_told_that_it_is_done,
    of_two_who_take_it_at_once_one_has_it_and_the_other_learns_who,
    a_mail_that_comes_while_agents_work_is_neither_lost_nor_in_the_way,
    one_new_label_that_many_use_at_once_is_one_label,
}
