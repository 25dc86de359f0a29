//! Revealing one field by many at once: decided by the policies, asked again in the transaction, its
//! audit entry committed before the value leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use app::Actor;
use app::access::{Permit, Principal, Reveal, action};
use app::desk::{Filter, PageRequest};
use app::identity::Role;
use app::vault::Purpose;
use kernel::Locale;
use testkit::{ENGINES, TestApp};

use crate::figures::{Figures, Spread, rate};
use crate::{archive, machine};

/// Reveals under way at a time.
const TOGETHER: usize = 64;
/// Customers whose address is revealed, in turn.
const CUSTOMERS: usize = 1_000;
/// Reveals in all.
const REVEALS: usize = 20_000;

pub async fn run(figures: &mut Figures) {
    for engine in ENGINES {
        let test = Arc::new(TestApp::durable_on(engine).await);
        archive::grow(&test, 0, CUSTOMERS).await;
        let agent = test.sign_in("Aino", Role::Agent.into(), Locale::En).await.agent;
        let asker = Principal::agent(test.organisation, agent, Role::Agent.into());
        let questions = Arc::new((asker.clone(), questions(&test, &asker).await));
        // Once around, so that statements are prepared and keys are in memory as on a working day.
        ask(&test, &questions, CUSTOMERS).await;
        machine::settle();
        let fsyncs = machine::fsync_rate(&test.data());
        let begun = Instant::now();
        let spread = ask(&test, &questions, REVEALS).await;
        figures.add(
            format_args!("reveal one field, its entry committed first, {TOGETHER} at once"),
            format_args!("{engine:?}"),
            format_args!("{:.0}/s, {spread}", rate(REVEALS, begun.elapsed())),
            format_args!("floor 5,000/s, aim 15,000/s; {fsyncs:.0} fsync/s"),
        );
        test.app.close().await;
    }
}

/// One question about each customer: the address, because of their own conversation.
async fn questions(test: &TestApp, asker: &Principal) -> Vec<Reveal> {
    let Actor::Agent(agent) = asker.actor() else { panic!("an agent asks") };
    let desk = testkit::desk(&test.app);
    let mut questions = Vec::with_capacity(CUSTOMERS);
    let mut cursor = None;
    loop {
        let request = PageRequest { limit: 100, cursor, ..PageRequest::default() };
        let page = desk.list(test.organisation, Filter::default(), request).await.expect("a page");
        for row in page.rows {
            let values = testkit::vault(&test.app).masked(test.organisation, row.customer).await.expect("values");
            let value = values.iter().find(|value| value.name == "email").expect("an address").id;
            let purpose: Purpose = "service".parse().expect("a purpose");
            desk.assign(test.organisation, row.id, asker.actor(), None, agent).await.expect("it is assigned");
            questions.push(Reveal { customer: row.customer, value, purpose, conversation: row.id });
        }
        cursor = page.next;
        if cursor.is_none() {
            return questions;
        }
    }
}

async fn ask(test: &Arc<TestApp>, questions: &Arc<(Principal, Vec<Reveal>)>, count: usize) -> Spread {
    let next = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..TOGETHER)
        .map(|_| {
            let (test, questions, next) = (Arc::clone(test), Arc::clone(questions), Arc::clone(&next));
            tokio::spawn(async move {
                let mut times = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return times;
                    }
                    let (asker, questions) = &*questions;
                    let question = questions[number % questions.len()].clone();
                    let asked = Instant::now();
                    let permit: Permit<action::RevealValue> =
                        test.app.access.permit(asker, question).await.expect("it is permitted");
                    let revealed = test.app.vault.reveal(&test.app.audit, &permit).await;
                    assert!(revealed.expect("the value is shown").expose().contains('@'));
                    times.push(asked.elapsed());
                }
            })
        })
        .collect();
    let mut times = Vec::with_capacity(count);
    for task in tasks {
        times.extend(task.await.expect("a task ends"));
    }
    Spread::of(times)
}
