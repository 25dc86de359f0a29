//! What somebody with database rights cannot do unnoticed, and what a crash or a race leaves behind.

mod crash;
mod fold;
mod house;
mod read;
mod start;
mod verify;
