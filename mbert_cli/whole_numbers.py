"""Whole numbers that a person types after a flag."""

from collections.abc import Callable

from mbert_cli.errors import UserError


def whole_number(flag: str, example: int) -> Callable[[str], int]:
    """What reads the number after a flag; whoever takes the number says how large it may be.

    Args:
        flag: The flag, such as `--length`.
        example: A number that it often has.

    Returns:
        A function of what was typed, which raises `UserError` where that is no whole number.
    """

    def read(typed: str) -> int:
        try:
            return int(typed)
        except ValueError:
            raise UserError(
                f"{flag} must be a whole number. Received: {typed}", f"Give {flag} {example}, for instance."
            ) from None

    return read
