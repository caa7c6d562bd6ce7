"""The zoufang command: verbs, exit codes, messages a person can act on."""

import flows  # noqa: F401  # first of all imports: it sets what Polars reads when it is loaded
