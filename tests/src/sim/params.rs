//! Draws what kind of world a seed is: how many workers, how much work, and which faults at which rates. Every seed has
//! faults of its own (a swarm), because a fault that is always there hides what happens without it.

use hookwright_engine::limits::{CLOCK_SKEW_MS_MAX, DISABLE_AFTER_S, LEASE_MARGIN_MS, LEASE_SENDING_MS};

use super::rng::Rng;
use super::statuses;

/// The world of one seed. Rates are per ten thousand.
#[derive(Clone, Debug)]
pub struct Params {
    /// Instances that deliver.
    pub workers: usize,
    /// Tenants.
    pub tenants: usize,
    /// Instances of the application.
    pub applications: usize,
    /// The largest number of actions of each.
    pub actions: u32,
    /// How long faults last, in milliseconds.
    pub fault_phase_ms: u64,
    /// The profile.
    pub profile: &'static str,
    /// Webhooks there are from the start.
    pub webhooks: u32,
    /// More of them than one routing commit can serve.
    pub fan_out: bool,
    /// How long a healthy receiver takes to answer, at most, in microseconds.
    pub answer_us_max: u64,
    /// How long an application rests between two actions, at most, in microseconds.
    pub pause_us_max: u64,
    /// How many of ten actions change webhooks.
    pub changes: u64,
    /// How many of twenty of the other actions are redeliveries.
    pub redeliveries: u64,
    /// Everybody wants the same lane at the same time.
    pub hot: bool,
    /// The longest storage call without a stall, in microseconds.
    pub storage_us_max: u64,
    /// The longest time by which a commit takes longer than a read, in microseconds. It lets other calls act between
    /// the two.
    pub commit_us_max: u64,
    /// How many of ten webhooks want strict order.
    pub strict: u64,
    /// How many of ten webhooks set statuses of success or statuses that end a message.
    pub statuses: u64,
    /// How many of ten changes of a webhook pause it or end its pause.
    pub pauses: u64,
    /// How many of twenty actions are about jobs.
    pub jobs: u64,
    /// How many of a flaky receiver's answers, of ten thousand, ask to be sent less.
    pub wishes: u32,
    /// The role whose commits are slow.
    pub slow_commits: SlowCommits,
    /// Workers have time enough, so that how long a healthy webhook waits can be judged.
    pub patient: bool,
    /// Some receivers lie, redirect, answer garbage, or come back after days.
    pub odd: bool,
    /// How many of ten thousand calls are those of strangers, who ask for what is not theirs.
    pub strangers: u32,
    /// When the store goes back to a backup.
    pub restore: Option<Plan>,
    /// One of this number of events is poison; 0: none is.
    pub poison: u32,
    /// Retention of messages, in seconds; 0: without limit.
    pub retention_s: u32,
    /// How many of twenty actions erase a subject.
    pub erasures: u64,
    /// How many of twenty actions change whether a tenant keeps bodies.
    pub settings: u64,
    /// Time for which a webhook may fail, in seconds; 0: without limit.
    pub disable_after_s: u32,
    /// How many deliveries in a row may fail; 0: all.
    pub disable_after_deliveries: u32,
    /// Some webhooks have wide patterns or exclusions.
    pub wide: bool,
    /// Some jobs have a filter.
    pub filters: bool,
    /// The faults.
    pub faults: Faults,
}

/// The role whose commits are slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlowCommits {
    /// Both roles commit alike.
    Alike,
    /// The platform's take longer than the schedule's waits: attempts end between a redelivery's read and its commit.
    OfPlatform,
    /// The workers' take longer than the platform's calls: a webhook is registered, and a message redelivered to it,
    /// while the commit that routes the message is in progress.
    OfWorkers,
}

/// How often what goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// An instance is gone at a call.
    pub crash: u32,
    /// A read fails.
    pub read_fails: u32,
    /// A commit is refused before it is applied.
    pub not_applied: u32,
    /// A commit is applied and answered `unknown`.
    pub unknown_applied: u32,
    /// A commit is not applied and answered `unknown`.
    pub unknown_dropped: u32,
    /// A commit is answered `unknown` and arrives later.
    pub unknown_late: u32,
    /// An instance stands still for up to 90 seconds.
    pub stall: u32,
    /// A clock jumps within its bound.
    pub clock_jump: u32,
    /// How far a clock is off, at most, in milliseconds.
    pub clock_off_ms_max: u64,
    /// A request meets a broken network.
    pub network: u32,
    /// A receiver answers something else than success, for each webhook that is drawn unhealthy.
    pub receiver: u32,
    /// A transaction of the platform is lost.
    pub transaction_lost: u32,
    /// The host asks an instance to finish.
    pub drain: u32,
    /// A request ends at its timeout, and its sender is never told.
    pub completion_lost: u32,
}

impl Params {
    /// Draws the parameters of a seed.
    pub fn draw(seed: u64) -> Params {
        let mut rng = Rng::of(seed, "params", 0);
        let fan_out = rng.below(1_000) == 0;
        let hot = !fan_out && rng.below(4) == 0;
        let redeliveries = match (fan_out, hot) {
            (true, _) => 0,
            // Where several want the same delivery at once, most of what can go wrong with redeliveries does.
            (_, true) => rng.pick(&[0, 3, 10, 10, 10, 10]),
            _ => rng.pick(&[0, 1, 3, 10]),
        };
        // A stream of its own: other seeds stay as they were.
        let mut kept = Rng::of(seed, "kept", 0);
        let mut some = |choices: &[u64]| if kept.below(5) == 0 { kept.pick(choices) } else { 0 };
        let mut health = Rng::of(seed, "health", 0);
        let mut params = Params {
            retention_s: u32::try_from(some(&[60, 300, 1_800])).unwrap_or(0),
            erasures: some(&[1, 4]),
            settings: some(&[1, 3]),
            workers: if hot { 4 } else { rng.pick(&[1, 2, 2, 2, 3, 3]) },
            applications: if hot { 2 } else { rng.pick(&[1, 1, 2]) },
            tenants: if hot || fan_out { 1 } else { rng.pick(&[1, 2, 3]) },
            actions: match (fan_out, hot) {
                (true, _) => 2,
                (_, true) => 30,
                _ => rng.pick(&[4, 8, 12, 20]),
            },
            fault_phase_ms: rng.pick(&[20_000, 120_000, 600_000]),
            slow_commits: SlowCommits::Alike,
            patient: !hot && !fan_out && Rng::of(seed, "patient", 0).below(4) == 0,
            odd: Rng::of(seed, "odd", 0).below(4) == 0,
            strangers: 0,
            restore: None,
            profile: rng.pick(&["standard", "standard", "standard", "perfex-assets"]),
            webhooks: match (fan_out, hot) {
                (true, _) => 410,
                (_, true) => 1,
                _ => rng.pick(&[1, 2, 3, 5]),
            },
            hot,
            fan_out,
            answer_us_max: rng.pick(&[20_000, 200_000, 8_000_000]),
            pause_us_max: match (hot, redeliveries) {
                (true, _) => 2_000_000,
                // Ended and waiting deliveries can be sent again only later.
                (_, 10) => rng.pick(&[1_000_000, 10_000_000, 60_000_000]),
                _ => rng.pick(&[1_000, 1_000_000, 20_000_000]),
            },
            changes: rng.pick(&[0, 1, 1, 8]),
            redeliveries,
            storage_us_max: rng.pick(&[500, 5_000, 100_000, 1_000_000]),
            commit_us_max: if hot { rng.pick(&[0, 300_000, 2_000_000]) } else { 0 },
            // Streams of their own: other seeds stay as they were.
            strict: strict(seed, fan_out, hot),
            statuses: statuses::drawn(seed, fan_out),
            pauses: 0,
            jobs: if fan_out { 0 } else { Rng::of(seed, "jobs", 0).pick(&[0, 0, 2, 6]) },
            wishes: if Rng::of(seed, "wishes", 0).below(8) == 0 { 1_000 } else { 0 },
            poison: poison(seed, fan_out),
            disable_after_s: match health.below(8) {
                0 => health.pick(&[60, 600, 3_600]),
                _ => DISABLE_AFTER_S,
            },
            disable_after_deliveries: if health.below(8) == 0 { health.pick(&[1, 2, 5]) } else { 0 },
            wide: !fan_out && Rng::of(seed, "patterns", 0).below(3) == 0,
            filters: Rng::of(seed, "filters", 0).below(2) == 0,
            faults: Faults::draw(&mut rng, redeliveries == 10),
        };
        params.reconcile(seed);
        params
    }

    /// Changes what was drawn where it does not go together, and draws what depends on the rest.
    fn reconcile(&mut self, seed: u64) {
        if self.patient && Rng::of(seed, "patient", 1).below(3) > 0 {
            self.only_receivers_fail();
        }
        if self.hot && self.redeliveries == 10 {
            self.race(seed);
        }
        if !self.hot && self.retention_s == 60 {
            // A pass every few seconds, for the days that all may wait, is nearly all that happens.
            self.retention_s = 300;
        }
        if self.retention_s > 0 && self.patient && self.strict > 0 {
            // In strict order, many wait for more than days.
            self.retention_s = 1_800;
        }
        // For the same reason, nobody is away for days then.
        self.odd &= self.retention_s == 0 && self.settings == 0;
        self.strangers = strangers(seed, self.tenants);
        if self.retention_s > 0 || self.settings + self.erasures > 0 {
            // Every pass reads a message that kills its readers.
            self.poison = 0;
        }
        // The first stream in which no pinned seed has pauses: those stay as they were.
        if !self.fan_out && Rng::of(seed, "pauses", 19).below(8) == 0 {
            self.pauses = 4;
            self.changes = self.changes.max(2);
        }
        self.restore = Plan::draw(seed, self.fault_phase_ms);
        let mut completions = Rng::of(seed, "completions", 0);
        if !self.patient && !self.hot && completions.below(8) == 0 {
            self.faults.completion_lost = completions.pick(&[100, 1_000]);
        }
    }

    /// Draws whether redeliveries race with attempts, or with routing. Streams of their own: other seeds stay as they were,
    /// the pinned ones included.
    fn race(&mut self, seed: u64) {
        if Rng::of(seed, "race", 0).below(3) == 0 {
            self.slow_commits = SlowCommits::OfPlatform;
            self.commit_us_max = 0;
        } else if Rng::of(seed, "race", 2).below(3) == 0 {
            self.slow_commits = SlowCommits::OfWorkers;
            self.commit_us_max = 2_000_000;
            self.storage_us_max = self.storage_us_max.min(100_000);
        }
    }

    /// Nothing goes wrong but with receivers, of which some hang, break or are down, and some are well.
    fn only_receivers_fail(&mut self) {
        let network = self.faults.network.min(200);
        self.faults = Faults { receiver: 6_000, network, ..Faults::default() };
        self.storage_us_max = self.storage_us_max.min(5_000);
        self.answer_us_max = self.answer_us_max.min(200_000);
        self.fault_phase_ms = 600_000;
        self.actions = 40;
        self.webhooks = self.webhooks.max(5);
    }

    /// Returns true if clocks differ by more than the engine promises to tolerate in time (it must still lose nothing).
    pub fn wild_clocks(&self) -> bool {
        self.faults.clock_off_ms_max > CLOCK_SKEW_MS_MAX / 2
    }
}

impl Params {
    /// Returns true if no fault can explain a request that is sent twice. Where one look at every lane takes seconds,
    /// leases run out.
    pub fn faultless(&self) -> bool {
        let faults = &self.faults;
        let storage = [faults.read_fails, faults.not_applied, faults.unknown_applied, faults.unknown_dropped];
        self.poison == 0
            && storage
                .iter()
                .chain([&faults.unknown_late, &faults.crash, &faults.stall, &faults.completion_lost])
                .all(|rate| *rate == 0)
            && faults.clock_off_ms_max == 0
            && self.restore.is_none()
            && self.storage_us_max * (u64::from(self.webhooks) + 2 * self.jobs) + self.commit_us_max < 1_000_000
    }

    /// How much later than it decided to, by the true clock, a worker may send, and by how much two clocks differ: a read lies
    /// between, and after a stall it looks again whether its lease still lets it.
    pub fn send_slack_us(&self) -> u64 {
        let stall_us = if self.faults.stall > 0 { (LEASE_SENDING_MS + LEASE_MARGIN_MS) * 1_000 } else { 0 };
        self.storage_us_max.max(5_000) + stall_us + 2 * self.faults.clock_off_ms_max * 1_000 + 2_000
    }

    /// How far one clock can move against itself, in milliseconds.
    pub fn clock_slack_ms(&self) -> u64 {
        match self.faults.clock_jump {
            0 => 0,
            _ => self.faults.clock_off_ms_max * 2,
        }
    }
}

impl Faults {
    fn draw(rng: &mut Rng, retries: bool) -> Faults {
        if rng.below(8) == 0 {
            return Faults::default();
        }
        let mut rate = |rates: &[u32]| if rng.below(2) == 0 { 0 } else { rng.pick(rates) };
        Faults {
            crash: rate(&[10, 50, 200, 500]),
            read_fails: rate(&[50, 300]),
            not_applied: rate(&[50, 500, 1_500]),
            unknown_applied: rate(&[50, 500, 1_500]),
            unknown_dropped: rate(&[50, 500, 1_500]),
            unknown_late: rate(&[50, 500, 1_500]),
            stall: rate(&[20, 100, 400]),
            clock_jump: rate(&[20, 200]),
            network: rate(&[200, 2_000]),
            receiver: rate(&[1_000, 5_000, 10_000]).max(if retries { 5_000 } else { 0 }),
            transaction_lost: rate(&[1_000, 5_000]),
            drain: rate(&[50, 500]),
            clock_off_ms_max: match rng.below(12) {
                0..4 => 0,
                4..11 => CLOCK_SKEW_MS_MAX / 2,
                _ => CLOCK_SKEW_MS_MAX * 10,
            },
            completion_lost: 0,
        }
    }
}

/// When a backup is made, and when it is restored, in milliseconds after the beginning.
#[derive(Clone, Debug)]
pub struct Plan {
    /// It is made.
    pub made_ms: u64,
    /// It is restored, once or twice.
    pub restored_ms: Vec<u64>,
}

impl Plan {
    /// Draws whether the store is ever restored. A stream of its own: other seeds stay as they were.
    pub fn draw(seed: u64, fault_phase_ms: u64) -> Option<Plan> {
        let mut rng = Rng::of(seed, "restore", 0);
        if rng.below(12) > 0 {
            return None;
        }
        let made_ms = rng.below(fault_phase_ms);
        let times = rng.pick(&[1, 1, 2]);
        let mut restored_ms: Vec<u64> = (0..times).map(|_| rng.between(made_ms, fault_phase_ms)).collect();
        restored_ms.sort_unstable();
        Some(Plan { made_ms, restored_ms })
    }
}

/// Draws the number of a stranger's calls in ten thousand, from a stream of its own, so that other seeds stay as they were.
fn strangers(seed: u64, tenants: usize) -> u32 {
    if tenants > 1 && Rng::of(seed, "strangers", 0).below(3) == 0 { 2_500 } else { 0 }
}

/// Draws how many events there are for each that is poison; 0: none is.
fn poison(seed: u64, fan_out: bool) -> u32 {
    let mut rng = Rng::of(seed, "poison", u64::MAX);
    if !fan_out && rng.below(8) == 0 { rng.pick(&[3, 8, 20]) } else { 0 }
}

/// Draws how many of ten webhooks want strict order.
fn strict(seed: u64, fan_out: bool, hot: bool) -> u64 {
    match (fan_out, Rng::of(seed, "strict", 0).below(10)) {
        (true, _) => 0,
        // One at a time, there is less of the turmoil that a hot seed is for.
        (_, 0) if hot => 10,
        _ if hot => 0,
        (_, 0..5) => 0,
        (_, 5..8) => 5,
        _ => 10,
    }
}
