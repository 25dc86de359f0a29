//! Where the work on a conversation stands, and which steps lead from there to where.
//!
//! | from     | customer wrote | take up | resolve  | reopen | snooze  | wake | wait    |
//! |----------|----------------|---------|----------|--------|---------|------|---------|
//! | new      | new            | open    | resolved | –      | snoozed | –    | waiting |
//! | open     | open           | open    | resolved | –      | snoozed | –    | waiting |
//! | waiting  | open           | waiting | resolved | open   | snoozed | –    | –       |
//! | snoozed  | open           | snoozed | resolved | open   | snoozed | open | waiting |
//! | resolved | open           | –       | –        | open   | –       | –    | –       |

use std::fmt;
use std::str::FromStr;

/// Where the work on a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nobody has looked at it.
    New,
    /// It waits for us.
    Open,
    /// It waits for the customer.
    Waiting,
    /// It sleeps until a time, or until the customer writes.
    Snoozed,
    /// The matter is settled; a customer's message opens it again.
    Resolved,
}

/// What moves a conversation from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The customer wrote something that a person should read.
    CustomerWrote,
    /// An agent takes it.
    TakeUp,
    /// The matter is settled.
    Resolve,
    /// It is not settled after all, or there is more to do now.
    Reopen,
    /// It is put off until a time.
    Snooze,
    /// That time has come.
    Wake,
    /// We answered.
    Wait,
}

/// A step that does not lead on from where the conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the conversation is {state}, so it cannot be {}: look at it again", step.participle())]
pub struct Illegal {
    /// Where it stands.
    pub state: State,
    /// What was asked for.
    pub step: Step,
}

impl State {
    /// Every state, in the order of a conversation's life.
    pub const ALL: [Self; 5] = [Self::New, Self::Open, Self::Waiting, Self::Snoozed, Self::Resolved];

    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }

    /// Gives this state up for the one that follows; the table above.
    pub const fn after(self, step: Step) -> Result<Self, Illegal> {
        match (step, self) {
            (Step::CustomerWrote, _) => Ok(self.after_customer_wrote()),
            (Step::TakeUp, Self::New) => Ok(Self::Open),
            (Step::TakeUp, Self::Open | Self::Waiting | Self::Snoozed) => Ok(self),
            (Step::Resolve, Self::New | Self::Open | Self::Waiting | Self::Snoozed) => Ok(Self::Resolved),
            (Step::Reopen, Self::Waiting | Self::Snoozed | Self::Resolved) | (Step::Wake, Self::Snoozed) => {
                Ok(Self::Open)
            }
            (Step::Snooze, Self::New | Self::Open | Self::Waiting | Self::Snoozed) => Ok(Self::Snoozed),
            (Step::Wait, Self::New | Self::Open | Self::Snoozed) => Ok(Self::Waiting),
            (Step::TakeUp | Step::Resolve | Step::Snooze | Step::Wait, Self::Resolved)
            | (Step::Reopen, Self::New | Self::Open)
            | (Step::Wake, Self::New | Self::Open | Self::Waiting | Self::Resolved)
            | (Step::Wait, Self::Waiting) => Err(Illegal { state: self, step }),
        }
    }

    /// The state after the customer wrote something that a person should read: always a legal step.
    pub const fn after_customer_wrote(self) -> Self {
        match self {
            Self::New => Self::New,
            Self::Open | Self::Waiting | Self::Snoozed | Self::Resolved => Self::Open,
        }
    }
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 7] =
        [Self::CustomerWrote, Self::TakeUp, Self::Resolve, Self::Reopen, Self::Snooze, Self::Wake, Self::Wait];

    const fn participle(self) -> &'static str {
        match self {
            Self::CustomerWrote => "written to",
            Self::TakeUp => "assigned",
            Self::Resolve => "resolved",
            Self::Reopen => "reopened",
            Self::Snooze => "snoozed",
            Self::Wake => "woken",
            Self::Wait => "set to waiting",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown state {0:?}: choose new, open, waiting, snoozed or resolved")]
pub struct UnknownState(String);

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(word: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.word() == word).ok_or_else(|| UnknownState(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table at the head of this file is the contract: the code is held against its text.
    #[test]
    fn the_table_tells_every_step() {
        let lines: Vec<Vec<&str>> = include_str!("state.rs")
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .filter(|line| line.contains('|') && !line.contains("---"))
            .map(|line| line.trim_start_matches("//!").trim().trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        let (head, rows) = lines.split_first().unwrap();
        let steps = ["customer wrote", "take up", "resolve", "reopen", "snooze", "wake", "wait"];
        assert_eq!(head[1..], steps);
        assert_eq!(rows.len(), State::ALL.len());
        for row in rows {
            let from: State = row[0].parse().unwrap();
            for (told, step) in row[1..].iter().zip(Step::ALL) {
                let expected =
                    if *told == "–" { Err(Illegal { state: from, step }) } else { Ok(told.parse().unwrap()) };
                assert_eq!(from.after(step), expected, "{from} after {step:?}");
            }
        }
    }

    #[test]
    fn a_refusal_names_the_state() {
        let refused = State::Resolved.after(Step::Resolve).unwrap_err();
        assert_eq!(refused.to_string(), "the conversation is resolved, so it cannot be resolved: look at it again");
    }

    #[test]
    fn every_word_is_read_back_and_no_other() {
        for state in State::ALL {
            assert_eq!(state.word().parse(), Ok(state));
        }
        assert!("closed".parse::<State>().is_err());
    }
}
