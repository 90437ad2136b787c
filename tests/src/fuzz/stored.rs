//! Rows of an older, a newer or a damaged store: every kind of row, through every flow that reads it. No flow panics,
//! each ends, and its error names the row.
//!
//! An input is lines, each a change of a row of the store as it is: `KIND VALUE` writes the first row whose key begins with
//! `KIND/`, `KIND#2 VALUE` the third, `KIND .FIELD=JSON` one field of it, `-KIND` removes it. `{wh}` and `{msg}` stand for a
//! webhook and a message, `{now}` for the time in milliseconds.

mod damage;
mod flows;
mod scene;
mod words;

pub use words::WORDS;

use super::world::World;

pub fn run(input: &[u8]) -> bool {
    let scene = scene::scene();
    let world = World::new(scene.store.clone());
    let damaged = damage::damage(scene, &world, &String::from_utf8_lossy(input));
    flows::flows(scene, &world, &damaged);
    // Damage that does not keep the worker from working.
    !damaged.is_empty() && world.sent.borrow().len() > 1
}
