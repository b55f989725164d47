"""Bad input: one sentence on stderr that says what was given and what is allowed, exit code 2, nothing on stdout."""

from pathlib import Path

import pytest
from typer.testing import Result

BAD = [
    # formats
    (["formats", "fp8"], "unknown format 'fp8'"),
    (["formats", "e4m3fm"], "did you mean e4m3fn"),
    (["formats", "int0"], "width 0 is not in 2..32"),
    (["formats", "e12m3"], "exponent width 12 is not in 1..11"),
    (["formats", "--json", "--csv"], "--json and --csv exclude each other"),
    # encode, decode
    (["encode", "int8", "nan"], "a NaN cannot be encoded: int8 has no code for it"),
    (["encode", "e2m1fn", "nan"], "a NaN cannot be encoded: e2m1fn has no code for it"),
    (["encode", "int8", "one"], "'one' is not a number"),
    (["encode", "int8", "1/0"], "'1/0' is not a number"),
    (["encode", "int8", "1e999999999"], "'1e999999999' is beyond 10^±20000"),
    (["encode", "fp32", "1/" + "9" * 5000], "far outside every format"),
    (["encode", "fp32", "0x1p99999999999"], "is beyond 10^±20000"),
    (["formats", "int８"], "unknown format 'int８'"),
    (["formats", "e8m0fnu"], "the scale format of OCP MX has no zero and is not an operand"),
    (["emit", "int8-int8-fx", "-o", "/dev/null"], "/dev/null is not a folder"),
    (["encode", "fp16", "1", "--rounding", "up"], "rounding 'up' is not one of rne, rna, rtz, rup, rdn"),
    (["encode", "fp16", "1", "--overflow", "wrap"], "overflow 'wrap' is not one of sat, ieee"),
    (["encode", "int8", "1", "--overflow", "ieee"], "int8 has neither; use 'sat'"),
    (["encode", "fp16", "1", "--nan", "max"], "nan 'max' is not one of error, sat, zero"),
    (["encode", "fp16", "1", "--rounding", "sr8"], "needs random integers in 0..2^8-1"),
    (["encode", "fp16", "1", "--rouding", "rne"], "no such option: --rouding"),
    (["decode", "e4m3fn", "0x100"], "code 0x100 is not in 0x0..0xff, the codes of e4m3fn"),
    (["decode", "e4m3fn", "-1"], "code -1 is not in 0x0..0xff"),
    (["decode", "e4m3fn", "7e"], "'7e' is not a code"),
    # units
    (["emit", "int8-int8", "-o", "."], "a unit is <a>-<b>-<acc>[-p<N>]"),
    (["emit", "int8-fp8-fp32", "-o", "."], "unknown format 'fp8'"),
    (["emit", "int8-int8-int32", "-o", "."], "for a 32-bit integer one write fx32f0"),
    (["emit", "int8-int8-fxh-4", "-o", "."], "headroom -4 is not in 0..64"),
    (["emit", "int8-int8-fx0", "-o", "."], "width 0 is not in 1..1024"),
    (["emit", "int8-int8-fx32-p9", "-o", "."], "pipeline depth 9 is not in 0..2"),
    (["emit", "int8-int8-fx32", "-o", ".", "--adder", "fast"], "adder 'fast' is not one of ripple, brent_kung, sklansky, kogge_stone"),
    (["emit", "int8-int8-fx32", "-o", ".", "--multiplier", "wallace"], "multiplier 'wallace' is not one of baugh_wooley, booth"),
    (["estimate", "int8-int8", "--paper"], "a unit is <a>-<b>-<acc>[-p<N>]"),
    (["estimate", "int8-int8-fx32", "--card", "no-such-card"], "there is no tech card 'no-such-card'; bundled cards: "),
    (["synth", "int8-int8-fx32", "--card", "no-such-card"], "there is no tech card 'no-such-card'; bundled cards: "),
    (["synth", "int8-int8-fx32", "--objective", "small"], "the objective 'small' is not one of area, balanced, delay, yosys"),
    (["synth", "int8-int8-fx32", "--liberty", "no/such.lib"], "no/such.lib cannot be read: No such file or directory"),
    (["compare", "int8-int8-fx32", "--name", "a/b"], "the name 'a/b' is not a file name"),
    (["verify", "int8-int8-fx32", "--simulator", "spice"], "unknown simulator 'spice': allowed are auto, verilator, icarus"),
    (["verify", "int8-int8-fx32", "--verilog", "no_such.v"], "no_such.v: No such file or directory"),
    (["verify", "int8-int8-fx32", "int4-int4-fx16", "--verilog", "x.v"], "--verilog verifies one file as one unit, and 2 were given"),
    (["tech", "show", "no-such-card"], "there is no tech card 'no-such-card'"),
    # usage
    (["emit"], "hwmodel emit: missing argument 'SPEC'"),
    (["emit", "int8-int8-fx32"], "hwmodel emit: missing option '--out'"),
    (["fromats"], "no such command 'fromats'. Did you mean 'formats'?"),
    (["verify", "int8-int8-fx32", "--vectors", "0"], "invalid value for '--vectors'"),
    (["verify", "int8-int8-fx32", "--vectors", "1000000000000"], "invalid value for '--vectors'"),
    (["tech"], "hwmodel tech: missing command"),
]


def sentence(result: Result) -> str:
    """Check the form of a refusal and return its sentence."""
    assert result.exit_code == 2
    assert result.stdout == ""
    *notes, last = result.stderr.splitlines()
    assert all(line.startswith("note: ") for line in notes)
    assert last.startswith("error: ")
    assert "Traceback" not in result.stderr
    return last


@pytest.mark.parametrize(("arguments", "expected"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_one_sentence(run, tmp_path, monkeypatch, arguments, expected):
    monkeypatch.chdir(tmp_path)
    assert expected in sentence(run(*arguments))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["emit", "int8-int8-fx32"], ["compare", "int8-int8-fx32"], ["report"]], ids=lambda command: command[0])
def test_folder_that_cannot_be_written(run, tmp_path, command):
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "out"
    assert f"the folder {folder} cannot be written: Not a directory" in sentence(run(*command, "-o", folder))


def test_file_that_cannot_be_written(run, tmp_path):
    (tmp_path / "int4_int4_fx16.v").mkdir()
    assert f"the file {tmp_path / 'int4_int4_fx16.v'} cannot be written: Is a directory" in sentence(
        run("emit", "int4-int4-fx16", "-o", tmp_path)
    )
    assert [path.name for path in tmp_path.iterdir()] == ["int4_int4_fx16.v"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello\n", "is not a complete Liberty file"),
        ("library (cut) {\n  cell (inv) {\n", "is not a complete Liberty file"),
        ("", "Liberty file"),
    ],
    ids=["text", "cut off", "empty"],
)
@pytest.mark.parametrize("command", ["tech import", "synth"])
def test_broken_liberty(run, tmp_path, command, text, expected):
    file: Path = tmp_path / "broken.lib"
    file.write_text(text)
    call = (
        ["tech", "import", "card", file, "-o", tmp_path / "card.gz"]
        if command == "tech import"
        else ["synth", "int4-int4-fx16", "--liberty", file]
    )
    assert expected in sentence(run(*call))
    assert not (tmp_path / "card.gz").exists()


def test_card_that_is_none(run, tmp_path):
    (tmp_path / "card.gz").write_bytes(b"not a gzip")
    assert "is not a tech card" in sentence(run("tech", "show", tmp_path / "card.gz"))


@pytest.mark.parametrize("command", [["encode", "e4m3", "1"], ["decode", "e4m3", "1"], ["formats", "e4m3"]], ids=lambda command: command[0])
def test_note_where_another_format_was_likely_meant(run, command):
    result = run(*command, "--json")
    assert result.exit_code == 0
    assert result.stderr == (
        "note: e4m3 is the IEEE-style format with infinities (largest value 240); the OCP FP8 of GPUs (largest value 448) is e4m3fn\n"
    )


def test_note_on_a_unit(run, tmp_path):
    result = run("emit", "e4m3-e4m3-fx", "-o", tmp_path)
    assert result.exit_code == 0
    assert result.stderr.startswith("note: e4m3 is the IEEE-style format")
    assert len(result.stderr.splitlines()) == 1
