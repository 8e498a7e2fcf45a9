"""The two things that can be wrong: what the user gave (refused), and what a cohort does not have (skipped)."""

import re

from lcnec_utils.core import commands

MOST_CHARACTERS = 1500  # of a line; the list of all cohorts' names has 900
_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def one_line(text: str) -> str:
    """A message as one line, whatever a name or a cell in it holds: line ends, signs that steer a terminal or turn the
    direction of writing are a space, and the middle of a very long one is left out."""
    line = _NOT_IN_A_LINE.sub(" ", text)
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 300]} … {line[-300:]}"


class UserError(Exception):
    """One line that says what is wrong, where, and what to do; the command line prints it and exits with 2."""

    def __str__(self) -> str:
        return one_line(super().__str__())

    def _render_traceback_(self):
        # IPython asks an exception for its own rendering: a reader of a notebook sees the line, not a stack.
        return [commands.from_the_top(f"{type(self).__name__}: {self}")]


class MissingData(UserError):
    """A cohort does not hold what a panel needs: the panel is skipped, and this line is the stated reason."""


class NotBuilt(MissingData):
    """A known cohort that is not on this machine: its panels are skipped, and figures drawn of it before are kept."""
