//! How long a seek takes in a timeline of 100,000 events, and what its keyframes weigh.
//!
//! `cargo run --release -p tosumu-inspector --example seek -- [EVENTS]`: one transaction of many puts, then small commits
//! with a checkpoint now and then; every instant that is looked at is reached from the nearest keyframe before it.

use std::time::{Duration, Instant};
use tosumu::script::{Runner, RunnerOptions};
use tosumu_inspector::recorded;

/// Events between two instants that are looked at: a prime, so that no rhythm of commits is kept step with.
const STRIDE: usize = 61;
/// A seek is made so often, and its best time counts: on a busy machine the others tell of the machine.
const REPEATS: usize = 5;

fn main() {
    let wanted = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let mut runner = Runner::new(RunnerOptions::default());
    runner.run_line(&format!("fill {} random value 24", wanted / 16));
    let mut number = 0;
    while runner.recorder().count() < wanted {
        number += 1;
        runner.run_line(&format!("put key{:05} a value of some length", number * 7919 % 100_000));
        if number % 500 == 0 {
            runner.run_line("checkpoint");
        }
    }
    let begun = Instant::now();
    let timeline = recorded::timeline(&runner);
    let built = begun.elapsed();
    let mut seeks: Vec<(Duration, usize)> = Vec::new();
    for count in (0..timeline.len()).step_by(STRIDE) {
        let best = (0..REPEATS).map(|_| {
            let begun = Instant::now();
            let world = timeline.world_at(count);
            let took = begun.elapsed();
            drop(world);
            took
        });
        seeks.push((best.min().unwrap_or_default(), count));
    }
    seeks.sort();
    let (worst, at) = seeks.last().copied().unwrap_or_default();
    let median = seeks.get(seeks.len() / 2).map_or(Duration::ZERO, |(time, _)| *time);
    let pages = timeline.end().page_total();
    let (keyframes, entries) = timeline.keyframes_kept();
    println!(
        "{} events, {pages} pages: {} seeks, median {:.2} ms, worst {:.2} ms (to event {at}); built in {:.0} ms; \
         {keyframes} keyframes of {entries} entries in all",
        timeline.len(),
        seeks.len(),
        median.as_secs_f64() * 1e3,
        worst.as_secs_f64() * 1e3,
        built.as_secs_f64() * 1e3,
    );
}
