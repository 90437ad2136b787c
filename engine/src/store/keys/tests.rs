use super::ranges::{all_after, prefix};
use super::*;
use crate::ports::KeyRange;
use crate::support::limits::KEY_BYTES_MAX;

fn is_inside(range: &KeyRange, key: &str) -> bool {
    range.start.as_str() <= key && key < range.end.as_str()
}

#[test]
fn family_names_are_unique() {
    for family in KeyFamily::ALL {
        assert!(is_part(family.name()), "{family}");
        assert_eq!(KeyFamily::of(&format!("{family}/x")), Some(family));
        assert_eq!(KeyFamily::of(family.name()), Some(family), "the place before the first row");
    }
    assert_eq!(KeyFamily::of("subscriptionx/t"), None);
}

#[test]
fn family_ranges_have_no_key_of_another_family() {
    for family in KeyFamily::ALL {
        let ranges = [all_after(family, None), family_from(&family.first()), prefix(format!("{family}/"))];
        for other in KeyFamily::ALL {
            for rest in ["-", "0", "_", "a/b", "zzz"] {
                let key = format!("{other}/{rest}");
                for range in &ranges {
                    assert_eq!(is_inside(range, &key), family == other, "{range:?} and {key}");
                }
                assert_eq!(family.rest(&key), (family == other).then_some(rest), "{family} and {key}");
            }
        }
    }
}

/// Every key of the engine, made of the placeholders' values.
fn spelled() -> Vec<String> {
    let (of_webhook, of_job) = (Lane::of("t", "w"), Lane::of("t", "j"));
    KeyFamily::ALL
        .into_iter()
        .flat_map(|family| match family {
            KeyFamily::Message => vec![message("t", "m")],
            KeyFamily::Inbox => vec![inbox(7, 8, "m")],
            KeyFamily::Shard => vec![shard(7)],
            KeyFamily::Routed => vec![routed("t", 9, "token")],
            KeyFamily::Redacted => vec![redacted("t", 9, "token")],
            KeyFamily::Subscription => vec![subscription("t", "p", "w")],
            KeyFamily::Subscriptions => vec![subscriptions("t")],
            KeyFamily::Webhook => vec![webhook(&of_webhook)],
            KeyFamily::Tenant => vec![tenant("t")],
            KeyFamily::Queue => vec![queue(&of_webhook, 9, "group")],
            KeyFamily::Timer => vec![timer(9, &of_webhook, "token"), timer(9, &of_job, "token")],
            KeyFamily::Lane => vec![lane(&of_webhook)],
            KeyFamily::Health => vec![health(&of_webhook)],
            KeyFamily::Attempt => vec![attempt(&of_webhook, "m", 3)],
            KeyFamily::Recent => vec![recent(&of_webhook, 9, "token")],
            KeyFamily::Job => vec![job(&of_job)],
            KeyFamily::Erasure => vec![erasure(&of_job, "m")],
        })
        .collect()
}

#[test]
fn layout_page_has_exactly_the_keys_that_the_engine_spells() {
    let page = include_str!("../../../../docs/storage-layout.md");
    let rows = page.split("\n## Rows\n").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let values = [("<s>", "07"), ("<us>", "0000000000000008"), ("<ms>", "0000000000009"), ("<nnnn>", "0003")];
    let documented: Vec<String> = rows
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(|key| values.iter().fold(key.to_owned(), |key, (name, value)| key.replace(name, value)))
        .map(|key| key.replace(['<', '>'], ""))
        .collect();
    assert_eq!(documented, spelled());
}

#[test]
fn parts_are_injective_and_short() {
    for (text, encoded) in [("acme", "acme"), ("Acme/1", "_41cme_2f1"), ("asset.*", "asset._2a"), ("a_b", "a_5fb")] {
        assert_eq!(part(text), encoded);
    }
    assert_ne!(part(&"É".repeat(32)), part(&"É".repeat(31)));
    assert_eq!(part(&"É".repeat(32)).len(), 28);
}

#[test]
fn longest_keys_fit() {
    let lane = Lane::of(&"a".repeat(64), &format!("wh_{}", "a".repeat(26)));
    let message = format!("msg_{}", "a".repeat(26));
    for key in [
        timer(9_999_999_999_999, &lane, &"a".repeat(26)),
        queue(&lane, 9_999_999_999_999, &format!("{message}.99")),
        subscription(lane.tenant_part(), &"a".repeat(64), lane.webhook()),
        attempt(&lane, &message, 99),
    ] {
        assert!(key.len() < KEY_BYTES_MAX - 60, "{key}");
    }
}

#[test]
fn ranges_have_the_keys_that_they_name() {
    let lane = Lane::of("acme", "wh_a");
    let after_b = subscriptions_after("t", "*", Some("wh_b"));
    let commit = queue_of_commit(&lane, 7, "t");
    let between = recent_between(&lane, (7, 9));
    let timer_7 = timer(7, &lane, "x");
    let rows: [(&str, KeyRange, String, bool); 11] = [
        ("last of the queue", queue_all(&lane), queue(&lane, 9_999_999_999_999, "zz"), true),
        ("queue of a longer id", queue_all(&lane), queue(&Lane::of("acme", "wh_ab"), 1, "a"), false),
        ("the webhook after which", after_b.clone(), subscription("t", "*", "wh_b"), false),
        ("the next webhook", after_b, subscription("t", "*", "wh_c"), true),
        ("group of the commit", commit.clone(), queue(&lane, 7, "t.03"), true),
        ("group of a longer token", commit, queue(&lane, 7, "ta.03"), false),
        ("place of another family", routed_from("t", "webhook/t/a"), "webhook/t/b".to_owned(), false),
        ("no place", routed_from("t", ""), routed("t", 0, "x"), true),
        ("last time", between.clone(), recent(&lane, 9, "z"), true),
        ("time after the last", between, recent(&lane, 10, "-"), false),
        ("first timer", timers_after(None), timer(0, &lane, "x"), true),
    ];
    for (name, range, key, expected) in rows {
        assert_eq!(is_inside(&range, &key), expected, "{name}");
    }
    assert!(!is_inside(&timers_after(Some(&timer_7)), &timer_7));
}

#[test]
fn spelled_keys_are_parsed() {
    let lane = Lane::of(&part("T"), "wh_a");
    assert_eq!(parse_timer(&timer(7, &lane, "x")), Some((7, lane.clone())));
    assert_eq!(parse_inbox(&inbox(3, 7, "msg_x")), Some((3, "msg_x")));
    assert_eq!(inbox_accepted_ms(&inbox(3, 7_999, "msg_x")), 7);
    assert_eq!(queue_due_ms(&queue(&lane, 7, "x")), Some(7));
    assert_eq!(lane_of_queue(&queue(&lane, 7, "x")), Some(lane.clone()));
    assert_eq!(parse_attempt(&attempt(&lane, "msg_x", 2)), Some(("wh_a", 2)));
    assert_eq!(parse_lane(&super::lane(&lane)), Some(lane.clone()));
    assert_eq!(lane_of_recent(&recent(&lane, 7, "x")), Some(lane.clone()));
    assert_eq!(recent_place(&lane, &recent(&lane, 7, "x")), Some("0000000000007/x"));
    assert!(is_recent_place(&format!("0000000000007/{}", "a".repeat(26))));
    for place in ["", "0000000000007", "7/a", "0000000000007/a", "000000000000x/aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        assert!(!is_recent_place(place), "{place}");
    }
}

#[test]
fn own_jobs_belong_to_no_tenant_and_differ() {
    let jobs = [retention_job(), redaction_job("acme"), redaction_job("initech")];
    assert!(jobs.iter().all(|job| job.is_job() && job.tenant_part() == "_"));
    assert!(jobs[0] != jobs[1] && jobs[1] != jobs[2]);
    assert_ne!(part("_"), "_");
}
