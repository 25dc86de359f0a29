//! `doorward token`: bearer tokens for the HTTP interface, seen once and kept as a hash.

use clap::{Args, Subcommand};
use kernel::TokenId;

use super::Context;
use crate::exit::Failure;
use crate::operations::{Operation, TokenCreated, TokenRevoked, Tokens};

/// Works on tokens.
#[derive(Subcommand)]
pub(crate) enum Token {
    /// Make a token; its text is shown this once
    Create(CreateArguments),
    /// List the tokens, the newest first
    #[command(after_help = "Example:\n  doorward token list")]
    List,
    /// Revoke a token at once
    #[command(after_help = "Example:\n  doorward token revoke tok_01jd0000000000000000000000")]
    Revoke {
        /// Id of the token
        #[arg(value_name = "ID")]
        token: TokenId,
    },
}

#[derive(Args)]
#[command(after_help = "Example:\n  doorward token create --scope mail:write --name mail-server --json")]
pub(crate) struct CreateArguments {
    /// What the token may; several with commas
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',')]
    scopes: Vec<String>,
    /// What the token is for
    #[arg(long, value_name = "TEXT", default_value = "unnamed")]
    name: String,
}

pub(crate) async fn run(context: &Context, command: Token) -> Result<(), Failure> {
    match command {
        Token::Create(CreateArguments { scopes, name }) => {
            let created: TokenCreated = context.ask(Operation::TokenCreate { name, scopes }).await?;
            context.output.answer(&created, |output, created: &TokenCreated| {
                output.line(&created.token)?;
                output.line(format_args!("{}: keep the text above, it is not shown again", created.id))
            })
        }
        Token::List => {
            let tokens: Tokens = context.ask(Operation::TokenList).await?;
            context.output.answer(&tokens, |output, tokens: &Tokens| {
                if tokens.tokens.is_empty() {
                    return output.line("no tokens");
                }
                let rows: Vec<Vec<String>> = tokens
                    .tokens
                    .iter()
                    .map(|row| {
                        vec![
                            row.id.to_string(),
                            row.created_at.short(),
                            row.revoked_at
                                .map_or_else(|| "in force".to_owned(), |at| format!("revoked {}", at.short())),
                            row.scopes.join(","),
                            row.name.clone(),
                        ]
                    })
                    .collect();
                output.table(&["ID", "MADE (UTC)", "STATE", "SCOPES", "NAME"], &rows)
            })
        }
        Token::Revoke { token } => {
            let revoked: TokenRevoked = context.ask(Operation::TokenRevoke { token }).await?;
            context
                .output
                .answer(&revoked, |output, revoked: &TokenRevoked| output.line(format_args!("revoked {}", revoked.id)))
        }
    }
}
