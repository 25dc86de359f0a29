//! What a page of a list needs of many customers at once: their keys and names in one query each.

use std::collections::HashMap;
use std::sync::Arc;

use db::{Tx, Value, id};
use envelope::SubjectId;
use kernel::{CustomerId, Id, OrganisationId, limits};

use super::{Column, Error, SubjectKeys, Vault, store};

/// Customers that turned out to be one and are looked at as one; of a longer list the rest is left out.
pub(super) const MERGED_CUSTOMERS: usize = 50;

/// The SQL list `($2, …, $101)` for a page of ids.
macro_rules! page_of_ids {
    () => {
        "($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, \
         $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, \
         $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63, $64, $65, $66, \
         $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78, $79, $80, $81, $82, $83, $84, $85, $86, $87, \
         $88, $89, $90, $91, $92, $93, $94, $95, $96, $97, $98, $99, $100, $101)"
    };
}
pub(crate) use page_of_ids;

const _: () = assert!(limits::PAGE_ROWS == 100, "the list of page_of_ids! is as long as a page");

/// The organisation and a page of ids, the last repeated until the list of `page_of_ids!` is full.
pub(crate) fn ids_of_page<'v, T: Id>(organisation: &'v OrganisationId, ids: &'v [T]) -> Vec<Value<'v>> {
    let mut values = Vec::with_capacity(1 + limits::PAGE_ROWS);
    values.push(id(organisation));
    values.extend(ids.iter().take(limits::PAGE_ROWS).map(id));
    let last = values.last().copied().unwrap_or(Value::Null);
    values.resize(1 + limits::PAGE_ROWS, last);
    values
}

impl Vault {
    /// The opened keys of many subjects; those whose keys are destroyed are missing.
    pub fn keys_of_page(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customers: &[CustomerId],
    ) -> Result<HashMap<CustomerId, Arc<SubjectKeys>>, Error> {
        let mut found = HashMap::with_capacity(customers.len());
        let mut missing = Vec::new();
        for customer in customers {
            match self.cached(organisation, SubjectId::from(*customer)) {
                Some(keys) => drop(found.insert(*customer, keys)),
                None => missing.push(*customer),
            }
        }
        missing.sort_unstable();
        missing.dedup();
        for page in missing.chunks(limits::PAGE_ROWS) {
            for (customer, rows) in store::keys_of_page(tx, organisation, page)? {
                found.insert(customer, self.open_keys(organisation, customer.into(), rows)?);
            }
        }
        Ok(found)
    }

    /// The names of many customers as case content; those without a name, or whose keys are not
    /// among `keys`, are missing.
    pub fn names_of_page(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        keys: &HashMap<CustomerId, Arc<SubjectKeys>>,
    ) -> Result<HashMap<CustomerId, String>, Error> {
        let customers: Vec<CustomerId> = keys.keys().copied().collect();
        let mut names = HashMap::with_capacity(customers.len());
        for page in customers.chunks(limits::PAGE_ROWS) {
            for (customer, value, sealed) in store::names_of_page(tx, organisation, page)? {
                let Some(keys) = keys.get(&customer) else { continue };
                match keys.open(Column::CustomerValue, value.bytes(), &sealed) {
                    Ok(name) => drop(names.insert(customer, String::from_utf8_lossy(&name).into_owned())),
                    // One damaged value must not hide a whole list; the audit of values finds it.
                    Err(error) => tracing::warn!(%customer, %error, "a sealed name does not open"),
                }
            }
        }
        Ok(names)
    }

    /// A customer and those who turned out to be that customer, themselves first.
    pub fn with_merged(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customer: CustomerId,
    ) -> Result<Vec<CustomerId>, Error> {
        let mut all = vec![customer];
        let mut next = 0;
        while let Some(into) = all.get(next).copied() {
            next += 1;
            for merged in store::merged_into(tx, organisation, into, MERGED_CUSTOMERS)? {
                if all.len() < MERGED_CUSTOMERS && !all.contains(&merged) {
                    all.push(merged);
                }
            }
        }
        Ok(all)
    }
}
