"""Functions that make functions: `grad(f)` is the gradient of f, as a function again.

There is no vmap here, and no forward mode; `jacrev` and `jacfwd` go row by row and column by column
instead, `jvp` takes two backwards. Otherwise the names, the arguments and the results are those of
torch.func.
"""

from minitorch_clf.func.jacobians import hessian, jacfwd, jacrev
from minitorch_clf.func.stateless import functional_call
from minitorch_clf.func.transforms import grad, grad_and_value, jvp, vjp, vmap

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "vjp",
    "vmap",
]
