//! What a writer or an administrator asked for that cannot be, in words that say what to do.

/// A wish that was refused. Texts hold no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody has set an address up.
    #[error("there is no address of ours to write from: add one first")]
    NoOwnAddress,
    /// Nothing by this id or address.
    #[error("there is no such address of ours")]
    UnknownOwnAddress,
    /// The address is ours already.
    #[error("this address is ours already: change it instead")]
    OwnAddressTaken,
    /// No more of them.
    #[error("an organisation has {} addresses of its own at most", super::OWN_ADDRESSES)]
    TooManyOwnAddresses,
    /// Mail still waits for it.
    #[error("mail still waits to leave by this address: remove it when that has left")]
    InUse,
    /// Not an address that mail can be sent to.
    #[error("this is no e-mail address that mail can be sent to: give one like name@example.org")]
    Address,
    /// A display name.
    #[error("a display name has at most {} characters on one line: shorten it", super::NAME_CHARS)]
    Name,
    /// A signature.
    #[error("a signature has at most {} bytes: shorten it", super::SIGNATURE_BYTES)]
    Signature,
    /// The settings of a mail server.
    #[error("the mail server cannot be set so: {0}")]
    Server(&'static str),
    /// There is none.
    #[error("there is no mail server for this address: set one up first")]
    NoServer,
    /// The time in which a mail can be taken back.
    #[error("mail can be held back for {} seconds at most", super::LONGEST_UNDO.as_secs())]
    Undo,
    /// Nobody to write to.
    #[error("nobody is named to write to: name a recipient")]
    NoRecipient,
    /// Too many.
    #[error("a mail goes to {} recipients at most: leave some out", super::RECIPIENTS)]
    TooManyRecipients,
    /// A mail to ourselves would come back as a customer's.
    #[error("one of the recipients is an address of ours: leave it out, or write a note instead")]
    OwnRecipient,
    /// The text.
    #[error("a mail has a text of at most {} bytes: shorten it, or attach it as a file", super::TEXT_BYTES)]
    Text,
    /// No text at all.
    #[error("the mail has no text: write one")]
    NoText,
    /// The subject.
    #[error("a subject has 1 to {} characters on one line: change it", kernel::limits::SUBJECT_CHARS)]
    Subject,
    /// Too many files, or too large together.
    #[error(
        "a mail takes {} files of {} MiB together at most: leave some out",
        super::FILES,
        super::FILES_BYTES / (1024 * 1024)
    )]
    Files,
    /// The message is not one of this conversation.
    #[error("there is no such message in this conversation")]
    NoMessage,
    /// An automatic answer to what no person wrote, or a second one to the same person.
    #[error("nothing answers this by itself: it was not written by a person, or was answered so already")]
    Automatic,
    /// What it concerns is gone.
    #[error("the customer of this conversation has been erased: nothing can be written any more")]
    Erased,
    /// It cannot be taken back.
    #[error("the mail is on its way already and cannot be taken back")]
    OnItsWay,
    /// No such mail of ours.
    #[error("there is no such mail of ours")]
    NoMail,
    /// It has not failed.
    #[error("this mail has not failed, so it is not sent again")]
    NotFailed,
}
