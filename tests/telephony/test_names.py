"""The names that Python and the dialplan share are in one module, and the dialplan has them all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ivr.config import REPOSITORY, Settings
from ivr.dialogue.ports import Next
from ivr.telephony import emergency, launcher, names
from ivr.telephony.names import Context, GlobalVariable, QueueName, Request, Variable

PACKAGE = REPOSITORY / "ivr"
DIALPLAN = (REPOSITORY / "dialplan" / "extensions-ivr.conf").read_text(encoding="utf-8")
NAME = re.compile(r"IVR_[A-Z]\w*")

OF_ENVIRONMENT = {"IVR_CONFIG", "IVR_LAB_FOLDER", "IVR_WEB__LISTEN"}
"""Names of the environment, which the settings and the lab read."""

ELSEWHERE = {
    "ivr/telephony/names.py": {*Variable, *GlobalVariable},
    "ivr/telephony/emergency.py": {Variable.PROMPT, Variable.NEXT},  # runs without the package
    "ivr/studio/coverage.py": {"IVR_SOUNDS"},  # reads the dialplan's own text
}


def texts(module: Path) -> Iterator[str]:
    """Every text of a module that is no docstring."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.value


def test_no_other_module_names_a_variable_of_the_dialplan() -> None:
    found = {
        str(module.relative_to(REPOSITORY)): {name for text in texts(module) for name in NAME.findall(text)}
        for module in PACKAGE.rglob("*.py")
    }
    strays = {module: used - OF_ENVIRONMENT - ELSEWHERE.get(module, set()) for module, used in found.items()}
    assert {module: sorted(used) for module, used in strays.items() if used} == {}


def test_the_dialplan_uses_every_variable_by_its_name() -> None:
    used = set(re.findall(r"\w+", DIALPLAN))
    not_read_by_it = {Variable.ADDRESS, Variable.DISTRICT}  # for other dialplans; ours sends both on as IVR_WHERE
    assert {*Variable, *GlobalVariable} - used - not_read_by_it == set()


def test_the_dialplan_has_every_context_queue_and_request() -> None:
    assert all(f"\n[{context}]\n" in DIALPLAN for context in Context)
    assert all(re.search(rf"Set\(IVR_QUEUE={queue}\)", DIALPLAN) for queue in QueueName)
    assert set(re.findall(r"EAGI\(\$\{IVR_LAUNCHER\},\$\{IVR_SOCKET\},(\w+)\)", DIALPLAN)) == set(Request)
    assert set(re.findall(r"AGI\(\$\{IVR_FASTAGI\}/(\w+)\)", DIALPLAN)) == {Request.CALLBACK, Request.STILL_DARK}
    assert set(re.findall(r'\$\{IVR_NEXT\}" !?= "(\w+)"', DIALPLAN)) == set(Next)
    assert f"DB({names.CALLBACK_FAMILY}/" in DIALPLAN


def test_the_launcher_says_what_the_daemon_awaits() -> None:
    assert (launcher.HELLO, launcher.READY, launcher.TAKEN) == (names.HELLO, names.READY, names.TAKEN)


def test_the_emergency_script_sets_variables_of_the_dialplan() -> None:
    used = {name for text in texts(Path(emergency.__file__)) for name in NAME.findall(text)}
    assert used == {Variable.PROMPT, Variable.NEXT}


def test_the_daemon_listens_at_the_socket_of_that_name() -> None:
    assert Settings().line.socket.name == names.SOCKET_NAME
