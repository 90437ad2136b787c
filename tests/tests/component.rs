//! The component as an artifact: what it imports.

use hookwright_componentize::{ALLOWED_IMPORTS, check_imports, imports};
use hookwright_host::COMPONENT;

#[test]
fn the_component_imports_nothing_but_the_allowed() {
    check_imports(COMPONENT).unwrap();
    let names = imports(COMPONENT).unwrap();
    println!("{} bytes, imports {names:?}", COMPONENT.len());
    for name in &names {
        let interface = name.split_once('@').unwrap().0;
        assert!(ALLOWED_IMPORTS.contains(&interface), "{name}");
    }
}
