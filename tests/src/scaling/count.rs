//! Instructions of a series, as valgrind counts them.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Series;

/// What a series takes at one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// How much was done.
    pub size: usize,
    /// What it took.
    pub instructions: u64,
}

/// What a series takes at its sizes, or at some of them.
#[derive(Clone, Debug)]
pub struct Growth {
    /// Which one.
    pub series: Series,
    /// By size.
    pub costs: Vec<Cost>,
}

impl Growth {
    /// Counts the series at `sizes` with `program`, which does one when it is given a name and a size.
    ///
    /// # Errors
    /// When valgrind cannot be started, or a run of it fails.
    pub fn measure(program: &Path, series: Series, sizes: &[usize]) -> io::Result<Self> {
        let cost = |size| Ok(Cost { size, instructions: instructions(program, series, size)? });
        let costs = sizes.iter().copied().map(cost).collect::<io::Result<_>>()?;
        Ok(Self { series, costs })
    }

    /// How many times the instructions of the least size the largest takes.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        let (Some(least), Some(most)) = (self.costs.first(), self.costs.last()) else { return 0.0 };
        most.instructions as f64 / least.instructions.max(1) as f64
    }

    /// The power of the size that the cost grows with: 1 is linear.
    #[must_use]
    pub fn exponent(&self) -> f64 {
        let (Some(least), Some(most)) = (self.costs.first(), self.costs.last()) else { return 0.0 };
        self.ratio().ln() / (most.size as f64 / least.size as f64).ln()
    }

    /// Whether it is linear, or nearly: ten times the work takes at most twelve times as much.
    #[must_use]
    pub fn is_linear(&self) -> bool {
        self.ratio() <= MOST_RATIO
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:44} {:9}", self.series.name, self.series.unit)?;
        for cost in &self.costs {
            write!(f, " {:>8} {:>12}", cost.size, cost.instructions)?;
        }
        write!(f, "  x{:<6.1} n^{:.2}", self.ratio(), self.exponent())?;
        if self.is_linear() { Ok(()) } else { f.write_str("  NOT LINEAR") }
    }
}

/// Whether valgrind is installed.
#[must_use]
pub fn has_valgrind() -> bool {
    let mut version = Command::new("valgrind");
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// The instructions that `program` takes for a series at a size.
///
/// # Errors
/// When valgrind cannot be started, fails, or does not tell a count.
pub fn instructions(program: &Path, series: Series, size: usize) -> io::Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--trace-children=no"]);
    valgrind.args(["--collect-atstart=no", "--toggle-collect=*measured*"]);
    valgrind.arg(program).arg(series.name).arg(size.to_string());
    let output = valgrind.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok());
    match count {
        Some(count) if output.status.success() && count > 0 => Ok(count),
        _ => Err(io::Error::other(format!("{} at {size}: {said}", series.name))),
    }
}

/// The most that ten times the work may take, as a multiple.
const MOST_RATIO: f64 = 12.0;
