"""A disk that is full or may not be written to ends a command with one line. A second."""

import errno
import os

import pytest

from lcnec_utils import cli


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_more_is_said_in_a_line(number, monkeypatch, capsys):
    def fails():
        raise OSError(number, os.strerror(number), "/data/run/build")

    monkeypatch.setattr(cli, "_list", fails)
    assert cli.main(["cohort", "list"]) == 1
    line = capsys.readouterr().err
    assert line.startswith(f"lcnec: /data/run/build: cannot be written ({os.strerror(number)}); ")
    assert line.count("\n") == 1 and "goes on where it stopped" in line


def test_any_other_fault_of_the_system_shows_where_it_arose(monkeypatch):
    def fails():
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(cli, "_list", fails)
    with pytest.raises(OSError):
        cli.main(["cohort", "list"])
