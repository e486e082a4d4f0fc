"""Random choices from a seed."""

import random


class Draw(random.Random):
    def chance(self, share):
        return self.random() < share

    def pick(self, *options):
        return self.choice(options)

    def between(self, low, high):
        """A number with few digits, so that configurations are easy to read."""
        return round(self.uniform(low, high), 3)

    def some(self, options, least=1):
        """A subset in the order of the options."""
        chosen = set(self.sample(range(len(options)), self.randint(least, len(options))))
        return [option for i, option in enumerate(options) if i in chosen]


def divisors(number):
    return [n for n in range(1, number + 1) if number % n == 0]
