"""The one error that means: what you gave me cannot be used, and here is why."""


class PlasmonbenchError(ValueError):
    """Bad input of a user, told in one line: what, where, what to do.

    The command line prints its text and exits with code 2; anything else that escapes is a bug.
    """
