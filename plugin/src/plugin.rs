//! The type that implements the world's exports.

/// Implements `webhooks`, `console` and `receiver`, each in the file of that name.
pub struct Plugin;
