"""Numbers that become vectors."""

from __future__ import annotations

from minitorch_clf.creation import empty
from minitorch_clf.dtypes import device as Device
from minitorch_clf.dtypes import dtype as DType
from minitorch_clf.grad_mode import no_grad
from minitorch_clf.nn import functional as F
from minitorch_clf.nn import init
from minitorch_clf.nn.functional.embedding import existing_row, refuse_options
from minitorch_clf.nn.module import Module
from minitorch_clf.nn.parameter import Parameter
from minitorch_clf.tensor import Tensor


class Embedding(Module):
    """weight[input]: a vector, to be learned, for each of num_embeddings things.

    input        (*)  int64 or int32, 0 <= input < num_embeddings
    out          (*, embedding_dim)
    weight       (num_embeddings, embedding_dim)  drawn from N(0, 1)
    padding_idx  a row that stands for nothing: zeros at first, and no gradient
    max_norm     rows longer than this (by the norm_type-norm) are cut down to it when looked up

    NotImplementedError  scale_grad_by_freq, sparse

    >>> import minitorch_clf as torch
    >>> layer = torch.nn.Embedding(10, 3, padding_idx=0)
    >>> layer
    Embedding(10, 3, padding_idx=0)
    >>> layer(torch.tensor([[1, 2], [4, 0]])).shape
    torch.Size([2, 2, 3])
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        refuse_options(scale_grad_by_freq, sparse)
        if padding_idx is not None:
            padding_idx = existing_row(padding_idx, num_embeddings)
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        shape = (num_embeddings, embedding_dim)
        if _weight is None:
            self.weight = Parameter(empty(shape, device=device, dtype=dtype), not _freeze)
            self.reset_parameters()
        elif _weight.shape != shape:
            raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
        else:
            self.weight = Parameter(_weight, not _freeze)

    def reset_parameters(self) -> None:
        """Draw weight anew; the row of padding_idx is zeros."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """A layer whose weight is `embeddings`, sharing memory; not learned unless freeze=False.

        >>> import minitorch_clf as torch
        >>> table = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> torch.nn.Embedding.from_pretrained(table)(torch.tensor([1]))
        tensor([[3., 4.]])
        """
        if embeddings.dim() != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        return cls(
            embeddings.size(0),
            embeddings.size(1),
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight=embeddings,
            _freeze=freeze,
        )

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        options = [f"{self.num_embeddings}, {self.embedding_dim}"]
        if self.padding_idx is not None:
            options.append(f"padding_idx={self.padding_idx}")
        if self.max_norm is not None:
            options.append(f"max_norm={self.max_norm}")
        if self.norm_type != 2:
            options.append(f"norm_type={self.norm_type}")
        return ", ".join(options)
