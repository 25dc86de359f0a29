//! What policies permit is permitted only as long as it is true, and what they refuse is on record.

use std::time::Duration;

use app::Actor;
use app::access::action::{EditCustomer, ReadConversation, ReadLog, RevealValue};
use app::access::{self, CustomerCase, OrganisationWide, Permit, Refusal, Reveal};
use app::desk::{Filter, PageRequest};
use app::identity::Role;
use app::vault::{self, SetValue, ValueRef};
use kernel::{AgentId, ConversationId, CustomerId, OrganisationId};
use testkit::{ENGINES, Letter, TestApp, permit_as};

/// A mail of somebody, assigned to the one agent there is.
struct Office {
    test: TestApp,
    agent: AgentId,
    conversation: ConversationId,
    customer: CustomerId,
    address: ValueRef,
}

impl Office {
    async fn both() -> Vec<Self> {
        let mut offices = Vec::new();
        for engine in ENGINES {
            offices.push(Self::open(TestApp::on(engine).await).await);
        }
        offices
    }

    async fn open(test: TestApp) -> Self {
        let organisation = test.organisation;
        test.mail(Letter::new("Maija <maija@example.fi>", "Invoice").id("1@example.fi")).await.unwrap();
        let page = PageRequest { limit: 1, ..PageRequest::default() };
        let rows = testkit::desk(&test.app).list(organisation, Filter::default(), page).await.unwrap().rows;
        let (conversation, customer) = (rows[0].id, rows[0].customer);
        let agent = test.app.identity.find_agent(organisation, "admin@elm.example").await.unwrap().unwrap();
        testkit::desk(&test.app).assign(organisation, conversation, Actor::Agent(agent), None, agent).await.unwrap();
        let values = testkit::vault(&test.app).masked(organisation, customer).await.unwrap();
        let address = values.iter().find(|value| value.name == "email").unwrap().id;
        Self { test, agent, conversation, customer, address }
    }

    fn reveal(&self) -> Reveal {
        let purpose = "service".parse().unwrap();
        Reveal { customer: self.customer, value: self.address, purpose, conversation: self.conversation }
    }

    async fn may<A: access::Action>(&self, role: Role, resource: A::Resource) -> Result<Permit<A>, Refusal> {
        self.may_in(self.test.organisation, role, resource).await
    }

    async fn may_in<A: access::Action>(
        &self,
        organisation: OrganisationId,
        role: Role,
        resource: A::Resource,
    ) -> Result<Permit<A>, Refusal> {
        match permit_as(&self.test.app, organisation, (Actor::Agent(self.agent), role), resource).await {
            Ok(permit) => Ok(permit),
            Err(access::Error::Refused(refused)) => Err(refused.why),
            Err(error) => panic!("neither permitted nor refused: {error}"),
        }
    }

    async fn show(&self, permit: &Permit<RevealValue>) -> Result<String, vault::Error> {
        let revealed = self.test.app.vault.reveal(&self.test.app.audit, permit).await?;
        Ok(revealed.expose().to_owned())
    }

    /// Actions and details of the last entries about the customer, newest last.
    async fn on_record(&self, last: usize) -> Vec<String> {
        let (organisation, subject) = (self.test.organisation, self.customer.into());
        let entries = self.test.app.audit.entries_of(organisation, subject, 0, 100).await.unwrap();
        let told = entries.into_iter().map(|entry| entry.told.unwrap());
        let said: Vec<_> =
            told.map(|told| format!("{} {}", told.action, told.detail.unwrap_or_default()).trim().to_owned()).collect();
        said[said.len() - last..].to_vec()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_shown_in_ones_own_open_conversation_for_a_quarter_of_an_hour() {
    for office in Office::both().await {
        let permit = office.may(Role::Agent, office.reveal()).await.unwrap();
        assert_eq!(office.show(&permit).await.unwrap(), "maija@example.fi");
        office.test.clock.advance(Duration::from_secs(15 * 60 - 1));
        assert_eq!(office.show(&permit).await.unwrap(), "maija@example.fi");
        office.test.clock.advance(Duration::from_secs(1));
        let refused = office.show(&permit).await;
        assert!(matches!(refused, Err(vault::Error::Refused(refused)) if refused.why == Refusal::Expired));
        let told = ["value.revealed", "value.revealed", "value.reveal_refused expired"];
        assert_eq!(office.on_record(3).await, told);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_ends_with_the_conversation_and_with_the_assignment() {
    for office in Office::both().await {
        let (desk, organisation) = (testkit::desk(&office.test.app), office.test.organisation);
        let permit = office.may(Role::Lead, office.reveal()).await.unwrap();
        let me = Actor::Agent(office.agent);
        desk.wait(organisation, office.conversation, me).await.unwrap();
        assert!(office.show(&permit).await.is_ok(), "waiting for the customer is still open");
        desk.resolve(organisation, office.conversation, me).await.unwrap();
        let refused = office.show(&permit).await;
        assert!(matches!(refused, Err(vault::Error::Refused(refused)) if refused.why == Refusal::Resolved));
        assert_eq!(office.on_record(1).await, ["value.reveal_refused resolved"]);
        desk.reopen(organisation, office.conversation, me).await.unwrap();
        desk.unassign(organisation, office.conversation, me, office.agent).await.unwrap();
        let refused = office.show(&permit).await;
        assert!(matches!(refused, Err(vault::Error::Refused(refused)) if refused.why == Refusal::NotAssigned));
        assert_eq!(office.on_record(1).await, ["value.reveal_refused not assigned"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_not_changed_once_the_conversation_is_somebody_elses() {
    for office in Office::both().await {
        let case = CustomerCase { customer: office.customer, conversation: Some(office.conversation) };
        let permit = office.may::<EditCustomer>(Role::Agent, case).await.unwrap();
        let (vault, audit) = (&office.test.app.vault, &office.test.app.audit);
        vault.set_value(audit, &permit, SetValue { field: "company", value: "Acme" }).await.unwrap();
        let me = Actor::Agent(office.agent);
        let desk = testkit::desk(&office.test.app);
        desk.unassign(office.test.organisation, office.conversation, me, office.agent).await.unwrap();
        let refused = vault.set_value(audit, &permit, SetValue { field: "company", value: "Other" }).await;
        assert!(matches!(refused, Err(vault::Error::Refused(refused)) if refused.why == Refusal::NotAssigned));
        let values = testkit::vault(&office.test.app).masked(office.test.organisation, office.customer).await.unwrap();
        assert_eq!(values.iter().filter(|value| value.name == "company").count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_on_record_once_in_a_quarter_of_an_hour() {
    for office in Office::both().await {
        let ask = async || office.may::<RevealValue>(Role::Auditor, office.reveal()).await.err();
        for _ in 0..3 {
            assert_eq!(ask().await, Some(Refusal::Role));
        }
        assert_eq!(office.may::<ReadConversation>(Role::Auditor, office.conversation).await.err(), Some(Refusal::Role));
        let told =
            ["conversation.changed assigned", "value.reveal_refused role", "access.refused ReadConversation: role"];
        let last = office.on_record(3).await;
        assert!(last[0].starts_with(told[0]) && last[1..] == told[1..], "{last:?}");
        office.test.clock.advance(Duration::from_mins(15));
        assert_eq!(ask().await, Some(Refusal::Role));
        assert_eq!(office.on_record(1).await, ["value.reveal_refused role"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_about_no_customer_is_on_record_with_the_organisation() {
    for office in Office::both().await {
        assert_eq!(office.may::<ReadLog>(Role::Agent, OrganisationWide).await.err(), Some(Refusal::Role));
        let organisation = office.test.organisation;
        let entries = office.test.app.audit.entries_of(organisation, organisation.into(), 0, 100).await.unwrap();
        let told = entries.last().unwrap().told.as_ref().unwrap();
        assert_eq!((told.action.as_str(), told.detail.as_deref()), ("access.refused", Some("ReadLog: role")));
        assert_eq!(told.actor, office.agent.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_another_organisation_finds_nothing_to_ask_about() {
    for office in Office::both().await {
        let other = office.test.another_organisation("Oak Bank").await;
        assert_eq!(
            office.may_in::<RevealValue>(other, Role::Agent, office.reveal()).await.err(),
            Some(Refusal::NoCustomer)
        );
        let agent = (Actor::Agent(office.agent), Role::Agent);
        let asked = permit_as::<ReadConversation>(&office.test.app, other, agent, office.conversation).await;
        assert!(matches!(asked, Err(access::Error::Desk(app::desk::Error::NoConversation))));
    }
}
