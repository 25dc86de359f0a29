//! `doorward serve`: owns the data folder, answers HTTP and the other commands.

use std::sync::Arc;

use clap::Args;
use kernel::limits::{LARGE_BODIES_BYTES, OWNER_WAIT};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::Context;
use crate::control::{ControlSocket, serve_control};
use crate::exit::Failure;
use crate::operations::{HttpEntry, Operator};
use crate::owner::{Owner, Role};
use crate::shutdown;

// The address is the setting `listen`.
#[derive(Args)]
#[command(after_help = "Example:\n  doorward serve --listen 127.0.0.1:8480\n\n\
    Port 0 takes a free port; the address is printed once the entry answers. SIGINT and SIGTERM\n\
    finish what was begun; a second one ends at once.")]
pub(crate) struct ServeArguments {}

/// Printed once everything answers.
#[derive(Serialize)]
struct Ready {
    listening: String,
    pid: u32,
}

pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let settings = &context.settings;
    let shutdown = shutdown::on_signals()?;
    let owner = if settings.has_one_owner() {
        Some(Owner::take(&settings.data, Role::Serve, OWNER_WAIT, context.clock.as_ref()).await?)
    } else {
        None
    };
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| Failure::io(format_args!("cannot listen on {}", settings.listen), &error))?;
    let address = listener.local_addr().map_err(|error| Failure::io("cannot tell the address of the entry", &error))?;
    let opened = context.product.open(settings).await?;
    if let Err(refused) = opened.check_start().await {
        opened.close().await?;
        return Err(refused);
    }
    let large_bodies = Arc::new(Semaphore::new(LARGE_BODIES_BYTES));
    let socket = owner.as_ref().map(ControlSocket::bind).transpose()?;
    let control = socket.map(|socket| {
        let operator: Arc<dyn Operator> = opened.clone();
        tokio::spawn(serve_control(socket, operator, Arc::clone(&large_bodies), shutdown.clone()))
    });
    let ready = Ready { listening: format!("http://{address}"), pid: std::process::id() };
    context.output.answer(&ready, |output, ready| output.line(format_args!("listening on {}", ready.listening)))?;
    tracing::info!(%address, "serving");
    let entry = HttpEntry { listener, large_bodies, shutdown: shutdown.clone() };
    let served = opened.serve_http(entry).await;
    shutdown.cancel();
    if let Some(control) = control
        && control.await.is_err()
    {
        tracing::error!("the control socket died");
    }
    let closed = opened.close().await;
    drop(owner);
    tracing::info!("stopped");
    served.and(closed)
}
