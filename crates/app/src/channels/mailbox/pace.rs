//! How patiently mailboxes are watched.

use std::time::Duration;

/// Times of watching. The usual ones are the default.
#[derive(Clone, Copy, Debug)]
pub struct MailboxPace {
    /// How often mailboxes that nobody reads are looked for.
    pub look: Duration,
    /// How long one wait for news lasts before it is begun anew. RFC 2177 allows 29 minutes; a
    /// router between forgets a silent connection much sooner, and then mail would wait unheard.
    pub idle: Duration,
    /// How often a server without IDLE is asked.
    pub poll: Duration,
    /// How long a process that died keeps others from reading.
    pub lease: Duration,
    /// How long a server may be silent while something is expected of it.
    pub silence: Duration,
    /// The first pause after trouble; each further one is twice as long.
    pub back_off: Duration,
    /// The longest pause after trouble.
    pub longest_back_off: Duration,
    /// The pause after a refused log-in: servers lock out who tries a wrong password often.
    pub refused: Duration,
}

impl Default for MailboxPace {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(15),
            idle: Duration::from_mins(5),
            poll: Duration::from_mins(1),
            lease: Duration::from_mins(1),
            silence: Duration::from_mins(1),
            back_off: Duration::from_secs(5),
            longest_back_off: Duration::from_mins(5),
            refused: Duration::from_mins(15),
        }
    }
}
