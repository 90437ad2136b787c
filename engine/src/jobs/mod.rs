//! Jobs: work that takes more than one commit. A worker makes their steps one at a time, between its deliveries.
//!
//! A step is one commit that checks the job's row and holds both the work done and how far the job has come, so the two
//! always agree; a repeated step conflicts. `row` writes a job's row and its timer, `step` is the shape of a step, each kind of
//! job has a file of its own, and `run` takes jobs up and commits their steps.

pub(crate) mod row;

mod step;

mod asks;
mod fate;
mod remove;

mod erase;
mod purge;
mod recover;
mod redaction;
mod replay;
mod retention;

mod agenda;
mod run;

pub(crate) use agenda::Agenda;
pub(crate) use run::{release, work};
pub(crate) use step::JobContext;

#[cfg(test)]
mod tests;
