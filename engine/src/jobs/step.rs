//! One step of a job: its context, the job that it belongs to, and the commit that it becomes.

use crate::config::Config;
use crate::ports::Host;
use crate::store::commit::Commit;
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Job, JobState};
use crate::support::error::Error;
use crate::support::problems;

/// The context of every step: the host, the configuration, and the list of problems for the operator.
pub(crate) struct JobContext<'a> {
    pub host: &'a dyn Host,
    pub config: &'a Config,
    pub problems: &'a mut Vec<String>,
}

impl JobContext<'_> {
    /// Returns the host's time in milliseconds.
    pub(super) fn now_ms(&self) -> u64 {
        self.host.now_us() / 1_000
    }

    /// Draws the token of a commit.
    pub(super) fn token(&self) -> String {
        id::token(self.host)
    }

    /// Adds a problem to the report, once.
    pub(super) fn tell(&mut self, error: &Error) {
        problems::tell(self.problems, error);
    }
}

/// A job that this worker has leased.
pub(crate) struct Work {
    pub(super) lane: Lane,
    pub(super) version: u64,
    pub(super) job: Job,
    /// Steps made under this lease.
    pub(super) steps: u32,
    /// The shard's row has changed since the job was read, so no routing that read the subscriptions before can still commit.
    pub(super) fenced: bool,
}

/// The outcome of a step, before it is committed.
pub(super) struct Step {
    pub commit: Commit,
    /// The job as the commit writes it.
    pub job: Job,
    /// Time until the job can go on, in milliseconds. `None`: at once.
    pub pause_ms: Option<u64>,
    /// The next thing to look at has killed every worker that tried, so the step leaves it out.
    pub leaves_out: bool,
}

impl Step {
    /// Ends the job.
    pub(super) fn end(&mut self, state: JobState, detail: String) {
        self.job.state = state;
        self.job.detail = Some(detail);
    }

    /// Returns the number of rows that one step looks at: one, if workers did not come back from several.
    pub(super) fn rows_at_once(&self, most: u32) -> u32 {
        if self.job.single_steps.is_some() || self.leaves_out { 1 } else { most }
    }

    /// Returns true, and says so in the job, if the row is left out because no worker came back from it.
    pub(super) fn leaves_out_row(&mut self, key: &str) -> bool {
        if self.leaves_out {
            self.job.detail = Some(format!("the row '{key}' was left out: no worker came back from it"));
        }
        self.leaves_out
    }
}

/// Adds to a step that no routing commit which read the subscriptions before it can land after it: routing checks the shard's
/// row, and the step puts that row again unchanged. A change of the row by another commit has the same effect.
pub(super) fn fence(ctx: &JobContext<'_>, work: &Work, step: &mut Step) -> Result<(), Error> {
    if work.fenced {
        return Ok(());
    }
    let key = keys::shard(keys::shard_of(work.lane.tenant_part()));
    let (value, version) = match ctx.host.get_one(&key)? {
        Some(entry) => (entry.value, Some(entry.version)),
        None => (rows::encode(&rows::Shard::default()), None),
    };
    step.commit.check(&key, version);
    step.commit.put(key, value);
    Ok(())
}
