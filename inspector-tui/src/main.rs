//! The command `tosumu`.

fn main() -> std::process::ExitCode {
    tosumu_inspector::cli::main()
}
