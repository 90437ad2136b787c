//! Every test of the package, in one binary, so that the workspace is linked once for all of them.
#![cfg(test)]

mod acceptance;
mod component;
mod component_simulation;
mod deadly;
mod egress;
mod fuzz;
mod hostile;
mod http_client;
mod http_tls;
mod receiver;
mod server;
mod simulation;
mod storage_contract;
mod storage_faults;
mod storage_kit;
