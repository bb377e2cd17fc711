"""Choices that Hypothesis makes."""


class Drawn:
    """Draws one small number after the other, so that a failing example can be shrunk."""

    def __init__(self, random):
        self.randint = random.randint

    def chance(self, percent):
        """True so often."""
        return self.randint(0, 99) >= 100 - percent

    def choice(self, options):
        """One of several."""
        return options[self.randint(0, len(options) - 1)]

    def sample(self, options, number):
        """Several, each once."""
        left = list(options)
        return [left.pop(self.randint(0, len(left) - 1)) for _ in range(min(number, len(left)))]
