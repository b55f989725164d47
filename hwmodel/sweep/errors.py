"""What a sweep tells a person: one sentence, whatever went wrong."""


class SweepError(ValueError):
    """A sweep that cannot be done, or cannot go on; the message is one sentence that says why, and what is kept."""
