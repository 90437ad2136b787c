//! Hosts and stores that fail: lost completions, a store that is gone, rows that name nothing.

use crate::ports::{Clock, Completion, Response};
use crate::support::limits::{COMPLETION_MARGIN_MS, SCAN_ENTRIES_MAX};
use crate::testing::*;
use crate::worker::run::Run;
use crate::*;

#[test]
fn lost_completion_counts_as_a_failed_attempt_shortly_after_the_timeout() {
    for lost in [1, 3] {
        let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
        let webhook = registered(&world, &config, r#""schedule":[60],"timeoutMs":5000"#);
        accept_many(&world, &config, 1);
        assert_eq!(world.deliver(&config).delivered, 1, "the webhook has its slots");
        accept_many(&world, &config, 4);
        world.lost.set(lost as usize);
        let begun_us = world.now_us();
        let report = world.deliver(&config);
        assert_eq!((report.attempts, report.delivered), (4, 4 - lost));
        let waited_ms = (world.now_us() - begun_us) / 1_000;
        assert!((5_000..5_000 + COMPLETION_MARGIN_MS + 1_500).contains(&waited_ms), "{waited_ms} ms");
        let retrying = log(&world, &config, &webhook).into_iter().filter(|(state, ..)| state == "retrying");
        assert_eq!(retrying.count(), lost as usize);
        let page = attempts(&world, &config, "acme", &webhook, None, 100).unwrap();
        assert!(page.contains("the host did not end the request at its timeout"), "{page}");
        world.now_us.set(world.now_us() + 70_000_000);
        assert_eq!(world.deliver(&config).delivered, lost);
        is_quiet(&world);
    }
}

#[test]
fn late_completion_of_an_earlier_run_is_ignored() {
    let (world, config) = (World::new(&[500]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""schedule":[60,60],"timeoutMs":5000"#);
    accept_many(&world, &config, 1);
    world.lost.set(1);
    assert_eq!(world.deliver(&config).attempts, 1);
    let result = Ok(Response { status: 200, ..Response::default() });
    let id = world.requests.borrow()[0].id;
    world.late.borrow_mut().push(Completion { id, duration_ms: 7_000, result });
    world.now_us.set(world.now_us() + 70_000_000);
    assert_eq!(world.deliver(&config).attempts, 1);
    let states = [("retrying", 2, Some(500)), ("retrying", 1, None)];
    assert_eq!(
        log(&world, &config, &webhook),
        states.map(|(state, number, status)| (state.to_owned(), number, status))
    );
}

#[test]
fn jump_of_the_clock_gives_no_request_up() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""schedule":[60]"#);
    accept_many(&world, &config, 1);
    world.meddle(At::Wait, |world| world.now_us.set(world.now_us() + 60_000_000));
    assert_eq!(world.deliver(&config).delivered, 1);
    assert_eq!(log(&world, &config, &webhook), [("delivered".to_owned(), 1, Some(200))]);
}

#[test]
fn run_that_fails_reports_the_work_done_before() {
    struct Row {
        name: &'static str,
        fails_after: u32,
        /// Routed and attempts. `None`: an error.
        reported: Option<(u32, u32)>,
    }
    let rows = [
        Row { name: "nothing was done", fails_after: 0, reported: None },
        Row { name: "a message was routed", fails_after: 1, reported: Some((1, 0)) },
        Row { name: "an attempt was recorded", fails_after: 2, reported: Some((1, 1)) },
    ];
    for row in rows {
        let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
        registered(&world, &config, r#""schedule":[60]"#);
        accept_many(&world, &config, 1);
        world.commits.set(0);
        world.fails_after.set(row.fails_after);
        let result = deliver(&world, &config, Budget { time_ms: 10_000, attempts_max: 10 });
        let counts = result.as_ref().ok().map(|report| (report.routed, report.attempts));
        assert_eq!(counts, row.reported, "{}: {result:?}", row.name);
        match result {
            Ok(report) => {
                assert_eq!(report.problems.len(), 1, "{}: {report:?}", row.name);
                assert!(report.problems[0].contains("scripted"), "{}: {report:?}", row.name);
                assert_eq!(report.next_due_ms, limits::POLL_MS, "{}", row.name);
            }
            Err(error) => assert_eq!(error.kind, ErrorKind::Unavailable, "{}", row.name),
        }
    }
}

#[test]
fn reclaim_passes_over_a_page_of_keys_that_name_no_lane() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    registered(&world, &config, r#""schedule":[60]"#);
    accept_many(&world, &config, 1);
    let mut dead = Run::new(&world, &config, Budget { time_ms: 10_000, attempts_max: 10 });
    assert!(dead.route().unwrap());
    drop(dead);
    let pages = 2 * SCAN_ENTRIES_MAX;
    for from in (0..pages).step_by(500) {
        world.put((from..from + 500).map(|number| format!("lane/{number:04}")), r#"{"v":1}"#);
    }
    // A reclaim that does not get past the page ends here, and not after minutes.
    world.reads.set(READS_MAX - 1_000);
    assert_eq!(reclaim_leases(&world, &config).unwrap(), 1);
    assert_eq!(world.deliver(&config).delivered, 1);
}

#[test]
fn log_names_deliveries_that_were_given_up_and_webhooks_that_were_disabled() {
    let world = World::new(&[200, 500, 500, 500, 500, 500]);
    let config = Config::new(&settings()).unwrap();
    let webhook = registered(&world, &config, r#""schedule":[],"concurrency":1"#);
    accept_many(&world, &config, 1);
    world.deliver(&config);
    assert_eq!(*world.log_lines.borrow(), [""; 0], "a success is not in the log");
    let one = on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap().message_id;
    world.deliver(&config);
    let expected =
        format!("webhook {webhook} of tenant acme has given up a delivery: {one}; the last response was 500");
    assert_eq!(world.log_lines.take(), [expected]);
    *world.wish.borrow_mut() = Some("disable".to_owned());
    accept_many(&world, &config, 1);
    world.deliver(&config);
    let lines = world.log_lines.take();
    let disabled = format!("webhook {webhook} of tenant acme was disabled: ");
    assert!(lines.iter().any(|line| line.starts_with(&disabled)), "{lines:?}");
}

#[test]
fn log_names_three_messages_of_many_that_were_given_up_together() {
    let world = World::new(&[500; 8]);
    let config = Config::new(&settings()).unwrap();
    registered(&world, &config, r#""schedule":[]"#);
    accept_many(&world, &config, 8);
    world.deliver(&config);
    let lines = world.log_lines.take();
    let named: usize = lines.iter().map(|line| line.matches("msg_").count()).sum();
    assert!(named >= 3 && lines.iter().all(|line| line.matches("msg_").count() <= 3), "{lines:?}");
}
