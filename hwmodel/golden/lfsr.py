"""The words of a linear-feedback shift register, from the recurrence of its bits."""

import numpy as np

from hwmodel.spec import Lfsr

from .arrays import Array


def lfsr_words(lfsr: Lfsr, count: int) -> Array:
    """Return the first `count` words: what the register shows after reset, after one cycle, and so on.

    Returns
    -------
    (count,) uint64
    """
    history, width = lfsr.width, lfsr.word_bits
    places = np.arange(history)
    bits = np.zeros(history + width * count, np.uint8)
    bits[history - 1 - places] = [lfsr.seed >> int(place) & 1 for place in places]
    known, scale = history, 1
    while known < len(bits):
        # Over the field of two elements squaring a polynomial doubles its exponents: a sequence that obeys the taps also
        # obeys the taps times any power of two, so twice as much history gives twice as many bits at once.
        while 2 * scale * history <= known:
            scale *= 2
        step = min(scale * min(lfsr.taps), len(bits) - known)
        for tap in lfsr.taps:
            bits[known : known + step] ^= bits[known - scale * tap : known - scale * tap + step]
        known += step
    # Bit 0 of word j is the j-th new word's last bit; the word after reset ends with the seed's.
    last = history - 1 + width * np.arange(count)
    words = np.zeros(count, np.uint64)
    for place in range(width):
        words |= bits[last - place].astype(np.uint64) << np.uint64(place)
    return words
