"""Units that accumulate in a posit or a quire, against SoftPosit and against posits taken from their definition."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from posit_oracle import Posits

from hwmodel import golden
from hwmodel.spec import MacSpec

softposit = pytest.importorskip("softposit", reason="softposit is not installed: it could not be built here")

ALL_PAIRS = tuple(index.ravel() for index in np.indices((256, 256)))


@dataclass(frozen=True)
class SoftPosit:
    """One format of SoftPosit's: codes go in and come out as integers.

    Attributes
    ----------
    of_type
        The C structure of a code; narrow posits of the family ``pX2`` lie in its high bits.
    prefix, extra
        Of its functions' names, and what they take besides posits.
    """

    width: int
    es: int
    of_type: Callable[[], Any]
    prefix: str
    shift: int = 0
    extra: tuple[int, ...] = ()

    @property
    def unit(self) -> MacSpec:
        fmt = f"posit{self.width}es{self.es}"
        return MacSpec.parse(f"{fmt}-{fmt}-{fmt}")

    @property
    def one(self) -> int:
        return 1 << (self.width - 2)

    def posits(self, codes: np.ndarray) -> list[Any]:
        def posit(code: int) -> Any:
            made = self.of_type()
            made.v = code << self.shift
            return made

        # To make one takes ten times as long as to multiply two.
        different, places = np.unique(codes, return_inverse=True)
        made = [posit(code) for code in different.tolist()]
        return [made[place] for place in places.tolist()]

    def __call__(self, operation: str, *operands: list[Any]) -> np.ndarray:
        function = getattr(softposit, f"{self.prefix}_{operation}")
        return np.array([function(*each, *self.extra).v >> self.shift for each in zip(*operands, strict=True)], np.uint64)


POSIT8_ES0 = SoftPosit(8, 0, softposit.posit8_t, "p8")
POSIT16_ES1 = SoftPosit(16, 1, softposit.posit16_t, "p16")
POSIT32 = SoftPosit(32, 2, softposit.posit32_t, "p32")


def es2(width: int) -> SoftPosit:
    return SoftPosit(width, 2, softposit.posit_2_t, "pX2", 32 - width, (width,))


def products(unit: MacSpec, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    mac = golden.Mac(unit)
    mac.reset(len(a))
    mac.step(a, b, clear=np.ones(len(a), bool))
    return mac.acc


def sums(unit: MacSpec, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``a + b`` as the unit makes it: 1 · a, then 1 · b is added."""
    mac, one = golden.Mac(unit), np.full(len(a), 1 << (unit.b.width - 2))
    mac.reset(len(a))
    mac.step(a, one)
    mac.step(b, one)
    return mac.acc


def fused(unit: MacSpec, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    mac = golden.Mac(unit)
    mac.load(c)
    mac.step(a, b)
    return mac.acc


def check_pairs(oracle: SoftPosit, a: np.ndarray, b: np.ndarray) -> None:
    pairs = oracle.posits(a), oracle.posits(b)
    np.testing.assert_array_equal(products(oracle.unit, a, b), oracle("mul", *pairs))
    np.testing.assert_array_equal(sums(oracle.unit, a, b), oracle("add", *pairs))


@pytest.mark.parametrize("oracle", [POSIT8_ES0, es2(8)], ids=["es0", "es2"])
def test_all_products_and_sums_of_posit8_equal_softposit(oracle: SoftPosit) -> None:
    check_pairs(oracle, *ALL_PAIRS)


@pytest.mark.parametrize("es", range(4))
def test_all_products_and_sums_of_posit8_are_those_of_the_definition(es: int) -> None:
    posits = Posits(8, es)
    values = [posits.value(code) for code in range(256)]
    pairs = [(x, y) for x in values for y in values]
    unit = MacSpec.parse(f"posit8es{es}-posit8es{es}-posit8es{es}")
    expected = [posits.round(None if x is None or y is None else x * y) for x, y in pairs]
    np.testing.assert_array_equal(products(unit, *ALL_PAIRS), expected)
    expected = [posits.round(None if x is None or y is None else x + y) for x, y in pairs]
    np.testing.assert_array_equal(sums(unit, *ALL_PAIRS), expected)


@pytest.mark.parametrize("es", range(4))
@pytest.mark.parametrize("width", [3, 4, 5])
def test_every_step_of_a_small_posit_is_that_of_the_definition(width: int, es: int) -> None:
    # From es = width - 3 on, exponent bits are cut off even beside 1.
    posits = Posits(width, es)
    values = [posits.value(code) for code in range(1 << width)]
    a, b, c = (index.ravel() for index in np.indices((1 << width,) * 3))
    unit = MacSpec.parse(f"posit{width}es{es}-posit{width}es{es}-posit{width}es{es}")
    triples = [(values[i], values[j], values[k]) for i, j, k in zip(a, b, c, strict=True)]
    expected = [posits.round(None if None in triple else triple[0] * triple[1] + triple[2]) for triple in triples]
    np.testing.assert_array_equal(fused(unit, a, b, c), expected)


def hard_operands(width: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes a, b, c: any, c close to the negated product's size, and a few of 0, NaR and the ends."""
    rng = np.random.default_rng(seed)
    mask, one = (1 << width) - 1, 1 << (width - 2)
    a, b, c = rng.integers(0, 1 << width, (3, n))
    near = rng.random(n) < 0.5
    # Close to 1 a code grows as its logarithm does: that of a product is about the sum.
    a, b = (np.where(near, one + rng.integers(-one // 3, one // 3, n), codes) for codes in (a, b))
    c = np.where(near & (rng.random(n) < 0.7), -(a + b - one + rng.integers(-3, 4, n)) & mask, c)
    ends = np.array([0, 1, mask, 1 << (width - 1), (1 << (width - 1)) - 1, (1 << (width - 1)) + 1])
    a, b, c = (np.where(rng.random(n) < 0.02, rng.choice(ends, n), codes) for codes in (a, b, c))
    return a, b, c


ORACLES = [POSIT8_ES0, es2(8), es2(12), es2(5), POSIT16_ES1, es2(16), POSIT32, es2(27)]


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: str(oracle.unit.a))
def test_random_steps_equal_softposit(oracle: SoftPosit) -> None:
    operands = hard_operands(oracle.width, 20_000, seed=1)
    check_pairs(oracle, *operands[:2])
    np.testing.assert_array_equal(fused(oracle.unit, *operands), oracle("mulAdd", *map(oracle.posits, operands)))


@pytest.mark.slow
@pytest.mark.parametrize("oracle", [POSIT16_ES1, es2(16)], ids=["posit16es1", "posit16"])
def test_a_million_pairs_of_posit16_equal_softposit(oracle: SoftPosit) -> None:
    a, b, _ = hard_operands(16, 1_050_000, seed=2)
    check_pairs(oracle, a, b)


def test_minpos_breaks_a_tie_from_far_away() -> None:
    # 28.125 · 36 is midway between two posits. (SoftPosit's fused operation loses the 2**-56 and goes to the even one.)
    posits = Posits(16, 2)
    a, b = posits.round(Fraction(225, 8)), posits.round(Fraction(36))
    below, above = posits.round(Fraction(1012)), posits.round(Fraction(1013))
    assert above == below + 1
    start = np.array([0, 1, 0xFFFF])
    np.testing.assert_array_equal(fused(es2(16).unit, np.full(3, a), np.full(3, b), start), [below, above, below])


def test_posit16_of_other_exponents_is_that_of_the_definition() -> None:
    for es in (0, 3):
        posits = Posits(16, es)
        unit = MacSpec.parse(f"posit16es{es}-posit16es{es}-posit16es{es}")
        operands = hard_operands(16, 5000, seed=3)
        values = [[posits.value(code) for code in codes.tolist()] for codes in operands]
        expected = [posits.round(None if None in (x, y, z) else x * y + z) for x, y, z in zip(*values, strict=True)]
        np.testing.assert_array_equal(fused(unit, *operands), expected)


def test_unfused_rounds_the_product_first() -> None:
    posits = Posits(8, 1)
    operands = hard_operands(8, 5000, seed=4)
    values = [[posits.value(code) for code in codes.tolist()] for codes in operands]

    def step(x: Fraction | None, y: Fraction | None, z: Fraction | None) -> int:
        if x is None or y is None or z is None:
            return posits.nar
        product = posits.value(posits.round(x * y))
        assert product is not None
        return posits.round(product + z)

    expected = [step(*triple) for triple in zip(*values, strict=True)]
    ours = fused(MacSpec.parse("posit8es1-posit8es1-posit8es1.unfused"), *operands)
    np.testing.assert_array_equal(ours, expected)
    assert (ours != fused(MacSpec.parse("posit8es1-posit8es1-posit8es1"), *operands)).sum() > 100


@pytest.mark.parametrize(
    "names", [("e4m3fn", "posit8", "posit16es1"), ("posit8es1", "int8", "posit8es3"), ("posit5es1", "posit6es0", "posit7")]
)
def test_other_operands_are_accumulated_by_the_definition(names: tuple[str, str, str]) -> None:
    unit = MacSpec.parse("-".join(names))
    rng = np.random.default_rng(5)
    a, b, c = (rng.integers(0, 1 << width, 4000) for width in (unit.a.width, unit.b.width, unit.acc_width))
    posits = Posits(unit.acc_width, unit.acc.format.exponent_bits)
    values = [golden.decode(codes, fmt) for codes, fmt in ((a, unit.a), (b, unit.b))]
    expected = []
    for x, y, z in zip(*(each.tolist() for each in values), c.tolist(), strict=True):
        start = posits.value(z)
        expected.append(posits.nar if start is None or x != x or y != y else posits.round(Fraction(x) * Fraction(y) + start))
    np.testing.assert_array_equal(fused(unit, a, b, c), expected)


def quire_sums(oracle: SoftPosit, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return SoftPosit's quires after every step, read as posits; each column is a sum that starts from zero."""
    quire = oracle.prefix.replace("p", "q")
    start, add, read = (getattr(softposit, name) for name in (f"{quire}Clr", f"{quire}_fdp_add", f"{quire}_to_{oracle.prefix}"))
    codes = np.zeros(a.shape, np.uint64)
    for lane in range(a.shape[1]):
        total = start()
        for step, (x, y) in enumerate(zip(oracle.posits(a[:, lane]), oracle.posits(b[:, lane]), strict=True)):
            total = add(total, x, y)
            codes[step, lane] = read(total).v
    return codes


@pytest.mark.parametrize("oracle", [POSIT8_ES0, POSIT16_ES1, POSIT32], ids=lambda oracle: str(oracle.unit.a))
def test_quires_equal_softposit(oracle: SoftPosit) -> None:
    # SoftPosit's quire of posit8es0 has 7 bits of carries: 20 steps do not leave it.
    steps, lanes = 20, 400
    a, b, _ = (codes.reshape(steps, lanes) for codes in hard_operands(oracle.width, steps * lanes, seed=6))
    a[a == 1 << (oracle.width - 1)] = 0
    b[b == 1 << (oracle.width - 1)] = 0
    # Half of the sums come back to where they were: every product is taken away again, in another order.
    back = np.arange(lanes) % 2 == 0
    a[steps // 2 :, back] = -a[: steps // 2, back][::-1] & ((1 << oracle.width) - 1)
    b[steps // 2 :, back] = b[: steps // 2, back][::-1]
    fmt = oracle.unit.a
    mac = golden.Mac(MacSpec.parse(f"{fmt}-{fmt}-quire"))
    mac.reset(lanes)
    theirs = quire_sums(oracle, a, b)
    for step in range(steps):
        mac.step(a[step], b[step])
        np.testing.assert_array_equal(mac.acc, theirs[step], str(step))
    assert (theirs[-1, back] == 0).all()
    assert (theirs[-1, ~back] != 0).all()


@pytest.mark.parametrize(("width", "es"), [(8, 0), (8, 2), (8, 3), (16, 1), (16, 2), (16, 3)])
def test_minpos_squared_breaks_every_tie_of_a_quire(width: int, es: int) -> None:
    # The mean of two neighbours is the sum of their halves; it is the boundary between them unless exponent bits are cut off.
    posits = Posits(width, es)
    neighbours = zip(posits.values, posits.values[1:], posits.boundaries, strict=False)
    below = np.array([code for code, (low, high, boundary) in enumerate(neighbours, 1) if low + high == 2 * boundary])
    assert len(below) > 80
    unit = MacSpec.parse(f"posit{width}es{es}-posit{width}es{es}-quire")
    minpos, minus_minpos, half = (
        np.full(len(below), posits.round(number)) for number in (Fraction(1, 2**500), -Fraction(1, 2**500), Fraction(1, 2))
    )
    mac = golden.Mac(unit)
    mac.reset(len(below))
    mac.step(below, half)
    mac.step(below + 1, half)
    np.testing.assert_array_equal(mac.acc, below + below % 2)
    mac.step(minpos, minpos)
    np.testing.assert_array_equal(mac.acc, below + 1)
    mac.step(minus_minpos, minpos)
    mac.step(minus_minpos, minpos)
    np.testing.assert_array_equal(mac.acc, below)
