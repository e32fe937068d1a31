"""Questions in SMT-LIB's own language, for theories that rows cannot state: bit-vectors, floats.

Each solver answers all of them in one process of its own. What it says is kept as what it said:
neither a model nor its absence is checked here.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from homeostat.proofs.engines.oracles.questions import Limits
from homeostat.proofs.engines.oracles.racing import CVC5, Z3, Oracle

__all__ = ["SCRIPT_ORACLES", "ask_scripts"]

_CHILD: Final = (sys.executable, "-m", "homeostat.proofs.engines.oracles.script_child")
SCRIPT_ORACLES: Final = tuple(
    replace(oracle, command=(*_CHILD, oracle.name)) for oracle in (Z3, CVC5)
)
_WORDS: Final = frozenset({"sat", "unsat", "unknown"})


def ask_scripts(
    oracle: Oracle, scripts: Mapping[str, str], *, limits: Limits | None = None
) -> dict[str, str]:
    """Return what one solver says to each question: "sat", "unsat", or why it says neither.

    Args:
        oracle: One of ``SCRIPT_ORACLES``.
        scripts: SMT-LIB 2 by name; each sets its logic and asks ``(check-sat)`` once, at the end.
        limits: What the solver may use up; the wall-clock limit holds for all questions together.
    """
    if oracle.absence is not None:
        return dict.fromkeys(scripts, f"{oracle.absence.reason} ({oracle.absence.detail})")
    limits = limits or Limits()
    asked = {
        "scripts": dict(scripts),
        "z3_rlimit": limits.z3_rlimit,
        "cvc5_rlimit": limits.cvc5_rlimit,
        "memory_mib": limits.memory_mib,
        "wall_seconds": limits.wall_seconds,
    }
    try:
        done = subprocess.run(
            oracle.command,
            input=json.dumps(asked).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limits.wall_seconds,
            check=True,
        )
        said = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return dict.fromkeys(scripts, "timeout")
    except (subprocess.CalledProcessError, ValueError, RecursionError):
        return dict.fromkeys(scripts, "crash")
    words = said if isinstance(said, dict) else {}
    return {name: _word(words.get(name)) for name in scripts}


def _word(said: object) -> str:
    return said if isinstance(said, str) and said in _WORDS else "garbage"
