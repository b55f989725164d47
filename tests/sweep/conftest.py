"""A disk that is soon full, and a folder that a sweep may be started in."""

import shutil
import subprocess

import pytest


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("a small file system can be mounted by root only")
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)  # a test's exception may hold a file of it


@pytest.fixture
def others_modules(tmp_path, monkeypatch):
    """The current folder, with modules of somebody else's in it, named as some that are imported."""
    for name in ("hwmodel", "numpy", "random", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a module of somebody else was run')")
    monkeypatch.chdir(tmp_path)
    return tmp_path
