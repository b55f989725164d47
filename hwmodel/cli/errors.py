"""From an exception to one sentence and an exit code: 2 for bad input, 130 for an interrupt, 141 for a reader that went away."""

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any

import typer
from typer.core import TyperGroup

MISMATCH = 1
BAD_INPUT = 2
INTERRUPTED = 130
CLOSED_PIPE = 141
"""What a shell says of a program that SIGPIPE ended."""


class InputError(ValueError):
    """Something the command line itself cannot take; the message is one sentence."""


class _ReaderGoneError(Exception):
    """Nobody reads stdout any more."""


class Commands(TyperGroup):
    """A group of commands that reports what a person did wrong as ``error: <one sentence>`` on stderr."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a closed pipe leaves by an error of our own, for Typer turns Python's into exit code 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command that `args` name and leave with its exit code."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a µ on an ASCII terminal
        try:
            _refuse_empty(sys.argv[1:] if args is None else args)
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
            if sys.stdout is not None:  # None where the shell closed it
                sys.stdout.flush()
        except (BrokenPipeError, _ReaderGoneError):  # whoever read stdout has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(CLOSED_PIPE)
        except (KeyboardInterrupt, typer.Abort):
            warnings.simplefilter("ignore")  # Amaranth's, on modules that are now never elaborated
            sys.exit(INTERRUPTED)
        except Exception as error:
            sentence = sentence_of(error)
            if sentence is None:
                raise
            print(f"error: {sentence}", file=sys.stderr)
            sys.exit(BAD_INPUT)
        sys.exit(code if isinstance(code, int) else 0)


def _refuse_empty(arguments: Sequence[str]) -> None:
    """Raise at an empty argument: none means anything, and as a path it would silently be the current folder."""
    for before, argument in zip(["the command", *arguments], arguments, strict=False):
        if not argument:
            raise InputError(f"the argument after {before} is empty; was a variable not set?")
        if argument.startswith("--") and argument.endswith("=") and argument.count("=") == 1:
            raise InputError(f"nothing stands after {argument}; was a variable not set?")


@contextmanager
def mismatch_exits() -> Iterator[None]:
    """Turn the `MismatchError` of a circuit that differs from its golden model into its text and exit code 1."""
    from hwmodel.sweep.rows import MismatchError

    try:
        yield
    except MismatchError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(MISMATCH) from error


def sentence_of(error: Exception) -> str | None:
    """Return what to tell the person who caused `error`; None if nobody but a programmer can have."""
    # Typer's usage errors have no public base class (it vendors click since 0.26); all of them can do this.
    if hasattr(error, "format_message"):
        context = getattr(error, "ctx", None)
        where = f"{context.command_path}: " if context is not None else ""
        text = _one_line(error.format_message())
        return f"{where}{text[:1].lower()}{text[1:]}; see --help"
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return _one_line(f"{error.filename}: {reason}" if error.filename is not None else reason)
    if isinstance(error, _reported_types()):
        return _one_line(str(error))
    return None


_REPORTED = {
    "hwmodel.spec": "SpecError",
    "hwmodel.cost.calibration": "CostError",
    "hwmodel.flow.card": "TechError",
    "hwmodel.report.silicon": "VectorError",
    "hwmodel.sweep.errors": "SweepError",
    "hwmodel.yosys": "YosysError",
    "hwmodel_sim.simulators": "SimulationError",
}
"""The errors of the other packages that a person can cause, by the module that defines them."""


def _reported_types() -> tuple[type[Exception], ...]:
    """Return the reported errors of the modules that are loaded; no other module can have raised one."""
    return (InputError, *(getattr(sys.modules[module], name) for module, name in _REPORTED.items() if module in sys.modules))


def _one_line(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")
