//! The integration tests: one binary, folders per domain.

#[cfg(test)]
mod access;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod channels;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod security;
#[cfg(test)]
mod vault;
#[cfg(test)]
mod web;
