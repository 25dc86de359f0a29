//! The integration tests: one binary, folders per domain.

#[cfg(test)]
mod access;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod channels;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod web;
