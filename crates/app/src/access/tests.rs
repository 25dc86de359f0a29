//! Who may do what: every role and every other asker, for every action, in every situation. The
//! table in the guide is made by the same code and compared.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use cedar_policy::Schema;
use kernel::{AgentId, ConversationId, CustomerId, Id, OrganisationId, QuarantineId, Timestamp, TokenId, ValueId};
use proptest::prelude::*;

use super::resource::{Case, FieldFacts, Object};
use super::*;
use crate::desk::State;
use crate::identity::{Role, Roles};
use crate::vault::ValueRef;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const GUIDE: &str = include_str!("../../../../docs/guide/access.md");

fn organisation() -> OrganisationId {
    OrganisationId::from_bytes([1; 16])
}

fn me() -> AgentId {
    AgentId::from_bytes([2; 16])
}

fn agent(roles: impl Into<Roles>) -> Principal {
    Principal::agent(organisation(), me(), roles.into())
}

/// A situation in which something is asked for.
#[derive(Clone, Copy, Debug)]
struct Situation {
    state: State,
    assignee: Option<AgentId>,
    concerns: bool,
    has_purpose: bool,
    because: bool,
}

/// One's own open conversation with the customer, for a purpose of the field.
const fn good(assignee: AgentId) -> Situation {
    Situation { state: State::Open, assignee: Some(assignee), concerns: true, has_purpose: true, because: true }
}

/// The facts of an action in a situation, as [`Resource::facts`] reads them.
fn facts(action: ActionName, at: Situation) -> Facts {
    let conversation = ConversationId::from_bytes([3; 16]);
    let customer = CustomerId::from_bytes([4; 16]);
    let mut facts = Facts {
        object: Object::Organisation,
        subject: None,
        named: None,
        case: None,
        concerns: None,
        field: None,
        purpose: None,
        missing: None,
    };
    let case = Case { id: conversation, state: at.state, assignee: at.assignee };
    match action {
        ActionName::ReadConversation | ActionName::AddNote | ActionName::Reply | ActionName::MoveConversation => {
            facts.object = Object::Conversation(conversation);
            facts.case = Some(case);
        }
        ActionName::ReadCustomer | ActionName::EditCustomer => {
            facts.object = Object::Customer(customer);
            facts.case = Some(case).filter(|_| at.because);
            facts.concerns = Some(at.because && at.concerns);
        }
        ActionName::MergeCustomers | ActionName::EraseCustomer => facts.object = Object::Customer(customer),
        ActionName::RevealValue => {
            facts.object = Object::Value(ValueRef::Value(ValueId::from_bytes([5; 16])));
            facts.case = Some(case);
            facts.concerns = Some(at.concerns);
            facts.field = Some(FieldFacts { name: "iban".to_owned(), purposes: vec!["billing".parse().unwrap()] });
            facts.purpose = Some(if at.has_purpose { "billing" } else { "marketing" }.parse().unwrap());
        }
        ActionName::ReadQuarantine | ActionName::ReleaseQuarantine => {
            facts.object = Object::Quarantined(QuarantineId::from_bytes([6; 16]));
        }
        _ => {}
    }
    facts
}

fn decide(principal: &Principal, action: ActionName, at: Situation) -> Result<Obligations, Refused> {
    Policies::built_in().decide(principal, action, &facts(action, at), NOW)
}

/// Who asks, by the heading of the table.
fn askers() -> Vec<(String, Principal)> {
    let mut askers: Vec<_> = Role::ALL.iter().map(|role| (role.to_string(), agent(*role))).collect();
    let scopes = Arc::new(BTreeSet::from(Scope::ALL));
    askers.push(("token".to_owned(), Principal::token(organisation(), TokenId::from_bytes([7; 16]), scopes)));
    askers.push(("command line".to_owned(), Principal::operator(organisation())));
    askers
}

/// `yes`, `own` when only from one's own open conversation, `case` when from any conversation of
/// the customer, `–` when never.
fn cell(principal: &Principal, action: ActionName) -> &'static str {
    let may = |at: Situation| decide(principal, action, at).is_ok();
    let best = good(me());
    if !may(best) {
        return "–";
    }
    if !may(Situation { because: false, concerns: false, ..best }) && !may(Situation { concerns: false, ..best }) {
        return if may(Situation { assignee: None, ..best }) { "case" } else { "own" };
    }
    "yes"
}

fn table() -> String {
    let askers = askers();
    let mut table = String::from("| action |");
    for (name, _) in &askers {
        write!(table, " {name} |").unwrap();
    }
    write!(table, "\n|---|{}\n", "---|".repeat(askers.len())).unwrap();
    for action in ActionName::ALL {
        write!(table, "| `{action}` |").unwrap();
        for (_, principal) in &askers {
            write!(table, " {} |", cell(principal, *action)).unwrap();
        }
        table.push('\n');
    }
    table
}

#[test]
fn the_table_in_the_guide_is_what_the_policies_say() {
    let is_of_it = |line: &&str| {
        let is_row = line.starts_with("| `") && !line.starts_with("| `@");
        is_row || line.starts_with("| action |") || line.starts_with(&"|---".repeat(askers().len()))
    };
    let told: Vec<_> = GUIDE.lines().filter(is_of_it).collect();
    assert_eq!(told, table().lines().collect::<Vec<_>>(), "docs/guide/access.md must say:\n{}", table());
}

#[test]
fn somebody_without_a_role_the_product_itself_and_a_customer_may_nothing() {
    let customer = Principal::system(organisation());
    for principal in [agent(Roles::NONE), customer] {
        for action in ActionName::ALL {
            let refused = decide(&principal, *action, good(me())).unwrap_err();
            assert_eq!(refused.why, Refusal::Role, "{action}");
        }
    }
}

#[test]
fn a_reveal_says_what_is_missing_and_lasts_a_quarter_of_an_hour() {
    let best = good(me());
    let ask = |role: Role, at| decide(&agent(role), ActionName::RevealValue, at);
    for role in [Role::Agent, Role::Lead] {
        assert_eq!(ask(role, best).unwrap().lasts(), Duration::from_mins(15));
        let why = |at| ask(role, at).unwrap_err().why;
        assert_eq!(why(Situation { assignee: None, ..best }), Refusal::NotAssigned);
        assert_eq!(why(Situation { assignee: Some(AgentId::from_bytes([9; 16])), ..best }), Refusal::NotAssigned);
        assert_eq!(why(Situation { state: State::Resolved, ..best }), Refusal::Resolved);
        assert_eq!(why(Situation { has_purpose: false, ..best }), Refusal::Purpose);
        assert_eq!(why(Situation { concerns: false, has_purpose: false, ..best }), Refusal::NotConcerned);
    }
    let telling = Situation { has_purpose: false, ..best };
    assert_eq!(ask(Role::Auditor, telling).unwrap_err().why, Refusal::Role, "who may never learns nothing");
}

/// Own policies in force beside those compiled in.
fn with(own: &str) -> Arc<Policies> {
    Policies::with_own(&[("own.cedar".to_owned(), own.to_owned())]).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn an_own_policy_cannot_widen_what_is_forbidden_for_good() {
    let wide = with("@id(\"all\") permit (principal, action, resource);");
    let ask = |at| wide.decide(&agent(Roles::NONE), ActionName::RevealValue, &facts(ActionName::RevealValue, at), NOW);
    let best = good(me());
    assert!(ask(Situation { assignee: None, ..best }).is_ok(), "assignment is the organisation's to judge");
    for at in [
        Situation { concerns: false, ..best },
        Situation { has_purpose: false, ..best },
        Situation { state: State::Resolved, ..best },
    ] {
        assert!(ask(at).is_err(), "{at:?}");
    }
}

#[test]
fn an_own_policy_narrows_and_adds_obligations() {
    let own = with(
        "@id(\"no-passwords\") forbid (principal is Agent, action == Action::\"RevealValue\", resource)
            unless { context has session && context.session.passkey && context.session.minutes < 60 };
         @id(\"say-why\") @obligation(\"reason\") @mask(\"last-four\")
         permit (principal in Role::\"agent\", action == Action::\"RevealValue\", resource)
            when { resource.field == \"iban\" };",
    );
    let facts = facts(ActionName::RevealValue, good(me()));
    let ask = |passkey, ago| {
        let sign_in = SignIn { passkey, at: NOW.minus(Duration::from_mins(ago)) };
        own.decide(&agent(Role::Agent).signed_in(sign_in), ActionName::RevealValue, &facts, NOW)
    };
    let owed = ask(true, 59).unwrap();
    assert!(owed.reason && owed.mask.is_some() && owed.expires == Some(Duration::from_mins(15)), "all that any says");
    for refused in [ask(false, 1), ask(true, 60)] {
        let refused = refused.unwrap_err();
        assert_eq!((refused.why, refused.rule.as_deref()), (Refusal::Rule, Some("no-passwords")));
        assert!(refused.to_string().ends_with("a rule of your organisation forbids it: no-passwords"), "{refused}");
    }
}

#[test]
fn a_policy_that_fails_on_a_question_permits_nothing() {
    // An addition that overflows passes every check at load.
    let own = with(
        "@id(\"overflow\") forbid (principal is Agent, action == Action::\"ListConversations\", resource)
            when { context has session && context.session.minutes + 9223372036854775807 > 0 };",
    );
    let facts = facts(ActionName::ListConversations, good(me()));
    let late = agent(Role::Agent).signed_in(SignIn { passkey: true, at: NOW.minus(Duration::from_mins(5)) });
    let refused = own.decide(&late, ActionName::ListConversations, &facts, NOW).unwrap_err();
    assert_eq!(refused.why, Refusal::Undecided);
}

#[test]
fn every_question_has_the_form_that_the_schema_promises_to_policies() {
    let (schema, _) = Schema::from_cedarschema_str(include_str!("policies/doorward.cedarschema")).unwrap();
    for action in ActionName::ALL {
        for (name, principal) in askers() {
            let signed_in = principal.signed_in(SignIn { passkey: true, at: NOW });
            for at in [good(me()), Situation { assignee: None, because: false, ..good(me()) }] {
                let held = decide::conforms(&schema, &signed_in, *action, &facts(*action, at), NOW);
                assert_eq!(held, Ok(()), "{action} by {name}");
            }
        }
    }
}

proptest! {
    #[test]
    fn more_roles_never_permit_more_than_each_does_by_itself(bits in 0_u8..128, state in 0_usize..5, mine: bool, concerns: bool, has_purpose: bool, because: bool) {
        let roles: Roles = Role::ALL.iter().enumerate().filter(|(n, _)| (bits >> n) & 1 == 1).map(|(_, role)| *role).collect();
        let assignee = mine.then(me);
        let at = Situation { state: State::ALL[state], assignee, concerns, has_purpose, because };
        for action in ActionName::ALL {
            let together = decide(&agent(roles), *action, at).is_ok();
            let alone = roles.iter().any(|role| decide(&agent(role), *action, at).is_ok());
            prop_assert_eq!(together, alone, "{} as {}", action, roles);
            if *action == ActionName::RevealValue && together {
                prop_assert!(mine && concerns && has_purpose && at.state != State::Resolved);
                prop_assert!(roles.has(Role::Agent) || roles.has(Role::Lead));
            }
        }
    }
}
