//! The data inventory decides what may be held, and how it is seen.

use super::*;
use crate::access::OrganisationWide;
use crate::vault::{DataClass, FieldDefinition, FieldId, LegalBasis, Mask};

fn definition(name: &str) -> FieldDefinition {
    FieldDefinition {
        name: name.to_owned(),
        label: "Shoe size".to_owned(),
        class: DataClass::Preference,
        purposes: vec!["delivery".parse().unwrap()],
        legal_basis: LegalBasis::Consent,
        mask: Mask::Hidden,
    }
}

async fn define(bench: &Bench, definition: &FieldDefinition) -> Result<FieldId, Error> {
    let permit = bench.ask(Role::PrivacyOfficer, OrganisationWide).await?;
    bench.vault.define_field(&bench.audit, &permit, definition).await
}

#[tokio::test]
async fn what_the_inventory_does_not_know_is_refused_until_it_does() {
    let bench = Bench::new().await;
    let customer = bench.customer("maija@example.fi", "Maija Virtanen").await;
    assert!(
        matches!(bench.set(customer, "shoe_size", "38").await, Err(Error::UnknownField(name)) if name == "shoe_size")
    );
    assert_eq!(bench.actions(customer).await, [""; 0], "nothing happened, so nothing is on record");

    define(&bench, &definition("shoe_size")).await.unwrap();
    assert!(matches!(bench.set(customer, "shoe_size", "38").await, Ok(Stored::Changed(_))));
    assert_eq!(bench.masked(customer).await, ["name: Maija Virtanen", "email: m•••@•••.fi", "shoe_size: •••"]);
    assert_eq!(bench.actions(customer).await, ["value.changed"]);
    assert_eq!(bench.actions(bench.organisation).await, ["field.changed"]);
}

#[tokio::test]
async fn a_field_is_changed_by_its_name_and_keeps_its_number() {
    let bench = Bench::new().await;
    let define = async |definition: &FieldDefinition| define(&bench, definition).await;
    let first = define(&definition("shoe_size")).await.unwrap();
    assert!(first.number() >= 100, "the product's own numbers are kept free");
    let mut changed = definition("shoe_size");
    changed.mask = Mask::LastFour;
    assert_eq!(define(&changed).await.unwrap(), first);
    assert_eq!(define(&definition("hat_size")).await.unwrap().number(), first.number() + 1);

    let fields = bench.vault.fields(bench.organisation).await.unwrap();
    assert_eq!(fields.iter().find(|field| field.id == first).unwrap().mask, Mask::LastFour);
    assert_eq!(fields.len(), 12);
    assert!(fields.iter().all(|field| !field.purposes.is_empty()));
}

#[tokio::test]
async fn only_the_name_is_ever_shown_without_a_mask() {
    let bench = Bench::new().await;
    let mut bare = definition("shoe_size");
    bare.mask = Mask::None;
    let refused = define(&bench, &bare).await;
    assert!(matches!(refused, Err(Error::Definition(_))));
    for field in bench.vault.fields(bench.organisation).await.unwrap() {
        assert_eq!(field.mask == Mask::None, field.name == "name", "{}", field.name);
    }
}

#[tokio::test]
async fn definitions_that_say_too_little_are_refused() {
    let bench = Bench::new().await;
    for spoil in [
        |definition: &mut FieldDefinition| definition.name = "Shoe Size".to_owned(),
        |definition: &mut FieldDefinition| definition.label = " ".to_owned(),
        |definition: &mut FieldDefinition| definition.purposes.clear(),
    ] {
        let mut definition = definition("shoe_size");
        spoil(&mut definition);
        let refused = define(&bench, &definition).await;
        assert!(matches!(refused, Err(Error::Definition(_))));
    }
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_refused_without_being_repeated() {
    let bench = Bench::new().await;
    let customer = bench.customer("maija@example.fi", "Maija").await;
    for (field, value) in [
        ("email", "maija at home"),
        ("phone", "040 123 4417"),
        ("birth_date", "12/31/1980"),
        ("iban", "FI21 1234 5600 0007 86"),
        ("language", "Suomi, kiitos"),
        ("company", "two\nlines"),
        ("note", "   "),
    ] {
        let error = bench.set(customer, field, value).await.unwrap_err();
        assert!(matches!(&error, Error::Value { field: refused, .. } if refused == field), "{field}");
        assert!(value.trim().is_empty() || !error.to_string().contains(value), "{error}");
    }
    assert!(bench.set(customer, "note", &"x".repeat(kernel::limits::VALUE_BYTES + 1)).await.is_err());
    assert_eq!(bench.masked(customer).await, ["name: Maija", "email: m•••@•••.fi"]);
}

#[tokio::test]
async fn a_value_replaces_the_one_before_and_a_contact_point_stands_beside_it() {
    let bench = Bench::new().await;
    let customer = bench.customer("maija@example.fi", "Maija").await;
    assert!(matches!(bench.set(customer, "name", "Maija Virtanen").await, Ok(Stored::Changed(_))));
    assert!(matches!(bench.set(customer, "name", " Maija Virtanen ").await, Ok(Stored::Unchanged)));
    assert!(matches!(bench.set(customer, "email", "M.Virtanen@Example.com").await, Ok(Stored::Changed(_))));
    assert!(matches!(bench.set(customer, "email", "m.virtanen@example.COM").await, Ok(Stored::Unchanged)));
    assert_eq!(bench.masked(customer).await, ["name: Maija Virtanen", "email: m•••@•••.fi", "email: M•••@•••.com"]);
    assert_eq!(bench.actions(customer).await, ["value.changed", "value.changed"], "what stayed leaves no entry");

    let other = bench.customer("other@example.fi", "Other").await;
    assert!(
        matches!(bench.set(other, "email", "maija@example.fi").await, Err(Error::Taken { field }) if field == "email")
    );
}
