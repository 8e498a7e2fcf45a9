"""The two things that can be wrong: what the user gave (refused), and what a cohort does not have (skipped)."""

from lcnec_utils.core import commands


class UserError(Exception):
    """One line that says what is wrong, where, and what to do; the command line prints it and exits with 2."""

    def _render_traceback_(self):
        # IPython asks an exception for its own rendering: a reader of a notebook sees the line, not a stack.
        return [commands.from_the_top(f"{type(self).__name__}: {self}")]


class MissingData(UserError):
    """A cohort does not hold what a panel needs: the panel is skipped, and this line is the stated reason."""


class NotBuilt(MissingData):
    """A known cohort that is not on this machine: its panels are skipped, and figures drawn of it before are kept."""
