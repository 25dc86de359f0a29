//! What somebody newly wrote, apart from what they quoted and signed, in the desk's languages and
//! in the shapes the big mail programs make.
//! Loses nothing: every line stands in one of the two halves, and when in doubt in the reply.

use std::ops::Range;

use super::quote_marks::{attribution, divider, forward_marker, header_block, is_quoted, opens, signature_start};

/// Lines that are looked at; what follows them belongs to whichever half they end in.
const LINES: usize = 20_000;
/// Lines after "… wrote:" in which marks of a quote are looked for.
const LOOK_AHEAD: usize = 200;

/// A text in two halves.
pub(super) struct Split {
    /// What is new.
    pub(super) reply: String,
    /// What was folded away: quotes and signature, in their order.
    pub(super) quoted: Option<String>,
}

/// Splits a text; `forwarded` says that the mail passes another one on, which is then its point.
pub(super) fn split(text: &str, forwarded: bool) -> Split {
    let lines: Vec<&str> = text.splitn(LINES, '\n').collect();
    let cut = if forwarded { lines.len() } else { old_from(&lines) };
    let mut fold = Fold { folded: vec![false; lines.len()] };
    fold.mark(cut..lines.len());
    if !forwarded {
        fold.quotes(&lines, cut);
    }
    fold.signature(&lines, cut);
    let reply = fold.take(&lines, false);
    if reply.trim().is_empty() {
        // Nothing but quotes is still a mail that somebody meant to send.
        return Split { reply: text.trim().to_owned(), quoted: None };
    }
    let quoted = fold.take(&lines, true);
    Split { reply, quoted: Some(quoted).filter(|quoted| !quoted.trim().is_empty()) }
}

/// The line from which everything is older mail, or the number of lines.
fn old_from(lines: &[&str]) -> usize {
    let mut new_before = false;
    for (at, line) in lines.iter().enumerate() {
        let rest = lines.get(at..).unwrap_or_default();
        if forward_marker(rest) {
            return lines.len();
        }
        // At the very start there is nothing new before it: a forward without a word.
        if new_before && (divider(rest) || header_block(rest) || top_posted_attribution(rest)) {
            return at;
        }
        new_before |= !(line.trim().is_empty() || is_quoted(line));
    }
    lines.len()
}

/// "… wrote:" above a copy without marks, as programs for phones make it.
fn top_posted_attribution(rest: &[&str]) -> bool {
    attribution(rest).is_some_and(|found| {
        let mut after = rest.iter().skip(found.lines).take(LOOK_AHEAD).filter(|line| !line.trim().is_empty());
        found.certain && after.next().is_some_and(|next| !is_quoted(next)) && !after.any(|line| is_quoted(line))
    })
}

struct Fold {
    folded: Vec<bool>,
}

impl Fold {
    fn mark(&mut self, range: Range<usize>) {
        for line in self.folded.iter_mut().take(range.end).skip(range.start) {
            *line = true;
        }
    }

    /// Folds quoted blocks with the line that introduces them. Answers between several blocks
    /// need what they answer: then only the block after the last answer is folded.
    fn quotes(&mut self, lines: &[&str], cut: usize) {
        let blocks = blocks(lines, cut);
        let ends = blocks.iter().skip(1).map(|block| block.start).chain([cut]);
        let answered: Vec<bool> =
            blocks.iter().zip(ends).map(|(block, end)| has_answer(lines, block.end..end)).collect();
        let between = answered.iter().filter(|answered| **answered).count() >= 2;
        let keep = if between { answered.iter().rposition(|answered| *answered).map_or(0, |last| last + 1) } else { 0 };
        for block in blocks.into_iter().skip(keep) {
            self.mark(block);
        }
    }

    fn signature(&mut self, lines: &[&str], cut: usize) {
        let start = (0..cut.min(lines.len()))
            .rev()
            .take(30)
            .find(|&at| lines.get(at).is_some_and(|line| signature_start(line)));
        let Some(start) = start else { return };
        // A quote after the signature ends it.
        let end = (start..cut).find(|&at| self.folded.get(at) == Some(&true)).unwrap_or(cut);
        let wrote_before =
            lines.iter().zip(&self.folded).take(start).any(|(line, folded)| !folded && !line.trim().is_empty());
        if wrote_before {
            self.mark(start..end);
        }
    }

    fn take(&self, lines: &[&str], folded: bool) -> String {
        let kept: Vec<&str> =
            lines.iter().zip(&self.folded).filter(|(_, is)| **is == folded).map(|(line, _)| *line).collect();
        kept.join("\n").trim_end().trim_start_matches('\n').to_owned()
    }
}

/// Runs of quoted lines before `cut`, each with its attribution and the blank lines inside it.
fn blocks(lines: &[&str], cut: usize) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < cut {
        let quoted = |at: usize| lines.get(at).is_some_and(|line| is_quoted(line));
        if !quoted(at) {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        let mut looked = end;
        while looked < cut && (quoted(looked) || lines.get(looked).is_some_and(|line| line.trim().is_empty())) {
            looked += 1;
            if quoted(looked - 1) {
                end = looked;
            }
        }
        let floor = blocks.last().map_or(0, |block| block.end);
        blocks.push(introduced_from(lines, at, floor)..end);
        at = looked.max(end);
    }
    blocks
}

/// Where the attribution of the quote at `quote` starts, or `quote` when it has none.
fn introduced_from(lines: &[&str], quote: usize, floor: usize) -> usize {
    let blank = |at: usize| lines.get(at).is_none_or(|line| line.trim().is_empty());
    // At most two blank lines stand between the sentence and the quote.
    let Some(last) = (floor..quote).rev().take(3).find(|at| !blank(*at)) else { return quote };
    let ends_at_last = |start: usize| {
        lines.get(start..=last).and_then(attribution).is_some_and(|found| start + found.lines == last + 1)
    };
    let earliest = last.saturating_sub(2).max(floor);
    let broken =
        (earliest..last).find(|&start| lines.get(start).is_some_and(|line| opens(line)) && ends_at_last(start));
    broken.unwrap_or(if ends_at_last(last) { last } else { quote })
}

/// Whether something new stands in a stretch between quotes; a signature is no answer.
fn has_answer(lines: &[&str], gap: Range<usize>) -> bool {
    let gap = lines.get(gap).unwrap_or_default();
    gap.iter().take_while(|line| !signature_start(line)).any(|line| !line.trim().is_empty())
}

#[cfg(test)]
#[path = "tests/quote.rs"]
mod tests;
