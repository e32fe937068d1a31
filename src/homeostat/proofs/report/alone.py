"""A page by itself: outside of the report, with its own plots and style."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from homeostat import __version__
from homeostat.errors import InvalidInputError
from homeostat.proofs.report.pages import ENVIRONMENT
from homeostat.proofs.report.plots.style import LAYOUTS, Layout

__all__ = ["write_alone", "write_plots"]


def write_alone(
    name: str, folder: Path, *, draw: Callable[[Path], None], context: Mapping[str, Any]
) -> Path:
    """Write a page, its plots and its style into a folder; files of these names are replaced.

    Args:
        name: File name of the page; its template has the same name and ``.jinja``.
        folder: Is made if it is not there.
        draw: Writes the plots into the folder that it is given.
        context: Of the template.

    Returns:
        The path of the page.

    Raises:
        InvalidInputError: ``folder`` is no folder.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInputError(f"{folder} must be a folder, or not exist")
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    draw(folder / "plots")
    css = files("homeostat.proofs.report").joinpath("templates", "report.css")
    (folder / "report.css").write_bytes(css.read_bytes())
    template = ENVIRONMENT.get_template(f"{name}.jinja")
    page = folder / name
    text = template.render(root="", extra=(), version=__version__, **context)
    page.write_text(text, encoding="utf-8")
    return page


def write_plots(plots: Mapping[str, Callable[[Layout], str]], folder: Path) -> None:
    """Write plots by name, each in every layout."""
    for name, plot in plots.items():
        for layout in LAYOUTS:
            (folder / f"{name}.{layout.name}.svg").write_text(plot(layout), encoding="utf-8")
