//! Pages.

use crate::testing::*;
use crate::*;

#[test]
fn attempts_of_a_message_are_paged_newest_first() {
    let (world, config) = (World::new(&[500, 500, 500, 500, 500, 500]), config());
    let webhooks = [subscribe(&world, &config, r#"["*"]"#), subscribe(&world, &config, r#"["*"]"#)];
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    for wait_s in [0, 3, 5] {
        world.now_us.set(world.now_us.get() + wait_s * 1_000_000);
        world.deliver(&config);
    }
    let mut seen: Vec<(u64, String)> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = message_attempts(&world, &config, "acme", &message, cursor.as_deref(), 2).unwrap();
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        let data = page["data"].as_array().unwrap();
        assert!((1..=2).contains(&data.len()));
        seen.extend(data.iter().map(|a| (a["number"].as_u64().unwrap(), a["webhookId"].as_str().unwrap().to_owned())));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = Some(next.to_owned());
    }
    assert_eq!(seen.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [3, 3, 2, 2, 1, 1]);
    for webhook in &webhooks {
        assert_eq!(seen.iter().filter(|(_, of)| of == webhook).count(), 3);
    }
    for bad in ["x", "1/wh_x/1", "1/2/3", ""] {
        let error = message_attempts(&world, &config, "acme", &message, Some(bad), 2).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("cursor"), "{bad}");
    }
}
