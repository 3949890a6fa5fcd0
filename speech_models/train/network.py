"""The acoustic network: a time-delay network over telephone features, a score for each phone every 30 ms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from speech_models.train.features import COEFFICIENTS
from speech_models.train.phones import PHONES

OFFSETS: tuple[tuple[int, ...], ...] = (
    (-2, -1, 0, 1, 2), (-1, 0, 1), (-3, 0, 3), (-3, 0, 3), (-6, 0, 6), (-6, 0, 6), (-9, 0, 3),
)  # fmt: skip
"""Input frames (10 ms) that each layer looks at; from the second layer on only every third frame is computed."""
LEFT = -sum(offsets[0] for offsets in OFFSETS)
RIGHT = sum(offsets[-1] for offsets in OFFSETS)
STRIDE = 3


class Network(nn.Module):
    def __init__(self, width: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.width = width
        self.dropout = dropout
        self.mean = nn.Parameter(torch.zeros(COEFFICIENTS), requires_grad=False)
        self.istd = nn.Parameter(torch.ones(COEFFICIENTS), requires_grad=False)
        inputs = [COEFFICIENTS, *[width] * (len(OFFSETS) - 1)]
        self.aff = nn.ModuleList(
            nn.Linear(size * len(offsets), width) for size, offsets in zip(inputs, OFFSETS, strict=True)
        )
        self.bn = nn.ModuleList(nn.BatchNorm1d(width, affine=False, eps=1e-3) for _ in OFFSETS)
        self.out = nn.Linear(width, len(PHONES))
        nn.init.normal_(self.out.weight, std=0.01)
        nn.init.zeros_(self.out.bias)

    def forward(self, frames: Tensor, outputs: int) -> Tensor:
        """frames: batch x (LEFT + 3 (outputs - 1) + RIGHT + 1) x 30. Logits: batch x outputs x phones."""
        here = (frames - self.mean) * self.istd
        first, step = -LEFT, 1
        for k, (offsets, affine, norm) in enumerate(zip(OFFSETS, self.aff, self.bn, strict=True)):
            following = OFFSETS[k + 1 :]
            begin = sum(later[0] for later in following)
            end = STRIDE * (outputs - 1) + sum(later[-1] for later in following)
            count = (end - begin) // STRIDE + 1 if k else end - begin + 1
            apart = STRIDE if k else 1
            columns = []
            for offset in offsets:
                at = (begin + offset - first) // step
                stride = apart // step
                columns.append(here[:, at : at + (count - 1) * stride + 1 : stride])
            here = torch.relu(affine(torch.cat(columns, 2)))
            here = norm(here.reshape(-1, self.width)).reshape(len(frames), count, -1)
            here = nn.functional.dropout(here, self.dropout, self.training)
            first, step = begin, apart
        return self.out(here)


def widened(narrow: Network, width: int) -> Network:
    """A wider network that computes the same: its further units begin unheard (Net2Net, Chen et al. 2016).

    Raises ValueError where `width` is smaller.
    """
    if width < narrow.width:
        raise ValueError(f"{width} is narrower than {narrow.width}")
    wide = Network(width, narrow.dropout)
    wide.mean.data, wide.istd.data = narrow.mean.data, narrow.istd.data
    old = narrow.width
    with torch.no_grad():
        for k, (offsets, here, there) in enumerate(zip(OFFSETS, narrow.aff, wide.aff, strict=True)):
            inputs = here.weight.shape[1] // len(offsets)
            target = there.weight.view(width, len(offsets), -1)
            target[:old] = 0.0
            target[:old, :, :inputs] = here.weight.view(old, len(offsets), inputs)
            there.bias[:old] = here.bias
            for name in ("running_mean", "running_var"):
                getattr(wide.bn[k], name)[:old] = getattr(narrow.bn[k], name)
        wide.out.weight.zero_()
        wide.out.weight[:, :old] = narrow.out.weight
        wide.out.bias.copy_(narrow.out.bias)
    return wide


def save(network: Network, counts: np.ndarray, file: Path) -> None:
    """counts: frames of each phone seen in training, from which the priors come."""
    rough = file.with_suffix(".part")
    torch.save({"sd": network.state_dict(), "cnt": counts, "dim": network.width}, rough)
    rough.replace(file)


def load(*files: Path) -> tuple[Network, np.ndarray]:
    """The average of several checkpoints: sturdier than the last of them. Raises ValueError without any."""
    if not files:
        raise ValueError("no checkpoint")
    found = [torch.load(file, weights_only=False) for file in files]
    network = Network(found[-1]["dim"])
    weights = found[-1]["sd"]
    for name, value in weights.items():
        if value.is_floating_point():
            weights[name] = sum(one["sd"][name] for one in found) / len(found)
    network.load_state_dict(weights)
    return network, np.asarray(found[-1]["cnt"])
