"""The zoufang command: verbs, exit codes, messages a person can act on."""
