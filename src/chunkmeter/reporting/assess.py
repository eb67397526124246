"""Works out what an ended call amounts to: its tokens, how far to trust them, and its cost or why there is none."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING

from .. import pricing
from ..facts.cost_metadata import region_in, region_of, tier_of
from ..facts.ended import Ended, Facts
from ..facts.request import Request
from ..facts.tally import Tokens
from ..guard import Guard
from ..pricing import IMPOSSIBLE, UNKNOWN_MODEL, Answer, InUse, Priced, PriceFile, Unpriced
from ..pricing.tokens import absurd
from ..servers import Servers
from ..settings import Settings
from ..shown import plain, quoted, server

if TYPE_CHECKING:
    from .estimate import Estimator

__all__ = ["Assess"]

_logger = logging.getLogger("chunkmeter")

_MOST_NAMED = 100
_NOTHING, _FAILED = Tokens(), Unpriced("failed")


class Assess:
    """Assesses calls. A failure of ours shows as a status in the facts, never as an exception.

    Args:
        settings: the setting `estimate` says whether tokens are estimated.
        prices: the user's price file.
        guard: keeps our failures away from the application.
    """

    def __init__(self, settings: Settings, prices: PriceFile, guard: Guard) -> None:
        self._prices, self._guard = prices, guard
        self._unknown_models, self._impossible_models, self._assumed = _Named(), _Named(), _Named()
        self._servers = Servers(settings.named_servers())
        # Loading the vocabulary blocks every thread for about a second. So it is loaded now, not during a call, and
        # before any fork, so that forked processes need not load it again.
        self._estimator: Estimator | None = None
        if settings.estimate:
            with guard("hook", "loading the token estimator"):
                self._estimator = _new_estimator()

    def __call__(self, ended: Ended, in_use: InUse | None) -> Facts:
        """Count and price a call that has ended.

        Args:
            ended: the call.
            in_use: the prices in use; None if they could not be found.
        """
        tally, failed = ended.tally, ended.failed
        raw_reasons: list[str | None] = []
        tokens = billed = _NOTHING
        try:
            tally.clean()
            raw_reasons = tally.raw_reasons()
            tokens = tally.tokens()
            billed = tokens if tally.count_billed is None else tally.billed(tokens)
        except Exception as error:  # noqa: BLE001 -- a guard's context manager would cost too much for each call
            failed = True
            self._guard.failed("reader", f"reading the usage of {tally.wire}", error)
        status = tally.usage_status(tokens, failed=failed)
        # A plain answer came whole, so its usage is complete even without a finish reason.
        if status == "partial" and _came_whole(ended) and tally.counts_both(tokens):
            status = "reported"
        estimated_by: str | None = None
        if self._estimator is not None and ended.chunks and status in ("missing", "partial"):
            filled = self._estimated(self._estimator, ended, tokens)
            if filled is not None:
                tokens, estimated_by = filled
                billed, status = tokens, "estimated"
        try:
            known = None if in_use is None else self._known(ended, billed, in_use)
            if known is not None:
                linear = billed is tokens and not (tokens.tool_use_tokens or tokens.input_document_tokens)
                return Facts(tokens, status, known, raw_reasons, estimated_by, linear)
            cost = self._priced(ended, billed)
        except Exception as error:  # noqa: BLE001 -- the same
            self._guard.failed("price", "pricing", error)
            cost = _FAILED
        return Facts(tokens, status, cost, raw_reasons, estimated_by)

    def _known(self, ended: Ended, billed: Tokens, in_use: InUse) -> Priced | None:
        """The cost of a call that has had its like; None where that has to be worked out, or something is to be said.

        It has tokens of linear classes alone, as `InUse.known` says.
        """
        request, tally = ended.request, ended.tally
        if tally.items or tally.untold or tally.inner or tally.several_models or tally.provider_cost is not None:
            return None
        tier = tally.service_tier or (request.tier and tier_of(tally, request))
        kind = (
            tally.response_model, request.model, request.provider, tier,
            tally.region or region_of(request.server_address), request.server_address, request.server_port,
            request.named, self._servers,
        )  # fmt: skip
        known = in_use.known(billed, kind, ended.start_ns)
        return None if known is None or known.assumed else known

    def _priced(self, ended: Ended, billed: Tokens) -> Answer:
        request, tally = ended.request, ended.tally
        tier, region = tier_of(tally, request), region_in(tally, request)
        cost = pricing.price(
            billed,
            model=tally.response_model,
            request_model=request.model,
            provider=request.provider,
            service_tier=tier,
            region=region,
            server_address=request.server_address,
            provider_cost=tally.provider_cost,
            several_models=tally.several_models,
            items=tally.items,
            inner=tally.inner,
            at=pricing.moment(ended.start_ns),
            prices=self._prices,
            named=request.named,
            server_port=request.server_port,
            servers=self._servers,
        )
        if isinstance(cost, Priced) and cost.source == "local" and tally.untold:
            cost = replace(cost, unpriced=tuple(sorted({*cost.unpriced, *tally.untold})))
        if isinstance(cost, Priced) and cost.assumed:
            self._name_assumed(request, cost)
        model = tally.response_model or request.model
        if (
            not isinstance(cost, Priced)
            and cost == UNKNOWN_MODEL
            and model
            and not tally.several_models
            and self._unknown_models.add(model)
        ):
            _logger.warning(
                "No price is known for model %s of %s: its calls count without cost. Give it one, or an alias, in the "
                "file that CHUNKMETER_PRICES names.",
                quoted(model),
                plain(request.provider),
            )
        if (cost == IMPOSSIBLE or absurd(billed)) and self._impossible_models.add(model):
            _logger.warning(
                "A call of model %s of %s has a usage or a cost that can't be true: a part is larger than its whole, "
                "or a number is larger than any call's. Such numbers are not counted; the spans have what was told.",
                quoted(model),
                plain(request.provider),
            )
        return cost

    def _estimated(self, estimator: Estimator, ended: Ended, tokens: Tokens) -> tuple[Tokens, str] | None:
        """The tokens with estimates where the provider gave no count, and the method; None if nothing can be added."""
        from .estimate import estimated

        with self._guard("reader", f"estimating the usage of {ended.tally.wire}"):
            model = ended.tally.response_model or ended.request.model
            filled = estimated(estimator, ended.tally, tokens, ended.request.prompt, model)
            return None if filled is None else (filled, estimator.method(model))
        return None

    def _name_assumed(self, request: Request, cost: Priced) -> None:
        if not self._assumed.add((request.server_address, request.server_port)):
            return
        written = server(request.server_address or "", request.server_port)
        _logger.warning(
            "Nobody says who answers at %s: model %s is priced as if %s did, and the cost is 'assumed'. Name the "
            "provider, as in CHUNKMETER_SERVERS=%s=%s; or for a server of your own, give its models a price of 0 in "
            "the file that CHUNKMETER_PRICES names.",
            plain(written),
            quoted(cost.model),
            plain(request.provider or "the provider that lists it"),
            plain(written),
            plain(request.provider or "openai"),
        )


class _Named:
    """What a warning has named, so much at most."""

    def __init__(self) -> None:
        self._names: set[Hashable] = set()

    def add(self, it: Hashable) -> bool:
        """Add something. True if it is new, and the warning is to name it."""
        new = it not in self._names and len(self._names) < _MOST_NAMED
        if new:
            self._names.add(it)
        return new


def _new_estimator() -> Estimator:
    from .estimate import Estimator

    return Estimator()


def _came_whole(ended: Ended) -> bool:
    return ended.outcome == "completed" and not ended.request.stream
