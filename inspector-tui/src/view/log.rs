//! The log: its records in order, the durable line, and where recovery would stop.

use super::{line_of, wrapped};
use crate::{
    describe::log as facts,
    model::{Model, View},
    widget::{Family, LogKind, LogLanes, LogRow, text},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    let log = facts::log(model);
    match log.bytes {
        0 => "no log".into(),
        _ if model.file_work.follow.on => format!("written up to {}", text::grouped(log.durable_to)),
        _ => format!("durable up to {}", text::grouped(log.durable_to)),
    }
}

/// What is known of the line up to which the log is there: of a log that another process writes, not whether it was synced.
fn line_words(model: &Model) -> &'static str {
    if model.file_work.follow.on { "written up to here" } else { "durable up to here" }
}

/// The same in few words.
pub fn short_note(model: &Model) -> String {
    format!("safe to {}", text::grouped(model.world.log_durable_len()))
}

/// Draws the log with a footer of sizes or, where there is room, of what recovery would do.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let log = facts::log(model);
    let theme = &model.style.theme;
    if log.bytes == 0 {
        let words = "There is no log: the page file is all there is. The first commit after a checkpoint begins one.";
        return wrapped(buffer, area, words, theme.style(Family::Quiet));
    }
    let rows = rows(&log);
    let footer = fitting_footer(&log, rows.len(), area);
    let height = area.height - footer.len() as u16;
    let selected = selected(model, &log);
    let lanes = LogLanes { rows: &rows, durable_to: log.durable_to, line: line_words(model), selected, theme };
    lanes.render(Rect { height, ..area }, buffer);
    for (at, words) in footer.iter().enumerate() {
        line_of(buffer, area, height + at as u16, words, theme.style(Family::Quiet));
    }
}

/// The row of the list in front that stands in a line of the area; none of a line that is no record.
pub fn row_at(model: &Model, line: u16, area: Rect) -> Option<usize> {
    let log = facts::log(model);
    let rows = rows(&log);
    let height = area.height - fitting_footer(&log, rows.len(), area).len() as u16;
    let selected = selected(model, &log);
    let lanes = LogLanes {
        rows: &rows,
        durable_to: log.durable_to,
        line: line_words(model),
        selected,
        theme: &model.style.theme,
    };
    let at = lanes.row_at(line, height).filter(|_| line < height && log.bytes > 0)?;
    at.checked_sub(usize::from(log.generation.is_none())).filter(|row| *row < model.rows())
}

/// Footer lines only stand where the records leave room for them.
fn fitting_footer(log: &facts::LogFacts, rows: usize, area: Rect) -> Vec<String> {
    let footer = footer(log, area);
    let lines = usize::from(area.height).saturating_sub(footer.len());
    if rows < lines || area.height > 12 { footer } else { Vec::new() }
}

fn footer(log: &facts::LogFacts, area: Rect) -> Vec<String> {
    let sizes = format!(
        "{} bytes a page, {} a commit, then zeros to the next multiple of 512",
        text::grouped(log.page_record_bytes),
        log.commit_record_bytes
    );
    let short = format!("{} bytes a page, {} a commit", text::grouped(log.page_record_bytes), log.commit_record_bytes);
    let room = usize::from(area.width).saturating_sub(2);
    let sizes = if text::width(&sizes) <= room { sizes } else { short };
    if area.height < 10 {
        return vec![sizes];
    }
    let mut lines = vec![String::new()];
    lines.extend(text::wrap(&log.recovery(), room));
    lines.push(sizes);
    lines
}

fn rows(log: &facts::LogFacts) -> Vec<LogRow> {
    let header = match log.generation {
        Some(generation) => {
            let salt = log.salt.as_ref().map_or(String::new(), |salt| format!(", salt {}", &salt[..salt.len().min(8)]));
            format!("header, generation {generation}; checkpoint at commit {}{salt}", log.page_file_commit)
        }
        None => "no readable header".into(),
    };
    let mut rows = vec![LogRow { offset: Some(0), kind: LogKind::Header, what: header, transaction: None }];
    let mut last_end = 0;
    for record in &log.records {
        let unfinished = if record.kept { "" } else { "  (unfinished)" };
        rows.push(LogRow {
            offset: Some(record.offset),
            kind: if record.page.is_some() { LogKind::Page } else { LogKind::Commit },
            what: format!("{}{unfinished}", record.what()),
            transaction: Some(record.commit),
        });
        last_end = record.end;
    }
    if let Some(last) = log.records.last().filter(|last| last.page.is_none()) {
        let padding = log.recovery_stops_at.saturating_sub(last.end);
        if padding > 0 {
            let what = format!("{padding} zeros (padding)");
            rows.push(LogRow { offset: Some(last.end), kind: LogKind::Remark, what, transaction: None });
            last_end = log.recovery_stops_at;
        }
    }
    if log.bytes > last_end.max(log.recovery_stops_at) && !log.because.starts_with("only zeros") {
        let offset = last_end.max(log.recovery_stops_at);
        let what = format!("recovery stops: {}", log.because);
        rows.push(LogRow { offset: Some(offset), kind: LogKind::Remark, what, transaction: None });
    }
    if let Some(to_come) = &log.to_come {
        rows.push(LogRow { offset: None, kind: LogKind::Remark, what: to_come.clone(), transaction: None });
    }
    rows
}

/// The record under the cursor; where the log is not in front that of the page that was chosen, newest first.
fn selected(model: &Model, log: &facts::LogFacts) -> Option<usize> {
    if model.view == View::Log {
        let last = model.rows().checked_sub(1)?;
        // A header that cannot be read has a line all the same, and no row.
        return Some(model.selected_row.min(last) + usize::from(log.generation.is_none()));
    }
    let page = model.page?.0;
    log.records.iter().rposition(|record| record.page == Some(page)).map(|at| at + 1)
}
