//! The terminal: taken, given back on leaving, on a panic, on a signal and while suspended; and what comes from it.

use super::Screen;
use crate::keymap::Key;
use crate::model::{Model, Mouse};
use crate::pointer::{Pointed, Pointer};
use crate::view;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEventKind, KeyModifiers, MouseButton,
    MouseEvent, MouseEventKind,
};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What comes from the terminal and from the system.
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// It has another size.
    Resize(u16, u16),
    /// The mouse did something.
    Mouse(Pointer),
    /// The shell is wanted for a while.
    Suspend,
    /// The terminal is gone, or the process is told to end.
    Gone,
}

/// The terminal while it is taken. Dropping gives it back.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<io::Stdout>>,
    mouse: Mouse,
}

impl Terminal {
    /// Takes the terminal; a panic of this thread from now on gives it back before it speaks.
    pub fn enter(mouse: Mouse) -> io::Result<Terminal> {
        hold_back_panics();
        take(mouse)?;
        let inner = ratatui::Terminal::new(CrosstermBackend::new(io::stdout())).inspect_err(|_| give_back())?;
        Ok(Terminal { inner, mouse })
    }

    /// Draws one frame; only cells that changed are written.
    fn frame(&mut self, paint: impl FnOnce(&mut Buffer)) -> io::Result<()> {
        self.inner.draw(|frame| paint(frame.buffer_mut())).map(drop)
    }
}

impl Screen for Terminal {
    fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }

    fn draw(&mut self, model: &Model) -> io::Result<()> {
        self.frame(|buffer| view::draw(model, buffer))
    }

    fn clear(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal where the cursor is, and the thread that waits for keys would get the answer.
        let (columns, lines) = self.size()?;
        self.inner.resize(Rect::new(0, 0, columns, lines))
    }

    #[cfg(unix)]
    fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        take(self.mouse)?;
        self.clear()
    }

    /// There is no shell to go back to.
    #[cfg(not(unix))]
    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn set_mouse(&mut self, mouse: Mouse) -> io::Result<()> {
        if self.mouse != mouse {
            self.mouse = mouse;
            listen_to_mouse(mouse)?;
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn take(mouse: Mouse) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide).inspect_err(|_| give_back())?;
    if mouse == Mouse::On { listen_to_mouse(mouse) } else { Ok(()) }
}

/// Clicks, drags and the wheel, but not each place that the pointer passes over.
#[cfg(unix)]
fn listen_to_mouse(mouse: Mouse) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(match mouse {
        Mouse::On => b"\x1b[?1000h\x1b[?1002h\x1b[?1006h",
        Mouse::Off => b"\x1b[?1006l\x1b[?1002l\x1b[?1000l",
    })?;
    stdout.flush()
}

#[cfg(not(unix))]
fn listen_to_mouse(mouse: Mouse) -> io::Result<()> {
    match mouse {
        Mouse::On => execute!(io::stdout(), event::EnableMouseCapture),
        Mouse::Off => execute!(io::stdout(), event::DisableMouseCapture),
    }
}

/// Everything that was taken is given back, and then what another thread said meanwhile is printed.
fn give_back() {
    let _ = listen_to_mouse(Mouse::Off);
    let _ = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    for words in HELD_BACK.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = writeln!(io::stderr(), "{words}");
    }
}

/// What threads beside the screen's said when they panicked: it would tear the screen, so it waits for the screen to go.
static HELD_BACK: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A panic of this thread gives the terminal back first; one of another thread is kept for later, for the screen goes on.
fn hold_back_panics() {
    let screen = thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().id() == screen {
            give_back();
            before(panic);
        } else {
            HELD_BACK.lock().unwrap_or_else(PoisonError::into_inner).push(format!("tosumu: {panic}"));
        }
    }));
}

/// Starts the threads that wait for keys and for signals. They end when `send` says that nobody listens.
pub fn listen(send: impl Fn(Input) -> bool + Clone + Send + 'static) -> io::Result<()> {
    listen_to_signals(send.clone())?;
    // The first look at the terminal is what has it tell of other sizes.
    event::poll(Duration::ZERO)?;
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
        Event::Mouse(mouse) => pointer_of(mouse).map(Input::Mouse),
        _ => None,
    }
}

fn pointer_of(mouse: MouseEvent) -> Option<Pointer> {
    let did = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Pointed::Press,
        MouseEventKind::Drag(MouseButton::Left) => Pointed::Drag,
        MouseEventKind::ScrollDown => Pointed::Wheel(1),
        MouseEventKind::ScrollUp => Pointed::Wheel(-1),
        _ => return None,
    };
    Some(Pointer { column: mouse.column, line: mouse.row, did })
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
