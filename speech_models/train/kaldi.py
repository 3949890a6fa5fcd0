"""Kaldi's binary form of an acoustic model, written and read without Kaldi.

Layout after the models of Kaldi's nnet3: `\\0B`, tokens ended by a space, int32 and float32 after their size, vectors
as FV, matrices as FM. Input normalisation and batch norm are folded into the affine layers, priors are subtracted
inside, and one more output is the best of all speech phones: the garbage phone.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from speech_models.train.network import LEFT, OFFSETS, RIGHT, Network
from speech_models.train.phones import PHONES

STAY = 0.5
PRIOR_FLOOR = 0.01
"""Rarer phones would win in silence."""


class _Writer:
    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        file.write(b"\0B")

    def token(self, *texts: str) -> None:
        for text in texts:
            self.file.write(text.encode() + b" ")

    def integer(self, *values: int) -> None:
        for value in values:
            self.file.write(b"\x04" + struct.pack("<i", value))

    def real(self, *values: float) -> None:
        for value in values:
            self.file.write(b"\x04" + struct.pack("<f", value))

    def integers(self, values: list[int]) -> None:
        self.integer(len(values))
        self.file.write(np.asarray(values, "<i4").tobytes())

    def vector(self, values: np.ndarray) -> None:
        self.token("FV")
        self.integer(len(values))
        self.file.write(np.asarray(values, "<f4").tobytes())

    def matrix(self, values: np.ndarray) -> None:
        self.token("FM")
        self.integer(*values.shape)
        self.file.write(np.ascontiguousarray(values, "<f4").tobytes())


def _transitions(out: _Writer, phones: int) -> None:
    """One state a phone: it stays, or it goes on."""
    out.token("<TransitionModel>", "<Topology>")
    out.integers(list(range(1, phones + 1)))
    out.integers([-1] + [0] * phones)
    out.integer(1, 2)
    out.integer(0, 2, 0)
    out.real(STAY)
    out.integer(1)
    out.real(1 - STAY)
    out.integer(-1, 0)
    out.token("</Topology>", "<Triples>")
    out.integer(phones)
    for phone in range(1, phones + 1):
        out.integer(phone, 0, phone - 1)
    out.token("</Triples>", "<LogProbs>")
    out.vector(np.array([0.0] + [np.log(STAY), np.log(1 - STAY)] * phones))
    out.token("</LogProbs>", "</TransitionModel>")


def affine_layers(network: Network) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and biases with all normalisation folded in; a rectifier stands between them."""
    weights = {name: value.detach().double().numpy() for name, value in network.state_dict().items()}
    scale, shift = weights["istd"], -weights["mean"] * weights["istd"]
    layers = []
    for k, offsets in enumerate(OFFSETS):
        matrix, bias = weights[f"aff.{k}.weight"], weights[f"aff.{k}.bias"]
        layers.append((matrix * np.tile(scale, len(offsets)), bias + matrix @ np.tile(shift, len(offsets))))
        mean, variance = weights[f"bn.{k}.running_mean"], weights[f"bn.{k}.running_var"]
        scale = 1 / np.sqrt(variance + network.bn[k].eps)
        shift = -mean * scale
    matrix, bias = weights["out.weight"], weights["out.bias"]
    layers.append((matrix * scale, bias + matrix @ shift))
    return layers


def _network(out: _Writer, network: Network, priors: np.ndarray) -> None:
    phones = len(priors)
    lines = [f"input-node name=input dim={len(network.mean)}"]
    parts: list[tuple[str, object]] = []
    before = "input"

    def node(name: str, inputs: str, what: object) -> str:
        lines.append(f"component-node name={name} component={name} input={inputs}")
        parts.append((name, what))
        return name

    *hidden, last = affine_layers(network)
    for k, (offsets, layer) in enumerate(zip(OFFSETS, hidden, strict=True)):
        looked = ", ".join(f"Offset({before}, {offset})" if offset else before for offset in offsets)
        affine = node(f"L{k}.affine", f"Append({looked})", layer)
        before = node(f"L{k}.relu", affine, ("RectifiedLinearComponent", len(layer[1])))
    affine = node("output.affine", before, last)
    posterior = node("output.log-softmax", affine, ("LogSoftmaxComponent", phones))
    scores = node("output.scores", posterior, (np.eye(phones), -np.log(priors)))
    lines.append(f"dim-range-node name=output.speech input-node={scores} dim-offset=1 dim={phones - 1}")
    garbage = node("output.gbg", "output.speech", ("MaxpoolingComponent", phones - 1))
    lines.append(f"output-node name=output input=Append({scores}, {garbage}) objective=linear")
    out.token("<Nnet3>")
    out.file.write(("\n" + "\n".join(lines) + "\n\n").encode())
    out.token("<NumComponents>")
    out.integer(len(parts))
    for name, what in parts:
        out.token("<ComponentName>", name)
        _component(out, what)
    out.token("</Nnet3>", "<LeftContext>")
    out.integer(LEFT)
    out.token("<RightContext>")
    out.integer(RIGHT)
    out.token("<Priors>")
    out.vector(np.zeros(0))


def _component(out: _Writer, what: object) -> None:
    match what:
        case (np.ndarray() as matrix, np.ndarray() as bias):
            out.token("<FixedAffineComponent>", "<LinearParams>")
            out.matrix(matrix)
            out.token("<BiasParams>")
            out.vector(bias)
            out.token("</FixedAffineComponent>")
        case ("MaxpoolingComponent", int(size)):
            out.token("<MaxpoolingComponent>")
            shape = {"InputX": size, "InputY": 1, "InputZ": 1}
            pool = {"PoolX": size, "PoolY": 1, "PoolZ": 1}
            for name, value in shape.items():
                out.token(f"<{name}Dim>")
                out.integer(value)
            for name, value in pool.items():
                out.token(f"<{name}Size>")
                out.integer(value)
            for name in pool:
                out.token(f"<{name}Step>")
                out.integer(1)
            out.token("</MaxpoolingComponent>")
        case (str(kind), int(size)):
            out.token(f"<{kind}>", "<Dim>")
            out.integer(size)
            for name in ("<ValueAvg>", "<DerivAvg>"):
                out.token(name)
                out.vector(np.zeros(0))
            out.token("<Count>")
            out.file.write(b"\x08" + struct.pack("<d", 0.0))
            out.token(f"</{kind}>")


def write_model(network: Network, counts: np.ndarray, file: Path) -> None:
    """am/final.mdl. counts: frames of each phone in training."""
    priors = counts + 50.0
    priors = np.maximum(priors / priors.sum(), PRIOR_FLOOR)
    rough = file.with_suffix(".part")
    with rough.open("wb") as stream:
        out = _Writer(stream)
        _transitions(out, len(PHONES) + 1)
        _network(out, network, priors / priors.sum())
    rough.replace(file)


def read_layers(file: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """The affine layers of a model written here, the last of them subtracts the priors. ValueError: another model."""
    data = file.read_bytes()
    layers = []
    at = data.find(b"<LinearParams> FM ")
    while at >= 0:
        at += len(b"<LinearParams> FM ")
        rows, columns = struct.unpack_from("<xixi", data, at)
        at += 10
        matrix = np.frombuffer(data, "<f4", rows * columns, at).reshape(rows, columns)
        at += 4 * rows * columns + len(b"<BiasParams> FV ") + 5
        layers.append((matrix, np.frombuffer(data, "<f4", rows, at)))
        at = data.find(b"<LinearParams> FM ", at + 4 * rows)
    if len(layers) != len(OFFSETS) + 2:
        raise ValueError(f"{file.name}: {len(layers)} affine layers, not {len(OFFSETS) + 2}")
    return layers
