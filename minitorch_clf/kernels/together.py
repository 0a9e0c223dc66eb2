"""One loop on several threads, for a hand-over of 2 us: all of it in compiled code.

A sleeping thread takes 30 us to wake on a virtual machine, longer than many a loop; and a thread
that has to wait for Python's lock sleeps too. So a worker that is awake watches a number in memory
(`serve`), as OpenMP's threads do in PyTorch, and is told by its change that a part of a loop is
ready (`together`): the address of the loop's machine code, and its arguments as words.

Whoever comes first runs a part, its worker or the thread that gave it. So nobody waits for a worker
that sleeps, or whose core is taken by another program.
"""

from __future__ import annotations

import ctypes
import time

from minitorch_clf.kernels.jit import kernel, teach

SCALARS = 28
"""As many words as four arrays of one dimension take, or three of two."""
ADDRESS, RESULT, WORDS = SCALARS + 4, SCALARS + 5, SCALARS + 6
"""A call as a row of int64: what a C function of Numba's takes for each array, the bits of up to
four scalars, where the function is, and what it returned."""

FREE, GIVEN, TAKEN, DONE = 0, 1, 2, 3
LOOKS = 16
"""How often to look at a state before the core is offered to others."""
LINE = 8
"""States are a cache line apart, so that one worker's does not disturb the next."""


@kernel
def together(address, arrays, scalars, step, rows, states):
    """The loop at `address` on all of `arrays`, in parts along the first axis.

    arrays   a tuple, each (n,) or (n, m), or (1,) for all parts; the last is written to
    step     how much of n is one part
    rows     (parts, WORDS)   to be filled; rows[:, RESULT] is what the loop returned for each part
    states   (parts - 1, LINE)   of the workers; part 0 is run here
    """
    for part in range(rows.shape[0]):
        start = part * step
        count = min(step, arrays[-1].shape[0] - start)
        k = 0
        for array in arrays:
            first, n = (0, 1) if array.shape[0] == 1 else (start, count)
            rows[part, k] = rows[part, k + 1] = 0  # who owns the memory: nobody asks
            rows[part, k + 2] = array.size // array.shape[0] * n
            rows[part, k + 3] = array.itemsize
            rows[part, k + 4] = array.ctypes.data + first * array.strides[0]
            rows[part, k + 5] = n
            for axis in range(1, array.ndim):
                rows[part, k + 5 + axis] = array.shape[axis]
            for axis in range(array.ndim):
                rows[part, k + 5 + array.ndim + axis] = array.strides[axis]
            k += 5 + 2 * array.ndim
        for j in range(scalars.size):
            rows[part, SCALARS + j] = scalars[j]
        rows[part, ADDRESS] = address
        if part > 0:
            exchanged(states[part - 1].ctypes.data, FREE, GIVEN)
    run(rows[0].ctypes.data)
    for part in range(1, rows.shape[0]):
        state = states[part - 1].ctypes.data
        if exchanged(state, GIVEN, FREE):
            run(rows[part].ctypes.data)
        else:
            looks = 1
            while not exchanged(state, DONE, FREE):
                looks += 1
                if looks % LOOKS == 0:
                    pause()


@kernel
def serve(row, state, turns):
    """Run what is given in `row`, until for so many turns nothing was.   (WORDS,), (LINE,)"""
    turn = 0
    while turn < turns:
        turn += 1
        for _ in range(LOOKS):
            if exchanged(state.ctypes.data, GIVEN, TAKEN):
                run(row.ctypes.data)
                exchanged(state.ctypes.data, TAKEN, DONE)
                turn = 0
        pause()


# --- what Numba has no name for -------------------------------------------------------------------


def exchanged(state, old, new):
    """Whether the number at the address `state` was `old`; it is `new` then.

    In a kernel this is one instruction, so that of two threads one finds it.
    """
    number = ctypes.c_int64.from_address(state)
    was_old = number.value == old
    if was_old:
        number.value = new
    return was_old


def run(row):
    """Call row[ADDRESS] with the words of the row at this address; its result goes to row[RESULT].

    Always with all words and four scalars: where a function takes fewer, it looks at the first ones
    only. In C's calling conventions on 64-bit x86 and ARM (not Windows) numbers and addresses
    are counted apart from floats, and the caller clears up, so that the rest does no harm.
    """
    words = (ctypes.c_int64 * WORDS).from_address(row)
    floats = (ctypes.c_double * 4).from_address(row + 8 * SCALARS)
    kinds = [ctypes.c_int64] * SCALARS + [ctypes.c_double] * 4
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(words[ADDRESS])
    words[RESULT] = function(*words[:SCALARS], *floats)


def pause():
    """Let another thread have this core for a moment: POSIX's sched_yield, half a microsecond.

    The compiler cannot know what that does, and so reads the number in a waiting loop each time.
    """
    time.sleep(0)


@teach
def _three_for_numba(numba):
    """Tell Numba what the three functions above are."""
    from llvmlite import ir  # noqa: PLC0415 - as late as Numba itself
    from numba import types  # noqa: PLC0415
    from numba.core import cgutils  # noqa: PLC0415

    type_callable, lower_builtin = numba.extending.type_callable, numba.extending.lower_builtin
    word, double = ir.IntType(64), ir.DoubleType()

    @type_callable(exchanged)
    def type_of_exchanged(_context):
        return lambda state, old, new: types.boolean

    @lower_builtin(exchanged, types.Integer, types.Integer, types.Integer)
    def compare_and_exchange(context, builder, signature, args):
        values = zip(args, signature.args, strict=True)
        state, old, new = (context.cast(builder, a, t, types.int64) for a, t in values)
        place = builder.inttoptr(state, word.as_pointer())
        return builder.extract_value(builder.cmpxchg(place, old, new, "seq_cst"), 1)

    @type_callable(run)
    def type_of_run(_context):
        return lambda row: types.none

    @lower_builtin(run, types.Integer)
    def call_address(context, builder, _signature, args):
        row = builder.inttoptr(args[0], word.as_pointer())
        places = [builder.gep(row, [ir.Constant(word, k)]) for k in range(WORDS)]
        words = [builder.load(place) for place in places[:RESULT]]
        floats = [builder.bitcast(scalar, double) for scalar in words[SCALARS:ADDRESS]]
        c_function = ir.FunctionType(word, [word] * SCALARS + [double] * len(floats))
        function = builder.inttoptr(words[ADDRESS], c_function.as_pointer())
        builder.store(builder.call(function, [*words[:SCALARS], *floats]), places[RESULT])
        return context.get_dummy_value()

    @type_callable(pause)
    def type_of_pause(_context):
        return lambda: types.none

    @lower_builtin(pause)
    def call_sched_yield(context, builder, _signature, _args):
        c_function = ir.FunctionType(ir.IntType(32), [])
        function = cgutils.get_or_insert_function(builder.module, c_function, "sched_yield")
        builder.call(function, [])
        return context.get_dummy_value()
