//! What can be asked for, one type for each: a permit for one action is no permit for another, and
//! the compiler says so.

use std::fmt;

use kernel::{ConversationId, CustomerId, QuarantineId};

use super::resource::{CustomerCase, Merge, OrganisationWide, Resource, Reveal};

/// Something that somebody wants to do.
pub trait Action: Send + Sync + 'static {
    /// What it is done to.
    type Resource: Resource;
    /// Its name in policies and in the log.
    const NAME: ActionName;
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident on $resource:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Action for $name {
                type Resource = $resource;
                const NAME: ActionName = ActionName::$name;
            }
        )*

        /// The name of an action, as policies and the log write it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ActionName {
            $($(#[$doc])* $name,)*
        }

        impl ActionName {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable word.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

actions! {
    /// Seeing lists and counts of conversations: names and subjects, no bodies.
    ListConversations on OrganisationWide;
    /// Opening a thread.
    ReadConversation on ConversationId;
    /// Writing a note into a conversation.
    AddNote on ConversationId;
    /// Answering the customer.
    Reply on ConversationId;
    /// Assigning, labelling, snoozing, resolving, reopening.
    MoveConversation on ConversationId;
    /// Looking for a customer by an exact contact point.
    FindCustomer on OrganisationWide;
    /// Seeing what is held of a customer, masked.
    ReadCustomer on CustomerCase;
    /// Changing what is held of a customer.
    EditCustomer on CustomerCase;
    /// Linking two customers that turned out to be one.
    MergeCustomers on Merge;
    /// Destroying a customer's keys.
    EraseCustomer on CustomerId;
    /// Taking customers in from a file.
    ImportCustomers on OrganisationWide;
    /// Seeing one value in the clear.
    RevealValue on Reveal;
    /// Seeing which mail lies in quarantine and why, without its content.
    ListQuarantine on OrganisationWide;
    /// Opening a mail in quarantine.
    ReadQuarantine on QuarantineId;
    /// Letting a mail out of quarantine.
    ReleaseQuarantine on QuarantineId;
    /// Reading the audit log.
    ReadLog on OrganisationWide;
    /// Changing the organisation's name, address and settings.
    ManageOrganisation on OrganisationWide;
    /// Inviting agents, giving and taking roles, ending sessions of others.
    ManageAgents on OrganisationWide;
    /// Setting up mail in and out.
    ManageChannels on OrganisationWide;
    /// Making and revoking bearer tokens.
    ManageTokens on OrganisationWide;
    /// Changing the data inventory.
    ManageInventory on OrganisationWide;
    /// Renaming and removing labels.
    ManageLabels on OrganisationWide;
}

impl fmt::Display for ActionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
