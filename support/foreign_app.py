"""An app whose calls another instrumentation traces, for tests to run under `opentelemetry-instrument`.

It makes one span of each kind in `peer_spans`.
"""

from __future__ import annotations

from opentelemetry import trace

from support.peer_spans import SPANS

if __name__ == "__main__":
    for peer, span in SPANS.items():
        of_its_own = {"gen_ai.response.id": f"id of {peer}"} if "gen_ai.response.id" in span.attributes else {}
        trace.get_tracer(span.scope).start_span(peer, attributes={**span.attributes, **of_its_own}).end()
