//! Finding whoever carries operations out: the process that serves the folder, or this one after
//! it took the folder.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::Clock;
use kernel::limits::OWNER_WAIT;
use serde::de::DeserializeOwned;

use crate::configuration::Settings;
use crate::control::Client;
use crate::exit::{Failure, Kind};
use crate::operations::{Call, Opened, Operation, Product};
use crate::owner::{Owner, Role, Try, refusal};
use crate::progress::{Progress, ProgressSink};

/// Pause between two looks at a folder that somebody holds.
const PAUSE: Duration = Duration::from_millis(25);

/// The way to an operator; many calls may go over it at once.
pub(crate) struct Reached {
    way: Way,
    organisation: Option<String>,
}

enum Way {
    /// Another process; idle connections are kept for the next call.
    Remote { data: PathBuf, idle: Mutex<Vec<Client>> },
    /// This process.
    Local { opened: Arc<dyn Opened>, _owner: Option<Owner> },
}

impl Reached {
    /// Speaks to the process that serves the folder; when nobody does, takes the folder, waiting
    /// up to [`OWNER_WAIT`] for another command.
    pub(crate) async fn find(settings: &Settings, product: &dyn Product, clock: &dyn Clock) -> Result<Self, Failure> {
        let organisation = settings.organisation.clone();
        let deadline = tokio::time::Instant::now() + OWNER_WAIT;
        let owner = loop {
            if !settings.has_one_owner() {
                break None;
            }
            match Client::connect(&settings.data).await {
                Ok(Some(client)) => {
                    let way = Way::Remote { data: settings.data.clone(), idle: Mutex::new(vec![client]) };
                    return Ok(Self { way, organisation });
                }
                Ok(None) => {}
                // Starting or stopping: the lock tells which.
                Err(failure) if failure.kind == Kind::TryAgain => {}
                Err(failure) => return Err(failure),
            }
            match Owner::attempt(&settings.data, Role::Command, clock)? {
                Try::Taken(owner) => break Some(owner),
                Try::Held(holder) if tokio::time::Instant::now() >= deadline => {
                    return Err(refusal(&settings.data, holder));
                }
                Try::Held(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        let opened = product.open(settings).await?;
        Ok(Self { way: Way::Local { opened, _owner: owner }, organisation })
    }

    /// Makes one call. `show` is told how far it is.
    pub(crate) async fn ask<A: DeserializeOwned>(
        &self,
        operation: Operation,
        body: Bytes,
        show: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<A, Failure> {
        let call = Call { organisation: self.organisation.clone(), operation };
        let answer = match &self.way {
            Way::Remote { data, idle } => {
                let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let mut client = match kept {
                    Some(client) => client,
                    None => Client::connect(data)
                        .await?
                        .ok_or_else(|| Failure::new(Kind::TryAgain, "the server went away: try again"))?,
                };
                let result = client.call(call, &body, show).await;
                if result.as_ref().err().is_none_or(|failure| failure.kind == Kind::NotFound) {
                    idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
                }
                result?
            }
            Way::Local { opened, .. } => run_here(Arc::clone(opened), call, body, show).await?,
        };
        serde_json::from_value(answer)
            .map_err(|_| Failure::new(Kind::Software, "the answer is not of the form that the command expects"))
    }

    /// Ends a local operator in good order.
    pub(crate) async fn finish(self) -> Result<(), Failure> {
        match self.way {
            Way::Remote { .. } => Ok(()),
            Way::Local { opened, .. } => opened.close().await,
        }
    }
}

/// Runs the call in a task, so that a fault of ours becomes an error with an exit code.
async fn run_here(
    opened: Arc<dyn Opened>,
    call: Call,
    body: Bytes,
    show: &mut (dyn FnMut(&Progress) + Send),
) -> Result<serde_json::Value, Failure> {
    let (sink, mut seen) = ProgressSink::channel();
    let mut run = tokio::spawn(async move { opened.run(call, body, &sink).await });
    loop {
        tokio::select! {
            biased;
            result = &mut run => {
                return result.unwrap_or_else(|_| {
                    Err(Failure::new(Kind::Software, "a fault of this program stopped the operation: see the log"))
                });
            }
            Ok(()) = seen.changed() => {
                let progress = seen.borrow_and_update().clone();
                show(&progress);
            }
        }
    }
}
