//! The problems that a call of `deliver` reports to the operator: each once, and a bounded number of them.

use crate::support::error::Error;
use crate::support::limits::PROBLEMS_TOLD_MAX;

/// Adds a problem, unless it is in the list already or the list is full.
pub(crate) fn tell(problems: &mut Vec<String>, error: &Error) {
    let problem = error.to_string();
    if problems.len() < PROBLEMS_TOLD_MAX && !problems.contains(&problem) {
        problems.push(problem);
    }
}
