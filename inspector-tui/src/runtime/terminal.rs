//! The terminal: taken, given back on leaving, on a panic, on a signal and while suspended; and what comes from it.

use crate::keymap::Key;
use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::execute;
#[cfg(unix)]
use crossterm::terminal::{EnterAlternateScreen, enable_raw_mode};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::{io, thread};

/// What comes from the terminal and from the system.
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// It has another size.
    Resize(u16, u16),
    /// The wheel was turned by so many rows.
    Wheel(i32),
    /// The shell is wanted for a while.
    Suspend,
    /// The terminal is gone, or the process is told to end.
    Gone,
}

/// The terminal while it is taken. Dropping gives it back.
pub struct Terminal {
    inner: ratatui::DefaultTerminal,
}

impl Terminal {
    /// Takes the terminal; a panic from now on gives it back before it speaks.
    pub fn enter() -> io::Result<Terminal> {
        let inner = ratatui::try_init()?;
        execute!(io::stdout(), EnableBracketedPaste)?;
        Ok(Terminal { inner })
    }

    /// Columns and lines.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }

    /// Draws one frame; only cells that changed are written.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer)) -> io::Result<()> {
        self.inner.draw(|frame| paint(frame.buffer_mut())).map(drop)
    }

    /// Forgets what is on the screen, so that the next frame is written whole.
    pub fn clear(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal where the cursor is, and the thread that waits for keys would get the answer.
        let (columns, lines) = self.size()?;
        self.inner.resize(Rect::new(0, 0, columns, lines))
    }

    /// Gives the terminal to the shell until it hands it back.
    #[cfg(unix)]
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
        self.clear()
    }

    /// There is no shell to go back to.
    #[cfg(not(unix))]
    pub fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    let _ = execute!(io::stdout(), DisableBracketedPaste);
    let _ = ratatui::try_restore();
}

/// Starts the threads that wait for keys and for signals. They end when `send` says that nobody listens.
pub fn listen(send: impl Fn(Input) -> bool + Clone + Send + 'static) -> io::Result<()> {
    listen_to_signals(send.clone())?;
    thread::spawn(move || {
        loop {
            let input = match event::read() {
                Ok(event) => understood(event),
                Err(_) => Some(Input::Gone),
            };
            let gone = matches!(input, Some(Input::Gone));
            if input.is_some_and(|input| !send(input)) || gone {
                return;
            }
        }
    });
    Ok(())
}

#[cfg(unix)]
fn listen_to_signals(send: impl Fn(Input) -> bool + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP])?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if !send(if signal == SIGTSTP { Input::Suspend } else { Input::Gone }) {
                return;
            }
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn listen_to_signals(_send: impl Fn(Input) -> bool + Send + 'static) -> io::Result<()> {
    Ok(())
}

fn understood(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => key_of(key.code, key.modifiers),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Resize(columns, lines) => Some(Input::Resize(columns, lines)),
        Event::Mouse(mouse) => match mouse.kind {
            event::MouseEventKind::ScrollDown => Some(Input::Wheel(1)),
            event::MouseEventKind::ScrollUp => Some(Input::Wheel(-1)),
            _ => None,
        },
        _ => None,
    }
}

fn key_of(code: KeyCode, modifiers: KeyModifiers) -> Option<Input> {
    if modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    let key = match code {
        KeyCode::Char('z') if modifiers.contains(KeyModifiers::CONTROL) => return Some(Input::Suspend),
        KeyCode::Char(letter) if modifiers.contains(KeyModifiers::CONTROL) => Key::Control(letter.to_ascii_lowercase()),
        KeyCode::Char(letter) => Key::Char(letter),
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        _ => return None,
    };
    Some(Input::Key(key))
}
