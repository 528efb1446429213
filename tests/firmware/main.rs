//! The images of `examples/firmware`, built, looked at, and run in QEMU against the scripted
//! provider. `examples/firmware/check.sh` runs this.

mod agent;
mod board;
mod bridge;
mod camera;
mod hostile;
mod measure;
mod sizes;
mod vectors;
