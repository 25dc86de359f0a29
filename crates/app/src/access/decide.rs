//! One decision: the question is put to Cedar as native values, and the answer is a set of
//! obligations or the reason why not. Pure: it reads no row and writes none.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PrincipalConstraint, Request,
    Response, RestrictedExpression,
};
use kernel::Timestamp;

use super::obligation::Obligations;
use super::policies::{Policies, Rule, Slice};
use super::resource::{Case, Facts, FieldFacts, Object};
use super::{ActionName, Principal, Refusal, Refused};
use crate::Actor;
use crate::desk::State;
use crate::identity::Role;

type Attributes = HashMap<String, RestrictedExpression>;

const NAMELESS: &str = "a name of the schema is no name";

impl Policies {
    /// Decides about one question; `now` tells how long ago the sign-in was.
    pub fn decide(
        &self,
        principal: &Principal,
        action: ActionName,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Obligations, Refused> {
        let refused = |why| Refused { action, why, rule: None };
        let names = NAMES.as_ref().ok_or_else(|| refused(Refusal::Undecided))?;
        let who = Who::new(names, principal).ok_or_else(|| refused(Refusal::Role))?;
        let slice = self.slice(action).ok_or_else(|| refused(Refusal::Role))?;
        // Whoever is not meant by any policy learns nothing of what is there and how it stands.
        let offered = || slice.rules.values().filter(|rule| rule.permits && who.is_meant(&rule.principal));
        if offered().next().is_none() {
            return Err(refused(Refusal::Role));
        }
        if let Some(missing) = facts.missing {
            return Err(refused(missing));
        }
        let answer = ask(names, slice, principal, &who, action, facts, now).map_err(|error| {
            tracing::error!(%error, %action, "a decision could not be made");
            refused(Refusal::Undecided)
        })?;
        // A policy that cannot be evaluated might have been one that forbids.
        if let Some(error) = answer.diagnostics().errors().next() {
            tracing::error!(%error, %action, "a policy could not be evaluated");
            return Err(refused(Refusal::Undecided));
        }
        let reasons = || answer.diagnostics().reason().filter_map(|id| slice.rules.get(id));
        if answer.decision() == Decision::Allow {
            return Ok(reasons().fold(Obligations::default(), |all, rule| all.and(rule.obligations)));
        }
        let order = |rule: &&Arc<Rule>| (rule.refusal, Arc::clone(&rule.id));
        let forbids = reasons().min_by_key(order);
        let told = forbids.or_else(|| offered().max_by_key(order));
        Err(told.map_or_else(
            || refused(Refusal::Role),
            |rule| Refused { action, why: rule.refusal, rule: Some(Arc::clone(&rule.id)) },
        ))
    }
}

fn ask(
    names: &Names,
    slice: &Slice,
    principal: &Principal,
    who: &Who,
    action: ActionName,
    facts: &Facts,
    now: Timestamp,
) -> Result<Response, String> {
    static AUTHORIZER: LazyLock<Authorizer> = LazyLock::new(Authorizer::new);
    let (request, entities) = question(names, principal, who, action, facts, now)?;
    let entities = Entities::from_entities(entities, None).map_err(told)?;
    Ok(AUTHORIZER.is_authorized(&request, &slice.set, &entities))
}

/// The question as Cedar takes it. That it has the form of the schema is shown by a test and not
/// looked at each time.
fn question(
    names: &Names,
    principal: &Principal,
    who: &Who,
    action: ActionName,
    facts: &Facts,
    now: Timestamp,
) -> Result<(Request, Vec<Entity>), String> {
    let context = context(names, principal, facts, now)?;
    let resource = resource(names, principal, facts)?;
    let action = names.actions.get(&action).ok_or(NAMELESS)?.clone();
    let request = Request::new(who.uid.clone(), action, resource.uid(), context, None).map_err(told)?;
    let mut entities = Vec::with_capacity(3);
    if let Some(case) = facts.case.as_ref().filter(|_| facts.concerns.is_some()) {
        let uid = names.uid("Conversation", case.id.to_string()).ok_or(NAMELESS)?;
        entities.push(Entity::new(uid, standing(names, case)?, HashSet::new()).map_err(told)?);
    }
    entities.push(Entity::new_no_attrs(who.uid.clone(), who.parents.clone()));
    entities.push(resource);
    Ok((request, entities))
}

/// Holds a question against the schema.
#[cfg(test)]
pub(super) fn conforms(
    schema: &cedar_policy::Schema,
    principal: &Principal,
    action: ActionName,
    facts: &Facts,
    now: Timestamp,
) -> Result<(), String> {
    let names = NAMES.as_ref().ok_or(NAMELESS)?;
    let who = Who::new(names, principal).ok_or(NAMELESS)?;
    let (request, entities) = question(names, principal, &who, action, facts, now)?;
    let context = context(names, principal, facts, now)?;
    let [Some(who), Some(action), Some(what)] = [request.principal(), request.action(), request.resource()] else {
        return Err(NAMELESS.to_owned());
    };
    Request::new(who.clone(), action.clone(), what.clone(), context, Some(schema)).map_err(told)?;
    Entities::from_entities(entities, Some(schema)).map(drop).map_err(told)
}

/// The names of the schema, parsed once.
struct Names {
    types: HashMap<&'static str, EntityTypeName>,
    roles: Vec<(Role, EntityUid)>,
    actions: HashMap<ActionName, EntityUid>,
}

/// None only when the names below were no names, which every decision would tell.
static NAMES: LazyLock<Option<Names>> = LazyLock::new(Names::new);

const TYPES: [&str; 12] = [
    "Action",
    "Role",
    "Scope",
    "Agent",
    "Token",
    "Operator",
    "System",
    "Organisation",
    "Conversation",
    "Customer",
    "Value",
    "QuarantinedMail",
];

impl Names {
    fn new() -> Option<Self> {
        let types = TYPES.into_iter().map(|name| Some((name, name.parse().ok()?))).collect::<Option<_>>()?;
        let mut names = Self { types, roles: Vec::new(), actions: HashMap::new() };
        names.roles =
            Role::ALL.iter().map(|role| Some((*role, names.uid("Role", role.word())?))).collect::<Option<_>>()?;
        let actions = ActionName::ALL.iter().map(|action| Some((*action, names.uid("Action", action.word())?)));
        names.actions = actions.collect::<Option<_>>()?;
        Some(names)
    }

    fn uid(&self, of_type: &str, id: impl AsRef<str>) -> Option<EntityUid> {
        let name = self.types.get(of_type)?.clone();
        Some(EntityUid::from_type_name_and_id(name, EntityId::new(id)))
    }
}

/// Who asks, with all that they are.
struct Who {
    uid: EntityUid,
    parents: HashSet<EntityUid>,
}

impl Who {
    fn new(names: &Names, principal: &Principal) -> Option<Self> {
        let uid = match principal.actor() {
            Actor::Agent(id) => names.uid("Agent", id.to_string()),
            Actor::Token(id) => names.uid("Token", id.to_string()),
            Actor::Operator => names.uid("Operator", "command line"),
            Actor::System => names.uid("System", "doorward"),
            // A customer has no part in the desk's policies.
            Actor::Customer(_) => None,
        };
        let has = |(role, uid): &(Role, EntityUid)| principal.roles().has(*role).then(|| uid.clone());
        let scopes = principal.scopes().iter().map(|scope| names.uid("Scope", scope.word()));
        let roles = names.roles.iter().filter_map(has).map(Some);
        Some(Self { uid: uid?, parents: roles.chain(scopes).collect::<Option<_>>()? })
    }

    /// Whether the head of a policy means them.
    fn is_meant(&self, head: &PrincipalConstraint) -> bool {
        let is_in = |group: &EntityUid| self.uid == *group || self.parents.contains(group);
        match head {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Eq(uid) => self.uid == *uid,
            PrincipalConstraint::In(group) => is_in(group),
            PrincipalConstraint::Is(name) => self.uid.type_name() == name,
            PrincipalConstraint::IsIn(name, group) => self.uid.type_name() == name && is_in(group),
        }
    }
}

fn resource(names: &Names, principal: &Principal, facts: &Facts) -> Result<Entity, String> {
    let (uid, attributes) = match facts.object {
        Object::Organisation => (names.uid("Organisation", principal.organisation().to_string()), HashMap::new()),
        Object::Conversation(id) => {
            let attributes = facts.case.as_ref().map(|case| standing(names, case)).transpose()?;
            (names.uid("Conversation", id.to_string()), attributes.unwrap_or_default())
        }
        Object::Customer(id) => (names.uid("Customer", id.to_string()), HashMap::new()),
        Object::Value(id) => (names.uid("Value", id.to_string()), facts.field.as_ref().map(field).unwrap_or_default()),
        Object::Quarantined(id) => (names.uid("QuarantinedMail", id.to_string()), HashMap::new()),
    };
    Entity::new(uid.ok_or(NAMELESS)?, attributes, HashSet::new()).map_err(told)
}

fn standing(names: &Names, case: &Case) -> Result<Attributes, String> {
    let mut attributes = HashMap::from([
        ("state".to_owned(), RestrictedExpression::new_string(case.state.word().to_owned())),
        ("open".to_owned(), RestrictedExpression::new_bool(case.state != State::Resolved)),
    ]);
    if let Some(agent) = case.assignee {
        let agent = names.uid("Agent", agent.to_string()).ok_or(NAMELESS)?;
        attributes.insert("assignee".to_owned(), RestrictedExpression::new_entity_uid(agent));
    }
    Ok(attributes)
}

fn field(field: &FieldFacts) -> Attributes {
    let purposes = field.purposes.iter().map(|purpose| RestrictedExpression::new_string(purpose.to_string()));
    HashMap::from([
        ("field".to_owned(), RestrictedExpression::new_string(field.name.clone())),
        ("purposes".to_owned(), RestrictedExpression::new_set(purposes)),
    ])
}

fn context(names: &Names, principal: &Principal, facts: &Facts, now: Timestamp) -> Result<Context, String> {
    let mut pairs: Vec<(String, RestrictedExpression)> = Vec::with_capacity(4);
    if let Some(sign_in) = principal.sign_in() {
        let minutes = i64::try_from(now.since(sign_in.at).as_secs() / 60).unwrap_or(i64::MAX);
        let session = [
            ("passkey".to_owned(), RestrictedExpression::new_bool(sign_in.passkey)),
            ("minutes".to_owned(), RestrictedExpression::new_long(minutes)),
        ];
        pairs.push(("session".to_owned(), RestrictedExpression::new_record(session).map_err(told)?));
    }
    if let Some(concerns) = facts.concerns {
        pairs.push(("concerns".to_owned(), RestrictedExpression::new_bool(concerns)));
        if let Some(case) = facts.case {
            let uid = names.uid("Conversation", case.id.to_string()).ok_or(NAMELESS)?;
            pairs.push(("conversation".to_owned(), RestrictedExpression::new_entity_uid(uid)));
        }
    }
    if let Some(purpose) = &facts.purpose {
        pairs.push(("purpose".to_owned(), RestrictedExpression::new_string(purpose.to_string())));
    }
    Context::from_pairs(pairs).map_err(told)
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
