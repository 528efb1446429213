//! Several calls at once.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Calls `run` for each of `calls`, some at the same time; the results are in order.
pub fn in_parallel<C: Sync, R: Send>(calls: &[C], run: impl Fn(&C) -> R + Sync) -> Vec<R> {
    in_parallel_up_to(MAX_AT_ONCE, calls, run)
}

/// The same, at most `most` at the same time.
pub fn in_parallel_up_to<C: Sync, R: Send>(
    most: NonZero<usize>,
    calls: &[C],
    run: impl Fn(&C) -> R + Sync,
) -> Vec<R> {
    let workers = calls.len().min(most.get());
    if workers < 2 {
        return calls.iter().map(run).collect();
    }
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(calls.len()));
    let work = || {
        while let Some((index, call)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            calls.get(index).map(|call| (index, call))
        } {
            let result = run(call);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            // If the system gives no more threads, fewer calls run at once.
            let _ = std::thread::Builder::new().name("tool".to_owned()).spawn_scoped(scope, work);
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// More at once would not finish sooner on most machines, and would take memory.
const MAX_AT_ONCE: NonZero<usize> = NonZero::new(8).unwrap();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_run_at_once_up_to_the_bound_and_results_keep_their_order() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        // Each of the first calls waits for the others, so this ends only if they run at once.
        let together = std::sync::Barrier::new(MAX_AT_ONCE.get());
        let calls: Vec<usize> = (0..3 * MAX_AT_ONCE.get()).collect();
        let results = in_parallel(&calls, |call| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            together.wait();
            running.fetch_sub(1, Ordering::SeqCst);
            call * 2
        });
        assert_eq!(results, calls.iter().map(|call| call * 2).collect::<Vec<_>>());
        assert_eq!(most.into_inner(), MAX_AT_ONCE.get());
    }
}
