"""The two ways a run may end other than well, told apart by who must act.

Here: errors whose text is shown to a person as it stands.  Not here: exit codes (cli/).
"""


class InputProblem(Exception):
    """The user's files or arguments are wrong; the message names what, where and the remedy."""


class EnvironmentProblem(Exception):
    """The machine or another process stands in the way (lock, disk, permission); not the data."""
