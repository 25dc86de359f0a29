//! `doorward agent`: who works at the desk. A link is shown once and lets in once.

use clap::{Args, Subcommand};

use super::Context;
use crate::exit::Failure;
use crate::operations::{AgentDisabled, AgentInvited, Agents, Operation};

/// Works on agents.
#[derive(Subcommand)]
pub(crate) enum Agent {
    /// Invite an agent; the link is shown this once and is good once, for three days
    Invite(InviteArguments),
    /// List the agents, the oldest first
    #[command(after_help = "Example:\n  doorward agent list --json")]
    List,
    /// Keep an agent out at once; what the agent did stays on record
    #[command(after_help = "Example:\n  doorward agent disable maria@elm.example")]
    Disable {
        /// Id or address of the agent
        #[arg(value_name = "AGENT")]
        agent: String,
    },
    /// Let an agent in again who lost what to sign in with, or was disabled: shows another link
    #[command(after_help = "Example:\n  doorward agent reset maria@elm.example\n\n\
        Passkeys, password, recovery codes and sessions of the agent end at once.")]
    Reset {
        /// Id or address of the agent
        #[arg(value_name = "AGENT")]
        agent: String,
    },
}

#[derive(Args)]
#[command(after_help = "Example:\n  doorward agent invite maria@elm.example --role agent,lead --language fi")]
pub(crate) struct InviteArguments {
    /// Address of the agent
    #[arg(value_name = "ADDRESS")]
    address: String,
    /// What the agent's work is; several with commas
    #[arg(long = "role", value_name = "ROLE", value_delimiter = ',', default_value = "agent")]
    roles: Vec<String>,
    /// Language of the agent's pages until the agent chooses: en, de, fi, pl or ru
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
}

pub(crate) async fn run(context: &Context, command: Agent) -> Result<(), Failure> {
    match command {
        Agent::Invite(InviteArguments { address, roles, language }) => {
            link(context, Operation::AgentInvite { address, roles, language }).await
        }
        Agent::Reset { agent } => link(context, Operation::AgentReset { agent }).await,
        Agent::List => list(context).await,
        Agent::Disable { agent } => {
            let disabled: AgentDisabled = context.ask(Operation::AgentDisable { agent }).await?;
            context.output.answer(&disabled, |output, disabled: &AgentDisabled| {
                output.line(format_args!("disabled {}", disabled.id))
            })
        }
    }
}

async fn link(context: &Context, operation: Operation) -> Result<(), Failure> {
    let invited: AgentInvited = context.ask(operation).await?;
    context.output.answer(&invited, |output, invited: &AgentInvited| {
        output.line(&invited.enrolment_url)?;
        let until = invited.expires_at.short();
        output
            .line(format_args!("{}: give the link above to the agent; it is good once, until {until} UTC", invited.id))
    })
}

async fn list(context: &Context) -> Result<(), Failure> {
    let agents: Agents = context.ask(Operation::AgentList).await?;
    context.output.answer(&agents, |output, agents: &Agents| {
        if agents.agents.is_empty() {
            return output.line("no agents");
        }
        let rows: Vec<Vec<String>> = agents
            .agents
            .iter()
            .map(|row| {
                vec![row.id.to_string(), row.state.clone(), row.roles.join(","), row.name.clone(), row.address.clone()]
            })
            .collect();
        output.table(&["ID", "STATE", "ROLES", "NAME", "ADDRESS"], &rows)
    })
}
