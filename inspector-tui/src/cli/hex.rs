//! `tosumu hex`: the bytes of one page, each run of them named.

use super::common::{Failure, KeyOptions, Outcome, Output, Status, open_at_rest, shown_path};
use clap::Args;
use std::ops::Range;
use std::path::{Path, PathBuf};
use tosumu::format::annotate::{self, Annotation};
use tosumu::inspect::{AtRest, ByteSource, PageBytes};
use tosumu::{Error, Finding, PageNo};

/// Print the bytes of a page as it is stored, or opened, with the name of every part
///
/// The newest version is shown; the first line says whether it stands in the page file or still in the log alone.
#[derive(Args)]
pub struct Hex {
    /// The database
    file: PathBuf,
    /// The page, counted from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    page: u32,
    /// The plain form instead of the sealed one
    #[arg(long)]
    opened: bool,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Hex {
    /// Prints the bytes.
    pub fn run(self) -> Outcome {
        let file = open_at_rest(&self.file, &self.keys)?;
        let page = PageNo(self.page);
        let found = page_bytes(&file, &self.file, page)?;
        let mut output = Output::new();
        if !self.opened {
            output.line(format!("page {page}, sealed, {}", place_text(&file, &self.file, &found)))?;
            print_spans(&mut output, &found.bytes, &annotate::sealed_page(&found.bytes))?;
            output.finish()?;
            return Ok(Status::Done);
        }
        let plain = file
            .open_bytes(page, &found)
            .map_err(|finding| Failure::engine(&self.file, file.explained(*finding).into()))?;
        output.line(format!("page {page}, opened, {}", place_text(&file, &self.file, &found)))?;
        print_spans(&mut output, &plain, &annotate::plain_page(&plain))?;
        output.finish()?;
        Ok(Status::Done)
    }
}

/// The newest sealed bytes of a page; a page that the file does not have is wrong use, one that is cut off is damage.
pub fn page_bytes(file: &AtRest, path: &Path, page: PageNo) -> Result<PageBytes, Failure> {
    let failed = |error| Failure::engine(path, error);
    let found = file.newest_page(page).map_err(failed)?;
    let whole = file.page_size().map_or(0, |size| size.bytes());
    if found.bytes.len() == whole {
        return Ok(found);
    }
    let page_count = match (file.page_count(), file.state()) {
        (Some(page_count), _) => page_count,
        // Nothing says how many pages there should be, and why is what the reader has to know.
        (None, Err(finding)) => return Err(failed(Error::from(finding.clone()))),
        (None, Ok(state)) => state.page_count,
    };
    if page.0 > page_count {
        let why = format!("{} has pages 1 to {page_count}; there is no page {page}", shown_path(path));
        return Err(Failure::new(Status::Cannot, "NO-PAGE", why));
    }
    let start = found.source.offset();
    let finding = Finding::new(tosumu::Code::FileTruncated, format!("The file ends inside or before page {page}."))
        .at(file.name(), start..start + whole as u64)
        .page(page)
        .remedy();
    Err(failed(Error::from(finding)))
}

/// Where the bytes stand: `bytes 8192-8703 of notes.tsm`.
pub fn place_text(file: &AtRest, path: &Path, found: &PageBytes) -> String {
    let (start, end) = (found.source.offset(), found.source.offset() + found.bytes.len() as u64);
    match found.source {
        ByteSource::File { .. } => format!("bytes {start}-{} of {}", end - 1, shown_path(path)),
        ByteSource::Log { .. } => {
            let log = shown_path(&path.with_file_name(&file.log().name));
            format!("bytes {start}-{} of {log}: the log has the newest version", end - 1)
        }
    }
}

fn print_spans(output: &mut Output, bytes: &[u8], spans: &[Annotation]) -> Result<(), Failure> {
    for annotation in spans {
        let Range { start, end } = annotation.span.clone();
        output.line(format!("{start:>5}-{:<5} {}  {}", end - 1, annotation.name, annotation.value))?;
        print_rows(output, &bytes[start..end], start)?;
    }
    Ok(())
}

/// Rows of 16 bytes; a run of equal rows is shown once, with a star for the others.
fn print_rows(output: &mut Output, bytes: &[u8], start: usize) -> Result<(), Failure> {
    let mut before: Option<&[u8]> = None;
    let mut starred = false;
    for (number, row) in bytes.chunks(16).enumerate() {
        if before == Some(row) {
            if !starred {
                output.line("            *")?;
            }
            starred = true;
            continue;
        }
        (before, starred) = (Some(row), false);
        let digits: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String =
            row.iter().map(|&byte| if (0x20..0x7f).contains(&byte) { char::from(byte) } else { '.' }).collect();
        output.line(format!("      {:>5} {:<47}  {text}", start + number * 16, digits.join(" ")))?;
    }
    Ok(())
}
