"""Records where a model's routers send each token, in the format of ``traces.routes``.

    with record_routes(model) as recorder, torch.no_grad():
        model.generate(...)
    text = routes_text(recorder.routes())

It reads what the modules of experts are called with, so it works for every model that can be
offloaded, offloaded or not; nothing of the model is changed. A turn begins with a pass that finds
no keys and values of earlier tokens; the step of a token is its position in its sequence. Tokens
of a batch are written one sequence after the other. A token that its layer sends nowhere, as Switch
Transformers do beyond an expert's capacity, has no row.
"""

from types import TracebackType
from typing import Any

from homeostat.errors import HomeostatError, InvalidInputError
from homeostat.runtime.experts.offloading.finding import experts_modules
from homeostat.runtime.experts.offloading.modules import ExpertsModule, fed
from homeostat.runtime.traces.routes import LayerPass, Phase, RoutedToken, Routes

__all__ = ["RouteRecorder", "record_routes"]

PASSES_MAX = 1_000_000
"""Passes of layers that are kept; a recording that reaches it says so."""


class RouteRecorder:
    """Records a model from ``__enter__`` to ``__exit__``; made by ``record_routes``.

    Args:
        model: A model of transformers.

    Raises:
        InvalidInputError: Its experts are not supported.
    """

    def __init__(self, model: Any) -> None:
        """Find the layers of experts."""
        self._model = model
        self._modules = experts_modules(model)
        self._passes: list[LayerPass] = []
        self._turns = [-1] * len(self._modules)
        self._past = 0
        self._hooks: list[Any] = []

    def __enter__(self) -> "RouteRecorder":
        """Start recording.

        Raises:
            HomeostatError: It is recording already.
        """
        if self._hooks:
            raise HomeostatError("this recorder is recording already")
        for module in self._model.modules():
            if hasattr(module, "get_experts_implementation"):
                self._hook(module, self._note_past)
        for number, experts in enumerate(self._modules):
            lengths = [1]
            block = self._model.get_submodule(experts.name.rpartition(".")[0])
            self._hook(block, lambda m, args, kwargs, kept=lengths: note_length(kept, args, kwargs))
            self._hook(
                experts.module,
                lambda m, args, kwargs, n=number, kept=lengths: self._note(
                    n, kept[0], args, kwargs
                ),
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop recording."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def routes(self) -> Routes:
        """Return what was recorded so far.

        Raises:
            InvalidInputError: Nothing was, or layers differ in their experts or in how many they
                give a token, which the format cannot say.
        """
        if not self._passes:
            raise InvalidInputError("a recording must hold at least one pass, has none")
        experts = {module.expert_count for module in self._modules}
        chosen = {len(token.experts) for found in self._passes for token in found.tokens}
        if len(experts) > 1 or len(chosen) > 1:
            raise InvalidInputError(
                f"layers must agree in experts and in experts a token, have {sorted(experts)} "
                f"and {sorted(chosen)}"
            )
        config = self._model.config
        return Routes(
            model=one_word(config.name_or_path or type(self._model).__name__),
            arch=one_word(config.model_type),
            n_expert=experts.pop(),
            top_k=chosen.pop(),
            expert_bytes=tuple(module.expert_bytes for module in self._modules),
            dense_bytes=tuple(dense_bytes(self._model, module) for module in self._modules),
            passes=tuple(self._passes),
        )

    def _hook(self, module: Any, hook: Any) -> None:
        self._hooks.append(module.register_forward_pre_hook(hook, with_kwargs=True))

    def _note_past(self, module: Any, args: Any, kwargs: Any) -> None:
        """Take note of how many tokens came before; each stack of layers is asked anew."""
        # The argument has more than one name among the classes.
        caches = [v for v in (*args, *kwargs.values()) if hasattr(v, "get_seq_length")]
        self._past = max((int(cache.get_seq_length()) for cache in caches), default=0)

    def _note(self, number: int, length: int, args: Any, kwargs: Any) -> None:
        if len(self._passes) >= PASSES_MAX:
            raise HomeostatError(f"a recording must have {PASSES_MAX} passes of layers or fewer")
        experts = self._modules[number]
        if not self._past:
            self._turns[number] += 1
        index, weights = experts.routing(args, kwargs)
        chosen = index.tolist(), weights.float().tolist()
        tokens = routed(experts, zip(*chosen, strict=True), past=self._past, length=length)
        if tokens:
            phase = Phase.DECODE if self._past and length == 1 else Phase.PROMPT
            self._passes.append(LayerPass(self._turns[number], phase, number, tokens))


def routed(experts: ExpertsModule, rows: Any, *, past: int, length: int) -> tuple[RoutedToken, ...]:
    """Return the tokens of a pass, with what is resident if the model is offloaded."""
    offloaded = fed(experts.module)
    here = offloaded[1].cache.resident if offloaded else frozenset(range(experts.expert_count))
    size_bytes = experts.expert_bytes
    came: set[int] = set()
    tokens = []
    for number, (index, weights) in enumerate(rows):
        kept = [(e, w) for e, w in zip(index, weights, strict=True) if e < experts.expert_count]
        if not kept:
            continue
        chosen = tuple(e for e, _ in kept)
        read = tuple(0 if e in here or e in came else size_bytes for e in chosen)
        came.update(chosen)
        tokens.append(
            RoutedToken(
                step=past + number % length,
                experts=chosen,
                weights=tuple(w for _, w in kept),
                resident=tuple(e in here for e in chosen),
                read_bytes=read,
            )
        )
    return tuple(tokens)


def note_length(kept: list[int], args: Any, kwargs: Any) -> None:
    """Keep how many tokens of a sequence a block is called with."""
    hidden = (*args, *kwargs.values())[0]
    kept[0] = int(hidden.shape[1])


def dense_bytes(model: Any, experts: ExpertsModule) -> int:
    """Return the bytes of a layer without its experts: what every token needs."""
    parts = experts.name.split(".")
    end = next((n for n, part in enumerate(parts, 1) if part.isdigit()), len(parts) - 1)
    layer = model.get_submodule(".".join(parts[:end]))
    of_experts = {id(parameter) for _, parameter in experts.weights()}
    return sum(int(p.nbytes) for p in layer.parameters() if id(p) not in of_experts)


def one_word(name: str) -> str:
    """Return a name without spaces, as the format needs it."""
    return "_".join(name.split())


def record_routes(model: Any) -> RouteRecorder:
    """Return a context manager that records the routes of a model's tokens.

    Args:
        model: A model of transformers whose experts are stacked behind transformers' experts
            interface, or Switch Transformers.

    Raises:
        InvalidInputError: Its experts are not supported.
    """
    return RouteRecorder(model)
