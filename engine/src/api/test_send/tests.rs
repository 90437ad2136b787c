use crate::testing::*;
use crate::*;

#[test]
fn late_completion_of_a_test_send_is_not_taken_for_that_of_the_next() {
    let (world, config) = (World::new(&[204]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""schedule":[60]"#);
    world.lost.set(1);
    let lost = test_webhook(&world, &config, "acme", &webhook, None).unwrap();
    assert!(lost.contains("the host did not end the request at its deadline"), "{lost}");
    let id = world.requests.borrow()[0].id;
    let response = ports::Response { status: 500, ..ports::Response::default() };
    *world.late.borrow_mut() = vec![ports::Completion { id, duration_ms: 9_000, result: Ok(response) }];
    let next = test_webhook(&world, &config, "acme", &webhook, None).unwrap();
    let next: serde_json::Value = serde_json::from_str(&next).unwrap();
    assert_eq!((next["state"].as_str(), next["status"].as_u64()), (Some("delivered"), Some(204)));
}
