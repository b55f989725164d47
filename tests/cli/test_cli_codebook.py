"""``--codebook NAME=FILE``: a person's own table of numbers as an operand."""

import json

import pytest

GOOD = {
    "lines.txt": "-1\n-0.25\n0\n1\n",
    "commas.csv": "-1, -0.25, 0, 1",
    "list.json": "[-1, -0.25, 0, 1.0]\n",
    "marked.txt": "\ufeff-1 -0.25\t0\r\n1e0",
}


@pytest.mark.parametrize("file", GOOD)
def test_a_codebook_from_a_file_is_an_operand(run, tmp_path, file):
    name = file.split(".")[0]
    (tmp_path / file).write_text(GOOD[file], encoding="utf-8")
    result = run("--codebook", f"{name}={tmp_path / file}", "estimate", f"{name}@fp16-int8-fx", "--json")
    assert result.exit_code == 0
    # The numbers reached the unit: three of a quarter, one of the largest integers.
    assert json.loads(result.stdout)[0]["spec"] == f"{name}@fp16-int8-fx"
    decoded = run("--codebook", f"{name}={tmp_path / file}", "decode", f"{name}@fp16", "0", "1", "2", "3", "--json")
    assert [row["value"] for row in json.loads(decoded.stdout)] == [-1, -0.25, 0, 1]


BAD = {
    "a NaN": ("0 nan", "codebook {name}: the entry nan is not a finite number"),
    "an infinity": ("0 1e999", "codebook {name}: the entry inf is not a finite number"),
    "unsorted": ("0 2 1 3", "codebook {name}: entries must rise, and 1.0 comes after 2.0"),
    "repeated": ("0 1 1 3", "codebook {name}: the entry 1.0 is there twice; each must be there once"),
    "both zeros": ("-0 0", "codebook {name}: the entry 0.0 is there twice"),
    "three entries": ("0 1 2", "codebook {name}: 3 entries are not 2^n with n in 1..8"),
    "no entry": ("\n", "codebook {name}: 0 entries are not 2^n with n in 1..8"),
    "words": ("0 one", "'one' is not a number"),
    "a string in JSON": ('[0, "1"]', '"1" is not a number'),
    "a truth value in JSON": ("[0, true]", "true is not a number"),
    "half of a JSON list": ("[0, 1", "not a JSON list: "),
    "too large an integer": ("[0, 1" + "0" * 400 + "]", "an entry is larger than any float64"),
    "a novel": ("0 " * 40_000, "a codebook has at most 256 numbers, and this file is 80000 bytes long"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_codebook_is_one_sentence(run, tmp_path, case):
    text, sentence = BAD[case]
    name = "bad_" + "".join(filter(str.isalpha, case))
    file = tmp_path / "levels"
    file.write_text(text)
    result = run("--codebook", f"{name}={file}", "estimate", f"{name}@fp16-int8-fx")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert sentence.format(name=name) in result.stderr


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("mine", "--codebook takes NAME=FILE"),
        ("=levels", "--codebook takes NAME=FILE"),
        ("mine=", "--codebook takes NAME=FILE"),
        ("mine=no/such/file", "no/such/file: No such file or directory"),
        ("mine=.", ".: Is a directory"),
        ("nf4=good", "codebook 'nf4': another format has this name; choose a new one"),
        ("int8=good", "codebook 'int8': another format has this name; choose a new one"),
        ("4bit=good", "codebook '4bit': a name is letters, digits and _, a letter first"),
        ("mine=binary", "binary: not a text file: "),
    ],
)
def test_a_bad_option_is_one_sentence(run, tmp_path, monkeypatch, option, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good").write_text("0 1")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    result = run("--codebook", option, "formats")
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr


def test_a_codebook_on_its_own_is_no_operand(run, tmp_path):
    (tmp_path / "levels").write_text("0 1e-9")
    options = ["--codebook", f"alone={tmp_path / 'levels'}", "estimate"]
    assert "a circuit holds the entries of alone as floats; say as which, for example alone@fp16" in run(*options, "alone-int8-fx").stderr
    assert "codebook alone@fp16: every entry rounds to 0 in fp16" in run(*options, "alone@fp16-int8-fx").stderr
    assert "before the @ stands a codebook, such as nf4 or af4, and int8 is none" in run(*options, "int8@fp16-int8-fx").stderr


def test_a_mismatch_is_replayed_with_its_codebooks():
    from pathlib import Path
    from types import SimpleNamespace

    from hwmodel.cli.verify import _replay

    root = SimpleNamespace(params={"codebook": ["mine=a.txt", "yours=b.txt"]})
    context = SimpleNamespace(find_root=lambda: root)
    assert _replay("hwmodel verify mine@fp16-int8-fx --seed 1", context, Path("x.v")) == (
        "hwmodel --codebook mine=a.txt --codebook yours=b.txt verify mine@fp16-int8-fx --seed 1 --verilog x.v"
    )
    root.params = {"codebook": None}
    assert _replay("hwmodel verify int8-int8-fx", context, None) == "hwmodel verify int8-int8-fx"
