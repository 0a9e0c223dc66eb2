"""The loops of PyTorch's CPU random stream: MT19937, and what is made of its 32-bit words.

PyTorch's loops are compiled for AVX2 with every product that meets a sum contracted into one fused
multiply-add; each `fma` below stands where the compiler put one, which decides the last bit.
"""

from __future__ import annotations

import math

import numpy as np

from minitorch_clf.kernels.jit import fma, kernel

# --- MT19937 (Matsumoto and Nishimura, 1998) ------------------------------------------------------

# An engine is (626,) uint32: 624 words of state; how many of them are left, plus one; the next one.
LEFT, NEXT = 624, 625
UPPER, LOWER = np.uint32(0x80000000), np.uint32(0x7FFFFFFF)
MATRIX, ONE = np.uint32(0x9908B0DF), np.uint32(1)


@kernel
def seed_engine(seed, engine):
    """The state that a 32-bit seed stands for (init_genrand of 2002)."""
    word = np.uint64(seed)
    for i in range(624):
        engine[i] = word
        word = np.uint64(1812433253) * (word ^ (word >> np.uint64(30))) + np.uint64(i + 1)
        word &= np.uint64(0xFFFFFFFF)
    engine[LEFT], engine[NEXT] = 1, 0


@kernel
def twisted(u, v):
    """The upper bit of u and the lower 31 of v, times the recurrence's matrix."""
    return (((u & UPPER) | (v & LOWER)) >> ONE) ^ ((v & ONE) * MATRIX)


@kernel
def next_state(engine):
    """The next 624 words, in place. Two loops, as one that wraps around would not vectorise."""
    for i in range(227):
        engine[i] = engine[i + 397] ^ twisted(engine[i], engine[i + 1])
    for i in range(227, 623):
        engine[i] = engine[i - 227] ^ twisted(engine[i], engine[i + 1])
    engine[623] = engine[396] ^ twisted(engine[623], engine[0])


@kernel
def draw(engine, words):
    """The next words of the stream, tempered.   words: (n,) uint32"""
    left, position = np.int64(engine[LEFT]), np.int64(engine[NEXT])
    start = 0
    while start < words.size:
        if left == 1:
            next_state(engine)
            left, position = 625, 0
        count = min(left - 1, words.size - start)
        source, target = engine[position : position + count], words[start : start + count]
        for i in range(count):
            y = source[i]
            y ^= y >> np.uint32(11)
            y ^= (y << np.uint32(7)) & np.uint32(0x9D2C5680)
            y ^= (y << np.uint32(15)) & np.uint32(0xEFC60000)
            target[i] = y ^ (y >> np.uint32(18))
        left, position, start = left - count, position + count, start + count
    engine[LEFT], engine[NEXT] = left, position


BLOCK = 1024  # values a loop works on at a time, in the first-level cache


@kernel
def real32(word):
    """The lower 24 bits of a word, over 2^24: uniform in [0, 1)."""
    return np.float32(np.int32(word & np.uint32(2**24 - 1))) * np.float32(2.0**-24)


@kernel
def real64(upper, lower):
    """The lower 53 bits of two words, over 2^53: uniform in [0, 1)."""
    upper = np.float64(np.int32(upper & np.uint32(2**21 - 1)))
    return (upper * 2.0**32 + np.float64(lower)) * 2.0**-53


@kernel
def uniform32(engine, low, high, out):
    """out = u * (high - low) + low, with u of one word each; `low` where that rounds to `high`.

    low, high, out   (), (), (n,)  float32
    """
    words = np.empty(min(BLOCK, out.size), np.uint32)
    for start in range(0, out.size, BLOCK):
        block = out[start : start + BLOCK]
        draw(engine, words[: block.size])
        for i in range(block.size):
            value = fma(real32(words[i]), high - low, low)
            block[i] = low if value == high else value


@kernel
def uniform64(engine, low, high, out):
    """As uniform32, with u of two words each.   low, high, out: (), (), (n,) float64"""
    words = np.empty((min(BLOCK, out.size), 2), np.uint32)
    for start in range(0, out.size, BLOCK):
        block = out[start : start + BLOCK]
        draw(engine, words[: block.size].reshape(-1))
        for i in range(block.size):
            value = fma(real64(words[i, 0], words[i, 1]), high - low, low)
            block[i] = low if value == high else value


# --- normal, in blocks ----------------------------------------------------------------------------

# Cephes' coefficients of logf and sinf (Stephen Moshier), by way of Julien Pommier's sse_mathfun.
# fmt: off
LOG = tuple(np.float32(c) for c in (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
))
SIN = tuple(np.float32(c) for c in (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1))
COS = tuple(np.float32(c) for c in (2.4433157118e-5, -1.3887316255e-3, 4.1666645683e-2))
# fmt: on
# ln 2 and pi / 4 in parts, so that e * ln 2 and j * pi / 4 lose nothing.
LN_2 = np.float32(-2.12194440e-4), np.float32(0.693359375)
PI_4 = np.float32(0.78515625), np.float32(2.4187564849853515625e-4), np.float32(3.77489497744594e-8)
SQRT_HALF, FOUR_BY_PI = np.float32(math.sqrt(0.5)), np.float32(4 / math.pi)
TWO_PI, HALF, UNIT = np.float32(2 * math.pi), np.float32(0.5), np.float32(1)


@kernel
def log32(x):
    """log(x) of a normal, positive float32: x = 2^e * m with sqrt(1/2) <= m < sqrt(2)."""
    bits = np.float32(x).view(np.int32)
    e = np.float32((bits >> 23) - 126)
    m = np.int32((bits & 0x7FFFFF) | 0x3F000000).view(np.float32)
    small = m < SQRT_HALF
    e = e - UNIT if small else e
    m = (m - UNIT) + m if small else m - UNIT
    square = m * m
    y = LOG[0]
    for c in LOG[1:]:
        y = fma(y, m, c)
    y = fma(y * m, square, e * LN_2[0]) - square * HALF
    return fma(e, LN_2[1], m + y)


@kernel
def sincos32(x):
    """sin(x), cos(x) of a float32 in [0, 2 pi]: two polynomials in x - j pi / 4, j being even."""
    j = np.int32((np.int32(x * FOUR_BY_PI) + 1) & ~1)
    y = np.float32(j)
    for c in PI_4:
        x = fma(-y, c, x)
    z = x * x
    cosine = fma(fma(fma(COS[0], z, COS[1]), z, COS[2]) * z, z, -(z * HALF)) + UNIT
    sine = fma(fma(fma(SIN[0], z, SIN[1]), z, SIN[2]) * z, x, x)
    if j & 2:
        sine, cosine = cosine, sine
    return -sine if j & 4 else sine, -cosine if (j + 2) & 4 else cosine


@kernel
def box_muller32(mean, std, out):
    """Two normal values of two uniform ones u, in place.

    In each 16, the first 8 give radii and the others angles:

        out[j], out[j + 8] = sqrt(-2 log(1 - u[j])) * (cos, sin)(2 pi u[j + 8]) * std + mean

    mean, std, out   (), (), (16 n,)  float32
    """
    radius, angle = np.empty(
        (2, BLOCK // 2), np.float32
    )  # out unfolded, so that the loop vectorises
    for start in range(0, out.size, BLOCK):
        block = out[start : start + BLOCK]
        for i in range(0, block.size // 2, 8):
            for j in range(i, i + 8):
                radius[j] = block[i + j]
                angle[j] = block[i + j + 8]
        for i in range(block.size // 2):
            r = np.sqrt(np.float32(-2) * log32(UNIT - radius[i]))
            sine, cosine = sincos32(TWO_PI * angle[i])
            radius[i] = fma(r * cosine, std, mean)
            angle[i] = fma(r * sine, std, mean)
        for i in range(0, block.size // 2, 8):
            for j in range(i, i + 8):
                block[i + j] = radius[j]
                block[i + j + 8] = angle[j]


@kernel
def box_muller64(mean, std, out):
    """As box_muller32, with the C library's log, sin and cos.   mean, std, out: (16 n,) float64"""
    for start in range(0, out.size, 16):
        for j in range(start, start + 8):
            radius = math.sqrt(-2.0 * math.log(1.0 - out[j]))
            angle = 2.0 * math.pi * out[j + 8]
            out[j] = fma(radius * math.cos(angle), std, mean)
            out[j + 8] = fma(radius * math.sin(angle), std, mean)


# --- normal, in pairs -----------------------------------------------------------------------------


@kernel
def normal_pairs(engine, kept, mean, std, out):
    """Normal values one pair after the other, in float64, until `out` is full.

        sqrt(-2 log(1 - v)) * (cos, sin)(2 pi u) * std + mean

    kept      ()    float64, comes first if it is not nan
    out       (n,)  float32 or float64
    returns   ()    float64, the second value of a pair that found no place, or nan
    """
    words = np.empty(4, np.uint32)
    for i in range(out.size):
        if math.isnan(kept):
            draw(engine, words)
            angle = 2.0 * math.pi * real64(words[0], words[1])
            radius = math.sqrt(-2.0 * math.log1p(-real64(words[2], words[3])))
            value, kept = radius * math.cos(angle), radius * math.sin(angle)
        else:
            value, kept = kept, math.nan
        out[i] = fma(value, std, mean)
    return kept


# --- integers -------------------------------------------------------------------------------------


@kernel
def integers32(engine, low, divisor, out):
    """out = low + word % divisor.   low, divisor, out: (), (), (n,) int64, uint32, int64"""
    words = np.empty(min(BLOCK, out.size), np.uint32)
    for start in range(0, out.size, BLOCK):
        block = out[start : start + BLOCK]
        draw(engine, words[: block.size])
        for i in range(block.size):
            block[i] = low + np.int64(words[i] % divisor)


@kernel
def integers64(engine, low, divisor, out):
    """out = low + (two words) % divisor; divisor 0 stands for 2^64.

    low, divisor, out   (), (), (n,)  int64, uint64, int64
    """
    words = np.empty((min(BLOCK, out.size), 2), np.uint32)
    for start in range(0, out.size, BLOCK):
        block = out[start : start + BLOCK]
        draw(engine, words[: block.size].reshape(-1))
        for i in range(block.size):
            value = np.uint64(words[i, 0]) << np.uint64(32) | np.uint64(words[i, 1])
            block[i] = low + np.int64(value % divisor if divisor else value)


@kernel
def shuffle(engine, out):
    """Fisher and Yates, from the left: out[i] changes places with out[i + word % (n - i)].

    out   (n,)  n < 2^32 / 20, above which PyTorch draws two words
    """
    words = np.empty(min(BLOCK, out.size), np.uint32)
    for start in range(0, out.size - 1, BLOCK):
        stop = min(start + BLOCK, out.size - 1)
        draw(engine, words[: stop - start])
        for i in range(start, stop):
            j = i + np.int64(words[i - start] % np.uint32(out.size - i))
            out[i], out[j] = out[j], out[i]
