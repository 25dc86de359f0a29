//! Devices on which an agent signed in before: a signed cookie gives them a budget of attempts of
//! their own, so that strangers who guess cannot lock the agent out (OWASP's device cookies). The
//! cookie opens nothing.

use aws_lc_rs::constant_time;
use kernel::{AgentId, Id, OrganisationId};
use zeroize::Zeroizing;

use super::{Error, Identity};
use crate::secret_text::{Carried, SECRET_BYTES, SecretText};
use crate::vault::Index;

/// The first half of what is secret is random, the second its keyed hash.
const HALF: usize = SECRET_BYTES / 2;

impl Carried for AgentId {
    const BEGINS: &'static str = "dwd_";
}

/// A device that is known to an agent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) organisation: OrganisationId,
    pub(super) agent: AgentId,
    pub(super) mark: [u8; HALF],
}

impl Identity {
    /// The cookie for a device on which an agent signs in.
    pub(super) fn new_device(&self, organisation: OrganisationId, agent: AgentId) -> Result<Zeroizing<String>, Error> {
        let mark = self.context.entropy.array::<HALF>();
        let signature = self.device_signature(organisation, agent, &mark)?;
        let mut secret = Zeroizing::new([0; SECRET_BYTES]);
        for (to, from) in secret.iter_mut().zip(mark.iter().chain(&signature)) {
            *to = *from;
        }
        Ok(SecretText::with_secret(organisation, agent, &secret).text())
    }

    /// Whose device a cookie says it is; none when this installation did not sign it.
    pub(super) fn known_device(&self, cookie: &str) -> Option<Device> {
        let text = SecretText::<AgentId>::parse(cookie)?;
        let (organisation, agent, secret) = (text.organisation(), text.id(), text.secret());
        let (mark, signature) = secret.split_first_chunk::<HALF>()?;
        let signed = self.device_signature(organisation, agent, mark).ok()?;
        let is_ours = constant_time::verify_slices_are_equal(signed.get(..HALF)?, signature).is_ok();
        is_ours.then_some(Device { organisation, agent, mark: *mark })
    }

    fn device_signature(
        &self,
        organisation: OrganisationId,
        agent: AgentId,
        mark: &[u8; HALF],
    ) -> Result<[u8; 32], Error> {
        Ok(self.vault.blind(organisation, Index::Device, &[agent.bytes().as_slice(), mark].concat())?)
    }
}
