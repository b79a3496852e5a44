//! How arrays look: in a line of text, and as a drawing of their blocks.

use std::fmt::{self, Write};

use super::Array;
use crate::element::Element;

impl<A: Element> Array<A> {
    /// The number of tasks of the graph as it is written, before it is optimised.
    pub fn n_tasks(&self) -> usize {
        self.lazy().graph.len()
    }

    /// A drawing of the blocks, as an SVG element: rectangles for up to two axes, a box for three; of more axes, groups
    /// of three beside each other. Long axes are drawn shorter than they are.
    ///
    /// ```
    /// use dask_array::Array;
    ///
    /// let x = Array::<f64>::zeros(&[1000, 400], [300, 200])?;
    /// let svg = x.to_svg();
    /// assert!(svg.starts_with("<svg") && svg.contains(">1000</text>"));
    /// # Ok::<(), dask_array::ArrayError>(())
    /// ```
    pub fn to_svg(&self) -> String {
        Drawing::of(self.chunks().axes()).svg()
    }

    /// A table of sizes with a drawing of the blocks beside it, as an HTML element: what notebooks show.
    pub fn to_html(&self) -> String {
        let chunks = self.chunks();
        let largest = largest_block(chunks.axes());
        let n_blocks: u64 = chunks.n_blocks().iter().map(|&n| u64::from(n)).product();
        let block_bytes = largest.iter().fold(size_of::<A>() as u64, |n, &m| n.saturating_mul(m as u64));
        let mut html = String::from("<table><tr><td><table><tr><th></th><th>Array</th><th>Block</th></tr>");
        let rows = [
            ("Bytes", bytes(self.nbytes()), bytes(block_bytes)),
            ("Shape", lengths(self.shape()), lengths(&largest)),
            ("Count", format!("{} tasks", self.n_tasks()), format!("{n_blocks} blocks")),
            ("Type", A::DTYPE.to_string(), format!("ndarray of {}", A::DTYPE)),
        ];
        for (what, array, block) in rows {
            let _ = write!(html, "<tr><th>{what}</th><td>{array}</td><td>{block}</td></tr>");
        }
        let _ = write!(html, "</table></td><td>{}</td></tr></table>", self.to_svg());
        html
    }
}

/// In one line: name, element type, shape, blocks, bytes and tasks.
impl<A: Element> fmt::Display for Array<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blocks: Vec<usize> = self.chunks().n_blocks().iter().map(|&n| n as usize).collect();
        write!(
            f,
            "{}: {} of shape {} in {} blocks of up to {}, {}, {} tasks",
            self.name(),
            A::DTYPE,
            lengths(self.shape()),
            lengths(&blocks),
            lengths(&largest_block(self.chunks().axes())),
            bytes(self.nbytes()),
            self.n_tasks()
        )
    }
}

fn largest_block(axes: &[Vec<usize>]) -> Vec<usize> {
    axes.iter().map(|lengths| lengths.iter().copied().max().unwrap_or(0)).collect()
}

fn lengths(axes: &[usize]) -> String {
    let axes: Vec<String> = axes.iter().map(usize::to_string).collect();
    if axes.is_empty() { "()".into() } else { axes.join(" × ") }
}

fn bytes(n: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let mut size = n as f64 / 1000.0;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < units.len() {
        size /= 1000.0;
        unit += 1;
    }
    format!("{size:.1} {}", units[unit])
}

/// Length in pixels of the longest axis.
const LONGEST: f64 = 160.0;
/// Room for the numbers beside a drawing.
const MARGIN: f64 = 56.0;
/// More lines than this between blocks would be one grey area.
const MOST_LINES: usize = 80;
/// How far the third axis goes to the right and down, as a share of its length.
const SLANT: f64 = 0.6;

/// Lines and areas of a drawing, from the left to the right.
struct Drawing {
    shapes: String,
    width: f64,
    height: f64,
}

/// An axis to be drawn.
struct Drawn {
    length: usize,
    pixels: f64,
    /// Where blocks begin and end, in pixels.
    cuts: Vec<f64>,
}

impl Drawing {
    fn of(axes: &[Vec<usize>]) -> Self {
        let mut drawing = Self { shapes: String::new(), width: 0.0, height: 0.0 };
        let longest = axes.iter().map(|lengths| lengths.iter().sum::<usize>()).max().unwrap_or(1).max(1);
        let drawn: Vec<Drawn> = axes.iter().map(|lengths| Drawn::new(lengths, longest)).collect();
        let (first, rest) = drawn.split_at(drawn.len() % 3);
        for group in std::iter::once(first).chain(rest.chunks(3)) {
            match group {
                [] => {}
                [x] => drawing.rectangle(None, x),
                [y, x] => drawing.rectangle(Some(y), x),
                [z, y, x, ..] => drawing.solid(z, y, x),
            }
        }
        drawing
    }

    fn svg(&self) -> String {
        let (width, height) = (self.width.max(20.0), self.height + 24.0);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             font-family=\"sans-serif\" font-size=\"12\" text-anchor=\"middle\">{}</svg>",
            self.shapes
        )
    }

    /// One or two axes.
    fn rectangle(&mut self, y: Option<&Drawn>, x: &Drawn) {
        let left = self.width + 8.0;
        let height = y.map_or(24.0, |y| y.pixels);
        self.face([left, 8.0], [x.pixels, 0.0], [0.0, height], &x.cuts, y.map_or(&[], |y| &y.cuts));
        self.text(left + x.pixels / 2.0, height + 24.0, x.length);
        if let Some(y) = y {
            self.text(left + x.pixels + MARGIN / 2.0, 8.0 + height / 2.0, y.length);
        }
        self.grow(left + x.pixels + MARGIN, height + 8.0);
    }

    /// Three axes: the front is made of the last two, the first goes into the depth.
    fn solid(&mut self, z: &Drawn, y: &Drawn, x: &Drawn) {
        let (left, depth) = (self.width + 8.0, z.pixels * SLANT);
        let slanted: Vec<f64> = z.cuts.iter().map(|cut| cut * SLANT).collect();
        // The side, the top, and then the front before them.
        self.face([left, 8.0], [depth, depth], [0.0, y.pixels], &slanted, &y.cuts);
        self.face([left, 8.0], [x.pixels, 0.0], [depth, depth], &x.cuts, &slanted);
        self.face([left + depth, 8.0 + depth], [x.pixels, 0.0], [0.0, y.pixels], &x.cuts, &y.cuts);
        let (right, bottom) = (left + depth + x.pixels, 8.0 + depth + y.pixels);
        self.text(left + depth + x.pixels / 2.0, bottom + 16.0, x.length);
        self.text(right + MARGIN / 2.0, bottom - y.pixels / 2.0, y.length);
        self.text(left + depth / 2.0 - 4.0, 8.0 + y.pixels + depth / 2.0 + 20.0, z.length);
        self.grow(right + MARGIN, bottom + 4.0);
    }

    /// A parallelogram with the blocks' borders, from one corner along two sides.
    fn face(&mut self, at: [f64; 2], along: [f64; 2], down: [f64; 2], cuts: &[f64], rows: &[f64]) {
        let [x, y] = at;
        let _ = write!(
            self.shapes,
            "<polygon points=\"{x:.1},{y:.1} {:.1},{:.1} {:.1},{:.1} {:.1},{:.1}\" fill=\"#f2d5a5\" \
             stroke=\"#7a5c2e\" stroke-width=\"1.5\"/>",
            x + along[0],
            y + along[1],
            x + along[0] + down[0],
            y + along[1] + down[1],
            x + down[0],
            y + down[1]
        );
        self.lines(at, along, down, cuts);
        self.lines(at, down, along, rows);
    }

    /// Lines parallel to `across` at these distances along a side.
    fn lines(&mut self, [x, y]: [f64; 2], side: [f64; 2], across: [f64; 2], cuts: &[f64]) {
        let length = side[0].abs().max(side[1].abs()).max(f64::MIN_POSITIVE);
        for cut in cuts {
            let share = cut / length;
            let (x, y) = (x + side[0] * share, y + side[1] * share);
            let _ = write!(
                self.shapes,
                "<line x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#7a5c2e\"/>",
                x + across[0],
                y + across[1]
            );
        }
    }

    fn text(&mut self, x: f64, y: f64, number: usize) {
        let _ = write!(self.shapes, "<text x=\"{x:.1}\" y=\"{y:.1}\">{number}</text>");
    }

    fn grow(&mut self, width: f64, height: f64) {
        self.width = width;
        self.height = self.height.max(height);
    }
}

impl Drawn {
    fn new(lengths: &[usize], longest: usize) -> Self {
        let length: usize = lengths.iter().sum();
        let ratio = longest as f64 / (length as f64).max(0.1);
        // Up to three times shorter than the longest it is drawn as long as it is, then shorter more and more slowly.
        let pixels = LONGEST / if ratio < 3.0 { ratio } else { (3.0 + (ratio / 3.0).ln()).min(8.0) };
        let mut at = 0;
        let cuts = lengths.iter().take(lengths.len().saturating_sub(1)).map(|n| {
            at += n;
            at as f64 / (length as f64).max(1.0) * pixels
        });
        let cuts: Vec<f64> = cuts.collect();
        let every = cuts.len().div_ceil(MOST_LINES).max(1);
        Self { length, pixels, cuts: cuts.into_iter().skip(every - 1).step_by(every).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_it_is() {
        let x = Array::<f64>::zeros(&[1000, 400], [300, 200]).unwrap() + 1.0;
        let text = x.to_string();
        let expected = "f64 of shape 1000 × 400 in 4 × 2 blocks of up to 300 × 200, 3.2 MB, 16 tasks";
        assert!(text.starts_with("add") && text.ends_with(expected), "{text}");
        assert!(Array::<u8>::zeros(&[], -1).unwrap().to_string().contains("u8 of shape () in () blocks"));
        assert_eq!(
            [bytes(999), bytes(1000), bytes(999_960), bytes(u64::MAX)],
            ["999 B", "1.0 kB", "1.0 MB", "18.4 EB"]
        );
    }

    #[test]
    fn drawings_have_a_line_between_blocks() {
        let svg = |shape: &[usize], chunks: i32| Array::<u8>::zeros(shape, chunks).unwrap().to_svg();
        let count = |svg: &str, what: &str| svg.matches(what).count();
        assert_eq!(count(&svg(&[10], 4), "<line"), 2);
        assert_eq!(count(&svg(&[10, 10], 4), "<line"), 4);
        assert_eq!(count(&svg(&[10, 10, 10], 4), "<polygon"), 3);
        assert_eq!(count(&svg(&[10, 10, 10], 4), "<line"), 12);
        assert_eq!(count(&svg(&[3, 3, 3, 3, 3], 3), "<text"), 5);
        assert!(count(&svg(&[100_000], 1), "<line") <= MOST_LINES);
        for shape in [&[][..], &[0], &[0, 5], &[1, 1 << 40, 3]] {
            let svg = Array::<u8>::zeros(shape, -1).unwrap().to_svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
        assert!(Array::<u8>::zeros(&[5], 2).unwrap().to_html().contains("<td>5 B</td><td>2 B</td>"));
    }
}
