//! A value is shown for one purpose and because of one conversation, and never without a trace.

use kernel::ValueId;

use super::*;
use crate::access::{Refusal, Reveal};
use crate::vault::Revealed;

struct Asked {
    bench: Bench,
    customer: CustomerId,
    conversation: ConversationId,
}

impl Asked {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let customer = bench.customer("maija@example.fi", "Maija").await;
        bench.set(customer, "iban", "FI21 1234 5600 0007 85").await.unwrap();
        let conversation = bench.assigned(customer, &[]).await;
        Self { bench, customer, conversation }
    }

    async fn ask(
        &self,
        value: ValueRef,
        purpose: &str,
        conversation: ConversationId,
        customer: CustomerId,
    ) -> Result<Revealed, Error> {
        let purpose = purpose.parse().unwrap();
        let permit = self.bench.ask(Role::Agent, Reveal { customer, value, purpose, conversation }).await?;
        self.bench.vault.reveal(&self.bench.audit, &permit).await
    }

    async fn last(&self, subject: impl Into<SubjectId>) -> serde_json::Value {
        self.bench.entries(subject).await.pop().unwrap()
    }
}

#[tokio::test]
async fn a_value_and_a_contact_point_are_shown_and_the_log_says_so() {
    let asked = Asked::new().await;
    let iban = asked.bench.value(asked.customer, "iban").await;
    let revealed = asked.ask(iban, "billing", asked.conversation, asked.customer).await.unwrap();
    assert_eq!((revealed.field(), revealed.expose()), ("iban", "FI2112345600000785"));
    let entry = asked.last(asked.customer).await;
    assert_eq!(entry["action"], "value.revealed");
    assert_eq!(entry["actor"], agent().to_string());
    assert_eq!(entry["object"], iban.to_string());
    assert_eq!(entry["purpose"], "billing");
    assert_eq!(entry["field"], "iban");
    assert_eq!(entry["conversation"], asked.conversation.to_string());
    assert!(!entry.to_string().contains("FI2112345600000785"));

    let email = asked.bench.value(asked.customer, "email").await;
    let revealed = asked.ask(email, "service", asked.conversation, asked.customer).await.unwrap();
    assert_eq!(revealed.expose(), "maija@example.fi");
}

#[tokio::test]
async fn a_purpose_for_which_the_field_is_not_held_is_refused_on_record() {
    let asked = Asked::new().await;
    let iban = asked.bench.value(asked.customer, "iban").await;
    let refused = asked.ask(iban, "marketing", asked.conversation, asked.customer).await;
    assert!(matches!(refused, Err(Error::Refused(refused)) if refused.why == Refusal::Purpose));
    let entry = asked.last(asked.customer).await;
    assert_eq!((&entry["action"], &entry["detail"]), (&"value.reveal_refused".into(), &"purpose".into()));
    assert_eq!(entry["purpose"], "marketing");
}

#[tokio::test]
async fn a_conversation_of_somebody_else_is_no_reason() {
    let asked = Asked::new().await;
    let iban = asked.bench.value(asked.customer, "iban").await;
    let other = asked.bench.customer("other@example.fi", "Other").await;
    let foreign = asked.bench.assigned(other, &[]).await;
    let imagined = ConversationId::from_bytes([9; 16]);
    for conversation in [foreign, imagined] {
        assert!(matches!(asked.ask(iban, "billing", conversation, asked.customer).await, Err(Error::NotConcerned)));
        let entry = asked.last(asked.customer).await;
        assert_eq!((&entry["action"], &entry["detail"]), (&"value.reveal_refused".into(), &"not concerned".into()));
    }
    let shared = asked.bench.assigned(other, &[asked.customer]).await;
    assert!(asked.ask(iban, "billing", shared, asked.customer).await.is_ok(), "who takes part is concerned");
}

#[tokio::test]
async fn a_value_of_somebody_else_cannot_be_had_through_ones_own_customer() {
    let asked = Asked::new().await;
    let other = asked.bench.customer("other@example.fi", "Other").await;
    let conversation = asked.bench.assigned(other, &[]).await;
    let iban = asked.bench.value(asked.customer, "iban").await;
    let guessed = ValueRef::Value(ValueId::from_bytes([9; 16]));
    for value in [iban, guessed] {
        assert!(matches!(asked.ask(value, "billing", conversation, other).await, Err(Error::NoValue)));
        assert_eq!(asked.last(other).await["action"], "value.reveal_refused");
    }
}

#[tokio::test]
async fn asking_about_nobody_is_on_record_with_the_organisation() {
    let asked = Asked::new().await;
    let iban = asked.bench.value(asked.customer, "iban").await;
    let nobody = CustomerId::from_bytes([9; 16]);
    assert!(matches!(asked.ask(iban, "billing", asked.conversation, nobody).await, Err(Error::NoCustomer)));
    assert_eq!(asked.last(asked.bench.organisation).await["detail"], "no customer");
}
