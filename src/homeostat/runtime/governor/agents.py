"""Many Langevin agents at once: BAOAB of ``models.langevin`` over arrays of NumPy or of torch.

The step is the model's, the same text for both; only where arrays are made and noise is drawn do
they differ. Numbers are float64. Constants are arrays of the same library, so that on a card each
operation rounds as on the processor: given the same noise, runs are the same bit for bit where each
agent has a force of its own, and within rounding where a mean over all is in it.

Source: agents on a potential instead of a scheduler are note 000's (concept 2; stage 2, item 1).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, final

import numpy as np

from homeostat.errors import InvalidInputError, MissingExtraError
from homeostat.models.landau import Landau, slope
from homeostat.models.langevin import baoab_step, kick_variance, velocity_kept
from homeostat.models.numbers import where

__all__ = [
    "AGENTS_MAX",
    "Agents",
    "Array",
    "Dynamics",
    "NumpyArrays",
    "TorchArrays",
    "congestion_force",
    "well_force",
]

Array: TypeAlias = Any
"""Of NumPy or of torch, float64, one entry an agent."""
AGENTS_MAX: Final = 10**8


class Arrays(Protocol):
    """Where arrays are made, and noise is drawn."""

    def constant(self, value: float) -> Array:
        """Return a number as an array without axes."""

    def full(self, count: int, value: float) -> Array:
        """Return an array of equal numbers."""

    def normal(self, count: int) -> Array:
        """Return independent draws of the standard normal law."""


@final
class NumpyArrays:
    """Arrays of NumPy.

    Args:
        seed: Of the noise.
    """

    def __init__(self, seed: int) -> None:
        """Start the draws."""
        self._draws = np.random.default_rng(seed)

    def constant(self, value: float) -> Array:
        """Return a number as an array without axes."""
        return np.float64(value)

    def full(self, count: int, value: float) -> Array:
        """Return an array of equal numbers."""
        return np.full(count, value)

    def normal(self, count: int) -> Array:
        """Return independent draws of the standard normal law."""
        return self._draws.standard_normal(count)


@final
class TorchArrays:
    """Arrays of torch.

    Args:
        seed: Of the noise.
        device: Where they are: ``cpu``, ``cuda`` and so on.

    Raises:
        MissingExtraError: torch is not installed.
    """

    def __init__(self, seed: int, device: str = "cpu") -> None:
        """Start the draws."""
        try:
            import torch
        except ImportError as error:
            raise MissingExtraError(
                "agents on torch need torch: pip install 'homeostat[experts]'"
            ) from error
        self._torch = torch
        self._options: dict[str, Any] = {"dtype": torch.float64, "device": device}
        self._draws = torch.Generator(device=device).manual_seed(seed)

    def constant(self, value: float) -> Array:
        """Return a number as an array without axes."""
        return self._torch.tensor(value, **self._options)

    def full(self, count: int, value: float) -> Array:
        """Return an array of equal numbers."""
        return self._torch.full((count,), value, **self._options)

    def normal(self, count: int) -> Array:
        """Return independent draws of the standard normal law."""
        return self._torch.randn(count, generator=self._draws, **self._options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamics:
    """How agents move.

    Attributes:
        mass: m > 0.
        damping: g > 0.
        dt: Length of a step, > 0.

    Raises:
        InvalidInputError: A number is not positive, or not finite.
    """

    mass: float = 1.0
    damping: float = 4.0
    dt: float = 0.05

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("mass", "damping", "dt"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise InvalidInputError(f"{name}={value!r} must be > 0 and finite")

    @property
    def kept(self) -> float:
        """Part of a velocity that friction leaves in a step."""
        return float(velocity_kept(self.damping, self.mass, self.dt))


Force: TypeAlias = Callable[[Array], Array]


def well_force(arrays: Arrays, landau: Landau, temperature: float) -> Force:
    """Return the force of Landau's free energy at a phase's temperature; two wells below Tc."""
    own = Landau(
        a=arrays.constant(landau.a),
        b=arrays.constant(landau.b),
        critical=arrays.constant(landau.critical),
    )
    phase = arrays.constant(temperature)

    def force(position: Array) -> Array:
        return -slope(own, position, phase)

    return force


def congestion_force(arrays: Arrays, *, stiffness: float, tax: float) -> Force:
    """Return the force on loads that share a cluster: one agent a node, each felt by all.

    U = stiffness / 2 * sum of (x - mean)^2 + tax / 2 * sum of x^2: loads are drawn together, and
    the tax draws all of them to 0. O(agents).

    Args:
        arrays: Of the agents.
        stiffness: >= 0.
        tax: >= 0.
    """
    pull, price = arrays.constant(stiffness), arrays.constant(tax)

    def force(position: Array) -> Array:
        return -pull * (position - position.mean()) - price * position

    return force


@final
class Agents:
    """Positions and velocities of many agents in one force field.

    Attributes:
        position: x of each agent.
        velocity: v of each agent.
        steps: How many were made.

    Args:
        arrays: Where they are.
        count: How many agents.
        force_at: Returns the forces at positions.
        dynamics: How they move.
        start: Where all begin, at rest.
    """

    def __init__(
        self,
        arrays: Arrays,
        count: int,
        force_at: Force,
        *,
        dynamics: Dynamics,
        start: float = 0.0,
    ) -> None:
        """Put all agents to the start.

        Raises:
            InvalidInputError: There is no agent, or too many.
        """
        if not 1 <= count <= AGENTS_MAX:
            raise InvalidInputError(f"count={count} must be >= 1 and <= {AGENTS_MAX}")
        self._arrays = arrays
        self._force_at = force_at
        self._dynamics = dynamics
        self._mass = arrays.constant(dynamics.mass)
        self._dt = arrays.constant(dynamics.dt)
        self._kept = arrays.constant(dynamics.kept)
        self.position = arrays.full(count, start)
        self.velocity = arrays.full(count, 0.0)
        self.steps = 0

    def __len__(self) -> int:
        """Return how many agents there are."""
        return len(self.position)

    def step(self, temperature: float, noise: Array | None = None) -> None:
        """Move every agent once. O(agents).

        Args:
            temperature: T >= 0, in units of energy.
            noise: Draws of the standard normal law, one an agent; by default those of the arrays.

        Raises:
            InvalidInputError: The temperature is negative or not finite.
        """
        if not (temperature >= 0 and math.isfinite(temperature)):
            raise InvalidInputError(f"temperature={temperature!r} must be >= 0 and finite")
        own = self._dynamics
        spread = math.sqrt(kick_variance(own.kept, temperature, own.mass))
        drawn = self._arrays.normal(len(self)) if noise is None else noise
        self.position, self.velocity = baoab_step(
            self.position, self.velocity, self._force_at, self._arrays.constant(spread) * drawn,
            mass=self._mass, kept=self._kept, dt=self._dt,
        )  # fmt: skip
        self.steps += 1

    def restart(self, which: Array, position: float) -> None:
        """Put some agents somewhere, at rest.

        Args:
            which: A truth value an agent.
            position: Where.
        """
        there, rest = self._arrays.constant(position), self._arrays.constant(0.0)
        self.position = where(which, there, self.position)
        self.velocity = where(which, rest, self.velocity)

    def kinetic_temperature(self) -> float:
        """Return m <v^2>: T at equilibrium, within the spread of a finite number of agents."""
        return float((self.velocity * self.velocity).mean()) * self._dynamics.mass
