"""Row 7: a prediction, one image at a time and a thousand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks import machine, models
from benchmarks.row import Race, Row, Target

WIDTHS = (784, 128, 10)


def predict(t: Any, batch: int, *, compiled: bool = False) -> Callable[[], Any]:
    """model(x) without recording."""
    x, model = t.tensor(models.digits(batch)[0]), models.mlp(t, WIDTHS).eval()
    forward = t.compile(model) if compiled else model

    def run() -> Any:
        with t.no_grad():
            return forward(x)

    return run


def onnx_session(torch: Any, batch: int) -> Callable[[], Any]:
    """The same weights in onnxruntime, on one thread: Gemm, Relu, Gemm."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    values = [p.detach().numpy() for p in models.mlp(torch, WIDTHS).parameters()]
    names = ["w1", "b1", "w2", "b2"]
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w1", "b1"], ["h"], transB=1),
            helper.make_node("Relu", ["h"], ["a"]),
            helper.make_node("Gemm", ["a", "w2", "b2"], ["y"], transB=1),
        ],
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", WIDTHS[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", WIDTHS[-1]])],
        [numpy_helper.from_array(v, n) for v, n in zip(values, names, strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    x = models.digits(batch)[0]
    return lambda: session.run(None, {"x": x})[0]


def build() -> Iterator[Race]:
    import torch

    import minitorch_clf

    for batch in (1, 1000):
        sides = {
            "ours": predict(minitorch_clf, batch),
            "replay": predict(minitorch_clf, batch, compiled=True),
            "torch": predict(torch, batch),
        }
        other, missing = models.optional(
            partial(onnx_session, torch, batch), "onnxruntime", "onnxruntime or onnx"
        )
        if other is not None:
            sides["onnxruntime"] = other
        answers = {name: np.array(run()) for name, run in sides.items()}
        for name, answer in answers.items():
            if not np.allclose(answer, answers["torch"], rtol=1e-4, atol=1e-6):
                raise AssertionError(f"{name} predicts otherwise than torch")
        work = sum(2 * batch * a * b for a, b in itertools.pairwise(WIDTHS))
        parameters = sum(a * b + b for a, b in itertools.pairwise(WIDTHS))
        yield Race(
            f"batch {batch:,}",
            sides,
            floor=machine.floor(work, 4 * parameters),
            skipped={"onnxruntime": missing} if missing else {},
        )


ROW = Row(
    "inference",
    "a prediction: 784-128-10",
    "call",
    build,
    (
        Target("torch", 1),
        Target("onnxruntime", 1),
        Target("torch", 1, "replay"),
        Target("onnxruntime", 1, "replay"),
    ),
)
