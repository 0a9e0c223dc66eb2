"""T108 to T122: the random stream, and what is drawn from it, written down in NumPy.

Each rule is stated here once more, from the 32-bit words on, and must give the bits of PyTorch and
ours. A test also names the rule that others follow and sees that it gives other numbers; otherwise
it would prove nothing. Many seeds, shapes and dtypes are in tests/test_random.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

N = 1000
Array = np.ndarray[Any, Any]


def words(seed: int, n: int) -> Array:
    """The first n 32-bit words of a Mersenne Twister seeded as in 1998."""
    twister = np.random.MT19937()
    twister._legacy_seeding(seed % 2**32)
    return twister.random_raw(n).astype(np.uint64)


def long_words(seed: int, n: int) -> Array:
    """n words of 64 bits; the word drawn first is the upper half."""
    first, second = words(seed, 2 * n).reshape(n, 2).T
    return first << np.uint64(32) | second


def doubles(seed: int, n: int) -> list[float]:
    """n float64 uniforms."""
    return [int(word) % 2**53 * 2.0**-53 for word in long_words(seed, n)]


def seeded(t: Any, seed: int = 5) -> Any:
    return t.Generator().manual_seed(seed)


@pytest.mark.parametrize("seed", [0, 5, -1, 2**32 + 5, 2**64 - 1])
def test_t108_mersenne_twister_of_the_low_32_bits_of_the_seed(t: Any, seed: int) -> None:
    drawn = t.randint(0, 2**27, (N,), generator=seeded(t, seed)).tolist()
    assert drawn == (words(seed, N) % 2**27).tolist()
    others = np.random.MT19937(seed % 2**32).random_raw(N) % 2**27  # NumPy's way to seed it
    assert drawn != others.tolist()


def test_t109_float32_has_24_bits_of_one_word_and_float64_53_of_two(t: Any) -> None:
    singles = t.rand(N, generator=seeded(t)).numpy()
    assert singles.tolist() == (words(5, N) % 2**24 * 2.0**-24).tolist()
    drawn = t.rand(N, dtype=t.float64, generator=seeded(t)).numpy()
    assert drawn.tolist() == doubles(5, N)
    others = np.random.RandomState(5).random_sample(N)  # the same words, other bits of them
    assert np.all(drawn != others)
    assert not np.any(singles == others.astype(np.float32))


def test_t110_uniform_scales_with_one_rounding(t: Any) -> None:
    low, high = np.float32(-0.3), np.float32(0.4)
    drawn = t.empty(N).uniform_(float(low), float(high), generator=seeded(t)).numpy()
    x = (words(5, N) % 2**24 * 2.0**-24).astype(np.float32)
    width = high - low
    fused = (x.astype(np.longdouble) * width + low).astype(np.float32)
    assert drawn.tobytes() == fused.tobytes()
    assert np.any(drawn != x * width + low)  # rounded twice


def test_t110_uniform_never_returns_its_end(t: Any) -> None:
    low, high = 1.0, float(np.nextafter(np.float32(1), np.float32(2)))
    drawn = t.empty(N).uniform_(low, high, generator=seeded(t)).numpy()
    x = (words(5, N) % 2**24 * 2.0**-24).astype(np.float32)
    rounded = x * np.float32(high - low) + np.float32(low)
    assert set(rounded.tolist()) == {low, high}
    assert set(drawn.tolist()) == {low}


def a_pair(u1: float, u2: float) -> tuple[float, float]:
    """Two normal values of two uniform ones (Box and Muller)."""
    radius, angle = math.sqrt(-2 * math.log1p(-u2)), 2 * math.pi * u1
    return radius * math.cos(angle), radius * math.sin(angle)


def test_t111_few_normals_come_in_pairs_and_the_second_is_kept(t: Any) -> None:
    u = doubles(5, 4)
    cos, sin = a_pair(u[0], u[1])
    next_cos, next_sin = a_pair(u[2], u[3])
    generator = seeded(t)

    def drawn(n: int) -> list[float]:
        return t.randn(n, dtype=t.float64, generator=generator).tolist()

    assert drawn(3) == [cos, sin, next_cos]
    saved = generator.get_state()
    assert drawn(1) == [next_sin]
    assert drawn(1) != [next_sin]  # whoever keeps nothing goes on here
    generator.set_state(saved)
    assert drawn(1) == [next_sin]  # so it is part of the state
    generator.manual_seed(5)
    assert drawn(1) == [cos]  # and gone with a new seed


def test_t111_many_normals_with_gaps_come_in_pairs_too(t: Any) -> None:
    drawn = t.empty(N, 2, dtype=t.float64)[:, 0].normal_(generator=seeded(t))
    pairs = list(zip(doubles(5, N)[::2], doubles(5, N)[1::2], strict=True))
    assert drawn.tolist() == [z for u1, u2 in pairs for z in a_pair(u1, u2)]
    assert drawn.tolist() != t.randn(N, dtype=t.float64, generator=seeded(t)).tolist()
    assert any(math.log1p(-u2) != math.log(1 - u2) for _, u2 in pairs)  # so it is seen which


def a_block(u: list[float]) -> list[float]:
    """16 normal values of 16 uniform ones: the first eight are cosines, the last eight sines."""
    pairs = [
        (math.sqrt(-2 * math.log(1 - u1)), 2 * math.pi * u2)
        for u1, u2 in zip(u[:8], u[8:], strict=True)
    ]
    return [r * math.cos(a) for r, a in pairs] + [r * math.sin(a) for r, a in pairs]


def test_t112_sixteen_normals_or_more_come_in_blocks_and_the_last_is_drawn_again(t: Any) -> None:
    u = doubles(5, 36)
    generator = seeded(t)
    drawn = t.randn(20, dtype=t.float64, generator=generator).tolist()
    assert drawn == a_block(u[:16])[:4] + a_block(u[20:])
    assert drawn[4:16] != a_block(u[:16])[4:]  # as if nothing were drawn again
    assert t.rand(1, dtype=t.float64, generator=generator).tolist() == [doubles(5, 37)[36]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_t112_eight_normals_are_not_the_first_of_sixteen(t: Any, dtype: str) -> None:
    eight, sixteen = (
        t.randn(n, dtype=getattr(t, dtype), generator=seeded(t)).numpy() for n in (8, 16)
    )
    assert not np.any(eight == sixteen[:8])


def test_t112_float32_blocks(t: Any) -> None:
    """To rounding: its log, sin and cos are of float32. The bits are in tests/test_random.py."""
    drawn = t.randn(16, generator=seeded(t)).numpy()
    block = a_block((words(5, 16) % 2**24 * 2.0**-24).tolist())
    np.testing.assert_allclose(drawn, block, rtol=0, atol=1e-6)


@pytest.mark.parametrize("low", [0, -17])
def test_t113_randint_is_a_remainder_of_32_bits_below_a_range_of_2_28_else_of_64(
    t: Any, low: int
) -> None:
    def drawn(width: int) -> list[int]:
        return t.randint(low, low + width, (N,), generator=seeded(t)).tolist()

    for width in (10, 2**28 - 1):
        assert drawn(width) == [low + int(w) % width for w in words(5, N)]
    for width in (2**28, 2**28 + 1, 2**40 + 7):
        assert drawn(width) == [low + int(w) % width for w in long_words(5, N)]
        assert drawn(width) != [low + int(w) % width for w in words(5, N)]  # as it once was


def shuffled(remainders: Array, n: int) -> list[int]:
    """0, ..., n - 1, each place in turn swapped with one that is not before it."""
    order = list(range(n))
    for i in range(n - 1):
        j = i + int(remainders[i]) % (n - i)
        order[i], order[j] = order[j], order[i]
    return order


@pytest.mark.parametrize("n", [1, 2, 3, 10, 625])
def test_t114_randperm_swaps_from_the_left_and_draws_n_minus_1_words(t: Any, n: int) -> None:
    generator = seeded(t)
    assert t.randperm(n, generator=generator).tolist() == shuffled(words(5, n), n)
    assert t.randint(0, 2**27, (1,), generator=generator).item() == words(5, n)[n - 1] % 2**27
    if n > 3:
        assert shuffled(words(5, n), n) != np.random.RandomState(5).permutation(n).tolist()


def test_t115_random_of_int64_has_63_bits_of_two_words(t: Any) -> None:
    drawn = t.empty(N, dtype=t.int64).random_(generator=seeded(t)).tolist()
    assert drawn == [int(word) % 2**63 for word in long_words(5, N)]
    swapped = [int(b) << 32 | int(a) for a, b in words(5, 2 * N).reshape(N, 2)]
    assert drawn != [word % 2**63 for word in swapped]


# --- what is drawn from it ------------------------------------------------------------------------


def test_t117_a_sampler_without_generator_draws_one_seed(t: Any) -> None:
    t.manual_seed(5)
    order = list(t.utils.data.RandomSampler(range(10)))
    after = t.randint(0, 2**27, (1,)).item()
    seed = int(long_words(5, 1)[0]) % 2**63
    assert order == shuffled(words(seed, 10), 10)
    assert order != shuffled(words(5, 10), 10)  # from the default generator itself
    assert after == words(5, 3)[2] % 2**27  # which has moved by one seed, for any number of samples


def test_t118_a_sampler_with_a_generator_draws_a_permutation_that_nobody_sees(t: Any) -> None:
    generator = seeded(t)
    sampler = t.utils.data.RandomSampler(range(10), generator=generator)
    u = words(5, 27)
    assert list(sampler) == shuffled(u, 10)
    assert list(sampler) == shuffled(u[18:], 10)  # nine words a permutation, two of them passed
    assert shuffled(u[18:], 10) != shuffled(u[9:], 10)


@pytest.mark.parametrize("fan_in", [5, 18, 784])
def test_t121_linear_draws_weight_then_bias_with_bounds_computed_in_this_order(
    t: Any, fan_in: int
) -> None:
    t.manual_seed(5)
    layer = t.nn.Linear(fan_in, 3, dtype=t.float64)
    weight, bias = layer.weight.detach().flatten(), layer.bias.detach()

    def drawn(weight_bound: float) -> tuple[list[float], list[float]]:
        t.manual_seed(5)
        values = t.empty(3 * fan_in, dtype=t.float64).uniform_(-weight_bound, weight_bound)
        bias_bound = 1 / math.sqrt(fan_in)
        rest = t.empty(3, dtype=t.float64).uniform_(-bias_bound, bias_bound)
        return values.tolist(), rest.tolist()

    gain = math.sqrt(2 / (1 + math.sqrt(5) ** 2))
    assert (weight.tolist(), bias.tolist()) == drawn(math.sqrt(3) * (gain / math.sqrt(fan_in)))
    if fan_in != 784:  # where the shorter formula has the same bits
        assert weight.tolist() != drawn(1 / math.sqrt(fan_in))[0]


def test_t122_kaiming_is_for_leaky_relu_of_slope_0_and_selu_has_gain_3_4(t: Any) -> None:
    def drawn(**options: Any) -> list[list[float]]:
        tensor = t.empty(4, 5, dtype=t.float64)
        return t.nn.init.kaiming_uniform_(tensor, generator=seeded(t), **options).tolist()

    assert drawn() == drawn(a=0, mode="fan_in", nonlinearity="leaky_relu")
    assert drawn() == drawn(nonlinearity="relu") != drawn(a=0.01)
    bound = math.sqrt(3) * (math.sqrt(2) / math.sqrt(5))
    tensor = t.empty(4, 5, dtype=t.float64).uniform_(-bound, bound, generator=seeded(t))
    assert drawn() == tensor.tolist()
    gain = t.nn.init.calculate_gain
    assert (gain("selu"), gain("linear")) == (0.75, 1)
    assert drawn(nonlinearity="selu") != drawn(nonlinearity="linear")
    assert gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2))  # here the default is not 0
