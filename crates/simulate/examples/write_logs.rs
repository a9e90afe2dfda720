//! Writes the logs of kalshi bots: `write_logs DIR BOTS LINES SEED TRUTH`. For benchmarks of other
//! programs on our input.

use std::path::Path;

use fillwatch_simulate::{Extent, FleetOptions, System, write_to};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, bots, lines, seed, truth_file] = arguments.as_slice() else {
        return Err("usage: write_logs DIR BOTS LINES SEED TRUTH".into());
    };
    let start = 1_767_571_200_000_000; // 2026-01-05T00:00:00Z
    let options = FleetOptions::of(System::Kalshi, bots.parse()?, seed.parse()?, start);
    let truth = write_to(Path::new(dir), options, Extent::Lines(lines.parse()?))?;
    truth.save(Path::new(truth_file))?;
    Ok(())
}
