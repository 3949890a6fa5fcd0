"""Word graph, grammars and configuration of the shipped folder; `python -m speech_models.train.model_folder FOLDER`.

A process of its own: kaldifst and vosk crash each other.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from speech_models.train.fst import write_grammar
from speech_models.train.grammars import BUILT_IN, GRAMMARS, Costs
from speech_models.train.graph import WordCosts, write_word_graph
from speech_models.train.phones import read_lexicon

MFCC = """--use-energy=false
--sample-frequency=8000
--num-mel-bins=30
--num-ceps=30
--low-freq=100
--high-freq=3800
--dither=0
"""

DECODER = """--min-active=200
--max-active=1000
--beam={beam}
--lattice-beam={lattice_beam}
--acoustic-scale={scale}
--frame-subsampling-factor=3
--endpoint.silence-phones=1
--endpoint.rule2.min-trailing-silence=0.7
--endpoint.rule3.min-trailing-silence=1.0
--endpoint.rule4.min-trailing-silence=1.5
"""


def write_graphs(
    model: Path,
    word_costs: WordCosts = WordCosts(),  # noqa: B008
    costs: Costs = Costs(),  # noqa: B008
    *,
    scale: float = 0.25,
    beam: float = 9.0,
    lattice_beam: float = 2.5,
) -> None:
    """Everything of the model folder but am/final.mdl."""
    ids = write_word_graph(read_lexicon(), model / "graph", word_costs)
    (model / "grammars").mkdir(exist_ok=True)
    for name, build in GRAMMARS.items():
        write_grammar(build(costs), ids, model / "grammars" / f"{name}.fst")
    shutil.copyfile(model / "grammars" / f"{BUILT_IN}.fst", model / "graph" / "Gr.fst")
    (model / "conf").mkdir(exist_ok=True)
    (model / "conf" / "mfcc.conf").write_text(MFCC)
    (model / "conf" / "model.conf").write_text(DECODER.format(scale=scale, beam=beam, lattice_beam=lattice_beam))


if __name__ == "__main__":
    write_graphs(Path(sys.argv[1]))
