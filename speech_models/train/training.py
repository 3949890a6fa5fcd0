"""Training of the network on shards of features that go on appearing while it runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from speech_models.train.network import LEFT, RIGHT, STRIDE, Network, load, save, widened
from speech_models.train.phones import PHONES

BATCH = 32
OUTPUTS = 48
SPAN = LEFT + RIGHT + STRIDE * (OUTPUTS - 1) + 1
WARM_UP_STEPS = 150
CHECKPOINT_S = 120.0
CHECKPOINTS = 8


@dataclass(frozen=True, slots=True)
class Schedule:
    """seconds: how long in all, resumed runs included. rate: the highest learning rate; it falls as a cosine."""

    seconds: float
    rate: float = 2e-3
    width: int = 512

    def rate_at(self, done_s: float, step: int) -> float:
        falling = 0.5 * (1 + np.cos(np.pi * min(1.0, done_s / self.seconds))) + 0.01
        return float(self.rate * min(1.0, (step + 1) / WARM_UP_STEPS) * falling)


class Shards:
    """The shards of a folder, the newest and least used first. Each: features float16, phones int8."""

    def __init__(self, folder: Path, random: np.random.Generator) -> None:
        self.folder = folder
        self.random = random
        self.loaded: dict[Path, tuple[np.ndarray, np.ndarray]] = {}
        self.used: dict[Path, float] = {}
        self.counts = np.zeros(len(PHONES))

    def look(self) -> None:
        for file in sorted(self.folder.glob("shard-*.npz")):
            if file not in self.loaded:
                with np.load(file) as shard:
                    self.loaded[file] = shard["features"], shard["phones"]
                self.counts += np.bincount(self.loaded[file][1], minlength=len(PHONES))

    def batch(self, device: torch.device) -> tuple[Tensor, Tensor]:
        frames, phones = [], []
        order = sorted(self.loaded, key=lambda file: self.used.get(file, 0.0) + 1.5 * self.random.random())
        for file in order[:2] if len(order) > 1 else order * 2:
            features, truth = self.loaded[file]
            self.used[file] = self.used.get(file, 0.0) + BATCH / 2 * STRIDE * OUTPUTS / len(features)
            for at in self.random.integers(LEFT + STRIDE, len(features) - SPAN - RIGHT, BATCH // 2):
                frames.append(features[at - LEFT : at - LEFT + SPAN])
                phones.append(truth[at : at + STRIDE * OUTPUTS : STRIDE])
        inputs = torch.tensor(np.stack(frames).astype(np.float32), device=device)
        return inputs, torch.tensor(np.stack(phones).astype(np.int64), device=device)


def _disturb(inputs: Tensor, mean: Tensor, random: np.random.Generator) -> Tensor:
    """Another telephone (an offset of the cepstrum) for half of the batches, short gaps for a third."""
    if random.random() < 0.5:
        spread = torch.tensor([2.0] + [0.6] * (inputs.shape[2] - 1), device=inputs.device)
        inputs = inputs + torch.randn(len(inputs), 1, inputs.shape[2], device=inputs.device) * spread * random.random()
    if random.random() < 0.3:
        for one in inputs:
            at = random.integers(0, SPAN - 20)
            one[at : at + random.integers(2, 9)] = mean
    return inputs


def train(shards_folder: Path, checkpoints: Path, schedule: Schedule, start: Path | None = None, seed: int = 1) -> Path:
    """Train and resume; the folder then holds the last checkpoints, final.pt their average.

    start: a checkpoint to begin from instead of random weights. Raises FileNotFoundError where no shard is yet.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    shards = Shards(shards_folder, random)
    shards.look()
    if not shards.loaded:
        raise FileNotFoundError(f"no shard-*.npz in {shards_folder.name}")
    checkpoints.mkdir(parents=True, exist_ok=True)
    clock = checkpoints / "seconds"
    done = float(clock.read_text()) if clock.exists() else 0.0
    kept = sorted(checkpoints.glob("step-*.pt"))
    origin = kept[-1] if kept else start
    if origin:
        network = load(origin)[0]
        if network.width != schedule.width:
            network = widened(network, schedule.width)
    else:
        network = Network(schedule.width)
        seen = np.concatenate([features for features, _ in shards.loaded.values()]).astype(np.float32)
        network.mean.data = torch.tensor(seen.mean(0))
        network.istd.data = torch.tensor(1 / seen.std(0))
    network.to(device).train()
    step = int(kept[-1].stem.split("-")[1]) if kept else 0
    optimiser = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=1e-3)
    began = saved = time.monotonic()
    losses: list[float] = []
    while done + time.monotonic() - began < schedule.seconds:
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate_at(done + time.monotonic() - began, step)
        inputs, truth = shards.batch(device)
        with torch.autocast(device.type, torch.bfloat16):
            logits = network(_disturb(inputs, network.mean, random), OUTPUTS)
        loss = cross_entropy(logits.float().flatten(0, 1), truth.flatten(), label_smoothing=0.03)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        losses.append(loss.item())
        step += 1
        if time.monotonic() - saved > CHECKPOINT_S:
            saved = time.monotonic()
            save(network, shards.counts, checkpoints / f"step-{step:08d}.pt")
            clock.write_text(str(done + saved - began))
            for old in sorted(checkpoints.glob("step-*.pt"))[:-CHECKPOINTS]:
                old.unlink()
            print(f"step {step}, {len(shards.loaded)} shards, loss {np.mean(losses):.3f}", flush=True)
            losses.clear()
            shards.look()
    save(network, shards.counts, checkpoints / f"step-{step:08d}.pt")
    clock.write_text(str(done + time.monotonic() - began))
    final = checkpoints / "final.pt"
    network, _ = load(*sorted(checkpoints.glob("step-*.pt"))[-3:])
    save(network, shards.counts, final)
    return final
