"""One call made again on its own: the text that does it, and the script that a user gets.

A Replay is the body of a function `run(t)`, `t` being an engine, and the arrays that it reads. It
returns what came out: outputs and gradients by name. replay.py runs it on PyTorch and on an engine;
`write` puts it into a file that needs only the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from reference.parity.case import Array
from reference.parity.divergence.events import Call, Row

INLINE = 48  # numbers that a script holds itself; more lie in a file beside it


@dataclass(frozen=True)
class Replay:
    """A call that can be repeated.

    body     lines of run(t); they read `data` and return a dict of tensors
    data     what it was called with
    sliced   keys of `data` whose rows belong to the rows of the batch; a Linear's weight does not
    """

    body: tuple[str, ...]
    data: dict[str, Array]
    sliced: tuple[str, ...] = ()

    def rows(self, rows: Sequence[int]) -> Replay:
        """With these rows of the batch only."""
        kept = {key: self.data[key][list(rows)] for key in self.sliced}
        return replace(self, data={**self.data, **kept})


def of_call(
    call: Call,
    x: Sequence[Array],
    needs: Sequence[bool],
    upstream: Sequence[Array | None],
    outputs: Sequence[Array | None],
) -> Replay:
    """An operation, and its backward from upstream gradients, one for each output that has one."""
    layer = set(call.parameters.values())
    sent = [k for k, gradient in enumerate(upstream) if gradient is not None]
    wanted = [k for k, need in enumerate(needs) if need] if sent else []
    data = {f"x{k}": array for k, array in enumerate(x)}
    data |= {f"upstream{k}": g for k, g in enumerate(upstream) if g is not None}
    data |= {f"c{k}": array for k, array in enumerate(call.constants)}
    data |= {f"state.{name}": array for name, array in call.buffers.items()}

    body = [f"x = [{', '.join(_leaf(k, k in wanted and k not in layer) for k in range(len(x)))}]"]
    names = [f"x[{k}]" for k in range(len(x))]
    if _in_place(call.expression):
        body += ["leaves, x = x, [leaf.clone() for leaf in x]"]
        names = [f"leaves[{k}]" for k in range(len(x))]
    if call.layer:
        body += _layer(call, x, names)
    body += ["t.manual_seed(0)", f"out = {call.expression}"]
    if ".__setitem__(" in call.expression:
        body += ["out = x[0]"]
    if len(outputs) > 1:
        body += ["outs = [value for value in out if isinstance(value, t.Tensor)]"]
    outs = [f"outs[{k}]" for k in range(len(outputs))] if len(outputs) > 1 else ["out"]
    if len(sent) == 1:
        body += [f'{outs[sent[0]]}.backward(t.tensor(data["upstream{sent[0]}"]))']
    elif sent:
        upstreams = ", ".join(f't.tensor(data["upstream{k}"])' for k in sent)
        body += [f"t.autograd.backward([{', '.join(outs[k] for k in sent)}], [{upstreams}])"]
    found = [f'"output {k}": {name}' for k, name in enumerate(outs)]
    found += [f'"gradient {k}": {names[k]}.grad' for k in wanted]
    body += [f"return {{{', '.join(found)}}}"]

    batch = _batch(x, layer, outputs)
    keys = [f"x{k}" for k in range(len(x)) if k not in layer] + [f"upstream{k}" for k in sent]
    sliced = [key for key in keys if data[key].ndim and len(data[key]) == batch]
    return Replay(tuple(body), data, tuple(sliced))


def _leaf(k: int, wanted: bool) -> str:
    return f't.tensor(data["x{k}"]){".requires_grad_()" * wanted}'


def _layer(call: Call, x: Sequence[Array], names: list[str]) -> list[str]:
    """Lines that make the layer, with these parameters; `names` learns what they are called."""
    made = "".join(f'c = [t.tensor(data["c{k}"])]' for k in range(len(call.constants)))
    lines = [made.replace("]c = [", ", ")] if made else []
    lines += [f"layer = {call.layer}"]
    if any(array.dtype == np.float64 for array in x):
        lines += ["layer.to(t.float64)"]
    state = [f'"{name}": x[{k}]' for name, k in call.parameters.items()]
    state += [f'"{name}": t.tensor(data["state.{name}"])' for name in call.buffers]
    if state:
        lines += [f"layer.load_state_dict({{{', '.join(state)}}})"]
    if call.parameters:
        lines += ["parameters = dict(layer.named_parameters())"]
    for name, k in call.parameters.items():
        names[k] = f'parameters["{name}"]'
    return [*lines, *["layer.eval()"] * (not call.training)]


def _in_place(expression: str) -> bool:
    name = expression.partition("(")[0]
    return (name.endswith(("_", "__setitem__")) and not name.endswith("__")) or "__i" in name


def _batch(x: Sequence[Array], layer: set[int], outputs: Sequence[Array | None]) -> int:
    """How many rows there are: those of the output; of the first input where it has none."""
    made = [array for array in outputs if array is not None and array.ndim]
    given = [array for k, array in enumerate(x) if k not in layer and array.ndim]
    return len((made or given)[0]) if made or given else 0


def of_step(row: Row, options: str, before: Array, state: dict[str, Any]) -> Replay | None:
    """A step of an optimizer, of one parameter; None where its options are no text."""
    if not options or row.gradient is None:
        return None
    arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
    data = {"before": before, "gradient": row.gradient}
    data |= {f"state.{name}": value for name, value in arrays.items()}
    if all(array.shape == before.shape for array in data.values()):
        data = {key: array.reshape(-1) for key, array in data.items()}  # each element by itself
    body = [
        'p = t.tensor(data["before"]).requires_grad_()',
        'p.grad = t.tensor(data["gradient"])',
        f"optimizer = {options}",
    ]
    if state:
        parts = []
        for name, value in state.items():
            text = f't.tensor(data["state.{name}"])' if name in arrays else repr(value)
            parts.append(f'"{name}": {text}')
        body += [
            'groups = optimizer.state_dict()["param_groups"]',
            f"state = {{{', '.join(parts)}}}",
            'optimizer.load_state_dict({"state": {0: state}, "param_groups": groups})',
        ]
    kept = [name for name, value in row.state.items() if isinstance(value, np.ndarray)]
    found = ['"after": p', *(f'"state {name}": optimizer.state[p]["{name}"]' for name in kept)]
    body += ["optimizer.step()", f"return {{{', '.join(found)}}}"]
    sliced = [key for key, array in data.items() if array.ndim == 1 and array.size == before.size]
    return Replay(tuple(body), data, tuple(sliced))


def function(body: Sequence[str]) -> str:
    return "\n".join(["def run(t):", *(f"    {line}" for line in body)])


# ----------------------------------------------------------------------------------- as a script

_SCRIPT = '''"""{title}

Run it: python repro.py
"""

{imports}

{data}


{function}


torch.set_num_threads(1)
expected, actual = (run(t)[{name!r}].detach().numpy() for t in (torch, engine))
apart = abs(actual.astype("float64") - expected)
at = np.unravel_index(apart.argmax(), apart.shape)
step = np.finfo(expected.dtype).eps / 2 * abs(expected).max()  # a rounding of the largest value
for who, array in ("PyTorch", expected), (engine.__name__, actual):
    print(f"{{who:15}} {{array[at]!r}}  0x{{array[at].tobytes()[::-1].hex()}}")
print(f"{what} at {{[int(i) for i in at]}}: {{apart[at] / step:.4g}} rounding steps apart")
'''


def write(folder: Path, replay: Replay, engine: str, title: str, name: str, what: str) -> Path:
    """Write repro.py, and inputs.npz where the numbers are many; return the script.

    name    of what differs, as run(t) calls it;   what  as a reader does
    """
    folder.mkdir(parents=True, exist_ok=True)
    imports = ["import numpy as np", "import torch", *_import(engine)]
    if sum(array.size for array in replay.data.values()) <= INLINE:
        data = _inline(replay.data)
        imports = ["from numpy import inf, nan"] * ("inf" in data or "nan" in data) + imports
    else:
        np.savez(folder / "inputs.npz", **replay.data)  # type: ignore[arg-type]
        data = 'data = np.load(Path(__file__).with_name("inputs.npz"))'
        imports = ["from pathlib import Path", "", *imports]
    path = folder / "repro.py"
    path.write_text(
        _SCRIPT.format(
            title=title,
            imports="\n".join(imports),
            data=data,
            function=function(replay.body),
            name=name,
            what=what.replace("{", "{{").replace("}", "}}").replace('"', "'"),
        )
    )
    return path


def _inline(data: dict[str, Array]) -> str:
    lines = [
        f'    "{key}": np.array({array.tolist()!r}, dtype="{array.dtype}"),'
        for key, array in data.items()
    ]
    return "\n".join(["data = {", *lines, "}"])


def _import(engine: str) -> list[str]:
    """The lines that import an engine, as load_engine takes it.

    >>> _import("minitorch_clf"), _import("my.engine:torch")
    (['import minitorch_clf as engine'], ['from my.engine import torch as engine'])
    """
    source, _, attribute = engine.rpartition(":")
    if not (source and attribute.isidentifier()):
        source, attribute = engine, ""
    if source.endswith(".py") or "/" in source:
        path = Path(source).resolve()
        lines = ["import sys", f"sys.path.insert(0, {str(path.parent)!r})"]
        source = path.stem
        return [*lines, *_import(f"{source}:{attribute}" if attribute else source)]
    return (
        [f"from {source} import {attribute} as engine"]
        if attribute
        else [f"import {source} as engine"]
    )
