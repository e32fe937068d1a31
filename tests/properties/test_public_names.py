"""What ``homeostat.properties`` exports, and what importing it costs."""

import subprocess
import sys

import pytest

from homeostat import properties


def test_every_public_name_loads() -> None:
    assert sorted(properties.__all__) == sorted(properties._HOMES)
    for name in properties.__all__:
        assert getattr(properties, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = properties.nothing


def test_the_package_and_the_plugin_import_no_heavy_library() -> None:
    program = (
        "import sys, homeostat.properties, homeostat.properties.pytest_plugin\n"
        "heavy = {'hypothesis', 'numpy', 'joblib', 'flint', 'z3', 'sympy', 'torch'}\n"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
