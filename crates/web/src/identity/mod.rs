//! Signing in, enrolling and the own account: pages around the `identity` domain. No page says what
//! was wrong with a sign-in, and no secret stands on a page twice.

mod account;
mod begun;
mod enrol;
mod password;
mod recovery;
mod sign_in;
mod trouble;
mod visitor;

pub(crate) use account::{
    account, add_passkey, begin_passkey, end_other_sessions, end_session, remove_passkey, remove_password,
    renew_recovery_codes, see_notice, set_profile,
};
pub(crate) use enrol::{begin_enrolment, enrol_with_passkey, enrol_with_password, enrolment, enrolment_with_password};
pub(crate) use password::{password, set_password};
pub(crate) use recovery::{recover, recovery};
pub(crate) use sign_in::{begin_sign_in, sign_in, sign_in_with_passkey, sign_in_with_password, sign_out};
pub(crate) use visitor::signed_in;
