//! Jobs, and the messages that erasures have marked.

use crate::ports::KeyRange;
use crate::store::id;
use crate::store::keys::families::KeyFamily::{Erasure, Job};
use crate::store::keys::lanes::Lane;
use crate::store::keys::ranges::prefix_after;

/// A job. It is named like a lane, and brought to a worker by timers of that name.
pub fn job(job: &Lane) -> String {
    format!("{Job}/{}", job.as_str())
}

/// A tenant's jobs, after this one.
pub fn jobs_after(tenant_part: &str, job: Option<&str>) -> KeyRange {
    prefix_after(format!("{Job}/{tenant_part}/"), job)
}

/// The one job of retention.
pub fn retention_job() -> Lane {
    own_job("retention")
}

/// The one job that redacts a tenant's messages.
pub fn redaction_job(tenant_part: &str) -> Lane {
    own_job(&format!("redaction/{tenant_part}"))
}

/// A job that no tenant has asked for: it is named by what it is for. No tenant is called `_` in keys.
fn own_job(purpose: &str) -> Lane {
    Lane::of("_", &format!("job_{}", id::derived("own-job", &[purpose])))
}

/// The messages that a job has marked, and no others, begin with this and `/`.
pub fn erasures(job: &Lane) -> String {
    format!("{Erasure}/{}", job.as_str())
}

/// A message that a job has marked.
pub fn erasure(job: &Lane, message: &str) -> String {
    format!("{}/{message}", erasures(job))
}
