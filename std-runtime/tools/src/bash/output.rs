//! The output of a command, its start and its end kept.

use std::collections::VecDeque;

/// Bytes in the order of their arrival; if there are too many, the middle is dropped.
#[derive(Default)]
pub(super) struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total_bytes: u64,
}

impl Output {
    pub fn push(&mut self, bytes: &[u8]) {
        self.total_bytes += bytes.len() as u64;
        let room = HEAD_MAX_BYTES - self.head.len();
        let (head, rest) = bytes.split_at(bytes.len().min(room));
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(TAIL_MAX_BYTES)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(TAIL_MAX_BYTES);
        self.tail.drain(..over);
        self.tail.extend(rest);
    }

    /// The start, the number of bytes that are left out after it, and the end.
    /// If bytes are left out, both end at line ends if one is near.
    pub fn parts(&mut self) -> (&[u8], u64, &[u8]) {
        let tail = &*self.tail.make_contiguous();
        let mut head = &*self.head;
        let kept = |head: &[u8], tail: &[u8]| (head.len() + tail.len()) as u64;
        if kept(head, tail) == self.total_bytes {
            return (head, 0, tail);
        }
        let near = head.len().saturating_sub(LINE_END_NEAR_BYTES);
        head = match memchr::memrchr(b'\n', &head[near..]) {
            Some(at) => &head[..=near + at],
            None => crate::text::head(head, head.len() - 1),
        };
        let near = &tail[..tail.len().min(LINE_END_NEAR_BYTES)];
        let from = match memchr::memchr(b'\n', near) {
            Some(at) => at + 1,
            None => near.iter().take(3).take_while(|&&b| crate::text::is_continuation(b)).count(),
        };
        let tail = &tail[from..];
        (head, self.total_bytes - kept(head, tail), tail)
    }
}

/// Bytes kept of the start of the output.
pub(super) const HEAD_MAX_BYTES: usize = 10 * 1024;
/// Bytes kept of its end, where errors and summaries are.
pub(super) const TAIL_MAX_BYTES: usize = 20 * 1024;
/// How many bytes more are left out to cut at a line end.
const LINE_END_NEAR_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: usize) -> Vec<u8> {
        (0..count).map(|i| if i % 50 == 49 { b'\n' } else { b'a' + (i % 26) as u8 }).collect()
    }

    #[test]
    fn below_and_at_the_limit_nothing_is_lost_above_it_whole_lines_are() {
        const LIMIT: usize = HEAD_MAX_BYTES + TAIL_MAX_BYTES;
        for (count, piece) in [
            (0, 1),
            (LIMIT - 1, 7),
            (LIMIT, LIMIT),
            (LIMIT, 4096),
            (LIMIT + 1, 1),
            (5 * LIMIT, 9999),
        ] {
            let all = bytes(count);
            let mut output = Output::default();
            all.chunks(piece.max(1)).for_each(|piece| output.push(piece));
            let (head, cut_bytes, tail) = output.parts();
            assert_eq!(head.len() + cut_bytes as usize + tail.len(), count);
            assert_eq!(cut_bytes > 0, count > LIMIT, "{count} bytes by {piece}");
            assert!(all.starts_with(head) && all.ends_with(tail));
            if cut_bytes > 0 {
                assert!(head.ends_with(b"\n") && all[..count - tail.len()].ends_with(b"\n"));
                assert!(cut_bytes as usize <= count - LIMIT + 2 * 50);
            }
        }
    }

    #[test]
    fn without_line_ends_the_cut_falls_between_characters() {
        let all = "é€😀".repeat(20_000).into_bytes();
        for shift in 0..4 {
            let mut output = Output::default();
            output.push(&b"abc"[..shift]);
            output.push(&all);
            let (head, cut_bytes, tail) = output.parts();
            assert!(cut_bytes > 0);
            assert!(std::str::from_utf8(head).is_ok() && std::str::from_utf8(tail).is_ok());
        }
    }
}
