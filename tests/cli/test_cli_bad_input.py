"""Bad input: one sentence on stderr that says what was given and what is allowed, exit code 2, nothing on stdout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import Result

LIBRARY = Path(__file__).parents[1] / "flow" / "small.lib"

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
    (["formats", "e1m0"], "float format e1m0: no code would be a number other than 0 and one power of two; give it a fraction bit"),
    (["formats", "cfloat8e4m3b64"], "the bias 64 of a configurable float is not in 0..63"),
    (["encode", "cfloat8e4m3", "1"], "choose one, such as cfloat8e4m3b7"),
    (["formats", "posit8es4"], "posit format posit8es4: es 4 is not in 0..3; the 2022 standard has es 2"),
    (["decode", "posit2", "1"], "posit format posit2: width 2 is not in 3..32"),
    (["encode", "lns8g3", "1"], "γ 3 is not a power of two"),
    (["formats", "nf4@int8"], "after the @ stands a float format, such as fp16, and int8 is none"),
    (["formats", "int8@fp16"], "before the @ stands a codebook, such as nf4 or af4, and int8 is none"),
    (["formats", "nf4@"], "operand 'nf4@': one @ stands between a codebook and the float format of its entries"),
    (["formats", "e4m3fn+"], "operand 'e4m3fn+': formats stand on both sides of a +"),
    (["formats", "e4m3fn+lns8"], "logarithmic, configurable and 80-bit formats cannot be joined with + to others"),
    (["encode", "e4m3fn+e5m2", "1"], "several formats under one name have no codes of their own; choose one, such as e4m3fn"),
    (["encode", "nf4", "nan"], "a NaN cannot be encoded: nf4 has no code for it"),
    # blocks: of units these are refused by their names alone, whatever the command
    (["encode", "mxfp4", "1"], "what its codes are worth depends on their block's scale; name its element, e2m1fn, or quantise arrays"),
    (["decode", "e2m1fn:16:e4m3fnu", "1"], "e2m1fn:16:e4m3fnu is a block format"),
    (["formats", "nvfp4", "--plot", "x.svg"], "nvfp4 is a block format"),
    (["formats", "e2m1fn:0:e8m0fnu"], "the size 0 is not in 1..65536, nor the word all"),
    (["formats", "e2m1fn:16:fp32"], "the scale fp32 is not an unsigned format of at most 12 bits"),
    (["formats", "mxfp4.cail"], "scale rule 'cail' is not one of floor, ceil, rne, rceil, amax; did you mean ceil"),
    (["formats", "sm8q6:16/3:e8m0fnu"], "sub-blocks of 3 do not divide a block of 16"),
    (["error", "mxfp4", "--columns", "40"], "do not divide the axis of 40; pad it with 24 zeros (pad=True, --pad), or give it 32 elements"),
    *(
        ([command, spec, *more], expected)
        for command, *more in (["emit", "-o", "x"], ["verify"], ["estimate"], ["synth"], ["compare", "-o", "x"], ["error"])
        for spec, expected in (
            ("mxfp8e4m3-mxfp8e4m3-fp32-x5", "5 operand pairs a cycle do not divide a block of 32; x4 does"),
            ("mxfp4-nvfp4-fp32", "blocks of mxfp4 and nvfp4 differ in size (32 and 16); both operands take one size"),
            ("vsq4-vsq4-fx48", "scales of blocks reach far, so name W and F, as in fx32f0"),
        )
    ),
    (
        ["formats", "int8:4:pow2e5b99999999999"],
        "'int8:4:pow2e5b99999999999': the scale pow2e5b99999999999: bias 99999999999 is not in -4096..4096",
    ),
    (["encode", "e3m2halfu", "1"], "did you mean e3m2uhalf?"),
    (["encode", "pal", "1"], "PAL is not publicly defined"),
    (["decode", "b4int3", "1"], "b4int3 is not publicly defined"),
    (["emit", "int8-int8-fx", "-o", "/dev/null"], "/dev/null is not a folder"),
    (["encode", "fp16", "1", "--rounding", "up"], "rounding 'up' is not one of rne, rna, rtz, rup, rdn"),
    (["encode", "fp16", "1", "--overflow", "wrap"], "overflow 'wrap' is not one of sat, ieee"),
    (["encode", "int8", "1", "--overflow", "ieee"], "int8 has neither; use 'sat'"),
    (["encode", "fp16", "1", "--nan", "max"], "nan 'max' is not one of error, sat, zero"),
    (["encode", "fp16", "1", "--rounding", "sr8"], "--rounding sr8 goes with --random, the integer that its random bits are"),
    (["emit", "int8-int8-fx32", "--lfsr", "-o", "x"], "no accumulator rounds stochastically"),
    (["emit", "fp16-fp16-fp16.sr8", "--lfsr", "--seed", "0", "-o", "x"], "the seed 0 is not in 1..131071"),
    (["emit", "fp16-fp16-fp16.sr8", "--seed", "3", "-o", "x"], "--seed 3 is the state of an LFSR, which --lfsr asks for"),
    (["encode", "fp16", "1", "--rouding", "rne"], "no such option: --rouding"),
    (["decode", "e4m3fn", "0x100"], "code 0x100 is not in 0x0..0xff, the codes of e4m3fn"),
    (["decode", "e4m3fn", "-1"], "code -1 is not in 0x0..0xff"),
    (["decode", "e4m3fn", "7e"], "'7e' is not a code"),
    # units
    (["emit", "int8-int8", "-o", "."], "a unit is <a>-<b>-<acc>[-x<L>][-p<N>]"),
    (["emit", "int8-fp8-fp32", "-o", "."], "unknown format 'fp8'"),
    (["emit", "int8-int8-int32", "-o", "."], "for a 32-bit integer one write fx32f0"),
    (["emit", "int8-int8-fxh-4", "-o", "."], "headroom -4 is not in 0..64"),
    (["emit", "int8-int8-fx0", "-o", "."], "width 0 is not in 1..1024"),
    (["emit", "int8-int8-fx32-p9", "-o", "."], "pipeline depth 9 is not in 0..2"),
    (
        ["emit", "int8-int8-fx32", "-o", ".", "--adder", "fast"],
        "adder 'fast' is not one of ripple, brent_kung, sparse, sklansky, kogge_stone",
    ),
    (["emit", "int8-int8-fp32", "-o", ".", "--paths", "dual"], "paths 'dual' is not one of single, near_far"),
    (["emit", "int8-int8-fx32", "-o", ".", "--multiplier", "wallace"], "multiplier 'wallace' is not one of baugh_wooley, booth"),
    (["estimate", "int8-int8", "--paper"], "a unit is <a>-<b>-<acc>[-x<L>][-p<N>]"),
    (["estimate", "int8-int8-fx32", "--card", "no-such-card"], "there is no tech card 'no-such-card'; bundled cards: "),
    (["synth", "int8-int8-fx32", "--card", "no-such-card"], "there is no tech card 'no-such-card'; bundled cards: "),
    (["synth", "int8-int8-fx32", "--objective", "small"], "the objective 'small' is not one of area, balanced, delay, yosys"),
    (["synth", "int8-int8-fx32", "--liberty", "no/such.lib"], "no/such.lib cannot be read: No such file or directory"),
    (["compare", "int8-int8-fx32", "--name", "a/b"], "the name 'a/b' is not a file name"),
    (["verify", "int8-int8-fx32", "--simulator", "spice"], "unknown simulator 'spice': allowed are auto, verilator, icarus"),
    (["verify", "int8-int8-fx32", "--verilog", "no_such.v"], "no_such.v: No such file or directory"),
    (["verify", "int8-int8-fx32", "int4-int4-fx16", "--verilog", "x.v"], "--verilog verifies one file as one unit, and 2 were given"),
    (["encode", "fp16", "1", "--random", "3"], "--random goes with --rounding sr<k>, and the rounding is rne"),
    (["estimate", "int8-int8-fx32", "--paper", "--card", "nope"], "whatever the card; leave out one of --paper and --card"),
    (["estimate", "int8-int8-fx32", "--paper", "--tech", "sky130hd"], "leave out one of --paper and --card"),
    (["estimate", "int8-int8-fx32", "--paper", "--explain"], "--paper and --explain exclude each other"),
    (["synth", "int8-int8-fx32", "--liberty", "x.lib", "--card", "sky130hd"], "--card and --liberty exclude each other"),
    (["synth", "int8-int8-fx32", "--liberty", "x.lib", "--liberty", "./x.lib"], "a Liberty file was given twice"),
    (["synth", "int8-int8-fx32", "--operands", "gausian"], "or a .npy file; did you mean gaussian?"),
    (["synth", "int8-int8-fx32", "--operands", "no-such.npy"], "no-such.npy: No such file or directory"),
    (["synth", "int8-int8-fx32", "--steps", "1"], "a run of 64 streams of 1 steps is too short for a figure"),
    (["synth", "int8-int8-fx32", "--streams", "1"], "a run of 1 streams of 128 steps is too short for a figure"),
    (["synth", "int8-int8-fx32", "--streams", "100000"], "make 12,800,000 products, and 4,194,304 are the most"),
    (["synth", "int8-int8-fx32", "--operands", "relu", "--no-energy"], "are for energy, which --no-energy leaves out"),
    (["compare", "int8-int8-fx32", "--name", ".."], "the name '..' is not a file name"),
    (["compare", "int8-int8-fx32", "--name", "."], "the name '.' is not a file name"),
    # nothing where something is needed
    (["emit", "int8-int8-fx32", "-o", ""], "the argument after -o is empty; was a variable not set?"),
    (["emit", "int8-int8-fx32", "--out="], "nothing stands after --out=; was a variable not set?"),
    (["verify", "int8-int8-fx32", "--waves", ""], "the argument after --waves is empty"),
    (["verify", "int8-int8-fx32", "--verilog", ""], "the argument after --verilog is empty"),
    (["tech", "import", "card", "x.lib", "-o", ""], "the argument after -o is empty"),
    (["tech", "import", "", "x.lib"], "the argument after import is empty"),
    ([""], "the argument after the command is empty"),
    # cards
    (["tech", "import", "q/r/s", "x.lib"], "the card's name 'q/r/s' is not made of letters, digits and . _ + -"),
    (["tech", "import", ".card", "x.lib"], "the card's name '.card' is not made of letters"),
    (["tech", "import", "sky130hd", "x.lib"], "sky130hd is the name of a bundled card"),
    (["tech", "import", "card", "no/such.lib", "-o", "new/card.gz"], "no/such.lib cannot be read: No such file or directory"),
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


@pytest.mark.parametrize(
    "command",
    [
        ["encode", "int{}", "1"],
        ["formats", "e4m3b{}"],
        ["formats", "int8:{}:e8m0fnu"],
        ["estimate", "int8-int8-fx{}"],
        ["estimate", "int8-int8-fx32-x{}"],
        ["emit", "int8-int8-fx32-p{}", "-o", "x"],
        ["error", "int8", "--scale", "group:{}"],
        ["error", "int8", "-d", "student:{}"],
        ["error", "int8-int8-fx32", "-k", "{}"],
        ["error", "int8-int8-fx32", "-k", "16..{}"],
    ],
    ids=" ".join,
)
def test_numbers_of_more_digits_than_python_reads(run, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (given,) = (part.format("9" * 4400) for part in command if "{}" in part)
    result = run(*(part.format("9" * 4400) for part in command))
    assert sentence(result) == (
        f"error: a name of {len(given):,} characters, {given[:20]!r} and so on, is longer than the 1,000 that are read"
    )
    assert len(result.stderr.splitlines()) == 1
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


def test_a_folder_where_a_file_should_be(run, tmp_path):
    """Told before the work, and by the name that was given."""
    (tmp_path / "compare.csv").mkdir()
    (tmp_path / "card").mkdir()
    (tmp_path / "chart.png").mkdir()
    for command, file in (
        (["compare", "int4-int4-fx16", "-o", tmp_path], "compare.csv"),
        (["tech", "import", "mine", LIBRARY, "-o", tmp_path / "card"], "card"),
        (["formats", "--plot", tmp_path / "chart.png"], "chart.png"),
    ):
        assert f"the file {tmp_path / file} cannot be written: a folder is there" in sentence(run(*command))
    assert len(list(tmp_path.iterdir())) == 3


def test_nothing_is_begun_that_cannot_be_proved(run, tmp_path, monkeypatch):
    """Without a simulator the report says so before it maps anything."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("hwmodel.sweep.rows.mapped_row", lambda *_, **__: pytest.fail("mapped before the simulator was looked for"))
    for command in (["report"], ["compare", "int4-int4-fx16", "--prove"]):
        assert "simulation needs g++ and make" in sentence(run(*command, "-o", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_stdin_that_is_closed():
    command = [sys.executable, "-m", "hwmodel", "encode", "e4m3fn", "-"]
    done = subprocess.run(["/bin/sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "error: stdin is closed; - reads from it\n")


@pytest.mark.parametrize("arguments", [["formats"], ["formats", "--json"], ["encode", "int8", "1"], ["tech", "list"]], ids=" ".join)
def test_a_reader_that_goes_away(arguments):
    """As a shell says of a program that SIGPIPE ended, and told apart from a mismatch."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "hwmodel", *arguments], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("area : 5;", "area : -5;"), "the cell XOR2 cannot be read: its area -5 is negative"),
        (("area : 5;", "area : nan;"), "the cell XOR2 cannot be read: nan is not a finite number"),
        (("nom_voltage : 1.0", "nom_voltage : abc"), "the supply voltage cannot be read"),
        (("(1, pf)", '(x, "pf")'), "gives the unit 'xpf' where one of f is needed"),
        (('"1ns"', '"eps"'), "gives the unit 'eps' where one of s is needed"),
        (("cell (XOR2)", "cell ()"), "a cell has no name"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[1],
)
def test_wrong_liberty(run, tmp_path, change, expected):
    text = LIBRARY.read_text()
    assert change[0] in text
    (tmp_path / "wrong.lib").write_text(text.replace(*change))
    for command in (["synth", "int4-int4-fx16", "--liberty"], ["tech", "import", "mine"]):
        assert expected in sentence(run(*command, tmp_path / "wrong.lib"))
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.lib"]


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
