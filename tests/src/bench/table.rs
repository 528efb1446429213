//! A table of figures, as Markdown.

use std::fmt;

/// Rows of figures beside their goals; [`Display`](fmt::Display) prints it.
#[derive(Debug)]
pub struct Table {
    title: &'static str,
    rows: Vec<[String; 4]>,
}

impl Table {
    /// An empty table.
    pub fn new(title: &'static str) -> Self {
        Self { title, rows: Vec::new() }
    }

    /// Adds a figure that was taken several times: its median, and its smallest and largest value.
    pub fn samples(&mut self, what: &str, samples: &[f64], unit: &str, goal: &str) {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (Some(least), Some(most)) = (sorted.first(), sorted.last()) else {
            return self.text(what, "not measured", goal);
        };
        let median = sorted[sorted.len() / 2];
        let range = format!("{least:.2} to {most:.2}");
        self.row(what, &format!("{median:.2} {unit}"), &range, goal);
    }

    /// Adds a figure that is what it is.
    pub fn text(&mut self, what: &str, figure: &str, goal: &str) {
        self.row(what, figure, "", goal);
    }

    /// Adds a row whose third column is given too.
    pub fn row(&mut self, what: &str, figure: &str, range: &str, goal: &str) {
        self.rows.push([what, figure, range, goal].map(str::to_owned));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = [self.title, "median", "range", "goal"].map(str::to_owned);
        let all = || std::iter::once(&heads).chain(&self.rows);
        let widths: [usize; 4] = std::array::from_fn(|column| {
            all().map(|row| row[column].chars().count()).max().unwrap_or(0)
        });
        for (index, row) in all().enumerate() {
            for (cell, width) in row.iter().zip(widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")?;
            if index == 0 {
                writeln!(
                    f,
                    "{}|",
                    widths.map(|width| format!("|{:-<1$}", "", width + 2)).concat()
                )?;
            }
        }
        Ok(())
    }
}
