//! The events of the benchmark, and the bodies that they become.

/// The number of webhooks that the deliveries are spread over.
pub const WEBHOOKS: usize = 8;

fn data(index: usize) -> String {
    format!(
        r#"{{"id":"inv_{index}","amount":4200,"memo":"résumé/{index}","lines":[{{"sku":"A-1","quantity":2,"price":"10.50"}},{{"sku":"B-22","quantity":1,"price":"99.00"}}],"customer":{{"id":77,"name":"Example Ltd","country":"DE"}}}}"#
    )
}

pub fn event(index: usize, run: &str) -> String {
    let webhook = index % WEBHOOKS;
    format!(
        r#"{{"type":"bench.w{webhook}","id":"{run}-{index}","occurredAt":"2025-02-04T12:00:00.000Z","data":{}}}"#,
        data(index)
    )
}

pub fn body(index: usize) -> String {
    let webhook = index % WEBHOOKS;
    format!(r#"{{"type":"bench.w{webhook}","timestamp":"2025-02-04T12:00:00.000Z","data":{}}}"#, data(index))
}
