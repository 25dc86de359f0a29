//! What a sender, well-meaning or not, gets for the mail they send.

mod broken;
mod hostile;
mod machine;
mod page;
mod real;
mod whole;
