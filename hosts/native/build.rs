//! Link arguments of the library, and the name of its target.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo:rustc-env=HOOKWRIGHT_TARGET={target}");
    if target.contains("linux") {
        // Threads of the library may outlive its unloading, and thread-local values have destructors in it.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libhookwright_native.so");
    } else if target.contains("apple") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libhookwright_native.dylib");
    }
}
