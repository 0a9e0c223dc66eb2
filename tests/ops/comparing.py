"""How near a difference quotient must be, for the tests that take one of a case."""

from __future__ import annotations

#: gradcheck's default of 1e-3 lets a gradient pass that is 0.1 % off; the difference quotients of
#: our cases are good to about 1e-8.
ATOL, RTOL = 1e-6, 1e-5
