//! A policy decision with everything that it is given, beside a bare one of Cedar.

use std::collections::HashSet;
use std::hint::black_box;
use std::time::Instant;

use app::access::action::RevealValue;
use app::access::{Action, CustomerCase, Policies, Principal, Resource, Reveal, SignIn};
use app::desk::{Filter, PageRequest};
use app::identity::Role;
use cedar_policy::{Authorizer, Context, Entities, Entity, EntityUid, PolicySet, Request};
use db::Engine;
use kernel::{AgentId, Entropy, Id, SystemEntropy};
use testkit::{Letter, TestApp};

use crate::figures::{Figures, Spread};

/// Decisions that are timed.
const ROUNDS: usize = 20_000;
/// Own policies about the same action, for a desk with many rules.
const OWN: usize = 100;
/// What a decision may take at the slow end, in words.
const AIM: &str = "aim: p99 at most 50 µs";

pub async fn run(figures: &mut Figures) {
    let test = TestApp::on(Engine::Sqlite).await;
    let (organisation, resource) = (test.organisation, question(&test).await);
    let read = move |tx: &mut db::Tx<'_>| resource.facts(tx, organisation, false);
    let facts = test.app.context.db.read("policy.facts", read).await.expect("the facts of a reveal");
    let now = test.app.context.clock.now();
    let agent = AgentId::from_bytes((&SystemEntropy as &dyn Entropy).array());
    let roles = [Role::Agent, Role::Lead].into_iter().collect();
    let principal = Principal::agent(organisation, agent, roles).signed_in(SignIn { passkey: true, at: now });

    let raw = raw();
    let beside = || format!("one permit, no context, everything made before: {raw}; {AIM}");
    let built_in = Policies::built_in();
    let times = each(|| black_box(built_in.decide(&principal, RevealValue::NAME, &facts, now).is_ok()));
    figures.add("decide about a reveal, policies compiled in", "one core", times, beside());

    let own: String = (0..OWN).map(rule).collect();
    let many = Policies::with_own(&[("own.cedar".to_owned(), own)]).expect("own policies");
    let times = each(|| black_box(many.decide(&principal, RevealValue::NAME, &facts, now).is_ok()));
    figures.add(format!("the same with {OWN} own policies about reveals"), "one core", times, beside());
    test.app.close().await;
}

/// A value of somebody who wrote.
async fn question(test: &TestApp) -> Reveal {
    test.mail(Letter::new("Maija <maija@example.fi>", "Invoice").id("1@example.fi")).await.expect("a mail comes in");
    let page = PageRequest { limit: 1, ..PageRequest::default() };
    let desk = testkit::desk(&test.app);
    let page = desk.list(test.organisation, Filter::default(), page).await.expect("a page");
    let row = page.rows.first().expect("a conversation");
    let case = CustomerCase { customer: row.customer, conversation: None };
    let values = testkit::vault(&test.app).masked(test.organisation, case.customer).await.expect("values");
    let value = values.first().expect("an address").id;
    Reveal { customer: row.customer, value, purpose: "service".parse().expect("a purpose"), conversation: row.id }
}

fn rule(number: usize) -> String {
    format!(
        "@id(\"own-{number}\") forbid (principal is Agent, action == Action::\"RevealValue\", resource)
            when {{ resource.field == \"field_{number}\" && context.purpose == \"billing\" }};\n"
    )
}

/// Cedar with the least it can be asked.
fn raw() -> Spread {
    let uid = |text: &str| text.parse::<EntityUid>().expect("a uid");
    let policies: PolicySet = "permit (principal in Role::\"agent\", action, resource);".parse().expect("a policy");
    let who = Entity::new_no_attrs(uid("Agent::\"a\""), HashSet::from([uid("Role::\"agent\"")]));
    let entities = Entities::from_entities([who], None).expect("entities");
    let (who, what) = (uid("Agent::\"a\""), uid("Value::\"v\""));
    let request = Request::new(who, uid("Action::\"RevealValue\""), what, Context::empty(), None).expect("a question");
    let authorizer = Authorizer::new();
    each(|| black_box(authorizer.is_authorized(&request, &policies, &entities).decision()))
}

fn each<T>(mut work: impl FnMut() -> T) -> Spread {
    for _ in 0..ROUNDS / 10 {
        let _ = work();
    }
    let time = |_| {
        let begun = Instant::now();
        let _ = work();
        begun.elapsed()
    };
    Spread::of((0..ROUNDS).map(time).collect())
}
