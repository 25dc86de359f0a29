//! People of the house who do things in tests. Each asks the policies first and for real, as the
//! product does; a refusal is the error that the act itself would have.

use std::ops::Deref;

use app::access::{Action, CustomerCase, Merge, OrganisationWide, Permit, Principal, action};
use app::desk::{self, Assignee, Counts, Desk, Filter, Page, PageRequest, Thread, ThreadRequest};
use app::identity::{Role, Roles};
use app::vault::{self, Erased, Import, ImportError, Imported, MaskedValue, Merged, SetValue, Stored};
use app::{Actor, App, access};
use kernel::{AgentId, ConversationId, CustomerId, Id, NoteId, OrganisationId, Timestamp};

/// An agent whom no test knows by name.
pub fn agent() -> Actor {
    Actor::Agent(AgentId::from_bytes([0xA6; 16]))
}

/// Asks as an agent with roles; `actor` is [`agent`] or one that a test has made.
pub async fn permit_as<A: Action>(
    app: &App,
    organisation: OrganisationId,
    (actor, roles): (Actor, impl Into<Roles>),
    resource: A::Resource,
) -> Result<Permit<A>, access::Error> {
    let principal = match actor {
        Actor::Agent(agent) => Principal::agent(organisation, agent, roles.into()),
        Actor::Operator => Principal::operator(organisation),
        _ => Principal::system(organisation),
    };
    app.access.permit(&principal, resource).await
}

/// The desk as people use it. What needs no permission is the desk's own.
pub struct StaffedDesk<'a> {
    app: &'a App,
}

/// The desk of a product, staffed.
pub fn desk(app: &App) -> StaffedDesk<'_> {
    StaffedDesk { app }
}

impl Deref for StaffedDesk<'_> {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.app.desk
    }
}

impl StaffedDesk<'_> {
    async fn may<A: Action>(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        resource: A::Resource,
    ) -> Result<Permit<A>, desk::Error> {
        Ok(permit_as(self.app, organisation, (actor, Role::Agent), resource).await?)
    }

    /// One page of a list.
    pub async fn list(
        &self,
        organisation: OrganisationId,
        filter: Filter,
        page: PageRequest,
    ) -> Result<Page, desk::Error> {
        let permit = self.may(organisation, agent(), OrganisationWide).await?;
        self.app.desk.list(&permit, filter, page).await
    }

    /// Counts by state.
    pub async fn counts(&self, organisation: OrganisationId, assignee: Assignee) -> Result<Counts, desk::Error> {
        self.app.desk.counts(&self.may(organisation, agent(), OrganisationWide).await?, assignee).await
    }

    /// Names of labels.
    pub async fn labels(&self, organisation: OrganisationId) -> Result<Vec<String>, desk::Error> {
        self.app.desk.labels(&self.may(organisation, agent(), OrganisationWide).await?).await
    }

    /// Opens a thread.
    pub async fn show(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
        page: ThreadRequest,
    ) -> Result<Thread, desk::Error> {
        let permit = self.may(organisation, actor, conversation).await?;
        self.app.desk.show(&permit, page).await
    }

    /// Gives a conversation to an agent.
    pub async fn assign(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
        from: Option<AgentId>,
        to: AgentId,
    ) -> Result<(), desk::Error> {
        let permit = self.may(organisation, actor, conversation).await?;
        self.app.desk.assign(&permit, from, to).await
    }

    /// Puts a conversation back.
    pub async fn unassign(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
        from: AgentId,
    ) -> Result<(), desk::Error> {
        let permit = self.may(organisation, actor, conversation).await?;
        self.app.desk.unassign(&permit, from).await
    }

    /// Settles a matter.
    pub async fn resolve(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
    ) -> Result<(), desk::Error> {
        self.app.desk.resolve(&self.may(organisation, actor, conversation).await?).await
    }

    /// Opens it again.
    pub async fn reopen(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
    ) -> Result<(), desk::Error> {
        self.app.desk.reopen(&self.may(organisation, actor, conversation).await?).await
    }

    /// Waits for the customer.
    pub async fn wait(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
    ) -> Result<(), desk::Error> {
        self.app.desk.wait(&self.may(organisation, actor, conversation).await?).await
    }

    /// Puts it off.
    pub async fn snooze(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
        until: Timestamp,
    ) -> Result<(), desk::Error> {
        self.app.desk.snooze(&self.may(organisation, actor, conversation).await?, until).await
    }

    /// Puts a label on.
    pub async fn label(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
        name: &str,
    ) -> Result<(), desk::Error> {
        self.app.desk.label(&self.may(organisation, actor, conversation).await?, name).await
    }

    /// Takes a label off.
    pub async fn unlabel(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
        name: &str,
    ) -> Result<(), desk::Error> {
        self.app.desk.unlabel(&self.may(organisation, actor, conversation).await?, name).await
    }

    /// Writes a note.
    pub async fn add_note(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
        text: &str,
    ) -> Result<NoteId, desk::Error> {
        self.app.desk.add_note(&self.may(organisation, actor, conversation).await?, text).await
    }
}

/// The vault as a privacy officer and somebody at the command line use it.
pub struct StaffedVault<'a> {
    app: &'a App,
}

/// The vault of a product, staffed.
pub fn vault(app: &App) -> StaffedVault<'_> {
    StaffedVault { app }
}

impl StaffedVault<'_> {
    async fn officer<A: Action>(
        &self,
        organisation: OrganisationId,
        resource: A::Resource,
    ) -> Result<Permit<A>, vault::Error> {
        Ok(permit_as(self.app, organisation, (agent(), Role::PrivacyOfficer), resource).await?)
    }

    async fn operator<A: Action>(
        &self,
        organisation: OrganisationId,
        resource: A::Resource,
    ) -> Result<Permit<A>, vault::Error> {
        Ok(self.app.access.permit(&Principal::operator(organisation), resource).await?)
    }

    /// Holds a value from now on.
    pub async fn set_value(
        &self,
        organisation: OrganisationId,
        customer: CustomerId,
        field: &str,
        value: &str,
    ) -> Result<Stored, vault::Error> {
        let permit: Permit<action::EditCustomer> =
            self.officer(organisation, CustomerCase { customer, conversation: None }).await?;
        self.app.vault.set_value(&self.app.audit, &permit, SetValue { field, value }).await
    }

    /// Everything held of a customer, masked.
    pub async fn masked(
        &self,
        organisation: OrganisationId,
        customer: CustomerId,
    ) -> Result<Vec<MaskedValue>, vault::Error> {
        let permit = self.officer(organisation, CustomerCase { customer, conversation: None }).await?;
        self.app.vault.masked(&permit).await
    }

    /// Links two customers.
    pub async fn merge(
        &self,
        organisation: OrganisationId,
        from: CustomerId,
        into: CustomerId,
    ) -> Result<Merged, vault::Error> {
        let permit = self.operator(organisation, Merge { from, into }).await?;
        self.app.vault.merge(&self.app.audit, &permit).await
    }

    /// Erases a customer.
    pub async fn erase(
        &self,
        organisation: OrganisationId,
        customer: CustomerId,
        reason: &str,
    ) -> Result<Erased, vault::Error> {
        let permit = self.operator(organisation, customer).await?;
        self.app.vault.erase(&self.app.audit, &permit, reason).await
    }

    /// Takes in a file of customers.
    pub async fn import(
        &self,
        organisation: OrganisationId,
        import: &Import,
        text: &str,
    ) -> Result<Imported, ImportError> {
        let permit = self.operator(organisation, OrganisationWide).await?;
        self.app.vault.import(&self.app.audit, &permit, import, text.as_bytes(), |_| {}).await
    }
}
