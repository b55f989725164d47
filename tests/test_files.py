"""Files whole or not at all, and folders that every tool can work in."""

import errno
import subprocess
import sys
import tempfile

import pytest

from hwmodel.files import scratch_folder, whole, write_text


def test_a_file_is_there_whole(tmp_path):
    write_text(tmp_path / "a", "µ")
    assert (tmp_path / "a").read_bytes() == "µ".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_that_fails_half_way_is_not_there(tmp_path):
    (tmp_path / "a").write_text("before")
    with pytest.raises(UnicodeEncodeError), whole(tmp_path / "a") as partial:
        partial.write_text("half, and \ud800", encoding="utf-8")
    assert (tmp_path / "a").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    killed = "import os, pathlib, sys; from hwmodel.files import whole\nwith whole(pathlib.Path(sys.argv[1])) as half:\n"
    killed += "    half.write_text('half'); os.kill(os.getpid(), 9)"
    for name in ("a", "b"):
        subprocess.run([sys.executable, "-c", killed, str(tmp_path / name)], check=False)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert [name.partition(".partial")[0][:3] for name in left] == [".a.", ".b."]
    with whole(tmp_path / "a") as partial:
        partial.write_text("first")
        write_text(tmp_path / "a", "of another thread, say")  # what is being written stays
        assert not partial.exists()
        partial.write_text("last")
    assert sorted(path.name for path in tmp_path.iterdir()) == [left[1], "a"]
    assert (tmp_path / "a").read_text() == "last"


def test_a_full_disk_is_told_of_the_file(tmp_path):
    with pytest.raises(OSError, match="No space left") as error, whole(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert error.value.filename == str(tmp_path / "a")


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    (tmp_path / "folder").mkdir()
    for path, kind in ((tmp_path / "folder", IsADirectoryError), (tmp_path / "none" / "a", FileNotFoundError)):
        with pytest.raises(kind) as error:
            write_text(path, "text")
        assert (error.value.filename, error.value.filename2) == (str(path), None)


def test_an_error_of_another_file_is_left_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError) as error, whole(tmp_path / "a"):
        (tmp_path / "other").read_text()
    assert error.value.filename == str(tmp_path / "other")


def test_no_white_space_in_the_name_of_a_scratch_folder(tmp_path, monkeypatch):
    with scratch_folder("hwmodel-") as folder:
        assert folder.startswith(tempfile.gettempdir())
    spaced = tmp_path / "t m p"
    spaced.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spaced))
    with scratch_folder("hwmodel-") as folder:
        assert " " not in folder
