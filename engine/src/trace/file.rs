//! A trace as a file: JSON Lines, a header and then one event a line. The same events give the same bytes.

use super::{Event, Level};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::sync::Arc;

/// The number of this form of trace.
const TRACE_FORMAT: u32 = 1;

/// Longest line that is read, in bytes: that of a power cut holds every file that survived, as hex.
const LINE_MAX: u64 = 1 << 28;

/// A trace that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// How much its events carry.
    pub level: Level,
    /// The events, in order.
    pub events: Vec<Arc<Event>>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    tosumu_trace: u32,
    level: String,
}

#[derive(Serialize)]
struct LineOut<'a> {
    seq: u64,
    #[serde(flatten)]
    event: &'a Event,
}

#[derive(Deserialize)]
struct LineIn {
    seq: u64,
    #[serde(flatten)]
    event: Event,
}

/// Writes a header and one line for each event, numbered from 1.
pub fn write_trace(out: &mut dyn Write, level: Level, events: &[Arc<Event>]) -> io::Result<()> {
    let level = match level {
        Level::Outline => "outline",
        Level::Full => "full",
    };
    write_line(out, &Header { tosumu_trace: TRACE_FORMAT, level: level.to_owned() })?;
    (1..).zip(events).try_for_each(|(seq, event)| write_line(out, &LineOut { seq, event }))
}

fn write_line(out: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Reads what [`write_trace`] wrote. An error of kind `InvalidData` names the line that is wrong.
pub fn read_trace(input: &mut dyn BufRead) -> io::Result<Trace> {
    match read_trace_prefix(input)? {
        (trace, None) => Ok(trace),
        (_, Some(wrong)) => Err(wrong),
    }
}

/// Reads the events before the first line that is wrong, and says what is wrong with that line: what is left of a trace that
/// was cut off or damaged. Without a good first line there is no trace, and that is the error.
pub fn read_trace_prefix(input: &mut dyn BufRead) -> io::Result<(Trace, Option<io::Error>)> {
    let header = next_line(input, 1)?.ok_or_else(|| wrong(1, "the file is empty and is no trace"))?;
    let mut trace = Trace { level: read_header(&header)?, events: Vec::new() };
    for number in 2.. {
        let sequence = trace.events.len() as u64 + 1;
        match next_line(input, number).and_then(|line| line.map(|line| read_event(&line, number, sequence)).transpose())
        {
            Ok(Some(event)) => trace.events.push(Arc::new(event)),
            Ok(None) => break,
            Err(error) => return Ok((trace, Some(error))),
        }
    }
    Ok((trace, None))
}

/// The next line without its end; a trace may come from anybody, so that no line takes more than [`LINE_MAX`].
fn next_line(input: &mut dyn BufRead, number: u64) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let count = (&mut *input).take(LINE_MAX).read_until(b'\n', &mut line)?;
    if count as u64 == LINE_MAX {
        return Err(wrong(number, &format!("it is longer than {LINE_MAX} bytes")));
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    match String::from_utf8(line) {
        Ok(line) => Ok((count > 0).then_some(line)),
        Err(_) => Err(wrong(number, "it is not UTF-8 text")),
    }
}

fn read_event(line: &str, number: u64, sequence: u64) -> io::Result<Event> {
    let line: LineIn = serde_json::from_str(line).map_err(|error| wrong(number, &error.to_string()))?;
    if line.seq != sequence {
        return Err(wrong(number, &format!("event {sequence} should stand here and event {} does", line.seq)));
    }
    Ok(line.event)
}

fn read_header(line: &str) -> io::Result<Level> {
    let header: Header =
        serde_json::from_str(line).map_err(|_| wrong(1, "this is not a trace: its first line is no header of one"))?;
    if header.tosumu_trace != TRACE_FORMAT {
        let why =
            format!("trace format {} is not known; this program reads format {TRACE_FORMAT}", header.tosumu_trace);
        return Err(wrong(1, &why));
    }
    match header.level.as_str() {
        "outline" => Ok(Level::Outline),
        "full" => Ok(Level::Full),
        _ => Err(wrong(1, "the level is neither `outline` nor `full`")),
    }
}

fn wrong(line: u64, why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("line {line}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::text::samples;

    fn written(events: &[Arc<Event>]) -> Vec<u8> {
        let mut out = Vec::new();
        write_trace(&mut out, Level::Full, events).unwrap();
        out
    }

    fn message(text: &str) -> String {
        let error = read_trace(&mut text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        error.to_string()
    }

    #[test]
    fn every_event_survives_the_round_trip() {
        let events: Vec<_> = samples::all().into_iter().map(Arc::new).collect();
        let bytes = written(&events);
        let trace = read_trace(&mut bytes.as_slice()).unwrap();
        assert_eq!(trace, Trace { level: Level::Full, events });
        assert_eq!(written(&trace.events), bytes);
    }

    #[test]
    fn the_lines_look_as_they_should() {
        let bytes = written(&[Arc::new(Event::DirectorySynced), Arc::new(Event::FileSynced { file: "a".into() })]);
        let expected = "{\"tosumu_trace\":1,\"level\":\"full\"}\n{\"seq\":1,\"event\":\"directory-synced\"}\n\
                        {\"seq\":2,\"event\":\"file-synced\",\"file\":\"a\"}\n";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let header = "{\"tosumu_trace\":1,\"level\":\"full\"}\n";
        assert!(message("").starts_with("line 1: "));
        assert!(message("hello").starts_with("line 1: this is not a trace"));
        assert!(message("{\"tosumu_trace\":2,\"level\":\"full\"}").contains("format 2"));
        assert!(message("{\"tosumu_trace\":1,\"level\":\"some\"}").contains("neither"));
        assert!(
            message(&format!("{header}{{\"seq\":2,\"event\":\"directory-synced\"}}")).starts_with("line 2: event 1")
        );
        assert!(message(&format!("{header}{{\"seq\":1,\"event\":\"nonsense\"}}")).starts_with("line 2: "));
        assert!(message(&format!("{header}\n")).starts_with("line 2: "));
    }

    #[test]
    fn what_stands_before_a_bad_line_is_still_read() {
        let events: Vec<_> = samples::all().into_iter().map(Arc::new).collect();
        let bytes = written(&events);
        let (trace, why) = read_trace_prefix(&mut &bytes[..bytes.len() - 9]).unwrap();
        assert_eq!(trace.events[..], events[..events.len() - 1]);
        assert!(why.unwrap().to_string().starts_with(&format!("line {}: ", events.len() + 1)));
        let mut changed = bytes.clone();
        let third = changed.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(2).unwrap().0;
        changed[third + 2] = 0xff;
        let (trace, why) = read_trace_prefix(&mut changed.as_slice()).unwrap();
        assert_eq!(trace.events.len(), 2);
        assert!(why.unwrap().to_string().contains("not UTF-8"));
        assert!(read_trace_prefix(&mut &b"hello"[..]).is_err());
    }

    #[test]
    fn no_cut_or_changed_byte_makes_reading_panic() {
        let events: Vec<_> = samples::all().into_iter().map(Arc::new).collect();
        let bytes = written(&events);
        for end in (0..bytes.len()).step_by(7) {
            let _ = read_trace(&mut &bytes[..end]);
        }
        for at in (0..bytes.len()).step_by(11) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x11;
            let _ = read_trace(&mut changed.as_slice());
        }
    }
}
