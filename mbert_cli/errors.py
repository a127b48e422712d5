"""The errors a person can cause or meet, each with the exit code the command ends with."""


class UserError(Exception):
    """The input is wrong and nothing was started: exit code 2.

    Args:
        message: One sentence that states the rule and ends with the value received.
        hint: The command or the recipe key that fixes it.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RunError(UserError):
    """Work began and could not be finished, for example because a loss was not finite: exit code 1."""

    exit_code = 1


class Diverged(RunError):
    """A loss or a weight is not finite: the settings are to blame, not the machine."""


class Interrupted(UserError):
    """The person stopped the run and its state is saved: exit code 130."""

    exit_code = 130
